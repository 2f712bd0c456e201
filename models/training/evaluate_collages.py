"""Recall on the collages of collage.py, by the width of the face: detector and second look together.

python evaluate_collages.py COLLAGES PRECISION
Adds to PACK/figures.json.
"""

import json
import sys

import numpy as np

from evaluate_found import matched, read
from figures import write
from places import PACK
from product import FACE, Finder, is_face

WIDTHS = [(8, 12), (12, 20), (20, 32), (32, 64)]


def main(folder, precision):
    finder, hits, widths = Finder(PACK, precision), [], []
    with open(f"{folder}/truth.json") as file:
        truth = json.load(file)
    for name, faces in truth.items():
        boxes, proposed, looked, _ = finder(read(f"{folder}/{name}.jpg"))
        found = boxes[is_face(proposed, looked)]
        hits += matched([square(*face) for face in faces], found)
        widths += [width for *_, width in faces]
    hits, widths = np.array(hits), np.array(widths)
    parts = {f"{low} to {high} px": hits[(widths >= low) & (widths < high)] for low, high in WIDTHS}
    by_width = {name: [round(float(part.mean()), 4), len(part)] for name, part in parts.items()}
    data = f"{len(truth)} collages of LFW pictures, faces of 8 to 64 px, dark, blurred, badly compressed"
    figures = {"n": len(hits), f"recall_at_{FACE:g}": round(float(hits.mean()), 4), f"recall_by_width_at_{FACE:g}": by_width}
    write({precision: {"found": {data: figures}}})


def square(x, y, width):
    half = width / 2
    return x - half, y - half, x + half, y + half


if __name__ == "__main__":
    main(*sys.argv[1:3])
