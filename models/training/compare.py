"""Are two packs the same? Largest difference of every float32 graph's output on the same noise.

python compare.py PACK PACK
"""

import os
import sys

import numpy as np
import onnxruntime as ort

from graphs import GRAPHS, INPUT, SHAPES

TOLERANCE, PICTURES = 1e-4, 64


def main(first, second):
    rng, worst = np.random.default_rng(1), 0.0
    for task in GRAPHS:
        paths = [f"{pack}/{task}/model.onnx" for pack in (first, second)]
        if not all(map(os.path.exists, paths)):
            print(task, "is not in both")
            continue
        name = INPUT.get(task, "chip")
        shape = SHAPES[name] if name == "image" else (PICTURES, *SHAPES[name][1:])
        feed = {name: rng.integers(0, 256, shape, dtype=np.uint8)}
        sessions = [ort.InferenceSession(path) for path in paths]
        a, b = (session.run(None, feed) for session in sessions)
        differences = {output.name: float(np.abs(p - q).max()) for output, p, q in zip(sessions[0].get_outputs(), a, b)}
        worst = max(worst, *differences.values())
        print(task, differences)
    print("same" if worst <= TOLERANCE else "NOT the same", f"(within {TOLERANCE:g})")
    return 0 if worst <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
