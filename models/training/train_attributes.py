"""Age, gender and race in one MobileFaceNet, from FairFace, UTKFace and All-Age-Faces.

python train_attributes.py SECONDS [NAME [SCALE]]
The net sees SCALE times the ArcFace frame: 1 is what the product shows it; another makes a second teacher for train_students.py.
Environment: FROM goes on from a checkpoint. Writes CHECKPOINTS/NAME.pt ("attributes").
"""

import sys

import torch

from attributes import Faces, losses, measure, split
from augment import damage, erase, near_upright, view
from device import DEVICE, bfloat16, drawn, laid_out, normal
from graphs import HEADS
from mobilefacenet import leak, started
from places import BATCH, FROM, SEED
from run import Run, report, save

FACES_A_STEP = BATCH or 384


def main(seconds, name="attributes", scale=1.0):
    torch.manual_seed(SEED)
    faces, held = Faces(held=False), Faces(held=True)
    print("faces", len(faces), "held out", len(held), flush=True)
    net = net_to_teach(faces, scale)
    run = Run(net, seconds, 1.2e-3, name, keep=lambda average: save(average, name))
    for part in run:
        if not FROM:
            leak(run, part)
        x, label = lesson(faces, scale)
        with bfloat16():
            outputs = net(x)
        loss = losses(split(outputs.float()), label)
        run.step(sum(loss.values()), len(x), *loss.values())
    run.average.leak(0.0)
    save(run.average, name)
    report(name, {**measure(lambda x: split(run.average(x)), held, scale), "seen": run.seen, "scale": scale})


def net_to_teach(faces, scale):
    some = torch.randperm(len(faces), device=DEVICE)[:512]
    seen, _ = view(faces.pixels(some), scale=torch.exp(normal(len(some)) * 0.05) * scale)
    net = started(seen, outputs=sum(HEADS.values()), dropout=0.2)
    if FROM:  # a checkpoint has no slopes left
        net.load_state_dict(torch.load(FROM, map_location=DEVICE, weights_only=True))
        net.leak(0.0)
    return net


@torch.no_grad()
def lesson(faces, scale):
    """Damaged views [n, 3, 112, 112], and their labels."""
    indices = drawn(FACES_A_STEP, len(faces))
    angle, zoom, shift, mirrored = near_upright(len(indices), turn=0.08, zoom=0.05, move=0.03, turn_max=0.3)
    x, _ = view(faces.pixels(indices), angle, zoom * scale, shift, mirrored)
    return laid_out(erase(damage(x), 0.25)), {key: values[indices] for key, values in faces.label.items()}


if __name__ == "__main__":
    main(float(sys.argv[1]), *sys.argv[2:3], *map(float, sys.argv[3:4]))
