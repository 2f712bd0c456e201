"""Sources of faces: the teacher's box and five points of each picture's main face, and that face in the ArcFace frame with a margin.

python prepare.py SOURCE ...
Writes PACKED/<source>.bin and .npz, see packed.py. Pictures in which the teacher finds no face are left out.
"""

import glob
import sys
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

import cv2
import numpy as np

from geometry import ARCFACE, CHIP_SIDE, SHRINK_BELOW, kernel_of, scale_of, similarity_transform
from packed import Packer, limited, webp
from places import PROCESSES, SOURCES, TEACHERS
from scrfd import Scrfd, teacher


class Source(NamedTuple):
    #: Its pictures, under SOURCES.
    pattern: str
    #: Pixels of the longer side that the teacher sees.
    seen_at: int
    #: Pixels around the 112x112 of the ArcFace frame, on every side.
    margin: int
    #: Of the WebP, 0..100.
    quality: int


FACES = {
    "fair": Source("fairface/fair_face/train/*.jpg", 192, 40, 80),
    "fairval": Source("fairface/fair_face/val/*.jpg", 192, 40, 90),
    "utk": Source("utkface/data/UTKFace/unlabeled/*.jpg", 192, 40, 80),
    "aaf": Source("aaf/All-Age-Faces Dataset/original images/*.jpg", 192, 40, 80),
    "celeba": Source("celeba/Celeb/*.jpg", 320, 40, 80),
    "raf": Source("raf/Dataset/aligned/*/*_images/*.jpg", 160, 16, 85),
    "ferp": Source("ferplus/data/FER2013*/*.png", 160, 16, 72),
    "mask": Source("mask/Face Mask Dataset/*/With*Mask/*.*", 128, 16, 75),
    "lfw": Source("lfw_deepfunneled/data/lfw-deepfunneled/*/*.jpg", 288, 40, 95),
}
#: The teacher's least score, and the black border that it sees around a picture, in longer sides: it misses faces that fill the picture.
SCORE_MIN, BORDER = 0.25, 0.3


def main(names):
    for name in names:
        files = limited(sorted(glob.glob(f"{SOURCES}/{FACES[name].pattern}")))
        packer, rows = Packer(name), []
        with ProcessPoolExecutor(PROCESSES, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
            for row in pool.map(face_of, files, [FACES[name]] * len(files), chunksize=64):
                if row:
                    packer.add(row.pop("webp"))
                    rows.append(row)
        print(name, len(files), "files,", end=" ")
        packer.close(
            files=np.array([row.pop("file") for row in rows]),
            **{key: np.array([row[key] for row in rows], np.float32) for key in (rows[0] if rows else ())},
        )


def face_of(path, source):
    """The main face of a picture as a dict of what is packed, or None."""
    image = cv2.imread(path)
    if image is None:
        return None
    boxes, points = look_bordered(teacher(f"{TEACHERS}/scrfd_2.5g_kps.onnx"), image, BORDER, SCORE_MIN, source.seen_at)
    if not len(boxes):
        return None
    chosen = main_face(boxes, image)
    box, score, landmarks = boxes[chosen, :4], boxes[chosen, 4], points[chosen]
    picture, moved, scale = aligned(image, landmarks, source.margin)
    return {
        "webp": webp(picture[:, :, ::-1], source.quality),
        "file": path[len(SOURCES) + 1 :],
        "landmarks": moved,
        "score": score,
        "side": np.sqrt(max(1, (box[2] - box[0]) * (box[3] - box[1]))) * scale,
        "found_box": box,
        "found_landmarks": landmarks,
    }


def look_bordered(detector: Scrfd, image, border, threshold, size):
    """Boxes and points in the image's pixels, found with a black border of a share of the longer side."""
    pad = int(border * max(image.shape[:2]))
    framed = cv2.copyMakeBorder(image, *[pad] * 4, cv2.BORDER_CONSTANT) if pad else image
    boxes, points = detector(framed, threshold, size)
    boxes = boxes.copy()
    boxes[:, :4] -= pad
    return boxes, points - pad


def main_face(boxes, image):
    """Index of the face that the picture is of: near its middle, and large."""
    h, w = image.shape[:2]
    away = np.abs((boxes[:, :2] + boxes[:, 2:4]) / 2 - [w / 2, h / 2]).sum(1)
    side = np.sqrt(np.maximum(0, (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])))
    return int(np.argmin(away - 0.7 * side))


def aligned(image, landmarks, margin):
    """The face in the ArcFace frame with a margin; its landmarks there; how much it was enlarged.

    Borders are replicated: black ones cost 11 points of gender accuracy in a linear probe.
    """
    target, size = ARCFACE + margin, CHIP_SIDE + 2 * margin
    matrix = similarity_transform(landmarks, target)
    scale = scale_of(matrix)
    if scale < SHRINK_BELOW:
        image = cv2.resize(image, None, fx=2 * scale, fy=2 * scale, interpolation=cv2.INTER_AREA)
        landmarks = landmarks * 2 * scale
        matrix = similarity_transform(landmarks, target)
    picture = cv2.warpAffine(image, matrix, (size, size), flags=kernel_of(scale), borderMode=cv2.BORDER_REPLICATE)
    return picture, landmarks @ matrix[:, :2].T + matrix[:, 2], scale


if __name__ == "__main__":
    main(sys.argv[1:])
