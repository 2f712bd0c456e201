"""The graphs of models/training, from the same checkpoints, each with a picture of the size that it is compiled for."""
import os
import sys

import torch

from repository import MODELS, TARGETS, compiled_shape, manifest_of

sys.path.append(os.path.join(MODELS, "training"))


def graph_and_example(task, target):
    from graphs import graph_of

    shape = compiled_shape(task, manifest_of(task)["inputs"][0]["shape"], TARGETS[target]["batch"])
    graph, _, _ = graph_of(task)
    return graph, torch.randint(0, 256, shape, dtype=torch.uint8)
