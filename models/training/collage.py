"""Scenes with known faces out of portraits, where no labelled scenes are at hand: small, turned, dark, blurred and badly compressed ones.

python collage.py PORTRAITS OUT [SCENES]
PORTRAITS are 250x250 with one face in the middle, as in LFW. Writes OUT/*.jpg and OUT/truth.json, which evaluate_collages.py and
`npm run models -- eval PACK --data OUT` read.
"""

import glob
import json
import os
import sys

import cv2
import numpy as np

#: Of an LFW picture, in its pixels: the middle of the face and its width.
CENTRE, WIDTH = (125, 125), 88
SIDE = 800
#: Widths of faces in pixels of the scene.
WIDTH_MIN, WIDTH_MAX = 8, 64


def main(portraits, out, scenes="40"):
    files, rng, truth = sorted(glob.glob(f"{portraits}/**/*.jpg", recursive=True)), np.random.default_rng(0), {}
    os.makedirs(out, exist_ok=True)
    for number in range(int(scenes)):
        scene, faces = scene_of(files, rng)
        name = f"scene-{number:03d}"
        cv2.imwrite(f"{out}/{name}.jpg", scene, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 95))])
        truth[name] = faces
    with open(f"{out}/truth.json", "w") as file:
        json.dump(truth, file)
    print(len(truth), "scenes,", sum(map(len, truth.values())), "faces")


def scene_of(files, rng):
    """Portraits of one size in rows, in cells as wide as a portrait turned by 20 degrees."""
    width = np.exp(rng.uniform(np.log(WIDTH_MIN), np.log(WIDTH_MAX)))
    scale = width / WIDTH
    cell = max(24, int(250 * scale * 0.8))
    count = min(8, SIDE // cell)
    scene, faces = np.full((SIDE, SIDE, 3), rng.integers(0, 255, 3), np.uint8), []
    for y in range(count):
        for x in range(count):
            portrait = cv2.imread(files[int(rng.integers(len(files)))])
            middle = (x + 0.5) * cell, (y + 0.5) * cell
            small = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            turn = cv2.getRotationMatrix2D((CENTRE[0] * scale, CENTRE[1] * scale), float(rng.normal(0, 12)), 1)
            turn[:, 2] += [cell / 2 - CENTRE[0] * scale, cell / 2 - CENTRE[1] * scale]
            tile = cv2.warpAffine(small, turn, (cell, cell), borderMode=cv2.BORDER_REPLICATE)
            scene[y * cell : (y + 1) * cell, x * cell : (x + 1) * cell] = tile
            faces.append([round(middle[0], 1), round(middle[1], 1), round(float(width), 1)])
    light = scene.astype(np.float32) * np.exp(rng.normal(0, 0.4)) + rng.normal(0, 6, scene.shape)
    if rng.random() < 0.4:
        light = cv2.GaussianBlur(light, (0, 0), float(rng.uniform(0.4, 1.2)))
    return np.clip(light, 0, 255).astype(np.uint8), faces


if __name__ == "__main__":
    main(*sys.argv[1:4])
