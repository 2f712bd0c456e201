"""Measure an exported detector: recall on the CMU+MIT test scenes, false alarms on scenes without faces, time at 800x800; adds to figures.json.

python evaluate_detector.py
"""
import glob
import time

import cv2
import numpy as np

from figures import session, write
from places import SOURCES
from suppression import survivors

THRESHOLDS = 0.3, 0.4, 0.5, 0.6, 0.7
ROOT = f"{SOURCES}/cmu_mit/proj4/data"


def main():
    detector, truth = session("detect", threads=1), true_boxes()
    found = {name: detect(detector, f"{ROOT}/test_scenes/test_jpg/{name}") for name in truth}
    empty = [detect(detector, path) for path in sorted(glob.glob(f"{ROOT}/train_non_face_scenes/*.jpg"))]
    faces, rows = sum(map(len, truth.values())), {}
    for threshold in THRESHOLDS:
        counts = [match(boxes, found[name][found[name][:, 4] >= threshold]) for name, boxes in truth.items()]
        hits, extra = map(sum, zip(*counts))
        alarms = int(sum((boxes[:, 4] >= threshold).sum() for boxes in empty))
        rows[str(threshold)] = {"recall": round(hits / faces, 4), "unmatched": extra, "false_alarms": alarms}
    scenes = {"faces": faces, "images": len(truth), "scenes_without_faces": len(empty), "by_threshold": rows}
    write({"detect": {"CMU+MIT, native size": scenes, "ms_800x800_one_thread": milliseconds(detector)}})


def true_boxes():
    """{picture: [(x1, y1, x2, y2)]} in pixels."""
    truth = {}
    with open(f"{ROOT}/test_scenes/ground_truth_bboxes.txt") as lines:
        for line in lines:
            name, *box = line.split()
            truth.setdefault(name, []).append([float(value) for value in box[:4]])
    return truth


def detect(detector, path):
    """[n, 5] boxes and scores in pixels of the picture, which is padded to multiples of 32, not scaled."""
    image = cv2.imread(path)
    h, w = image.shape[:2]
    padded = np.zeros((1, -(-h // 32) * 32, -(-w // 32) * 32, 3), np.uint8)
    padded[0, :h, :w] = image[:, :, ::-1]
    rows = detector.run(None, {"image": padded})[0][0]
    rows = rows[rows[:, 0] >= THRESHOLDS[0]]
    keep = survivors(rows[:, 1:5], rows[:, 0]) if len(rows) else []
    return np.concatenate([rows[keep, 1:5], rows[keep, :1]], 1)


def match(truth, found):
    """Faces found, and boxes left over."""
    used = set()
    for box in truth:
        fitting = [i for i in range(len(found)) if i not in used and at_one_place(box, found[i])]
        used.update(fitting[:1])
    return len(used), len(found) - len(used)


def at_one_place(truth, box):
    """CMU+MIT's boxes are tight, so centre and size decide, not overlap."""
    side, other = (np.sqrt((b[2] - b[0]) * (b[3] - b[1])) for b in (truth, box))
    dx, dy = (truth[0] + truth[2] - box[0] - box[2]) / 2, (truth[1] + truth[3] - box[1] - box[3]) / 2
    return abs(dx) < 0.5 * side and abs(dy) < 0.6 * side and 0.5 < other / side < 3.2


def milliseconds(detector):
    frame, times = np.zeros((1, 800, 800, 3), np.uint8), []
    for _ in range(12):
        started = time.perf_counter()
        detector.run(None, {"image": frame})
        times.append(1000 * (time.perf_counter() - started))
    return {"min": round(min(times), 1), "median": round(float(np.median(times)), 1)}


if __name__ == "__main__":
    main()
