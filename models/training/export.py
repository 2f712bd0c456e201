"""Checkpoints -> float32 ONNX, opset 17, large weights stored as float16 and cast at load.

python export.py [TASK,TASK,...]
Prints each file's size, digest, and how far its outputs are from the net's own on noise, which is what the float16 weights cost.
"""

import hashlib
import os
import sys

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnx import TensorProto, helper, numpy_helper

from graphs import GRAPHS, SHAPES, graph_of
from places import PACK

#: Smaller tensors (biases, norms) stay float32.
HALVED_FROM_VALUES = 256


def main(tasks):
    for task in tasks:
        path = f"{PACK}/{task}/model.onnx"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write(task, path)
        halve(path)
        with open(path, "rb") as file:
            content = file.read()
        print(task, len(content), "bytes", hashlib.sha256(content).hexdigest(), "max difference", difference(task, path), flush=True)


def write(task, path):
    """The task's graph with float32 weights."""
    net, graph_input, outputs = graph_of(task)
    if graph_input == "image":
        free = {"image": {1: "height", 2: "width"}, "faces": {1: "cells"}}
    else:
        free = {name: {0: "n"} for name in [graph_input, *outputs]}
    torch.onnx.export(
        net,
        torch.zeros(SHAPES[graph_input], dtype=torch.uint8),
        path,
        opset_version=17,
        input_names=[graph_input],
        output_names=outputs,
        dynamic_axes=free,
        dynamo=False,  # the older exporter: its graphs fuse in ONNX Runtime, and the committed ones are its work
    )


def halve(path):
    """Large float32 weights become float16 followed by a Cast, which the runtime folds at load."""
    model = onnx.load(path)
    graph, weights, casts = model.graph, [], []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.data_type == TensorProto.FLOAT and values.size > HALVED_FROM_VALUES and np.abs(values).max() < 6e4:
            weights.append(numpy_helper.from_array(values.astype(np.float16), tensor.name + "_h"))
            casts.append(helper.make_node("Cast", [tensor.name + "_h"], [tensor.name], to=TensorProto.FLOAT))
        else:
            weights.append(tensor)
    nodes = casts + list(graph.node)
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(weights)
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def difference(task, path):
    """Largest absolute difference of each output between the file and the net, on one example of noise."""
    net, graph_input, _ = graph_of(task)
    noise = np.random.default_rng(0).integers(0, 256, SHAPES[graph_input], dtype=np.uint8)
    with torch.no_grad():
        expected = net(torch.from_numpy(noise))
    expected = expected if isinstance(expected, tuple) else (expected,)
    outputs = ort.InferenceSession(path).run(None, {graph_input: noise})
    return [float(np.abs(a.numpy() - b).max()) for a, b in zip(expected, outputs)]


if __name__ == "__main__":
    main(sys.argv[1].split(",") if len(sys.argv) > 1 else GRAPHS)
