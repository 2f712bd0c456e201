"""Scenes that are mostly background (15-scenes, BSDS500), for the detector: what the teacher is sure of is ignored, the rest must stay silent."""
import glob
import pickle

import cv2
import numpy as np

from places import CHIPS, SOURCES, TEACHERS
from scrfd import Scrfd

#: Below the training threshold: ignored, neither face nor background.
IGNORED_SCORE = 0.3


def main():
    cv2.setNumThreads(1)
    teacher, rows = Scrfd(f"{TEACHERS}/scrfd_500m_kps.onnx"), []
    folders = ("scenes15", "bsds")
    for path in [file for folder in folders for file in sorted(glob.glob(f"{SOURCES}/{folder}/**/*.jpg", recursive=True))]:
        image = cv2.imread(path)
        boxes, points = teacher(image, 0.55, 320)
        boxes[:, 4] = IGNORED_SCORE
        rows.append((path[len(SOURCES) + 1 :], image.shape[:2], boxes, points.astype(np.float32)))
    with open(f"{CHIPS}/scenes_background.pkl", "wb") as out:
        pickle.dump(rows, out)
    print(len(rows), "scenes,", sum(len(boxes) for _, _, boxes, _ in rows), "ignored regions")


if __name__ == "__main__":
    main()
