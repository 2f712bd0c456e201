"""The detector's training pictures: mosaics of crops of labelled scenes, faces of 10 to 300 px in 320x320."""
import os
import pickle

import cv2
import numpy as np

from augment import LUMA
from places import CHIPS, SOURCES

#: Width and height of a mosaic in pixels.
SIZE = 320
#: Scenes are kept no larger than this.
SIDE_MAX = 416
#: Of a face that is to be found: the teacher's score, the share of it in the picture, its side in pixels. Less is neither face nor background.
SCORE_MIN, SEEN_MIN, SIDE_MIN = 0.5, 0.55, 7
#: Landmarks of a mirrored face: eyes and mouth corners change sides.
MIRROR = [1, 0, 2, 4, 3]


def load_scenes():
    """[(image RGB uint8, boxes [n, 5], landmarks [n, 5, 2])] in pixels of the image, and the same for the held-out twentieth."""
    rows, path = labelled_rows(), f"{CHIPS}/scenes.bin"
    if not os.path.exists(path):
        write_pixels(rows, path)
    pixels, scenes = np.memmap(path, np.uint8, "r"), []
    for (_, _, boxes, points), (start, h, w, scale) in zip(rows, np.load(path + ".npy")):
        start, h, w = int(start), int(h), int(w)
        boxes = boxes.copy()
        boxes[:, :4] *= scale
        scenes.append((pixels[start : start + h * w * 3].reshape(h, w, 3), boxes, points * scale))
    train = [scene for i, scene in enumerate(scenes) if i % 20]
    return train, scenes[::20]


def labelled_rows():
    """(file, (height, width), boxes, landmarks) of every scene, as prepare.py and background.py labelled them."""
    rows = []
    for name in ("celeba", "lfw", "background"):
        with open(f"{CHIPS}/scenes_{name}.pkl", "rb") as scenes:
            rows += pickle.load(scenes)
    meta = np.load(f"{CHIPS}/fairtrain_meta.npz")
    names, boxes, scores, points = (meta[key] for key in ("fs", "B", "S", "K"))
    for i in range(0, len(names), 5):  # tight crops: one face each, close up
        if scores[i] > 0.6:
            box = np.append(boxes[i], scores[i])[None].astype(np.float32)
            rows.append((str(names[i]), (224, 224), box, points[i][None]))
    return rows


def write_pixels(rows, path):
    """All scenes in one file, shrunk and in RGB, so that reading one is reading memory."""
    places = []
    with open(path + ".part", "wb") as out:
        for name, (h, w), _, _ in rows:
            scale = min(1.0, SIDE_MAX / max(h, w))
            flags = cv2.IMREAD_REDUCED_COLOR_2 if scale < 0.4 else cv2.IMREAD_COLOR
            image = cv2.imread(f"{SOURCES}/{name}", flags)
            size = (w, h) if scale == 1 else (max(1, round(w * scale)), max(1, round(h * scale)))
            if image.shape[1::-1] != size:
                image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
            places.append((out.tell(), image.shape[0], image.shape[1], scale))
            out.write(np.ascontiguousarray(image[:, :, ::-1]).data)
    np.save(path + ".npy", np.array(places))
    os.rename(path + ".part", path)


def mosaic(scenes, seed):
    """Image float [3, SIZE, SIZE] in -1..1, boxes [n, 4] and landmarks [n, 5, 2] to find, boxes [m, 4] to ignore; in its pixels."""
    rng = np.random.default_rng(seed)
    per_side = int(rng.choice([1, 1, 2, 3, 4]))
    side = SIZE // per_side
    canvas, found = np.zeros((SIZE, SIZE, 3), np.uint8), ([], [], [])
    for y in range(per_side):
        for x in range(per_side):
            paste(canvas, found, scenes[int(rng.integers(len(scenes)))], (x * side, y * side), side, rng)
    boxes, points, ignored = (
        np.array(part, np.float32).reshape(-1, *shape) for part, shape in zip(found, ((4,), (5, 2), (4,)))
    )
    if rng.random() < 0.5:
        canvas = canvas[:, ::-1]
        boxes[:, [0, 2]], ignored[:, [0, 2]] = SIZE - boxes[:, [2, 0]], SIZE - ignored[:, [2, 0]]
        points = points[:, MIRROR]
        points[..., 0] = SIZE - points[..., 0]
    image = varied_light(canvas.astype(np.float32), rng)
    return np.clip(image, 0, 255).transpose(2, 0, 1) / np.float32(127.5) - 1, boxes, points, ignored


def paste(canvas, found, scene, corner, side, rng):
    """A crop of a scene, scaled so that its main face takes a random size, laid into a square of the canvas."""
    image, boxes, points = scene
    scale, offset = crop_of(scene, side, rng)
    matrix = np.array([[scale, 0, -offset[0]], [0, scale, -offset[1]]], np.float32)
    if scale < 0.5:  # shrink first, or the warp aliases
        shrink = max(2 * scale, 0.08)
        image = cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        matrix[:, :2] /= shrink
    colour = tuple(int(v) for v in rng.integers(0, 255, 3))
    cell = cv2.warpAffine(image, matrix, (side, side), borderMode=cv2.BORDER_CONSTANT, borderValue=colour)
    left, top = corner
    canvas[top : top + side, left : left + side] = cell
    for box, landmarks in zip(boxes, points):
        place = box[:4] * scale - [*offset, *offset]
        visible = np.clip(place, 0, side)
        area = max((place[2] - place[0]) * (place[3] - place[1]), 1e-6)
        seen = max(visible[2] - visible[0], 0) * max(visible[3] - visible[1], 0) / area
        if seen < 0.25:
            continue
        if box[4] < SCORE_MIN or seen < SEEN_MIN or np.sqrt(area) < SIDE_MIN:
            found[2].append(visible + [left, top, left, top])
        else:
            found[0].append(place + [left, top, left, top])
            found[1].append(landmarks * scale - offset + [left, top])


def crop_of(scene, side, rng):
    """The scale of the crop and its corner in the scaled scene."""
    image, boxes, _ = scene
    h, w = image.shape[:2]
    if len(boxes) and rng.random() > 0.12:
        extent = np.sqrt((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))
        largest = int(extent.argmax())
        wanted = np.exp(rng.uniform(np.log(10), np.log(side * 0.95)))
        scale = np.clip(wanted / max(extent[largest], 8), 0.04, 3.0)
        x, y = (boxes[largest, :2] + boxes[largest, 2:4]) / 2 * scale
        return scale, [x - rng.uniform(0.15, 0.85) * side, y - rng.uniform(0.15, 0.85) * side]
    scale = float(rng.uniform(0.6, 2.5))  # anywhere at all: mostly background
    return scale, [rng.uniform(0, max(w * scale - side, 1)), rng.uniform(0, max(h * scale - side, 1))]


def varied_light(image, rng):
    """Float RGB 0..255 -> the same under other light, sometimes grey, blurred, noisy, or badly compressed."""
    contrast, mean = np.float32(np.exp(rng.normal(0, 0.25))), image.mean()
    image = (image - mean) * contrast + np.float32(mean + rng.normal(0, 20)) + rng.normal(0, 8, 3).astype(np.float32)
    if rng.random() < 0.25:
        image = np.repeat((image @ np.array(LUMA, np.float32))[..., None], 3, 2)
    if rng.random() < 0.15:
        image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.5, 1.5)))
    if rng.random() < 0.15:
        image = image + rng.standard_normal(image.shape, np.float32) * 8
    if rng.random() < 0.2:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(15, 70))]
        packed = cv2.imencode(".jpg", np.clip(image, 0, 255).astype(np.uint8), quality)[1]
        image = cv2.imdecode(packed, cv2.IMREAD_COLOR).astype(np.float32)
    return image
