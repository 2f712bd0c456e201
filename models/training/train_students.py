"""Three narrow nets for age, gender and race (94 million multiply-adds in place of 221) learn from the mean of teachers' opinions and
from the labels. Not shipped: they want some 30 epochs, see README.md.

python train_students.py SECONDS SCALE TEACHER=SCALE ...
TEACHER is a checkpoint of train_attributes.py and the scale that it was taught at. Writes CHECKPOINTS/{age,gender,race}.pt, students.json.
"""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from attributes import Faces, losses, measure, split
from augment import damage, erase, near_upright, view
from device import DEVICE, FORMAT, bfloat16, drawn, laid_out
from graphs import HEADS, NARROW, load
from nets import Face
from places import BATCH, SEED, WIDTH
from run import Run, report, save

FACES_A_STEP = BATCH or 384
OPINION, LABEL = 2.0, 0.4


def main(seconds, scale, teachers):
    torch.manual_seed(SEED)
    faces, held = Faces(held=False), Faces(held=True)
    teachers = [(taught(name), float(own)) for name, own in (teacher.split("=") for teacher in teachers)]
    net = nn.ModuleDict({task: Face(WIDTH, NARROW, outputs, dropout=0.1) for task, outputs in HEADS.items()})
    run = Run(net, seconds, 4e-3, "students", keep=save_each)
    for _ in run:
        x, opinions, label = lesson(faces, scale, teachers)
        with bfloat16():
            logits = {task: student(x) for task, student in net.items()}
        logits = {task: values.float() for task, values in logits.items()}
        by_label = losses(logits, label)
        by_opinion = {task: F.kl_div(logits[task].log_softmax(1), opinions[task], reduction="batchmean") for task in HEADS}
        loss = sum(OPINION * by_opinion[task] + LABEL * by_label[task] for task in HEADS)
        run.step(loss, len(x), *by_opinion.values(), *by_label.values())
    save_each(run.average)
    figures = measure(lambda x: {task: student(x) for task, student in run.average.items()}, held, scale)
    report("students", {**figures, "seen": run.seen, "scale": scale, "width": WIDTH})


def taught(name):
    return load(Face(outputs=sum(HEADS.values())), name).to(DEVICE).eval().requires_grad_(False).to(memory_format=FORMAT)


def save_each(nets):
    for task, net in nets.items():
        save(net, task)


@torch.no_grad()
def lesson(faces, scale, teachers):
    """Damaged views, the teachers' mean probabilities {task: [n, k]} of views with other light, and labels."""
    indices = drawn(FACES_A_STEP, len(faces))
    pixels = faces.pixels(indices)
    angle, zoom, shift, mirrored = near_upright(len(indices), turn=0.08, zoom=0.05, move=0.03, turn_max=0.3)
    opinions = {task: 0.0 for task in HEADS}
    for teacher, own in teachers:
        x, _ = view(pixels, angle, zoom * own, shift, mirrored)
        x = laid_out(damage(x, light=0.5, small=0.0, blur=0.0, noise=0.0, grey=0.0))
        with bfloat16():
            outputs = teacher(x)
        for task, logits in split(outputs.float()).items():
            opinions[task] = opinions[task] + logits.softmax(1) / len(teachers)
    x, _ = view(pixels, angle, zoom * scale, shift, mirrored)
    return laid_out(erase(damage(x), 0.2)), opinions, {key: values[indices] for key, values in faces.label.items()}


if __name__ == "__main__":
    main(float(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])
