"""Pictures that the int8 graphs' ranges are found on, [1, side, side, 3] each, from the packed sources."""

import cv2
import numpy as np

from packed import Packed
from places import LIMIT
from product import CROP

#: Chips of a task, and the sources that they come from in equal parts, evenly over each.
CHIPS, CROPS = 150, 120
SOURCES = {"emotion": ("raf", "fair"), "mask": ("mask", "fair")}
ANY = "fair", "utk"
#: Every so-manieth square without a face, and scenes that the detector sees.
NOTHING_EVERY, SCENES = 1000, 90
SCENE_SIDE = 320


def pictures_of(task):
    if task == "detect":
        return scenes()
    if task == "refine":
        return crops()
    return chips(CHIPS, SOURCES.get(task, ANY))


def chips(count, sources):
    packs, count = map(Packed, sources), min(count, LIMIT or count)
    return [packed.middle(i)[None] for packed in packs for i in np.linspace(0, len(packed) - 1, count // len(sources)).astype(int)]


def crops():
    """Two of three are turned by quarters; and squares without a face."""
    shrunk = [cv2.resize(chip[0], (CROP, CROP), interpolation=cv2.INTER_AREA) for chip in chips(CROPS, ANY)]
    faces = [np.ascontiguousarray(np.rot90(crop, i % 4)) if i % 3 == 0 else crop for i, crop in enumerate(shrunk)]
    empty = Packed("empty")
    nothing = [
        cv2.resize(np.ascontiguousarray(empty.picture(i)), (CROP, CROP), interpolation=cv2.INTER_AREA)
        for i in range(0, len(empty), NOTHING_EVERY)
    ]
    return [crop[None] for crop in faces + nothing]


def scenes():
    """In the upper left of a black square, as the product's frames are."""
    packed, found = Packed("scenes"), []
    for i in range(0, len(packed), max(1, (len(packed) + 1) // SCENES)):
        picture = packed.picture(i)
        frame = np.zeros((1, SCENE_SIDE, SCENE_SIDE, 3), np.uint8)
        frame[0, : picture.shape[0], : picture.shape[1]] = picture
        found.append(frame)
    return found
