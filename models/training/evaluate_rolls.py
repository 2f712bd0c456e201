"""Share of LFW's pictures whose face the detector alone finds at .5, by the degrees that they are turned.

python evaluate_rolls.py PRECISION
150 pictures, evenly over all; turned about the middle, borders replicated. Adds to PACK/figures.json.
"""

import sys

import numpy as np

from evaluate_found import at_one_place
from figures import write
from lfw import names, picture, turned
from places import PACK
from product import Finder

PICTURES, DEGREES, SCORE_MIN = 150, (0, 45, 90, 180), 0.5
#: Of an LFW picture, in its pixels: the face's box, about.
FACE = 81, 75, 169, 175


def main(precision):
    finder, every = Finder(PACK, precision), names()
    chosen = [picture(name) for name in every[:: max(1, len(every) // PICTURES)][:PICTURES]]
    shares = {degrees: np.mean([found(finder, turned(rgb, degrees)) for rgb in chosen]) for degrees in DEGREES}
    by_roll = {f"{degrees} degrees": round(float(share), 2) for degrees, share in shares.items()}
    data = f"{len(chosen)} pictures of LFW, each turned, detector alone at {SCORE_MIN:g}"
    write({precision: {"detect": {data: {"n": len(chosen), "found_by_roll": by_roll}}}})


def found(finder, rgb):
    return any(at_one_place(FACE, row[1:5]) for row in finder.detect(rgb, SCORE_MIN))


if __name__ == "__main__":
    main(sys.argv[1])
