"""How alike strangers are to the embedder once they wear sunglasses: the share of pairs over cosines of the manifest's curve.

python evaluate_covered.py FOLDER [float32|int8]
FOLDER/person/*.jpg, several people, one face in the middle of each picture. The glasses are drawn on the picture before anything looks for a
face. Adds to PACK/figures.json.
"""
import glob
import json
import os
import sys

import cv2
import numpy as np

from figures import write
from geometry import chip_of
from lfw import Pipeline, main_face
from places import PACK

#: Half axes of a lens, and thickness of the bridge, in distances between the eyes; nearly black.
LENS, BRIDGE, COLOUR = (0.42, 0.33), 0.12, (22, 20, 20)
#: The points of the manifest's curve that are compared with, by what the figures call them.
RATES = {"fmr1e2": 1e-2, "fmr1e3": 1e-3, "fmr1e4": 1e-4}
#: Coordinates for cv2's fractional drawing: sixteenths of a pixel.
SHIFT = 4


def main(folder, precision="float32"):
    pipeline, thresholds = Pipeline(precision), thresholds_of(f"{PACK}/embed")
    people, bare, covered, missed = [], [], [], 0
    for path in sorted(glob.glob(f"{folder}/*/*.jpg")):
        rgb = np.ascontiguousarray(cv2.imread(path)[:, :, ::-1])
        points = face_in(pipeline, rgb)
        if points is None:
            continue
        dressed = with_sunglasses(rgb, points)
        again = face_in(pipeline, dressed)
        if again is None:
            missed += 1
            continue
        people.append(os.path.basename(os.path.dirname(path)))
        bare.append(pipeline.embedding(chip_of(rgb, points)))
        covered.append(pipeline.embedding(chip_of(dressed, again)))
    people, bare, covered = np.array(people), np.stack(bare), np.stack(covered)
    strangers, others = people[:, None] != people, ~np.eye(len(people), dtype=bool)
    once = np.triu(others)
    ways = {
        "bare": (bare @ bare.T, once),
        "one of the two with sunglasses": (bare @ covered.T, others),
        "both with sunglasses": (covered @ covered.T, once),
    }
    figures = {
        "n": len(people),
        "strangers": int((strangers & once).sum()),
        "same_person": int((~strangers & once).sum()),
        "not_found_with_sunglasses": missed,
        "strangers_over": {way: over(cosines[strangers & chosen], thresholds) for way, (cosines, chosen) in ways.items()},
        "same_person_over": {way: over(cosines[~strangers & chosen], thresholds) for way, (cosines, chosen) in ways.items()},
    }
    write({precision: {"embed": {f"{len(people)} portraits of {len(set(people))} people of LFW, sunglasses drawn on them": figures}}})


def thresholds_of(folder):
    with open(f"{folder}/manifest.json") as file:
        cosines = {rate: cosine for cosine, rate in json.load(file)["falseMatches"]["curve"]}
    return {name: cosines[rate] for name, rate in RATES.items()}


def face_in(pipeline, rgb):
    """Five points of the face that the picture is of; None where no proposal is one."""
    boxes, proposed, looked, points = pipeline.finder(rgb)
    return points[main_face(boxes, looked, rgb)] if len(boxes) and ((proposed + looked) / 2).max() >= 0.55 else None


def with_sunglasses(rgb, points):
    """Two filled ellipses on the eyes, turned as they are, and a bridge between them."""
    left, right = points[:2]
    away = right - left
    eyes, angle = float(np.linalg.norm(away)), float(np.degrees(np.arctan2(away[1], away[0])))
    picture = rgb.copy()
    axes = tuple(int(round(eyes * half * 2**SHIFT)) for half in LENS)
    for eye in (left, right):
        cv2.ellipse(picture, fixed(eye), axes, angle, 0, 360, COLOUR, -1, cv2.LINE_AA, SHIFT)
    cv2.line(picture, fixed(left), fixed(right), COLOUR, max(1, round(BRIDGE * eyes)), cv2.LINE_AA, SHIFT)
    return picture


def fixed(point):
    return tuple(int(round(float(value) * 2**SHIFT)) for value in point)


def over(cosines, thresholds):
    """Of these pairs, the share from each threshold on."""
    return {name: round(float((cosines >= threshold).mean()), 4) for name, threshold in thresholds.items()}


if __name__ == "__main__":
    main(*sys.argv[1:3])
