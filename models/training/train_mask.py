"""Mask or no mask: the example of an analyzer of one's own.

python train_mask.py SECONDS
Writes CHECKPOINTS/mask.pt, and its shares of right answers on Face Mask 12K's own validation and test parts.
"""

import math
import sys

import torch
import torch.nn.functional as F

from augment import damage, near_upright, view
from bank import Bank
from device import bfloat16, drawn, laid_out
from graphs import NARROW
from labels import MASK_PARTS
from nets import Face
from places import BATCH, SEED
from run import Run, report, save

FACES_A_STEP = BATCH or 384


def main(seconds):
    torch.manual_seed(SEED)
    faces = Bank("mask")
    part, label = faces.tensor("part"), faces.tensor("mask", torch.long)
    used = (part == MASK_PARTS.index("Train")).nonzero()[:, 0]
    run = Run(Face(0.5, NARROW, 2, dropout=0.1), seconds, 4e-3, "mask")
    for _ in run:
        indices = used[drawn(FACES_A_STEP, len(used))]
        with torch.no_grad():
            moves = near_upright(FACES_A_STEP, turn=0.12, zoom=0.08, move=0.04, turn_max=math.inf)
            x = laid_out(damage(view(faces.pixels[indices], *moves)[0]))
        with bfloat16():
            logits = run.net(x)
        loss = F.cross_entropy(logits.float(), label[indices], label_smoothing=0.05)
        run.step(loss, len(x), loss)
    save(run.average, "mask")
    figures = {name.lower(): accuracy(run.average, faces.pixels, label, part == i) for i, name in enumerate(MASK_PARTS) if i}
    report("mask", figures)


@torch.no_grad()
def accuracy(net, pixels, label, chosen):
    indices = chosen.nonzero()[:, 0]
    answers = torch.cat([net(view(pixels[some])[0]).argmax(1) for some in indices.split(256)])
    return round(float((answers == label[indices]).float().mean()), 4)


if __name__ == "__main__":
    main(float(sys.argv[1]))
