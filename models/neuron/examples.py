"""Models' graphs, each with a picture of the compiled size: those of models/training, from the same checkpoints, or GRAPHS's."""

import importlib
import os
import sys

import torch

from repository import MODELS, TARGETS, compiled_shape, float32_of, manifest_in

sys.path.append(os.path.join(MODELS, "training"))


def graph_and_example(folder, target):
    """`graph_of(name)` of the module, by the folder's name, gives the graph as a torch module first, whatever else behind it.

    A KeyError means that it knows no such model.
    """
    name, module = os.path.basename(folder), os.environ.get("GRAPHS", "graphs")
    picture = float32_of(manifest_in(folder))["inputs"][0]
    try:
        graph = importlib.import_module(module).graph_of(name)[0]
    except KeyError:
        sys.exit(f"{folder}: {module}.py has no graph of {name}; GRAPHS names a module that has")
    shape = compiled_shape(picture["shape"], TARGETS[target]["batch"])
    dtype = torch.uint8 if picture["dtype"] == "uint8" else torch.float32
    return graph, torch.randint(0, 256, shape).to(dtype)
