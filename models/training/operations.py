"""Multiply-adds of each graph of a pack on its usual picture: Conv, Gemm and MatMul nodes, after shape inference. The manifests hold them.

python operations.py [PACK]
"""

import os
import sys

import numpy as np
import onnx

from places import PACK

#: Of the usual picture, in pixels.
SIDES = {"detect": 800, "refine": 96}


def main(pack=PACK):
    for task in sorted(os.listdir(pack)):
        folder = f"{pack}/{task}"
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            if name == "model.onnx":
                print(task, multiply_adds(onnx.load(f"{folder}/{name}"), SIDES.get(task, 112)))


def multiply_adds(model, side):
    model = with_shape(model, side)
    graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    values = [*graph.value_info, *graph.input, *graph.output]
    shapes = {value.name: [d.dim_value for d in value.type.tensor_type.shape.dim] for value in values}
    shapes.update({tensor.name: list(tensor.dims) for tensor in graph.initializer})
    total = 0
    for node in graph.node:
        if node.op_type == "Conv":
            total += int(np.prod(shapes[node.output[0]]) * np.prod(shapes[node.input[1]][1:]))
        elif node.op_type in ("Gemm", "MatMul"):
            total += int(np.prod(shapes[node.output[0]]) * shapes[node.input[0]][-1])
    return total


def with_shape(model, side):
    """One picture of this side, where the graph leaves it free."""
    dims = model.graph.input[0].type.tensor_type.shape.dim
    for place, dim in enumerate(dims):
        if not dim.dim_value:
            dim.dim_value = 1 if place == 0 else side
    del model.graph.value_info[:]
    return model


if __name__ == "__main__":
    main(*sys.argv[1:2])
