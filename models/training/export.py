"""Checkpoints -> ONNX, opset 17, large weights stored as float16 and cast at load.

python export.py [TASK,TASK,...]
Prints each file's size, digest, and how far its outputs are from the net's own, which is what the float16 weights cost.
"""
import hashlib
import os
import sys

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnx import TensorProto, helper, numpy_helper

from graphs import GRAPHS, graph_of
from places import PACK

#: Smaller tensors (biases, norms) stay float32.
HALVED_FROM_VALUES = 256


def main(tasks):
    rng = np.random.default_rng(0)
    examples = {
        "chip": torch.from_numpy(rng.integers(0, 255, (2, 144, 144, 3), dtype=np.uint8)),
        "image": torch.from_numpy(rng.integers(0, 255, (1, 320, 416, 3), dtype=np.uint8)),
    }
    for task in tasks:
        net, graph_input, outputs = graph_of(task)
        example, path = examples[graph_input], f"{PACK}/{task}/model.onnx"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write(net, example, graph_input, outputs, path)
        with open(path, "rb") as file:
            content = file.read()
        print(task, len(content), "bytes", hashlib.sha256(content).hexdigest(), "max difference", difference(net, example, path))


def write(net, example, graph_input, outputs, path):
    if graph_input == "image":
        free = {"image": {1: "height", 2: "width"}, "faces": {1: "cells"}}
    else:
        free = {name: {0: "n"} for name in [graph_input, *outputs]}
    torch.onnx.export(
        net,
        example,
        path,
        opset_version=17,
        input_names=[graph_input],
        output_names=outputs,
        dynamic_axes=free,
        do_constant_folding=True,
        dynamo=False,  # the older exporter: its graphs fuse in ONNX Runtime, and the committed ones are its work
    )
    halve(path)


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


def difference(net, example, path):
    """Largest absolute difference of each output between the file and the net, on one example of noise."""
    with torch.no_grad():
        expected = net(example)
    expected = expected if isinstance(expected, tuple) else (expected,)
    session = ort.InferenceSession(path)
    outputs = session.run(None, {session.get_inputs()[0].name: example.numpy()})
    return [float(np.abs(a.numpy() - b).max()) for a, b in zip(expected, outputs)]


if __name__ == "__main__":
    main(sys.argv[1].split(",") if len(sys.argv) > 1 else GRAPHS)
