"""A packed source on the device."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import torch

from device import DEVICE
from packed import Packed, limited

cv2.setNumThreads(1)
#: Threads that decode; each picture is decoded once.
READERS = 16


class Bank:
    """Pixels uint8 [n, 3, side, side] RGB on the device, and the arrays of those pictures by name.

    `keep` takes the source's arrays and says which pictures are used. The ArcFace frame is the middle 112 of `side` pixels.
    """

    def __init__(self, name, keep=None):
        packed = Packed(name)
        chosen = limited(np.arange(len(packed)) if keep is None else np.nonzero(keep(packed.arrays))[0])
        self.name, self.arrays = name, packed.of(chosen)
        side = len(packed.picture(chosen[0]))
        pixels = torch.empty(len(chosen), 3, side, side, dtype=torch.uint8)
        each(lambda row: row_of(pixels, row, packed.picture(chosen[row])), len(chosen))
        self.pixels = pixels.to(DEVICE)

    def __len__(self):
        return len(self.pixels)

    def tensor(self, key, dtype=None):
        return torch.as_tensor(self.arrays[key], device=DEVICE, dtype=dtype)


def row_of(pixels, row, picture):
    """Puts a picture [h, w, 3] into the upper left of pixels[row]."""
    height, width = picture.shape[:2]
    pixels.numpy()[row, :, :height, :width] = picture.transpose(2, 0, 1)


def each(work, count):
    with ThreadPoolExecutor(READERS) as readers:
        list(readers.map(work, range(count), chunksize=64))
