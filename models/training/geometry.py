"""The ArcFace reference frame inside a chip, and the similarity transform onto it."""
import numpy as np

#: Width and height of a chip in pixels; its central 112x112 is the ArcFace frame.
CHIP_SIDE = 144
MARGIN = 16

#: Left eye, right eye, nose tip, left and right mouth corner, in pixels of the chip: InsightFace's 112x112 template, moved by the margin.
TEMPLATE = MARGIN + np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32
)


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
