"""The detector's training pictures: mosaics of scenes, made on the device; every cell a random scene, its main face at a random size and,
for half of them, at any roll."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from augment import damage
from bank import each, row_of
from crops import complex_of
from device import DEVICE, drawn, normal, uniform
from geometry import MIRRORED
from packed import Packed, limited
from places import STRIDE, TINY

#: Width and height of a mosaic, and the most of a scene, in pixels.
SIZE = 320
#: Faces that are known of a scene, and that a mosaic keeps.
FACES_OF_SCENE, FACES_MAX = 8, 32
#: Of FairFace every so-manieth face that the teacher is this sure of, as a close-up.
CLOSE_UP_EVERY, CLOSE_UP_SCORE = 6, 0.6
#: What a face is in training: to be found, neither face nor background, not there.
FACE, IGNORED, NONE = 1.0, 0.0, -1.0
#: A face is to be found if the teacher's score, the share of it in the cell and its side in pixels are so large; with less in the cell
#: than the last it is not there.
SCORE_MIN, SEEN_MIN, SIDE_MIN, THERE_MIN = 0.5, 0.55, 7, 0.25
#: Cells a side that a mosaic may have; the last lessons have more small faces, in worse light.
CELLS = [1, 2, 3, 4, 5, 5] if TINY else [1, 1, 2, 3, 4]
SMALLEST = 7 if TINY else 10
#: Share of cells that show any place of the scene, of those about upright, and of those turned by any angle; the rest by quarters.
ANYWHERE, UPRIGHT, ANY_ANGLE = 0.12, 0.5, 0.3


class Scenes:
    """Pictures uint8 [n, 3, 320, 320] (the upper left is used), their halves and quarters; boxes [n, 8, 5] with the teacher's score
    (-1: none) and landmarks [n, 8, 5, 2] in pixels of the scene; size [n, 2] (height, width)."""

    def __init__(self):
        scenes, close_ups = Packed("scenes"), Packed("fair")
        chosen = limited(np.arange(len(scenes))[::STRIDE])
        faces = limited(np.nonzero(close_ups.arrays["score"] > CLOSE_UP_SCORE)[0][::CLOSE_UP_EVERY])
        rows = [(scenes, i) for i in chosen] + [(close_ups, i) for i in faces]
        n = len(rows)
        pixels, self.size = torch.zeros(n, 3, SIZE, SIZE, dtype=torch.uint8), torch.zeros(n, 2)
        self.boxes, self.landmarks = torch.full((n, FACES_OF_SCENE, 5), NONE), torch.zeros(n, FACES_OF_SCENE, 5, 2)

        def read(row):
            source, i = rows[row]
            picture = source.picture(i)
            row_of(pixels, row, picture)
            self.size[row] = torch.tensor(picture.shape[:2])
            boxes, landmarks = (faces_of if source is scenes else close_up_of)(source.arrays, i)
            self.boxes[row, : len(boxes)], self.landmarks[row, : len(boxes)] = boxes, landmarks

        each(read, n)
        self.levels = [pixels.to(DEVICE)]
        for _ in range(2):
            self.levels.append(torch.cat([halved(part) for part in self.levels[-1].split(512)]))
        for name in ("size", "boxes", "landmarks"):
            setattr(self, name, getattr(self, name).to(DEVICE))
        there = self.boxes[..., 4] > 0
        self.main, self.any = (area_of(self.boxes) * there).argmax(1), there.any(1)

    def __len__(self):
        return len(self.size)

    def cells(self, scenes, side):
        """Cells [n, 3, side, side] in -1..1 of these scenes, with boxes [n, 8, 5] and landmarks [n, 8, 5, 2] in their pixels."""
        n, boxes, size = len(scenes), self.boxes[scenes], self.size[scenes].flip(1)
        main = boxes[torch.arange(n, device=DEVICE), self.main[scenes]]
        at_face = self.any[scenes] & (uniform(n) > ANYWHERE)
        wanted = torch.exp(math.log(SMALLEST) + uniform(n) * (math.log(side * 0.95) - math.log(SMALLEST)))
        scale = torch.where(at_face, (wanted / area_of(main).clamp_min(64).sqrt()).clamp(0.06, 3.0), 0.35 + uniform(n) * 1.9)
        angle, mirror = rolls(n), torch.where(uniform(n) < 0.5, -1.0, 1.0)
        # The scene's point `look` comes to lie at the cell's point `at`: cell = turn (scene - look) + at.
        look = torch.where(at_face[:, None], (main[:, :2] + main[:, 2:4]) / 2, uniform(n, 2) * size)
        at = torch.where(at_face[:, None], 0.15 + 0.7 * uniform(n, 2), 0.5) * side
        cos, sin = angle.cos() * scale, angle.sin() * scale
        turn = torch.stack([torch.stack([mirror * cos, -sin], 1), torch.stack([mirror * sin, cos], 1)], 1)
        pixels = self.sampled(scenes, side, scale, turn, look, at)

        centre = ((boxes[..., :2] + boxes[..., 2:4]) / 2 - look[:, None]) @ turn.transpose(1, 2) + at[:, None]
        half = turned_half((boxes[..., 2:4] - boxes[..., :2]) / 2 * scale[:, None, None], angle[:, None])
        points = (self.landmarks[scenes] - look[:, None, None]) @ turn.transpose(1, 2)[:, None] + at[:, None, None]
        points = torch.where((mirror < 0)[:, None, None, None], points[:, :, MIRRORED], points)
        return pixels, torch.cat([centre - half, centre + half, boxes[..., 4:]], -1), points

    def sampled(self, scenes, side, scale, turn, look, at):
        """From the whole scenes, their halves or quarters, so that sampling steps over little; one colour beyond the scene's edge."""
        n, size = len(scenes), self.size[scenes].flip(1)
        places = (centres(side, 1) - at[:, None]) @ torch.linalg.inv(turn).transpose(1, 2) + look[:, None]
        inside = ((places >= 0) & (places < size[:, None])).all(2).view(n, 1, side, side)
        grid = (places / (SIZE / 2) - 1).view(n, side, side, 2)
        pixels, level = torch.empty(n, 3, side, side, device=DEVICE), torch.where(scale > 0.6, 0, torch.where(scale > 0.3, 1, 2))
        for i, pictures in enumerate(self.levels):
            own = (level == i).nonzero()[:, 0]
            if len(own):
                seen = F.grid_sample(pictures[scenes[own]].float(), grid[own], align_corners=False, padding_mode="border")
                pixels[own] = seen / 127.5 - 1
        return torch.where(inside, pixels, uniform(n, 3, 1, 1) * 2 - 1)

    def mosaics(self, count, scenes):
        """Pictures [count, 3, 320, 320], boxes [count, m, 5] (the last: FACE, IGNORED or NONE) and landmarks [count, m, 5, 2]."""
        per_side = int(np.random.choice(CELLS))
        side, cells = SIZE // per_side, per_side**2
        pixels, boxes, landmarks = self.cells(scenes[drawn(count * cells, len(scenes))], side)
        boxes = torch.cat(judged(boxes, side), -1)
        column, row = torch.arange(cells, device=DEVICE) % per_side, torch.arange(cells, device=DEVICE) // per_side
        corner = (torch.stack([column, row], 1) * float(side)).repeat(count, 1)
        boxes[..., :4] += corner.repeat(1, 2)[:, None]
        landmarks = (landmarks + corner[:, None, None]).reshape(count, -1, 5, 2)
        boxes = boxes.view(count, -1, 5)

        x = pixels.view(count, per_side, per_side, 3, side, side).permute(0, 3, 1, 4, 2, 5)
        x = x.reshape(count, 3, per_side * side, per_side * side)
        left = SIZE - per_side * side
        x = F.pad(x, (0, left, 0, left))
        if TINY:
            dark = torch.exp(-normal(count, 1, 1, 1).abs() * 0.5)
            x = torch.where(uniform(count, 1, 1, 1) < 0.4, (x + 1) * dark - 1, x)
        x = damage(x, small=0.15, least=0.4, grey=0.25, blur=0.3 if TINY else 0.15, noise=0.35 if TINY else 0.15)
        first = boxes[..., 4].argsort(1, descending=True)[:, :FACES_MAX]
        return x, taken(boxes, first), taken(landmarks, first)


def faces_of(arrays, i):
    """A scene's boxes [m, 5] and landmarks [m, 5, 2], at most eight."""
    start = arrays["first"][i]
    own = slice(start, min(arrays["first"][i + 1], start + FACES_OF_SCENE))
    return torch.from_numpy(arrays["boxes"][own]), torch.from_numpy(arrays["landmarks"][own])


def close_up_of(arrays, i):
    """The same of a packed face: its box moves along with its landmarks, see crops.boxes_of."""
    found, packed = (complex_of(torch.as_tensor(arrays[key][i]).double()) for key in ("found_landmarks", "landmarks"))
    away = found - found.mean()
    factor = ((packed - packed.mean()) * away.conj()).sum() / away.abs().pow(2).sum()
    box = torch.as_tensor(arrays["found_box"][i])
    centre = torch.view_as_real(factor * (complex_of(((box[:2] + box[2:]) / 2).double()) - found.mean()) + packed.mean()).float()
    half = (box[2:] - box[:2]) / 2 * float(factor.abs())
    return torch.cat([centre - half, centre + half, torch.tensor([arrays["score"][i]])])[None], torch.from_numpy(arrays["landmarks"][i])[
        None
    ]


def halved(pictures):
    return F.avg_pool2d(pictures.float(), 2).round().to(torch.uint8)


def area_of(boxes):
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def rolls(n):
    """Radians: half about upright, the others any angle, or quarter turns and a little."""
    share = uniform(n)
    quarters = torch.randint(1, 4, (n,), device=DEVICE) * (math.pi / 2) + normal(n) * 0.1
    return torch.where(
        share < UPRIGHT, normal(n) * 0.12, torch.where(share < UPRIGHT + ANY_ANGLE, (uniform(n) * 2 - 1) * math.pi, quarters)
    )


def turned_half(half, angle):
    """Half the width and height of a box that is turned: what an ellipse in it then fills."""
    cos, sin = angle.cos().pow(2), angle.sin().pow(2)
    width, height = half[..., 0] ** 2, half[..., 1] ** 2
    return torch.stack([(width * cos + height * sin).sqrt(), (width * sin + height * cos).sqrt()], -1)


def judged(boxes, side):
    """[n, m, 4] boxes, what is to be ignored only as far as it is in the cell, and [n, m, 1] FACE, IGNORED or NONE."""
    place, score = boxes[..., :4], boxes[..., 4]
    visible, area = place.clamp(0, side), area_of(place)
    seen = (visible[..., 2:] - visible[..., :2]).clamp_min(0).prod(-1) / area.clamp_min(1e-6)
    none = (score < 0) | (seen < THERE_MIN)
    ignored = (score < SCORE_MIN) | (seen < SEEN_MIN) | (area.clamp_min(0).sqrt() < SIDE_MIN)
    kind = torch.where(none, NONE, torch.where(ignored, IGNORED, FACE))
    return torch.where((kind == IGNORED)[..., None], visible, place), kind[..., None]


def taken(values, rows):
    """values [n, m, ...] at rows [n, k] -> [n, k, ...]."""
    return values.gather(1, rows.view(*rows.shape, *[1] * (values.ndim - 2)).expand(-1, -1, *values.shape[2:]))


def centres(count, stride):
    """[count * count, 2]: the middles (x, y) of square cells, row by row."""
    steps = torch.arange(count, device=DEVICE)
    return (torch.stack(torch.meshgrid(steps, steps, indexing="xy"), -1).reshape(-1, 2) + 0.5) * stride
