"""Which cells answer for which face, and what a detector's answer costs."""
import numpy as np
import torch
import torch.nn.functional as F

from scenes import SIZE

#: The sides of faces, in pixels, that each stride learns.
LEVELS = {8: (0, 40), 16: (28, 96), 32: (64, 1e9)}
#: Centres of all cells [cells, 2], and the first cell of each stride.
CENTRES = np.concatenate(
    [(np.stack(np.meshgrid(*[np.arange(SIZE // s)] * 2), -1).reshape(-1, 2) + 0.5) * s for s in LEVELS]
).astype(np.float32)
FIRST = dict(zip(LEVELS, np.cumsum([0] + [(SIZE // s) ** 2 for s in LEVELS])))


def loss_of(answers, mosaics):
    """Score (towards the overlap with the box, focal), box (GIoU) and landmarks (in units of the face's side), each per answering cell.

    answers: [n, cells, 15] of Detector.decode; mosaics: n results of scenes.mosaic.
    """
    detached = answers.detach().numpy()
    rows, cells, boxes, points = [], [], [], []
    counted = torch.ones(answers.shape[:2], dtype=torch.bool)
    for i, (_, truth, landmarks, ignored) in enumerate(mosaics):
        chosen, hidden = assign(detached[i], truth, ignored)
        counted[i] = torch.from_numpy(~hidden)
        for cell, face in chosen.items():
            rows.append(i)
            cells.append(cell)
            boxes.append(truth[face])
            points.append(landmarks[face])
            counted[i, cell] = True
    n, target = max(len(rows), 1), torch.zeros(answers.shape[:2])
    box_loss = point_loss = answers.sum() * 0
    if rows:
        answer, box, landmarks = answers[rows, cells], torch.from_numpy(np.stack(boxes)), torch.from_numpy(np.stack(points))
        side = ((box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])).clamp_min(1).sqrt()[:, None, None]
        overlap, generalised = overlaps(answer[:, 1:5], box)
        box_loss = (1 - generalised).sum() / n
        guess = answer[:, 5:].view(-1, 5, 2)
        point_loss = F.smooth_l1_loss(guess / side, landmarks / side, beta=0.02, reduction="sum") / n
        target[rows, cells] = overlap.detach().clamp(0.1, 1)
    logit = answers[..., 0]
    score = logit.detach().sigmoid()
    weight = torch.where(target > 0, (target - score).abs().clamp_min(0.1), score**2) * counted
    score_loss = (F.binary_cross_entropy_with_logits(logit, target, reduction="none") * weight).sum() / n
    return score_loss, box_loss, point_loss


def assign(answers, boxes, ignored):
    """{cell: index of the box it answers for}, and which cells [cells] neither count as face nor as background.

    Cells near a box's centre, of a fitting level, cheapest first, as in SimOTA (Ge et al., "YOLOX", 2021).
    """
    best = {}
    for face, box in enumerate(boxes):
        side = float(np.sqrt(max((box[2] - box[0]) * (box[3] - box[1]), 1)))
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        cells = [c for stride, (low, high) in LEVELS.items() if low <= side <= high for c in cells_near(x, y, stride)]
        if not cells:
            continue
        answer = answers[cells]
        overlap = overlap_with(answer[:, 1:5], box)
        cost = -2 * np.log(np.maximum(overlap, 1e-4)) + np.logaddexp(0, -answer[:, 0])
        count = min(9, len(cells), max(2, int(np.ceil(np.sort(overlap)[-9:].sum()))))
        for i in np.argsort(cost)[:count]:
            if cells[i] not in best or cost[i] < best[cells[i]][0]:
                best[cells[i]] = cost[i], face
    hidden = np.zeros(len(CENTRES), bool)
    for box in ignored:
        hidden |= ((CENTRES >= box[:2]) & (CENTRES <= box[2:])).all(1)
    return {cell: face for cell, (_, face) in best.items()}, hidden


def cells_near(x, y, stride):
    """The cells of a level in the 3x3 around a point."""
    n, column, row = SIZE // stride, int(x / stride), int(y / stride)
    columns = [c for c in range(column - 1, column + 2) if 0 <= c < n]
    return [FIRST[stride] + r * n + c for r in range(row - 1, row + 2) if 0 <= r < n for c in columns]


def overlap_with(boxes, box):
    """Intersection over union of each of boxes [n, 4] with one."""
    size = np.clip(np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2]), 0, None)
    shared = size[:, 0] * size[:, 1]
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return shared / (area + (box[2] - box[0]) * (box[3] - box[1]) - shared + 1e-6)


def overlaps(p, q):
    """Intersection over union of boxes [n, 4] pair by pair, and its generalised form (Rezatofighi et al., "GIoU", 2019)."""
    shared = (torch.minimum(p[:, 2:], q[:, 2:]) - torch.maximum(p[:, :2], q[:, :2])).clamp_min(0).prod(-1)
    area = (p[:, 2] - p[:, 0]).clamp_min(0) * (p[:, 3] - p[:, 1]).clamp_min(0)
    union = area + (q[:, 2] - q[:, 0]) * (q[:, 3] - q[:, 1]) - shared + 1e-6
    hull = (torch.maximum(p[:, 2:], q[:, 2:]) - torch.minimum(p[:, :2], q[:, :2])).clamp_min(0).prod(-1) + 1e-6
    return shared / union, shared / union - (hull - union) / hull
