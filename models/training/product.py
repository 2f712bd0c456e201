"""From picture to chip, as the product does it with one pass over the whole picture: the reference of services/vision and services/extract.

The detector proposes from a low score on, at any roll; a small net looks twice at each proposal. Points are pixel indices (0 is the middle
of the first pixel, as in cv2.warpAffine), boxes are as the detector gives them; nothing is rounded. The product's passes over small
pictures and tiles, its limit of proposals and the suppression by points come on top.
"""

import functools
import math

import cv2
import numpy as np
import onnxruntime as ort

from geometry import ARCFACE, scale_of, similarity_transform, warp
from suppression import survivors

#: The detector's least score of a proposal, and the least mean of detector and look of a face.
PROPOSED, FACE = 0.2, 0.55
#: Side of a look's crop in pixels; sides of both crops, in sides of the box, and of the face once it is upright.
CROP, FIRST, SECOND = 96, 1.5, 1.25
#: Side of a box, sqrt(width * height), in pixels of the 112x112 ArcFace frame.
UPRIGHT = 85
#: What the first look's points may say of the face's side, in sides of the box; otherwise they stay.
LIKELY_MIN, LIKELY_MAX = 0.4, 2.2
#: Points whose middle lies further from the box's, in sides of the box, belong to another face.
DRIFT = 0.6
FILES = {"float32": "model.onnx", "int8": "model.int8.onnx"}


def session(path, threads=1):
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    return ort.InferenceSession(path, options)


#: One session of a file a process.
cached_session = functools.cache(session)


def boxes_in(detector, rgb, threshold):
    """Rows [n, 15] of the detector that survive suppression, best first: score, x1, y1, x2, y2, five points (x, y), in pixels.

    The picture, uint8 [H, W, 3], is padded with black to multiples of 32.
    """
    h, w = rgb.shape[:2]
    padded = np.zeros((1, -(-h // 32) * 32, -(-w // 32) * 32, 3), np.uint8)
    padded[0, :h, :w] = rgb
    rows = detector.run(None, {detector.get_inputs()[0].name: padded})[0][0]
    rows = rows[rows[:, 0] >= threshold]
    return rows[survivors(rows[:, 1:5], rows[:, 0])] if len(rows) else rows


def crop_matrix(centre, side, angle):
    """Takes a square to the crop: its centre to (48, 48), the line at `angle` radians in the picture to a level one."""
    k = CROP / side
    c, s = math.cos(angle) * k, math.sin(angle) * k
    x, y = centre
    return np.array([[c, s, CROP / 2 - c * x - s * y], [-s, c, CROP / 2 + s * x - c * y]])


class Finder:
    """Detector and second look of a pack; `precision` is float32 or int8."""

    def __init__(self, pack, precision="int8"):
        self.detector, self.refine = (session(f"{pack}/{task}/{FILES[precision]}") for task in ("detect", "refine"))

    def detect(self, rgb, threshold=PROPOSED):
        return boxes_in(self.detector, rgb, threshold)

    def look(self, rgb, centres, sides, angles):
        """Scores [n] and points [n, 5, 2] in the picture, of n >= 1 squares."""
        matrices = [crop_matrix(*square) for square in zip(centres, sides, angles)]
        scores, points = self.refine.run(None, {"crop": np.stack([warp(rgb, matrix, CROP) for matrix in matrices])})
        back = [cv2.invertAffineTransform(matrix) for matrix in matrices]
        return scores, np.stack([p * CROP @ b[:, :2].T + b[:, 2] for p, b in zip(points, back)])

    def __call__(self, rgb, threshold=PROPOSED, looks=2):
        """Boxes [n, 4], detector's scores [n], look's scores [n] and points [n, 5, 2] of every proposal.

        A face is where the mean of the two scores is FACE or more.
        """
        rows = self.detect(rgb, threshold)
        boxes, proposed, points = rows[:, 1:5], rows[:, 0], rows[:, 5:].reshape(-1, 5, 2)
        if not len(rows) or not looks:
            return boxes, proposed, proposed, points
        centres = (boxes[:, :2] + boxes[:, 2:]) / 2
        sides = np.sqrt(np.maximum(1, np.prod(boxes[:, 2:] - boxes[:, :2], 1)))
        eyes = points[:, 1] - points[:, 0]
        scores, points = self.look(rgb, centres, sides * FIRST, np.arctan2(eyes[:, 1], eyes[:, 0]))
        if looks == 2:
            again, points = self.look_again(rgb, sides, points)
            scores = (scores + again) / 2
        near = np.linalg.norm(points.mean(1) - centres, axis=1) < DRIFT * sides
        return boxes, proposed, np.where(near, scores, 0), points

    def look_again(self, rgb, sides, points):
        """Upright by the first look's points. Where they say an unlikely size, they stay; the score counts all the same."""
        fits = [similarity_transform(p, ARCFACE) for p in points]
        upright = np.array([UPRIGHT / max(1e-6, scale_of(fit)) for fit in fits])
        likely = (upright > LIKELY_MIN * sides) & (upright < LIKELY_MAX * sides)
        angles = [-math.atan2(fit[1, 0], fit[0, 0]) for fit in fits]
        scores, better = self.look(rgb, points.mean(1), np.where(likely, upright, sides) * SECOND, angles)
        return scores, np.where(likely[:, None, None], better, points)


def is_face(proposed, looked, threshold=FACE):
    """Of every proposal, by both scores."""
    return (proposed + looked) / 2 >= threshold
