"""The embedder on LFW's 6,000 pairs by ten folds, by the product's own path, upright and turned, or with the teacher's landmarks.

python evaluate_lfw.py PRECISION product [LOW-HIGH,... [PAIRS]]      every picture turned by LOW to HIGH degrees, either way (0-0)
python evaluate_lfw.py PRECISION teacher                             chips of prepare.py
A picture without a face is unlike every other. Adds to PACK/figures.json where all pairs were compared upright, or turned.
"""

import os
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from figures import graph_of, write
from geometry import chip_of
from lfw import SURE, Pipeline, accuracy, pairs
from packed import Packed
from places import PROCESSES

BATCH = 32
DATA = "LFW 6,000 pairs, 10 folds"
NOWHERE = np.zeros(512, np.float32)


def main(precision, way, rolls="0-0", limit=None):
    if way == "teacher":
        write({precision: {"embed": {f"{DATA}, points of the training's teacher": by_teacher(precision)}}})
        return
    chosen, rng, measured = pairs(int(limit) if limit else None), np.random.default_rng(0), {}
    for roll in rolls.split(","):
        low, high = map(float, roll.split("-"))
        measured[roll] = by_product(precision, chosen, lambda low=low, high=high: float(rng.uniform(low, high) * rng.choice([-1, 1])))
    figures = {f"{DATA}, faces and points as the pipeline finds them": measured.pop("0-0")} if "0-0" in measured and not limit else {}
    if measured:
        by_roll = {words(roll): values["accuracy"] for roll, values in measured.items()}
        figures[f"LFW {len(chosen):,} pairs, every picture turned"] = {"n": len(chosen), "accuracy_by_roll": by_roll}
    write({precision: {"embed": figures}})


def words(roll):
    low, high = roll.split("-")
    if low != high:
        return f"{low} to {high} degrees"
    return "upright" if low == "0" else f"{low} degrees"


def by_product(precision, chosen, roll):
    names = sorted({name for *pair, _ in chosen for name in pair})
    with ProcessPoolExecutor(PROCESSES, initializer=start, initargs=(precision,)) as pool:
        found = dict(zip(names, pool.map(embedding_of, names, [roll() for _ in names], chunksize=32)))
    seen = {name: face for name, face in found.items() if face}
    unsure = sum(score < SURE for _, score in seen.values())
    print(precision, len(names), "pictures,", len(names) - len(seen), "without a face,", unsure, f"of a look below {SURE}", flush=True)
    embeddings = {name: seen[name][0] if name in seen else NOWHERE for name in names}
    return accuracy([embeddings[a] @ embeddings[b] for a, b, _ in chosen], [same for *_, same in chosen])


def start(precision):
    """Of a worker: its own pipeline."""
    global pipeline
    pipeline = Pipeline(precision)


def embedding_of(name, roll):
    """The embedding and the look's score of the face that a picture is of, or None."""
    found = pipeline.face(name, roll)
    if not found:
        return None
    rgb, points, score = found
    return pipeline.embedding(chip_of(rgb, points)), score


def by_teacher(precision):
    """Pairs of which the teacher found no face are left out."""
    packed, graph = Packed("lfw"), graph_of("embed", precision, PROCESSES)
    row = {os.path.basename(str(path))[:-4]: i for i, path in enumerate(packed.arrays["files"])}
    chosen = [pair for pair in pairs() if pair[0] in row and pair[1] in row]
    names = sorted({name for *pair, _ in chosen for name in pair})
    chips = np.stack([packed.middle(row[name]) for name in names])
    parts = [graph.run(None, {"chip": chips[k : k + BATCH]})[0] for k in range(0, len(chips), BATCH)]
    embeddings = dict(zip(names, np.concatenate(parts)))
    return accuracy([embeddings[a] @ embeddings[b] for a, b, _ in chosen], [same for *_, same in chosen])


if __name__ == "__main__":
    main(*sys.argv[1:5])
