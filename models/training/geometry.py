"""The ArcFace reference frame, the similarity transform onto it, and warps into it."""

import math

import cv2
import numpy as np

#: Width and height of a chip in pixels: the ArcFace frame, without a margin.
CHIP_SIDE = 112

#: Left eye, right eye, nose tip, left and right mouth corner (left in the picture of an upright face), in pixels of the chip:
#: InsightFace's 112x112 template.
ARCFACE = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32)
#: The same five after a mirror: eyes and mouth corners change sides.
MIRRORED = [1, 0, 2, 4, 3]

#: A face that is enlarged more than this is sampled with a cubic kernel; a picture that would be shrunk below this is shrunk first.
CUBIC_FROM, SHRINK_BELOW = 1.5, 0.5


def similarity_transform(source, target):
    """The 2x3 matrix that takes the points source [n, 2] to target [n, 2] with the least squared error.

    Umeyama, "Least-squares estimation of transformation parameters between two point patterns", 1991.
    """
    n = len(source)
    source_mean, target_mean = source.mean(0), target.mean(0)
    s, t = source - source_mean, target - target_mean
    u, singular, vt = np.linalg.svd(t.T @ s / n)
    sign = np.ones(2)
    if np.linalg.det(u @ vt) < 0:
        sign[1] = -1
    rotation = u @ np.diag(sign) @ vt
    scale = (singular * sign).sum() / s.var(0).sum()
    matrix = np.zeros((2, 3), np.float32)
    matrix[:, :2] = scale * rotation
    matrix[:, 2] = target_mean - scale * rotation @ source_mean
    return matrix


def scale_of(matrix):
    """How much a similarity enlarges."""
    return math.hypot(matrix[0, 0], matrix[1, 0])


def kernel_of(scale):
    return cv2.INTER_CUBIC if scale > CUBIC_FROM else cv2.INTER_LINEAR


def warp(rgb, matrix, side, flags=cv2.INTER_LINEAR):
    """uint8 [side, side, 3]: rgb under `matrix` (2x3, from its pixels to the output's), borders replicated.

    Where it shrinks to less than a half, the picture is shrunk first (INTER_AREA, by twice the scale), so that bilinear
    sampling steps over no pixel. Points are pixel indices: 0 is the middle of the first pixel, as in cv2.warpAffine.
    """
    scale = scale_of(matrix)
    if scale < SHRINK_BELOW:
        factor = 2 * scale
        rgb = cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        linear = matrix[:, :2]
        # Pixel u of the shrunk picture lies at (u + 0.5) / factor - 0.5 of the whole one.
        shift = matrix[:, 2] + linear @ np.full(2, 0.5 / factor - 0.5)
        matrix = np.concatenate([linear / factor, shift[:, None]], 1)
    return cv2.warpAffine(rgb, matrix.astype(np.float64), (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def chip_of(rgb, points):
    """uint8 [112, 112, 3]: the face with these five points [5, 2], in the ArcFace frame."""
    matrix = similarity_transform(points, ARCFACE)
    return warp(rgb, matrix, CHIP_SIDE, kernel_of(scale_of(matrix)))


def square_around(image, box, side, interpolation, times=1.5):
    """uint8 [side, side, 3]: the upright square of `times` the box's longer side (8 pixels at least) around its middle."""
    x1, y1, x2, y2 = box
    k = side / (times * max(x2 - x1, y2 - y1, 8))
    matrix = np.float32([[k, 0, side / 2 - (x1 + x2) / 2 * k], [0, k, side / 2 - (y1 + y2) / 2 * k]])
    return cv2.warpAffine(image, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE, flags=interpolation)
