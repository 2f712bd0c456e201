"""The teacher's embedding (EdgeFace-XS, L2-normalised, float16 [n, 512]) of every chip: SET.npy -> SET_teacher.npy.

python teach.py SET,SET,...
"""
import sys
import time

import numpy as np
import onnxruntime as ort

from places import CHIPS, TEACHERS, THREADS

BATCH = 64


def main(sets):
    options = ort.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = ort.InferenceSession(f"{TEACHERS}/edgeface_xs.onnx", options)
    for name in sets:
        np.save(f"{CHIPS}/{name}_teacher.npy", embeddings(session, name))


def embeddings(session, name):
    chips = np.load(f"{CHIPS}/{name}.npy", mmap_mode="r")
    out, started, graph_input = np.zeros((len(chips), 512), np.float16), time.time(), session.get_inputs()[0].name
    for i in range(0, len(chips), BATCH):
        frame = (chips[i : i + BATCH, 16:128, 16:128].astype(np.float32) / 127.5 - 1).transpose(0, 3, 1, 2)
        rows = session.run(None, {graph_input: np.ascontiguousarray(frame)})[0]
        out[i : i + BATCH] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        if i % (100 * BATCH) == 0:
            print(name, i, len(chips), f"{(i + BATCH) / (time.time() - started):.0f}/s", flush=True)
    return out


if __name__ == "__main__":
    main(sys.argv[1].split(","))
