"""Which cells answer for which face, and what a detector's answer costs."""

import torch
import torch.nn.functional as F

from detector import STRIDES
from device import DEVICE
from scenes import FACE, IGNORED, SIZE, area_of, centres, taken

#: Sides of faces in pixels that cells of stride 8, 16 and 32 learn.
SIDES = (0, 40), (28, 96), (64, 1e9)
#: A face's cells lie so many strides around its middle; at least and at most so many answer for it.
NEAR, ANSWERS_MIN, ANSWERS_MAX = 1.5, 2, 9
IMPOSSIBLE = 1e6
#: Of a landmark's error in sides of the face: squared below, absolute above.
POINT_BEND = 0.02

COUNTS = [(SIZE // stride) ** 2 for stride in STRIDES]
#: Of every cell: middle [cells, 2], stride, and the sides that it learns.
CENTRE = torch.cat([centres(SIZE // stride, stride) for stride in STRIDES])
STRIDE, SIDE_MIN, SIDE_MAX = (
    torch.cat([torch.full((count,), float(value), device=DEVICE) for count, value in zip(COUNTS, values)])
    for values in (STRIDES, *zip(*SIDES))
)


def overlap(p, q):
    """Intersection over union of boxes [..., 4], and the share of their hull that neither fills."""
    inner = (torch.minimum(p[..., 2:], q[..., 2:]) - torch.maximum(p[..., :2], q[..., :2])).clamp_min(0).prod(-1)
    union = sum((box[..., 2:] - box[..., :2]).clamp_min(0).prod(-1) for box in (p, q)) - inner + 1e-6
    hull = (torch.maximum(p[..., 2:], q[..., 2:]) - torch.minimum(p[..., :2], q[..., :2])).clamp_min(0).prod(-1) + 1e-6
    return inner / union, (hull - union) / hull


@torch.no_grad()
def assign(rows, boxes):
    """For every cell the face that it answers for [n, cells], or -1; and whether what it says is ignored.

    Near the face's middle, of a fitting level, cheapest first, as in SimOTA (Ge et al., "YOLOX", 2021).
    rows [n, cells, 15] of Detector.decode, boxes [n, m, 5] of Scenes.mosaics.
    """
    place, kind = boxes[..., :4], boxes[..., 4]
    side, middle = area_of(place).clamp_min(1).sqrt()[..., None], (place[..., :2] + place[..., 2:]) / 2
    away = (CENTRE[None, None] - middle[:, :, None]).abs().amax(-1)
    possible = (kind == FACE)[..., None] & (away < NEAR * STRIDE) & (side >= SIDE_MIN) & (side <= SIDE_MAX)  # [n, m, cells]
    shared = torch.where(possible, overlap(rows[:, None, :, 1:5], place[:, :, None])[0], 0.0)
    cost = -2 * shared.clamp_min(1e-4).log() + F.softplus(-rows[:, None, :, 0])
    cost = torch.where(possible, cost, IMPOSSIBLE)
    answers = shared.topk(ANSWERS_MAX, 2)[0].sum(2).ceil().clamp(ANSWERS_MIN, ANSWERS_MAX)
    cheapest, cell = cost.topk(ANSWERS_MAX, 2, largest=False)
    answering = (torch.arange(ANSWERS_MAX, device=DEVICE) < answers[..., None]) & (cheapest < IMPOSSIBLE / 10)
    least = torch.full_like(cost, IMPOSSIBLE).scatter(2, cell, torch.where(answering, cheapest, IMPOSSIBLE))
    value, face = least.min(1)
    face = torch.where(value < IMPOSSIBLE / 10, face, -1)
    inside = (CENTRE[None, None] >= place[:, :, None, :2]).all(-1) & (CENTRE[None, None] <= place[:, :, None, 2:]).all(-1)
    hidden = ((kind == IGNORED)[..., None] & inside).any(1)
    return face, hidden & (face < 0)


def detection_loss(rows, boxes, landmarks):
    """What the rows [n, cells, 15] cost: score, box and points, each per answering cell.

    The score is to be the overlap with the face (varifocal loss without its focus, Zhang et al. 2021), the box costs GIoU
    (Rezatofighi et al. 2019).
    """
    face, hidden = assign(rows, boxes)
    answering, own = face >= 0, face.clamp_min(0)
    count = answering.sum().clamp_min(1)
    row, box, points = rows[answering], taken(boxes[..., :4], own)[answering], taken(landmarks, own)[answering]
    shared, unfilled = overlap(row[:, 1:5], box)
    by_box = (1 - shared + unfilled).sum() / count
    side = area_of(box).clamp_min(1).sqrt()[:, None, None]
    by_points = F.smooth_l1_loss(row[:, 5:].view(-1, 5, 2) / side, points / side, beta=POINT_BEND, reduction="sum") / count
    logit = rows[..., 0]
    target = torch.zeros_like(logit)
    target[answering] = shared.detach().clamp(0.1, 1).to(target.dtype)
    score = logit.detach().sigmoid()
    weight = torch.where(target > 0, (target - score).abs().clamp_min(0.1), score**2) * ~hidden
    by_score = (F.binary_cross_entropy_with_logits(logit, target, reduction="none") * weight).sum() / count
    return by_score, by_box, by_points
