"""Greedy non-maximum suppression."""

import numpy as np


def survivors(boxes, scores, iou=0.4):
    """Indices, best first, of the boxes [n, 4] (x1, y1, x2, y2) that no better box overlaps by more than `iou`."""
    order, keep = scores.argsort()[::-1], []
    x1, y1, x2, y2 = boxes.T
    area = (x2 - x1) * (y2 - y1)
    while len(order):
        best, rest = order[0], order[1:]
        keep.append(best)
        width = np.maximum(0, np.minimum(x2[best], x2[rest]) - np.maximum(x1[best], x1[rest]))
        height = np.maximum(0, np.minimum(y2[best], y2[rest]) - np.maximum(y1[best], y1[rest]))
        shared = width * height
        order = rest[shared / (area[best] + area[rest] - shared + 1e-9) <= iou]
    return keep
