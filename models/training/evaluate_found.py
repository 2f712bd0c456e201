"""Recall on the CMU+MIT scenes and false alarms on scenes without faces: the detector alone, and with the second look.

python evaluate_found.py PRECISION
Counts proposals from .15 on, where the product takes them from .2: a look of .9 and more makes faces of those between, too.
Adds to PACK/figures.json.
"""

import glob
import sys

import cv2
import numpy as np

from figures import write
from places import PACK, SOURCES
from product import FACE, Finder, is_face

ROOT = f"{SOURCES}/cmu_mit/proj4/data"
DATA = "CMU+MIT, native size"
PROPOSED = 0.15
ALONE, MEANS = (0.3, 0.4, 0.5, 0.6), (0.5, FACE, 0.6)


def main(precision):
    finder, truth = Finder(PACK, precision), true_boxes()
    faces = sum(map(len, truth.values()))
    found = {name: finder(read(f"{ROOT}/test_scenes/test_jpg/{name}"), PROPOSED) for name in truth}
    empty = [finder(read(path), PROPOSED) for path in sorted(glob.glob(f"{ROOT}/train_non_face_scenes/*.jpg"))]

    def count(accepts):
        """`accepts`: which proposals are faces, by detector's and look's scores."""
        accepted = {name: boxes[accepts(*scores)] for name, (boxes, *scores, _) in found.items()}
        hits = sum(sum(matched(boxes, accepted[name])) for name, boxes in truth.items())
        alarms = sum(int(accepts(*scores).sum()) for _, *scores, _ in empty)
        return round(hits / faces, 4), sum(map(len, accepted.values())) - hits, alarms

    alone = {str(least): count(lambda proposed, _, least=least: proposed >= least) for least in ALONE}
    by_mean = {least: count(lambda *scores, least=least: is_face(*scores, least)) for least in MEANS}
    both = {
        "n": faces,
        "faces": faces,
        "images": len(truth),
        "scenes_without_faces": len(empty),
        f"unmatched_at_{FACE:g}": by_mean[FACE][1],
        "by_threshold": {f"{least:g}": {"recall": recall, "false_alarms": alarms} for least, (recall, _, alarms) in by_mean.items()},
    }
    alone = {least: dict(zip(("recall", "unmatched", "false_alarms"), counted)) for least, counted in alone.items()}
    detect = {f"{DATA}, detector alone": {"n": faces, "by_threshold": alone}}
    write({precision: {"detect": detect, "found": {f"{DATA}, detector and second look": both}}})


def true_boxes():
    """{picture: [(x1, y1, x2, y2)]} in pixels."""
    truth = {}
    with open(f"{ROOT}/test_scenes/ground_truth_bboxes.txt") as lines:
        for line in lines:
            name, *box = line.split()
            truth.setdefault(name, []).append([float(value) for value in box[:4]])
    return truth


def read(path):
    return np.ascontiguousarray(cv2.imread(path)[:, :, ::-1])


def matched(truth, found):
    """Of every true box whether one of the found ones fits it; each fits one."""
    used, hits = set(), []
    for box in truth:
        fitting = [i for i in range(len(found)) if i not in used and at_one_place(box, found[i])]
        used.update(fitting[:1])
        hits.append(bool(fitting))
    return hits


def at_one_place(truth, box):
    """CMU+MIT's boxes are tight, so middle and size decide, not overlap."""
    side, other = (np.sqrt(max(0, (b[2] - b[0]) * (b[3] - b[1]))) for b in (truth, box))
    dx, dy = (truth[0] + truth[2] - box[0] - box[2]) / 2, (truth[1] + truth[3] - box[1] - box[3]) / 2
    return abs(dx) < 0.5 * side and abs(dy) < 0.6 * side and 0.5 < other / side < 3.2


if __name__ == "__main__":
    main(sys.argv[1])
