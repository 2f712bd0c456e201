"""The detector that labels the training data: SCRFD with keypoints. Never shipped."""

import functools

import cv2
import numpy as np
import onnxruntime as ort

from suppression import survivors


class Scrfd:
    """BGR image -> boxes [n, 5] (x1, y1, x2, y2, score) and landmarks [n, 5, 2], in the image's pixels.

    Height and width of the graph's input must be free (multiples of 32).
    """

    def __init__(self, path):
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self.session = ort.InferenceSession(path, options)

    def __call__(self, image, threshold=0.5, size=None):
        """`size`: the longer side is scaled to so many pixels first."""
        scale = 1.0
        if size:
            h, w = image.shape[:2]
            scale = size / max(h, w)
            image = cv2.resize(image, (round(w * scale), round(h * scale)))
        outputs, shape = self._run(image)
        found = [self._decode(outputs, level, shape, threshold) for level in range(3)]
        boxes, scores, points = (np.concatenate(parts) for parts in zip(*found))
        keep = survivors(boxes, scores) if len(boxes) else []
        return (
            np.concatenate([boxes[keep] / scale, scores[keep, None]], 1).astype(np.float32).reshape(-1, 5),
            (points[keep] / scale).astype(np.float32).reshape(-1, 5, 2),
        )

    def _run(self, image):
        h, w = image.shape[:2]
        shape = -(-h // 32) * 32, -(-w // 32) * 32
        padded = np.zeros((*shape, 3), np.float32)
        padded[:h, :w] = (image[:, :, ::-1].astype(np.float32) - 127.5) / 128
        return self.session.run(None, {"images": np.ascontiguousarray(padded.transpose(2, 0, 1)[None])}), shape

    @staticmethod
    def _decode(outputs, level, shape, threshold):
        """Two anchors a cell; outputs are three levels each of scores, boxes and landmarks."""
        stride = (8, 16, 32)[level]
        score, box, point = outputs[level][0, :, 0], outputs[level + 3][0] * stride, outputs[level + 6][0] * stride
        y, x = np.mgrid[: shape[0] // stride, : shape[1] // stride]
        centre = np.repeat(np.stack([x, y], -1).reshape(-1, 2) * stride, 2, 0).astype(np.float32)
        hit = score >= threshold
        centre, box, point = centre[hit], box[hit], point[hit].reshape(-1, 5, 2) + centre[hit][:, None]
        return np.concatenate([centre - box[:, :2], centre + box[:, 2:]], 1), score[hit], point


@functools.cache
def teacher(path):
    """One session a process: prepare's workers ask for it with every picture."""
    return Scrfd(path)
