"""Boxes, landmarks and an aligned 144x144 chip (replicated borders) for every picture of a data set.

python prepare.py SET SIZE [MODEL]: SIZE is the side that the teacher sees the picture at, MODEL is 2.5g (default) or 500m.
Writes SET.npy (uint8 [n, 144, 144, 3] RGB) and SET_meta.npz (fs names, S scores, K landmarks, B boxes); for sets of whole
scenes also scenes_SET.pkl, every face of every picture, for the detector.
"""
import glob
import os
import pickle
import re
import sys
import time

import cv2
import numpy as np

from geometry import CHIP_SIDE, MARGIN, TEMPLATE, similarity_transform
from places import CHIPS, SOURCES, TEACHERS
from scrfd import Scrfd
from suppression import survivors

PATTERNS = {
    "fairtrain": "fairface/fair_face/train/*.jpg",
    "fairval": "fairface/fair_face/val/*.jpg",
    "utk": "utkface/data/UTKFace/**/*.jpg",
    "celeba": "celeba_wild_ids/Celeb/*.jpg",
    "lfw": "lfw_deepfunneled/data/lfw-deepfunneled/*/*.jpg",
    "fer": "fer_recep/*/*/*.jpg",
    "glint": "glint/datasets/celebrity_images/**/*.png",
}
#: Whole photographs; in the other sets the face fills the picture.
SCENES = ("celeba", "lfw")


def main(name, size, model="2.5g"):
    cv2.setNumThreads(1)
    files = files_of(name)
    if name == "glint":
        return copy_aligned(name, files)
    teacher = Scrfd(f"{TEACHERS}/scrfd_{model}_kps.onnx")
    n, started = len(files), time.time()
    chips = open_chips(name, n)
    landmarks, scores, boxes = np.zeros((n, 5, 2), np.float32), np.zeros(n, np.float32), np.zeros((n, 4), np.float32)
    scenes = []
    for i, path in enumerate(files):
        image = cv2.imread(path)
        if image is None:
            continue
        if name in SCENES:
            found, points = look_twice(teacher, image, size)
            scenes.append((path[len(SOURCES) + 1 :], image.shape[:2], found, points))
            sure = found[:, 4] >= 0.25
            found, points = found[sure], points[sure]
        else:
            found, points = look_padded(teacher, image, 0.3, 0.25, size)
        if len(found):
            main_face = choose(found, image)
            chips[i] = chip_of(image, points[main_face])
            landmarks[i], scores[i], boxes[i] = points[main_face], found[main_face, 4], found[main_face, :4]
        if i % 2000 == 1999:
            print(name, i + 1, n, f"{(i + 1) / (time.time() - started):.0f}/s", flush=True)
    chips.flush()
    write_meta(name, files, scores, landmarks, boxes)
    if scenes:
        with open(f"{CHIPS}/scenes_{name}.pkl", "wb") as out:
            pickle.dump(scenes, out)
    print(name, "n", n, "missed", int((scores == 0).sum()), f"{time.time() - started:.0f}s", flush=True)


def files_of(name):
    files = sorted(glob.glob(f"{SOURCES}/{PATTERNS[name]}", recursive=True))
    if name == "fer":  # without the augmented copies
        original = re.compile(r"(Training|PublicTest|PrivateTest)_\d+\.jpg")
        files = [path for path in files if original.fullmatch(os.path.basename(path))]
    if name.startswith("fair"):
        files.sort(key=lambda path: int(os.path.basename(path)[:-4]))
    return files


def copy_aligned(name, files):
    """Pictures that are in the 112x112 ArcFace frame already: only the margin is added."""
    chips, n = open_chips(name, len(files)), len(files)
    for i, path in enumerate(files):
        border = cv2.copyMakeBorder(cv2.imread(path), *[MARGIN] * 4, cv2.BORDER_REPLICATE)
        chips[i] = border[:, :, ::-1]
    chips.flush()
    write_meta(name, files, np.ones(n, np.float32), np.zeros((n, 5, 2)), np.zeros((n, 4)))


def look_padded(teacher, image, margin, threshold, size):
    """With a black margin, a share of the longer side: the teacher misses faces that fill the picture."""
    pad = int(margin * max(image.shape[:2]))
    framed = cv2.copyMakeBorder(image, *[pad] * 4, cv2.BORDER_CONSTANT) if pad else image
    boxes, points = teacher(framed, threshold, size)
    boxes = boxes.copy()
    boxes[:, :4] -= pad
    return boxes, points - pad


def look_twice(teacher, image, size):
    """At full size for small faces, and small with a margin for close-ups."""
    passes = [
        look_padded(teacher, image, 0, 0.2, size),
        look_padded(teacher, image, 0.25, 0.2, size // 3),
    ]
    boxes, points = (np.concatenate(parts) for parts in zip(*passes))
    if len(boxes):
        keep = survivors(boxes[:, :4], boxes[:, 4])
        boxes, points = boxes[keep], points[keep]
    return boxes.astype(np.float32), points.astype(np.float32)


def choose(boxes, image):
    """Index of the face that the picture is of: near its middle, and large."""
    h, w = image.shape[:2]
    centre = (boxes[:, :2] + boxes[:, 2:4]) / 2
    away = np.abs(centre - [w / 2, h / 2]).sum(1)
    side = np.sqrt(np.maximum(0, (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])))
    return int(np.argmin(away - 0.7 * side))


def chip_of(image, landmarks):
    """BGR image -> RGB chip. Borders are replicated (black ones cost accuracy), and what is much larger is shrunk first, or the warp aliases."""
    matrix = similarity_transform(landmarks, TEMPLATE)
    scale = np.sqrt(matrix[0, 0] ** 2 + matrix[1, 0] ** 2)
    if scale < 0.5:
        image = cv2.resize(image, None, fx=2 * scale, fy=2 * scale, interpolation=cv2.INTER_AREA)
        matrix = similarity_transform(landmarks * 2 * scale, TEMPLATE)
    interpolation = cv2.INTER_CUBIC if scale > 1.5 else cv2.INTER_LINEAR
    chip = cv2.warpAffine(image, matrix, (CHIP_SIDE, CHIP_SIDE), flags=interpolation, borderMode=cv2.BORDER_REPLICATE)
    return chip[:, :, ::-1]


def open_chips(name, n):
    return np.lib.format.open_memmap(f"{CHIPS}/{name}.npy", "w+", np.uint8, (n, CHIP_SIDE, CHIP_SIDE, 3))


def write_meta(name, files, scores, landmarks, boxes):
    names = np.array([path[len(SOURCES) + 1 :] for path in files])
    np.savez(f"{CHIPS}/{name}_meta.npz", fs=names, S=scores, K=landmarks, B=boxes)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:4])
