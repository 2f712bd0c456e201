"""The second look's lessons: crops of faces at any roll with their five points, of pieces of faces, and of what is none."""

import math

import torch

from augment import view
from bank import Bank
from device import DEVICE, drawn, normal, uniform
from geometry import MIRRORED
from places import FACES, NOTHING
from product import CROP, FIRST, SECOND

SCORE_MIN = 0.5
#: Every so-manieth face is kept to measure.
MEASURED_EVERY = 50
#: How many of the lessons are second looks, at faces that the first has stood upright.
UPRIGHT = 0.45


class Crops:
    """Faces: pixels, five landmarks, the detector's box as centre and side; all in the packed pictures' pixels. And what is no face."""

    def __init__(self):
        banks = [Bank(name, lambda arrays: arrays["score"] > SCORE_MIN) for name in FACES]
        self.pixels = torch.cat([bank.pixels for bank in banks])
        self.landmarks, self.centre, self.side = (torch.cat(values) for values in zip(*map(boxes_of, banks)))
        self.without = torch.cat([Bank(name).pixels for name in NOTHING])
        everyone = torch.arange(len(self.pixels), device=DEVICE)
        self.measured, self.used = everyone[everyone % MEASURED_EVERY == 0], everyone[everyone % MEASURED_EVERY != 0]

    def crop(self, indices, angle, side, centre, mirrored):
        """Squares (side, centre: pixels) turned by `angle`: [n, 3, 96, 96] in -1..1, and their landmarks in sides of the crop."""
        packed = self.pixels.shape[-1]
        shift = (centre - packed / 2) / packed
        x, matrix = view(self.pixels[indices], angle, side / packed, shift, mirrored, CROP, span=float(packed))
        wanted = self.landmarks[indices] / packed * 2 - 1 - matrix[:, None, :, 2]  # the matrix goes from the crop to the picture
        points = torch.linalg.solve(matrix[:, :, :2], wanted.transpose(1, 2)).transpose(1, 2)
        return x, (torch.where(mirrored[:, None, None], points[:, MIRRORED], points) + 1) / 2

    def faces(self, indices):
        """First looks at any roll, and second looks at upright faces."""
        n = len(indices)
        upright = uniform(n) < UPRIGHT
        angle = torch.where(upright, normal(n) * 0.14, (uniform(n) * 2 - 1) * math.pi)
        sides = torch.where(upright, SECOND, FIRST) * torch.exp(normal(n) * torch.where(upright, 0.06, 0.13))
        middle = torch.where(upright[:, None], self.landmarks[indices].mean(1), self.centre[indices])
        centre = middle + normal(n, 2) * (torch.where(upright, 0.035, 0.08) * self.side[indices])[:, None]
        return self.crop(indices, angle, sides * self.side[indices], centre, uniform(n) < 0.5)

    def upright(self, indices):
        """Second looks as they should be: level, in the middle, of the right size."""
        nowhere = torch.zeros(len(indices), device=DEVICE)
        return self.crop(indices, nowhere, SECOND * self.side[indices], self.landmarks[indices].mean(1), nowhere > 0)

    def nothing(self, n):
        x = self.without[drawn(n, len(self.without))]
        zoom, moves = torch.exp(normal(n) * 0.15 - 0.15), normal(n, 2) * 0.08
        return view(x, (uniform(n) * 2 - 1) * math.pi, zoom, moves, uniform(n) < 0.5, CROP, span=float(x.shape[-1]))[0]

    def parts(self, n):
        """A piece of a face, or a face far off the middle: no detection to keep."""
        indices = self.used[drawn(n, len(self.used))]
        direction, piece, box = uniform(n) * 2 * math.pi, uniform(n) < 0.3, self.side[indices]
        side = torch.where(piece, 0.38 + 0.1 * uniform(n), 1.0 + 0.6 * uniform(n)) * box
        away = torch.where(piece, 0.25, 0.75 + 0.3 * uniform(n)) * box
        centre = self.centre[indices] + torch.stack([direction.cos(), direction.sin()], 1) * away[:, None]
        return self.crop(indices, (uniform(n) * 2 - 1) * math.pi, side, centre, uniform(n) < 0.5)[0]


def boxes_of(bank):
    """Landmarks [n, 5, 2], and the box as found in the source, moved along with them into the packed picture: centre [n, 2], side [n].

    The similarity from one to the other, as complex numbers: the factor that turns and scales is the ratio of the points about their means.
    """
    found, packed, box = (torch.as_tensor(bank.arrays[key]).double() for key in ("found_landmarks", "landmarks", "found_box"))
    p, k = complex_of(found), complex_of(packed)
    p_mean, k_mean = p.mean(1, keepdim=True), k.mean(1, keepdim=True)
    factor = ((k - k_mean) * (p - p_mean).conj()).sum(1) / (p - p_mean).abs().pow(2).sum(1)
    centre = factor * (complex_of((box[:, :2] + box[:, 2:]) / 2) - p_mean[:, 0]) + k_mean[:, 0]
    side = (box[:, 2:] - box[:, :2]).clamp_min(1).prod(1).sqrt() * factor.abs()
    return packed.float().to(DEVICE), torch.view_as_real(centre).float().to(DEVICE), side.float().to(DEVICE)


def complex_of(points):
    return torch.view_as_complex(points.contiguous())
