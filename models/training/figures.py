"""figures.json: what was measured of a pack, by precision, task and data set, each with its n. Manifests and cards hold the same figures;
what detector and second look find together is the task "found"."""

import json
import os
import time

import numpy as np

from places import PACK
from product import FILES, session

RUNS = 150


def write(figures):
    """Adds to what is there: {precision: {task: {data set: figures}}}, and beside the precisions what is no measurement."""
    path, known = f"{PACK}/figures.json", {}
    if os.path.exists(path):
        with open(path) as file:
            known = json.load(file)
    with open(path, "w") as file:
        json.dump(merged(known, figures), file, indent=1)
    print(json.dumps(figures, indent=1), flush=True)


def merged(known, figures):
    both = {key: merged(known[key], value) if isinstance(value, dict) and key in known else value for key, value in figures.items()}
    return {**known, **both}


def graph_of(task, precision, threads=1):
    return session(f"{PACK}/{task}/{FILES[precision]}", threads)


def milliseconds(task, precision, side):
    """Of one picture in one thread: the least of many runs."""
    graph, times = graph_of(task, precision), []
    feed = {graph.get_inputs()[0].name: np.zeros((1, side, side, 3), np.uint8)}
    for _ in range(RUNS):
        started = time.perf_counter()
        graph.run(None, feed)
        times.append(time.perf_counter() - started)
    return round(1000 * min(times), 2)


def share(hits):
    """Of a boolean array."""
    return round(float(hits.mean()), 4)


def mean(values):
    return round(float(values.mean()), 2)


def ci95(hits):
    """Half the width of the interval that holds the true share 19 times in 20 (normal approximation)."""
    p = float(hits.mean())
    return round(1.96 * float(np.sqrt(max(p * (1 - p), 1e-9) / len(hits))), 4)


def by_group(values, groups, names, measure=share):
    """`measure` of the values of each group; `groups` are indices into `names`."""
    return {name: measure(values[groups == k]) for k, name in enumerate(names)}


def confusion(truth, answer, count):
    """Counts, the truth as rows."""
    table = np.zeros((count, count), int)
    np.add.at(table, (truth, answer), 1)
    return table.tolist()
