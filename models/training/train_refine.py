"""The second look: is it a face, and where are its five points, at any roll.

python train_refine.py SECONDS
Environment: FACES and NOTHING, the sources; FROM goes on from a checkpoint. Writes CHECKPOINTS/refine.pt, and refine.json on faces that
are kept from training.
"""

import sys

import torch
import torch.nn.functional as F

from augment import damage, erase
from crops import Crops
from device import DEVICE, bfloat16, drawn, laid_out
from nets import Refine
from places import BATCH, FROM, SEED
from product import CROP
from run import Run, report, save

CROPS_A_STEP = BATCH or 768
#: Shares of a step: faces, what is none; the rest are pieces of faces.
FACES, NOTHING = 0.7, 0.22
#: Of a point's error in sides of the crop: squared below, absolute above.
WING = 0.02
POINTS_WEIGHT, SCORE_WEIGHT = 8.0, 0.5
DAMAGE = {"least": 0.12, "small": 0.35}
NOTHING_MEASURED = 2000


def main(seconds):
    torch.manual_seed(SEED)
    crops, net = Crops(), Refine()
    print("faces", len(crops.pixels), "without", len(crops.without), flush=True)
    if FROM:
        net.load_state_dict(torch.load(FROM, map_location="cpu", weights_only=True))
    run = Run(net, seconds, 3e-3, "refine", decay=0.02, keep=lambda average: save(average, "refine"))
    for _ in run:
        x, wanted = lesson(crops)
        with bfloat16():
            logit, points = net(x)
        faces = len(wanted)
        points = points.float()[:faces]
        off = (points - wanted).abs()
        by_points = torch.where(off < WING, off * off / (2 * WING), off - WING / 2).mean()
        truth = (torch.arange(len(x), device=DEVICE) < faces).float()
        by_score = F.binary_cross_entropy_with_logits(logit.float(), truth)
        run.step(POINTS_WEIGHT * by_points + SCORE_WEIGHT * by_score, len(x), pixels_off(points, wanted), by_score)
    save(run.average, "refine")
    report("refine", {**measure(run.average, crops), "seen": run.seen})


@torch.no_grad()
def lesson(crops):
    """Crops [n, 3, 96, 96], the faces first, and the faces' points."""
    faces, nothing = int(CROPS_A_STEP * FACES), int(CROPS_A_STEP * NOTHING)
    x, points = crops.faces(crops.used[drawn(faces, len(crops.used))])
    others = torch.cat([crops.nothing(nothing), crops.parts(CROPS_A_STEP - faces - nothing)])
    x = erase(damage(x, grey=0.3, **DAMAGE), 0.2, 0.35)
    return laid_out(torch.cat([x, damage(others, **DAMAGE)])), points


def pixels_off(points, wanted):
    return (points - wanted).norm(dim=2).mean() * CROP


@torch.no_grad()
def measure(net, crops):
    torch.manual_seed(1)
    x, wanted = crops.upright(crops.measured)
    upright = pixels_off(net(x)[1], wanted)
    x, wanted = crops.faces(crops.measured)
    logit, points = net(x)
    alarm = net(crops.nothing(NOTHING_MEASURED))[0]
    return {
        "pixels_upright": round(float(upright), 3),
        "pixels_any": round(float(pixels_off(points, wanted)), 3),
        "recall_at_half": round(float((logit > 0).float().mean()), 4),
        "false_at_half": round(float((alarm > 0).float().mean()), 4),
    }


if __name__ == "__main__":
    main(float(sys.argv[1]))
