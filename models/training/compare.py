"""Are two packs the same? Largest difference of every output on the same pictures, noise and faces.

python compare.py PACK PACK [CHIPS.npy]
"""
import sys

import numpy as np
import onnxruntime as ort

TASKS = "detect", "embed", "age", "gender", "race", "emotion"
TOLERANCE = 1e-4


def main(first, second, chips=None):
    rng = np.random.default_rng(1)
    pictures = np.load(chips)[:256] if chips else rng.integers(0, 256, (64, 144, 144, 3), dtype=np.uint8)
    image = rng.integers(0, 256, (1, 320, 416, 3), dtype=np.uint8)
    worst = 0.0
    for task in TASKS:
        sessions = [ort.InferenceSession(f"{pack}/{task}/model.onnx") for pack in (first, second)]
        feed = {"image": image} if task == "detect" else {"chip": pictures}
        a, b = (session.run(None, feed) for session in sessions)
        differences = {
            output.name: float(np.abs(p - q).max()) for output, p, q in zip(sessions[0].get_outputs(), a, b)
        }
        worst = max(worst, *differences.values())
        print(task, differences)
    print("same" if worst <= TOLERANCE else "NOT the same", f"(within {TOLERANCE:g})")
    return 0 if worst <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
