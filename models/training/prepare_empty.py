"""What is no face and looks like one: a detector's false alarms in scenes and beside CelebA's people, and squares at random.

DETECTOR=detect.onnx python prepare_empty.py
Writes PACKED/empty: squares of 112 pixels, one and a half boxes wide, and the detector's score (0: a square at random).
"""

from concurrent.futures import ProcessPoolExecutor

import cv2
import numpy as np

from geometry import square_around
from packed import Packer, limited, webp
from places import DETECTOR, PROCESSES, TEACHERS
from prepare_scenes import EMPTY, files_of
from product import boxes_in, cached_session
from scrfd import teacher

#: Longer side in pixels at which both look; the detector's least score, and how many of its boxes are taken.
SEEN_AT, ALARM_MIN, ALARMS = 480, 0.03, 5
SIDE, QUALITY = 112, 72


def main():
    files = limited(files_of(*EMPTY) + files_of("celeba/Celeb/*.jpg"))
    packer, scores = Packer("empty"), []
    with ProcessPoolExecutor(PROCESSES, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        for squares in pool.map(squares_of, range(len(files)), files, chunksize=32):
            for picture, score in squares:
                packer.add(picture)
                scores.append(score)
    packer.close(score=np.array(scores, np.float32))


def squares_of(number, path):
    """[(WebP, score)]: none of them touches a face that the teacher sees."""
    rng, image = np.random.default_rng(number), cv2.imread(path)
    scale = SEEN_AT / max(image.shape[:2])
    image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    rgb = np.ascontiguousarray(image[:, :, ::-1])
    sure, _ = teacher(f"{TEACHERS}/scrfd_500m_kps.onnx")(image, 0.3 if "celeba" in path else 0.5, SEEN_AT)
    alarms = [(row[1:5], row[0]) for row in boxes_in(cached_session(DETECTOR), rgb, ALARM_MIN)[:ALARMS]]
    return [
        (webp(square_around(rgb, box, SIDE, cv2.INTER_AREA), QUALITY), score)
        for box, score in [*alarms, (anywhere(rng, *rgb.shape[:2]), 0.0)]
        if not any(touch(box, face) for face in sure)
    ]


def anywhere(rng, height, width):
    side = rng.uniform(20, min(height, width) * 0.6)
    x, y = rng.uniform(0, width - side), rng.uniform(0, height - side)
    return x, y, x + side, y + side


def touch(a, b):
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])


if __name__ == "__main__":
    main()
