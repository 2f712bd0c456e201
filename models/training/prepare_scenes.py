"""Scenes for the detector, at most 320 pixels a side: CelebA's originals, every third picture of LFW, 15-scenes and BSDS500.

python prepare_scenes.py
Writes PACKED/scenes: size [n, 2] (height, width), and of all their faces, one scene's after the other, boxes [m, 5] (with the teacher's
score) and landmarks [m, 5, 2] in pixels of the scene; `first` [n + 1] says where each scene's begin.
"""

import glob
from concurrent.futures import ProcessPoolExecutor

import cv2
import numpy as np

from packed import Packer, limited, webp
from places import PROCESSES, SOURCES, TEACHERS
from prepare import look_bordered
from scrfd import teacher
from suppression import survivors

SIDE, QUALITY = 320, 62
#: Pixels of the longer side that the teacher sees; the second time it sees a third of it, with a border, for close-ups.
SEEN_AT = {"celeba": 512, "lfw": 288}
#: In scenes without people the teacher marks what it is sure of; below .5 that is neither face nor background in training.
EMPTY_SURE, EMPTY_SCORE = 0.55, 0.3
#: Where scenes without people lie, under SOURCES.
EMPTY = "cmu_all/proj3/data/**/*.jpg", "cmu_all/proj5/data/BSDS500/images/**/*.jpg"


def main():
    lfw = files_of("lfw_deepfunneled/data/lfw-deepfunneled/*/*.jpg")[::3]
    kinds = {"celeba": files_of("celeba/Celeb/*.jpg"), "lfw": lfw, "empty": files_of(*EMPTY)}
    todo = limited([(path, kind) for kind, files in kinds.items() for path in files])
    packer, rows = Packer("scenes"), []
    with ProcessPoolExecutor(PROCESSES, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        for row in pool.map(scene_of, todo, chunksize=32):
            if row:
                packer.add(row[0])
                rows.append(row[1:])
    sizes, boxes, landmarks, names = zip(*rows)
    first = np.cumsum([0, *map(len, boxes)])
    print(first[-1], "faces in", end=" ")
    packer.close(size=np.array(sizes), boxes=np.concatenate(boxes), landmarks=np.concatenate(landmarks), first=first, files=np.array(names))


def files_of(*patterns):
    return [path for pattern in patterns for path in sorted(glob.glob(f"{SOURCES}/{pattern}", recursive=True))]


def scene_of(item):
    path, kind = item
    image = cv2.imread(path)
    if image is None:
        return None
    boxes, points = marked(image) if kind == "empty" else faces_in(image, SEEN_AT[kind])
    scale = min(1.0, SIDE / max(image.shape[:2]))
    if scale < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    boxes[:, :4] *= scale
    return webp(image[:, :, ::-1], QUALITY), image.shape[:2], boxes, points * np.float32(scale), path[len(SOURCES) + 1 :]


def faces_in(image, size):
    detector = teacher(f"{TEACHERS}/scrfd_2.5g_kps.onnx")
    passes = [look_bordered(detector, image, 0, 0.2, size), look_bordered(detector, image, 0.25, 0.2, size // 3)]
    boxes, points = (np.concatenate(parts).astype(np.float32) for parts in zip(*passes))
    keep = survivors(boxes[:, :4], boxes[:, 4]) if len(boxes) else []
    return boxes[keep], points[keep]


def marked(image):
    boxes, points = teacher(f"{TEACHERS}/scrfd_500m_kps.onnx")(image, EMPTY_SURE, SIDE)
    boxes[:, 4] = EMPTY_SCORE
    return boxes, points


if __name__ == "__main__":
    main()
