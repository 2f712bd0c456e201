"""Teach the small embedder EdgeFace-XS's view of faces: match its embedding and how a batch's faces relate to one another.

python train_embedder.py [MINUTES [OUT]]
The schedule runs by the clock, so that it ends in time whatever else the machine does.
"""
import math
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
import torch.nn.functional as F

from augment import blurred, greyed, hidden, moved, normal
from averaged import Averaged
from labelled import chips
from lfw import fold_accuracies, pairs
from nets import Embedder
from places import CHECKPOINTS, CHIPS, THREADS

SETS = "fairtrain", "utk", "celeba", "glint"
SCORE_MIN = 0.35
BATCH, LEARNING_RATE, WARM_UP = 64, 2e-3, 0.04


def main(minutes=180.0, out=f"{CHECKPOINTS}/embedder.pt"):
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    torch.set_flush_denormal(True)
    rng = np.random.default_rng(0)
    faces = Faces()
    net = Embedder().to(memory_format=torch.channels_last)
    average = Averaged(net)
    optimiser = torch.optim.AdamW(net.parameters(), lr=LEARNING_RATE, weight_decay=2e-2)
    reader, stream = ThreadPoolExecutor(1), faces.batches(rng)
    coming = reader.submit(faces.read, next(stream))
    started, away, step = time.time(), 0.0, 0
    while (part := (time.time() - started) / (minutes * 60)) < 1:
        pictures, target = coming.result()
        coming = reader.submit(faces.read, next(stream))
        step += 1
        for group in optimiser.param_groups:
            group["lr"] = LEARNING_RATE * rate_at(part)
        net.train()
        x = varied_frame(pictures, rng)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            features = net.features(x)
        embedding = F.normalize(features.float(), dim=1)
        similar, wanted = embedding @ target.T, target @ target.T
        own = similar.diagonal()
        loss = (1 - own).mean() + 4 * (similar - wanted).pow(2).mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        average.update(net, step)
        away += float((1 - own).mean().detach())
        if step % 200 == 0:
            epochs = step * BATCH / len(faces.items)
            speed = step * BATCH / (time.time() - started)
            print(f"step {step} ({part:.0%}) 1-cos {away / 200:.4f} {speed:.0f} img/s, {epochs:.2f} epochs", flush=True)
            away = 0.0
        if step % 1000 == 0:
            average.save(out)
    average.save(out)
    print(f"final LFW {lfw_accuracy(average.net):.4f}", flush=True)


def rate_at(part):
    """Of the learning rate, at a part of the time: a warm-up, then half a cosine."""
    if part < WARM_UP:
        return part / WARM_UP
    return 0.5 * (1 + math.cos(math.pi * (part - WARM_UP) / (1 - WARM_UP))) + 1e-3


class Faces:
    """All sets as one: an item is (set, index). Targets are what teach.py wrote."""

    def __init__(self):
        self.sources = []
        for name in SETS:
            pictures, _, scores = chips(name)
            self.sources.append((pictures, np.nonzero(scores > SCORE_MIN)[0], np.load(f"{CHIPS}/{name}_teacher.npy")))
            print(name, len(self.sources[-1][1]), flush=True)
        self.items = np.concatenate(
            [np.stack([np.full(len(used), k), used], 1) for k, (_, used, _) in enumerate(self.sources)]
        )

    def batches(self, rng):
        while True:
            yield from np.array_split(rng.permutation(self.items), len(self.items) // BATCH)

    def read(self, items):
        pictures = np.stack([self.sources[k][0][i] for k, i in items])
        return pictures, torch.from_numpy(np.stack([self.sources[k][2][i] for k, i in items])).float()


def varied_frame(pictures, rng):
    """uint8 chips [n, 144, 144, 3] -> float [n, 3, 112, 112] in -1..1: the ArcFace frame under small moves, light, colour and blur."""
    x = torch.from_numpy(pictures).permute(0, 3, 1, 2).float()
    n = len(x)
    angle, scale, shift = normal(rng, 0.07, n).clamp(-0.25, 0.25), torch.exp(normal(rng, 0.05, n)), normal(rng, 0.03, n, 2)
    mirror = torch.from_numpy(np.where(rng.random(n) < 0.5, -1.0, 1.0).astype(np.float32))
    x = moved(x, angle, scale * (112 / 144), shift, mirror, (112, 112))
    mean = x.mean((1, 2, 3), keepdim=True)
    gain = torch.exp(normal(rng, 0.2, n, 1, 1, 1))
    light = normal(rng, 0.15, n, 1, 1, 1) + normal(rng, 0.04, n, 3, 1, 1)
    x = x.sub_(mean).mul_(gain / 127.5).add_(mean / 127.5 - 1 + light)
    x = blurred(greyed(x, rng, 0.1), rng)
    return hidden(x.clamp_(-1, 1), rng, 0.15).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def lfw_accuracy(net):
    net.eval()
    pictures, files, _ = chips("lfw")
    first, second, same = pairs(files)
    used = np.unique(np.concatenate([first, second]))
    row = {index: k for k, index in enumerate(used)}
    embeddings = torch.cat(
        [net(torch.from_numpy(np.stack([pictures[i] for i in used[k : k + 128]]))) for k in range(0, len(used), 128)]
    ).numpy()
    similarities = np.array([embeddings[row[i]] @ embeddings[row[j]] for i, j in zip(first, second)])
    return fold_accuracies(similarities, same, 0.002).mean()


if __name__ == "__main__":
    main(*map(float, sys.argv[1:2]), *sys.argv[2:3])
