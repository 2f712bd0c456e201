"""figures.json: what was measured of a pack, by task and data set. The manifests and cards hold the same figures."""
import json
import os

import numpy as np
import onnxruntime as ort

from places import PACK, THREADS

BATCH = 64


def session(task, threads=THREADS):
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    return ort.InferenceSession(f"{PACK}/{task}/model.onnx", options)


def outputs_of(task, chips, indices):
    """Every output of a task's graph on these chips."""
    graph, parts = session(task), []
    for k in range(0, len(indices), BATCH):
        batch = np.ascontiguousarray(np.stack([chips[i] for i in indices[k : k + BATCH]]))
        parts.append(graph.run(None, {"chip": batch}))
    return [np.concatenate(part) for part in zip(*parts)]


def write(figures):
    """Adds to what is there: {task: {data set: figures}}."""
    path = f"{PACK}/figures.json"
    if os.path.exists(path):
        with open(path) as file:
            figures = {**json.load(file), **figures}
    with open(path, "w") as file:
        json.dump(figures, file, indent=1)
    print(json.dumps(figures, indent=1))


def share(hits):
    """Of a boolean array."""
    return round(float(hits.mean()), 4)


def ci95(hits):
    """Half the width of the interval that holds the true share 19 times in 20 (normal approximation)."""
    p = float(hits.mean())
    return round(1.96 * float(np.sqrt(max(p * (1 - p), 1e-9) / len(hits))), 4)


def by_group(values, groups, names, measure=share):
    """`measure` of the values of each group; `groups` are indices into `names`."""
    return {name: measure(values[groups == k]) for k, name in enumerate(names)}
