"""Train emotion on FER2013: 48x48 luma, so a chip is made grey and shrunk by three.

python train_emotion.py [EPOCHS [OUT]]
"""
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

from augment import LUMA, hidden, moved
from averaged import Averaged
from labelled import fer
from nets import Emotion
from places import CHECKPOINTS, THREADS

BATCH, LEARNING_RATE = 64, 2e-3


def main(epochs=25.0, out=f"{CHECKPOINTS}/emotion.pt"):
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    chips, labels, parts, seen = fer()
    train, public, private = (np.nonzero((parts == part) & seen)[0] for part in ("Training", "PublicTest", "PrivateTest"))
    print("train", len(train), "public", len(public), "private", len(private), "dropped", int((~seen).sum()), flush=True)
    pictures = torch.cat([luma(chips[i : i + 2048]) for i in range(0, len(chips), 2048)])
    net = Emotion().to(memory_format=torch.channels_last)
    average = Averaged(net)
    steps = int(epochs * len(train) / BATCH)
    optimiser = torch.optim.AdamW(net.parameters(), lr=LEARNING_RATE, weight_decay=5e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, LEARNING_RATE, total_steps=steps, pct_start=0.1, final_div_factor=1e3
    )
    started, total = time.time(), 0.0
    for step, indices in enumerate(batches(train, rng, steps), 1):
        net.train()
        x = varied_luma(pictures[indices], rng)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = net(x)
        loss = F.cross_entropy(logits.float(), torch.from_numpy(labels[indices]), label_smoothing=0.1)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        average.update(net, step)
        total += float(loss.detach())
        if step % 200 == 0:
            print(f"step {step}/{steps} loss {total / 200:.4f} {step * BATCH / (time.time() - started):.0f} img/s", flush=True)
            total = 0.0
        if step % 2000 == 0:
            print(f"[{step}] public {accuracy(average.net, pictures, labels, public):.4f}", flush=True)
            average.save(out)
    figures = (f"{accuracy(average.net, pictures, labels, part):.4f}" for part in (public, private))
    print("final public, private", *figures, flush=True)
    average.save(out)


def luma(chips):
    """uint8 chips [n, 144, 144, 3] -> [n, 1, 48, 48] in -1..1."""
    grey = torch.from_numpy(chips).float() @ torch.tensor(LUMA)
    return F.avg_pool2d(grey[:, None], 3) / 127.5 - 1


def batches(train, rng, steps):
    done = 0
    while True:
        for indices in np.array_split(rng.permutation(train), len(train) // BATCH):
            if done == steps:
                return
            done += 1
            yield indices


def varied_luma(x, rng):
    n = len(x)
    mirrored = torch.from_numpy(rng.random(n) < 0.5)
    x = x.clone()
    x[mirrored] = x[mirrored].flip(3)
    angle, scale, shift = (torch.from_numpy(rng.normal(0, d, s)).float() for d, s in ((0.12, n), (0.07, n), (0.04, (n, 2))))
    x = moved(x, angle, torch.exp(scale), shift)
    contrast = torch.exp(torch.from_numpy(rng.normal(0, 0.25, (n, 1, 1, 1))).float())
    mean = x.mean((1, 2, 3), keepdim=True)
    x = (x - mean) * contrast + mean + torch.from_numpy(rng.normal(0, 0.2, (n, 1, 1, 1))).float()
    return hidden(x.clamp(-1, 1), rng, 0.4).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def accuracy(net, pictures, labels, indices):
    """Over a picture and its mirror image."""
    net.eval()
    logits = torch.cat(
        [net(part) + net(part.flip(3)) for part in (pictures[indices[k : k + 256]] for k in range(0, len(indices), 256))]
    )
    return float((logits.argmax(1).numpy() == labels[indices]).mean())


if __name__ == "__main__":
    main(*map(float, sys.argv[1:2]), *sys.argv[2:3])
