"""A training by the clock: it ends in time, whatever else the machine does."""

import copy
import json
import math
import os
import time

import torch

from device import DEVICE, FORMAT
from places import CHECKPOINTS, RATE

#: The learning rate rises over this part of the time; then it falls by half a cosine to this share of itself.
WARM_UP, RATE_LEFT = 0.06, 2e-3
#: Seconds between lines, and between checkpoints on the way.
SHOW_EVERY, KEEP_EVERY = 15, 60
#: More seconds than this are a time of day (Unix time) until which to go on.
TIME_OF_DAY_FROM, AT_LEAST = 1e6, 20.0
GRADIENT_MAX = 5.0


class Run:
    """`for part in run:` gives the share of the time that is over; `step` takes one step. `average` is the moving average of the
    net's weights: what is measured and kept. `keep(average)` is called every minute.

    Environment: LR in place of `rate`.
    """

    def __init__(self, net, seconds, rate, name, decay=0.05, horizon=0.9995, keep=None):
        self.net = net.to(DEVICE).to(memory_format=FORMAT)
        self.average = copy.deepcopy(net).eval().requires_grad_(False)
        self.seconds, self.rate, self.horizon, self.name, self.keep = seconds, RATE or rate, horizon, name, keep
        groups = [
            {"params": [p for p in net.parameters() if p.ndim > 1], "weight_decay": decay},
            {"params": [p for p in net.parameters() if p.ndim <= 1], "weight_decay": 0.0},
        ]
        self.optimiser = torch.optim.AdamW(groups, lr=self.rate, fused=DEVICE == "cuda")
        self.steps = self.seen = self.counted = 0
        self.sums = 0.0

    def __iter__(self):
        self.started = self.shown = self.kept = time.time()
        if self.seconds > TIME_OF_DAY_FROM:
            self.seconds = max(AT_LEAST, self.seconds - self.started)
        while (part := (time.time() - self.started) / self.seconds) < 1:
            for group in self.optimiser.param_groups:
                group["lr"] = self.rate * rate_at(part)
            self.net.train()
            self.part = part
            yield part

    def step(self, loss, faces, *shown):
        """One step down `loss`, over so many faces; the mean of `shown` is printed now and then."""
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), GRADIENT_MAX)
        self.optimiser.step()
        self.steps, self.seen = self.steps + 1, self.seen + faces
        self.update_average()
        self.sums, self.counted = self.sums + torch.stack([value.detach().float() for value in shown]), self.counted + 1
        now = time.time()
        if self.keep and now - self.kept > KEEP_EVERY:
            self.keep(self.average)
            self.kept = now
        if now - self.shown > SHOW_EVERY:
            means = [round(value, 4) for value in (self.sums / self.counted).tolist()]
            print(f"{self.name} {self.part:.0%} step {self.steps} {means} {self.seen / (now - self.started):.0f}/s", flush=True)
            self.sums, self.counted, self.shown = 0.0, 0, now

    @torch.no_grad()
    def update_average(self):
        """`horizon` is reached slowly, so that the first steps do not stay in the average."""
        means, values = [], []
        for mean, value in zip(self.average.state_dict().values(), self.net.state_dict().values()):
            if mean.dtype.is_floating_point:
                means.append(mean)
                values.append(value)
            else:
                mean.copy_(value)
        torch._foreach_lerp_(means, values, 1 - min(self.horizon, (1 + self.steps) / (10 + self.steps)))


def rate_at(part):
    """Of the learning rate, at a part of the time."""
    if part < WARM_UP:
        return part / WARM_UP
    return 0.5 * (1 + math.cos(math.pi * (part - WARM_UP) / (1 - WARM_UP))) + RATE_LEFT


def save(net, name):
    """Whole or not at all: a training may be cut off while it writes."""
    os.makedirs(CHECKPOINTS, exist_ok=True)
    path = f"{CHECKPOINTS}/{name}.pt"
    torch.save({key: value.cpu() for key, value in net.state_dict().items()}, path + ".part")
    os.replace(path + ".part", path)


def report(name, figures):
    """Prints what a training measured, and writes it beside its checkpoint."""
    print("done", name, figures, flush=True)
    with open(f"{CHECKPOINTS}/{name}.json", "w") as file:
        json.dump(figures, file, indent=1)
