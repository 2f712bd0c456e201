"""How many drawings without a face have one all the same: by the detector alone, and with the second look.

python evaluate_drawn.py [DRAWINGS]
Other drawings than prepare_drawn.py's. Adds to PACK/figures.json.
"""

import sys

from drawings import numbered
from figures import write
from places import PACK
from product import FACE, FILES, Finder, is_face

FIRST, SCORE_MIN = 2 * 10**6, 0.5


def main(count=400):
    data, figures = f"{count} drawings (wheels, sockets, letters)", {}
    for precision in FILES:
        finder, proposed, accepted = Finder(PACK, precision), 0, 0
        for number in range(FIRST, FIRST + count):
            _, alone, looked, _ = finder(numbered(number))
            proposed += bool((alone >= SCORE_MIN).any())
            accepted += bool(is_face(alone, looked).any())
        alone = {"n": count, f"share_with_a_face_at_{SCORE_MIN:g}": round(proposed / count, 4)}
        both = {"n": count, f"share_with_a_face_at_{FACE:g}": round(accepted / count, 4)}
        figures[precision] = {"detect": {f"{data}, detector alone": alone}, "found": {data: both}}
    write(figures)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
