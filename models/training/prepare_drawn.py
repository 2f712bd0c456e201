"""Drawings that a pack's detector takes for faces: hard lessons for the second look.

PACK=pack python prepare_drawn.py
Environment: PICTURES, how many drawings. Writes PACKED/drawn: squares of 112 pixels, one and a half boxes wide, and the detector's score.
"""

import cv2
import numpy as np

from drawings import numbered
from geometry import square_around
from packed import Packer, webp
from places import PACK, PICTURES
from product import Finder

#: Numbers of the drawings to learn from; those that are measured have others.
FIRST = 10**6
#: The detector's least score of a proposal, and how many of a drawing are taken.
PROPOSED, PROPOSALS = 0.15, 5
SIDE, QUALITY = 112, 72


def main():
    finder, packer, scores = Finder(PACK, "float32"), Packer("drawn"), []
    for number in range(FIRST, FIRST + PICTURES):
        picture = numbered(number)
        for row in finder.detect(picture, PROPOSED)[:PROPOSALS]:
            packer.add(webp(square_around(picture, row[1:5], SIDE, cv2.INTER_LINEAR), QUALITY))
            scores.append(row[0])
    scores = np.array(scores, np.float32)
    print(PICTURES, "drawings,", (scores > 0.5).sum(), "proposals of .5 or more,", end=" ")
    packer.close(score=scores)


if __name__ == "__main__":
    main()
