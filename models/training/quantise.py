"""A pack's graphs in int8: QDQ, weights per channel, activations uint8, so that what comes out of a ReLU has zero point 0 and fuses.

python quantise.py OUT PHOTOS [TASK,TASK,...]
Reads the pack at PACK and calibrates on the JPEGs under PHOTOS (LFW's): the chips of every face that the pack's own detector finds in them, and
for the detector collages of them too, for photos of one large face each leave out what small faces do. Writes OUT/<task>/model.onnx with a
manifest of the new digest, prints how long and how different it is. Whether it is worth having is for `npm run models -- eval` to say.
"""
import glob
import hashlib
import json
import os
import sys
import tempfile
import time

import cv2
import numpy as np
import onnx
import onnxruntime as ort
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from collage import scene_of
from places import PACK
from prepare import chip_of
from suppression import survivors

TASKS = "detect", "embed", "age", "gender", "race", "emotion"
#: Pixels of the longer side that a calibration photo is shrunk to, and of the square that it is laid into.
FRAME = 800
SCORE_MIN = 0.5
#: What the detector is calibrated on beside every tenth photo.
COLLAGES, SEED = 40, 77
#: The decoder of a detector (coordinates of hundreds of pixels) and a classifier's softmax stay float32: only these are quantised.
QUANTISED = ["Conv", "Relu", "Add"]
RUNS = 40


def main(out, photos, tasks=TASKS):
    files, rng = sorted(glob.glob(f"{photos}/**/*.jpg", recursive=True)), np.random.default_rng(SEED)
    frames = [framed(cv2.imread(path)) for path in files]
    detector = session_of(f"{PACK}/detect/model.onnx")
    chips = np.stack([chip for frame in frames for chip in chips_of(detector, frame)])
    print(len(frames), "photos,", len(chips), "faces", flush=True)
    for task in tasks:
        if task == "detect":
            pictures = np.stack(frames[::10] + [framed(scene_of(files, rng)[0]) for _ in range(COLLAGES)])
        else:
            pictures = chips
        quantise(f"{PACK}/{task}", f"{out}/{task}", pictures)
        compare(f"{PACK}/{task}/model.onnx", f"{out}/{task}/model.onnx", task, pictures)


def framed(image):
    """BGR image -> RGB in the upper left of a square, as the pipeline hands it to the detector."""
    scale = FRAME / max(image.shape[:2])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    frame = np.zeros((FRAME, FRAME, 3), np.uint8)
    frame[: small.shape[0], : small.shape[1]] = small[:, :, ::-1]
    return frame


def chips_of(detector, frame):
    small = cv2.resize(frame, None, fx=0.32, fy=0.32, interpolation=cv2.INTER_AREA)  # 256: the pipeline's look for close-ups
    found = []
    for picture, scale in ((frame, 1), (small, 0.32)):
        rows = detector.run(None, {"image": picture[None]})[0][0]
        rows = rows[rows[:, 0] >= SCORE_MIN]
        found.append(np.concatenate([rows[:, :1], rows[:, 1:] / scale], 1))
    rows = np.concatenate(found)
    keep = survivors(rows[:, 1:5], rows[:, 0]) if len(rows) else []
    return [chip_of(frame[:, :, ::-1], rows[i, 5:].reshape(5, 2)) for i in keep]


def quantise(source, target, pictures):
    os.makedirs(target, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        prepared = f"{folder}/prepared.onnx"
        onnx.save(onnx.shape_inference.infer_shapes(unhalved(onnx.load(f"{source}/model.onnx"))), prepared)
        quantize_static(
            prepared,
            f"{target}/model.onnx",
            Pictures(prepared, pictures),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=QUANTISED,
            nodes_to_exclude=kept_float(prepared),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            extra_options={"ActivationSymmetric": False, "WeightSymmetric": True},
        )
    with open(f"{target}/model.onnx", "rb") as file:
        content = file.read()
    with open(f"{source}/manifest.json") as file:
        manifest = json.load(file)
    manifest.update(bytes=len(content), sha256=hashlib.sha256(content).hexdigest(), measured=[])
    manifest["id"] += "-int8"
    with open(f"{target}/manifest.json", "w") as file:
        json.dump(manifest, file, indent=2)


def unhalved(model):
    """The opposite of export.py's `halve`: a weight behind a Cast would be quantised like an activation."""
    graph, halves = model.graph, {tensor.name: tensor for tensor in model.graph.initializer}
    for node in [node for node in graph.node if node.op_type == "Cast" and node.input[0] in halves]:
        half = halves[node.input[0]]
        graph.initializer.append(numpy_helper.from_array(numpy_helper.to_array(half).astype(np.float32), node.output[0]))
        graph.initializer.remove(half)
        graph.node.remove(node)
    return model


def kept_float(path):
    """The first convolution, whose few channels cost more in int8 (4.4 ms against 0.9 in the detector), and the additions of the decoder:
    those that nothing of the trunk feeds."""
    graph = onnx.load(path).graph
    maker = {output: node for node in graph.node for output in node.output}
    trunk = "Conv", "Relu", "Add", "Resize"

    def of_trunk(name):
        return name in maker and maker[name].op_type in trunk

    first = next(node.name for node in graph.node if node.op_type == "Conv")
    decoder = [node.name for node in graph.node if node.op_type == "Add" and not all(map(of_trunk, node.input))]
    return [first, *decoder]


class Pictures(CalibrationDataReader):
    """One picture at a time, by the graph's own input name."""

    def __init__(self, path, pictures):
        self.name = onnx.load(path).graph.input[0].name
        self.pictures = iter(pictures)

    def get_next(self):
        picture = next(self.pictures, None)
        return None if picture is None else {self.name: picture[None]}


def session_of(path):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(path, options)


def compare(reference, quantised, task, pictures):
    """Milliseconds of each, in turns so that a busy machine is so for both; the last output's largest and mean difference."""
    sessions = [session_of(path) for path in (reference, quantised)]
    name, times = sessions[0].get_inputs()[0].name, ([], [])
    for run in range(RUNS):
        for session, spent in zip(sessions, times):
            started = time.perf_counter()
            session.run(None, {name: pictures[run % len(pictures)][None]})
            spent.append(1000 * (time.perf_counter() - started))
    a, b = (np.concatenate([session.run(None, {name: p[None]})[-1] for p in pictures]) for session in sessions)
    float_ms, int_ms = map(min, times)
    line = f"{task}: {float_ms:.2f} -> {int_ms:.2f} ms ({float_ms / int_ms:.2f}x), difference mean {np.abs(a - b).mean():.4f} max {np.abs(a - b).max():.4f}"
    if task == "embed":
        line += f", cosine of the two {(a * b).sum(1).mean():.4f}"
    elif task != "detect":
        line += f", same first answer {(a.argmax(1) == b.argmax(1)).mean():.4f}"
    print(line, f"{os.path.getsize(reference)} -> {os.path.getsize(quantised)} bytes", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *(part.split(",") for part in sys.argv[3:4]))
