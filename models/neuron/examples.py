"""Models' graphs, each with a picture of the size that it is compiled for: those of models/training, from the same checkpoints, or GRAPHS's."""
import importlib
import os
import sys

import torch

from repository import MODELS, TARGETS, compiled_shape, manifest_in

sys.path.append(os.path.join(MODELS, "training"))


def graph_and_example(folder, target):
    """`graph_of(name)` of the module, by the folder's name, gives the graph as a torch module first, whatever else behind it."""
    graph_of = importlib.import_module(os.environ.get("GRAPHS", "graphs")).graph_of
    picture = manifest_in(folder)["inputs"][0]
    shape = compiled_shape(picture["shape"], TARGETS[target]["batch"])
    dtype = torch.uint8 if picture["dtype"] == "uint8" else torch.float32
    return graph_of(os.path.basename(folder))[0], torch.randint(0, 256, shape).to(dtype)
