"""Every pair of LFW's pictures by the product's own path: cosines at false match rates, identification, the calibration of likelihoods;
and how far the embeddings of both variants are apart.

python evaluate_lfw_all.py
Faces and chips are the float32 graphs'. Adds to PACK/figures.json.
"""

from concurrent.futures import ProcessPoolExecutor

import numpy as np

from figures import graph_of, write
from geometry import chip_of
from lfw import Pipeline, names
from places import PROCESSES

#: Of one person; some have hundreds.
PICTURES_PAIRED_MAX = 12
FALSE_MATCH_RATES = 1e-2, 1e-3, 1e-4, 1e-5, 1e-6
#: Of the manifest's curve: 0.5, 0.2, 0.1, 0.05, ... as far down as enough false matches decide the cosine.
CURVE_RATES = [times / 10**decade for decade in range(1, 8) for times in (5, 2, 1)]
FALSE_MATCHES_MIN = 10
#: Of the slope, in Newton's method: keeps it finite where nobody is confused.
RIDGE = 1e-4


def main():
    with ProcessPoolExecutor(PROCESSES, initializer=start) as pool:
        found = [(name, *both) for name, both in zip(names(), pool.map(embeddings_of, names(), chunksize=64)) if both]
    files, embeddings, small = (np.array(part) for part in zip(*found))
    print(len(names()), "pictures,", len(files), "faces", flush=True)
    people = np.array([name[:-5] for name in files])
    alike = embeddings @ embeddings.T
    impostor, genuine = impostor_cosines(alike, people), genuine_cosines(alike, people)
    thresholds = {f"{rate:g}": threshold_at(impostor, rate) for rate in FALSE_MATCH_RATES}
    slope, intercept = calibration(genuine, impostor)
    between = (embeddings * small).sum(1)
    figures = {
        "LFW all pairs": {
            "n": len(genuine) + len(impostor),
            "genuine": len(genuine),
            "impostor": len(impostor),
            "threshold_at_fmr": thresholds,
            "tmr_at_fmr": {rate: round(float((genuine > threshold).mean()), 4) for rate, threshold in thresholds.items()},
        },
        "LFW identification": identification(alike, people),
        "LFW pictures, float32 against int8": {
            "n": len(between),
            "cosine_mean": round(float(between.mean()), 4),
            "cosine_least": round(float(between.min()), 4),
        },
    }
    fitted = {"slope": round(float(slope), 4), "intercept": round(float(intercept), 4), "prior": 0.5}
    curve = [[threshold_at(impostor, rate), rate] for rate in CURVE_RATES if rate * len(impostor) >= FALSE_MATCHES_MIN]
    write({"float32": {"embed": figures}, "calibration": fitted, "false_match_curve": {"pairs": len(impostor), "curve": curve}})


def start():
    """Of a worker: its own pipeline, and the other variant of the embedder."""
    global pipeline, other
    pipeline, other = Pipeline("float32"), graph_of("embed", "int8")


def embeddings_of(name):
    """[512] of float32 and of int8, of one chip; or None."""
    found = pipeline.face(name)
    if not found:
        return None
    chip = chip_of(*found[:2])
    return pipeline.embedding(chip), other.run(None, {"chip": chip[None]})[0][0]


def impostor_cosines(alike, people):
    """Of every two pictures of two people."""
    return alike[np.triu(people[:, None] != people[None], 1)]


def genuine_cosines(alike, people):
    """Of every two pictures of one person, at most 12 pictures each."""
    cosines = []
    for person in np.unique(people):
        own = np.nonzero(people == person)[0][:PICTURES_PAIRED_MAX]
        cosines += [alike[a, b] for k, a in enumerate(own) for b in own[k + 1 :]]
    return np.array(cosines)


def threshold_at(impostor, rate):
    place = len(impostor) - max(1, int(rate * len(impostor)))
    return round(float(np.partition(impostor, place)[place]), 4)


def identification(alike, people):
    """How often a second picture's nearest of everybody's first ones is of the same person."""
    own = [np.nonzero(people == person)[0] for person in np.unique(people)]
    gallery, probe = np.array([pictures[:2] for pictures in own if len(pictures) >= 2]).T
    nearest = alike[np.ix_(probe, gallery)].argmax(1)
    return {"n": len(gallery), "gallery": len(gallery), "rank1": round(float((nearest == np.arange(len(gallery))).mean()), 4)}


def calibration(genuine, impostor):
    """Slope and intercept of the logistic regression of "same person" on the cosine, by Newton's method; as many pairs of either kind."""
    others = np.random.default_rng(0).choice(impostor, len(genuine))
    cosine = np.concatenate([genuine, others]).astype(float)
    same = np.concatenate([np.ones(len(genuine)), np.zeros(len(genuine))])
    slope, intercept = 10.0, -3.0
    for _ in range(500):
        likely = 1 / (1 + np.exp(-(slope * cosine + intercept)))
        error, weight = likely - same, likely * (1 - likely)
        gradient = (error * cosine).mean() + RIDGE * slope, error.mean()
        mixed = (weight * cosine).mean()
        curvature = np.array([[(weight * cosine * cosine).mean() + RIDGE, mixed], [mixed, weight.mean()]]) + 1e-9 * np.eye(2)
        slope, intercept = (slope, intercept) - np.linalg.solve(curvature, gradient)
    return slope, intercept


if __name__ == "__main__":
    main()
