"""Checkpoints -> int8 ONNX: QDQ, weights per channel, activations uint8, so that what comes out of a ReLU has zero point 0 and fuses.

python quantise.py [TASK,TASK,...]
Ranges come from the packed sources, see calibration.py. Prints each file's size, digest, and how far its outputs are from the float32
graph's on the first of those pictures.
"""

import hashlib
import os
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime as ort
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from calibration import pictures_of
from export import write
from graphs import GRAPHS, INPUT
from places import PACK

#: Smallest and largest values ruin a narrow bottleneck: ranges end here.
PERCENTILE = 99.99


def main(tasks):
    for task in tasks:
        path, pictures, name = f"{PACK}/{task}/model.int8.onnx", pictures_of(task), INPUT.get(task, "chip")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            whole, prepared = f"{folder}/whole.onnx", f"{folder}/prepared.onnx"
            write(task, whole)
            prepare(task, whole, prepared)
            quantize_static(
                prepared,
                path,
                Pictures(name, pictures),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                **way(task, prepared),
            )
            outputs = [ort.InferenceSession(file).run(None, {name: pictures[0]}) for file in (whole, path)]
        with open(path, "rb") as file:
            content = file.read()
        off = [round(float(np.abs(a - b).max()), 4) for a, b in zip(*outputs)]
        print(task, len(content), "bytes", hashlib.sha256(content).hexdigest(), "max difference", off, flush=True)


def prepare(task, whole, prepared):
    """Folds constants and infers shapes. The detector's are too free for the symbolic inference, and without it
    quant_pre_process (onnxruntime 1.30) throws its own folding away: the runtime folds before."""
    if task == "detect":
        options = ort.SessionOptions()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = whole
        ort.InferenceSession(whole, options, providers=["CPUExecutionProvider"])
    quant_pre_process(whole, prepared, skip_symbolic_shape=task == "detect")


def way(task, path):
    """The detector's coordinates stay float32: only its convolutions are quantised. So do MobileFaceNet's first and last convolutions.

    Without Relu among the types each one costs a pair of conversions (2.4 ms in place of 1.8).
    """
    if task == "detect":
        return {"op_types_to_quantize": ["Conv", "Relu"]}
    convolutions = [node.name for node in onnx.load(path).graph.node if node.op_type == "Conv"]
    return {
        "op_types_to_quantize": ["Conv", "Add", "Relu"],
        "nodes_to_exclude": [convolutions[0], convolutions[-1]],
        "calibrate_method": CalibrationMethod.Percentile,
        "extra_options": {"CalibPercentile": PERCENTILE},
    }


class Pictures(CalibrationDataReader):
    """One picture at a time, by the graph's own input name."""

    def __init__(self, name, pictures):
        self.feeds = ({name: picture} for picture in pictures)

    def get_next(self):
        return next(self.feeds, None)


if __name__ == "__main__":
    main(sys.argv[1].split(",") if len(sys.argv) > 1 else GRAPHS)
