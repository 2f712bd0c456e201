"""The detector, on mosaics of scenes.

python train_detector.py SECONDS
Environment: START_DETECTOR goes on from a checkpoint; TINY=1 are the last lessons, STRIDE takes fewer scenes.
Writes CHECKPOINTS/detector.pt.
"""

import sys

import torch

from detection_loss import detection_loss
from detector import Detector
from device import DEVICE, bfloat16, laid_out
from places import BATCH, SEED, START_DETECTOR
from run import Run, report, save
from scenes import Scenes

NAME, MOSAICS_A_STEP = "detector", BATCH or 64
#: Every so-manieth scene is left out of training.
HELD_EVERY = 25


def main(seconds):
    torch.manual_seed(SEED)
    scenes = Scenes()
    print("scenes", len(scenes), "with faces", int(scenes.any.sum()), flush=True)
    every = torch.arange(len(scenes), device=DEVICE)
    used = every[every % HELD_EVERY != 0]
    used = torch.cat([used, used[scenes.any[used]]])  # those with faces twice
    net = Detector()
    if START_DETECTOR:
        net.load_state_dict(torch.load(START_DETECTOR, map_location="cpu", weights_only=True))
    run = Run(net, seconds, 2e-3, NAME, decay=0.02, horizon=0.999, keep=lambda average: save(average, NAME))
    for _ in run:
        with torch.no_grad():
            x, boxes, landmarks = scenes.mosaics(MOSAICS_A_STEP, used)
        with bfloat16():
            maps = net.maps(laid_out(x))
        by_score, by_box, by_points = detection_loss(net.decode([values.float() for values in maps]), boxes, landmarks)
        run.step(2 * by_score + 2 * by_box + by_points, len(x), by_score, by_box, by_points)
    save(run.average, NAME)
    report(NAME, {"seen": run.seen})


if __name__ == "__main__":
    main(float(sys.argv[1]))
