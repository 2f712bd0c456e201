"""Labelled Faces in the Wild: its pictures, its 6,000 pairs and their protocol. Held out: no embedder may be trained on it."""

import glob
import os

import cv2
import numpy as np

from places import PACK, SOURCES
from product import FILES, Finder, session

FOLDER = f"{SOURCES}/lfw_deepfunneled/data/lfw-deepfunneled"
FOLDS = 10
#: What speaks for a face being the one that its picture is of: pixels that a sure look is worth.
SURE, SURE_PIXELS = 0.5, 50


def names():
    """person_0001 of every picture."""
    return sorted(os.path.basename(path)[:-4] for path in glob.glob(f"{FOLDER}/*/*.jpg"))


def pairs(limit=None):
    """[(name, name, whether they are of one person)], of the 6,000 so many, evenly."""
    found = []
    with open(f"{SOURCES}/lfw_pairs.txt") as lines:
        for line in lines.read().strip().split("\n")[1:]:
            fields = line.split("\t")
            first, second = (fields[0], fields[1]), (fields[0] if len(fields) == 3 else fields[2], fields[-1])
            found.append((*(f"{person}_{int(number):04d}" for person, number in (first, second)), len(fields) == 3))
    return found[:: max(1, len(found) // limit)] if limit else found


def accuracy(similarities, same, step=0.002):
    """On each tenth with the threshold that is best on the other nine; and true match rates at false match rates over all."""
    similarities, same = np.array(similarities), np.array(same)
    thresholds, fold = np.arange(-0.2, 1, step), np.arange(len(similarities)) * FOLDS // len(similarities)
    accuracies = []
    for tenth in range(FOLDS):
        others = fold != tenth
        best = thresholds[np.argmax([((similarities[others] > t) == same[others]).mean() for t in thresholds])]
        accuracies.append(((similarities[~others] > best) == same[~others]).mean())
    impostor, genuine = np.sort(similarities[~same])[::-1], similarities[same]
    return {
        "n": len(similarities),
        "accuracy": round(float(np.mean(accuracies)), 4),
        "std": round(float(np.std(accuracies)), 4),
        "tmr_at_fmr": {str(rate): round(float((genuine > impostor[int(rate * len(impostor))]).mean()), 4) for rate in (1e-2, 1e-3)},
    }


class Pipeline:
    """The product's own path from picture to embedding, in one process."""

    def __init__(self, precision):
        self.finder, self.embedder = Finder(PACK, precision), session(f"{PACK}/embed/{FILES[precision]}")

    def face(self, name, roll=0.0):
        """The picture, turned by `roll` degrees about its middle; the points and the look's score of the face that it is of; or None."""
        rgb = turned(picture(name), roll)
        boxes, _, scores, points = self.finder(rgb)
        if not len(boxes):
            return None
        chosen = main_face(boxes, scores, rgb)
        return rgb, points[chosen], float(scores[chosen])

    def embedding(self, chip):
        return self.embedder.run(None, {"chip": chip[None]})[0][0]


def picture(name):
    """RGB uint8 [250, 250, 3]."""
    return np.ascontiguousarray(cv2.imread(f"{FOLDER}/{name[:-5]}/{name}.jpg")[:, :, ::-1])


def turned(rgb, degrees):
    """About the middle, counter-clockwise; borders replicated."""
    if not degrees:
        return rgb
    h, w = rgb.shape[:2]
    matrix = cv2.getRotationMatrix2D((w / 2, h / 2), degrees, 1)
    return cv2.warpAffine(rgb, matrix, (w, h), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def main_face(boxes, scores, rgb):
    """Index of the face near the middle, large and sure."""
    h, w = rgb.shape[:2]
    away = np.abs((boxes[:, :2] + boxes[:, 2:]) / 2 - [w / 2, h / 2]).sum(1)
    side = np.sqrt(np.maximum(0, (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])))
    return int(np.argmin(away - 0.7 * side - SURE_PIXELS * (scores > SURE)))
