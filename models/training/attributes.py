"""Age, gender and race: all labelled faces, what a net's answers cost, and how good they are on held-out faces."""

import numpy as np
import torch
import torch.nn.functional as F

from augment import view
from bank import Bank
from device import DEVICE, bfloat16, laid_out
from graphs import HEADS
from vocabulary import AGE_BINS, AGES, UTK_GROUPS

SCORE_MIN = 0.4
LABELS = "age", "bin", "gender", "race", "group"
YEARS = torch.arange(float(AGES), device=DEVICE)
#: FairFace's bins [9, 101] over the years, UTKFace's groups [5, 7] over the races.
BIN = torch.stack([((YEARS >= first) & (YEARS <= last)).float() for first, last in AGE_BINS])
GROUP = torch.stack([torch.zeros(7, device=DEVICE).index_fill(0, torch.tensor(own, device=DEVICE), 1) for own in UTK_GROUPS.values()])
#: A year is also a little of its neighbours [101, 101]: two years of standard deviation.
SOFT = F.normalize(torch.exp(-0.5 * ((YEARS[None] - YEARS[:, None]) / 2) ** 2), p=1, dim=1)
SMOOTHING, YEARS_OFF, GROUP_WEIGHT = 0.05, 0.05, 0.3
STEP = 512


class Faces:
    """FairFace, UTKFace and All-Age-Faces as one, those to train on or those held out. `label`: {key: [n]}, -1 where it is not known."""

    def __init__(self, held):
        def sure(arrays):
            return arrays["score"] > SCORE_MIN

        self.banks = [
            Bank("fairval" if held else "fair", sure),
            Bank("utk", lambda arrays: sure(arrays) & (arrays["age"] >= 0) & (arrays["held"] == held)),
            Bank("aaf", lambda arrays: sure(arrays) & (arrays["held"] == held)),
        ]
        self.bank = torch.cat([torch.full((len(bank),), i, device=DEVICE) for i, bank in enumerate(self.banks)])
        self.row = torch.cat([torch.arange(len(bank), device=DEVICE) for bank in self.banks])
        self.label = {key: torch.cat([known(bank, key) for bank in self.banks]) for key in LABELS}

    def __len__(self):
        return len(self.bank)

    def pixels(self, indices):
        pixels = torch.empty(len(indices), *self.banks[0].pixels.shape[1:], dtype=torch.uint8, device=DEVICE)
        for i, bank in enumerate(self.banks):
            own = self.bank[indices] == i
            pixels[own] = bank.pixels[self.row[indices][own]]
        return pixels

    def of(self, source):
        """[n]: which faces are this bank's."""
        return self.bank == [bank.name for bank in self.banks].index(source)


def known(bank, key):
    return bank.tensor(key, torch.long) if key in bank.arrays else torch.full((len(bank),), -1, device=DEVICE)


def split(outputs):
    """[n, 110] of one net -> {task: logits}."""
    return dict(zip(HEADS, outputs.split(list(HEADS.values()), 1)))


def losses(logits, label):
    """{task: mean loss over the batch}; a face whose label is not known costs nothing."""
    return {task: LOSSES[task](values, label) for task, values in logits.items()}


def age_loss(logits, label):
    """Years as a soft distribution and by their mean; of FairFace only the bin is known."""
    p, years, bins = logits.log_softmax(1), label["age"], label["bin"]
    exact, coarse = years >= 0, (years < 0) & (bins >= 0)
    off = (p[exact].exp() @ YEARS - years[exact]).abs()
    by_year = (-(SOFT[years[exact]] * p[exact]).sum(1) + YEARS_OFF * off).sum()
    by_bin = -torch.logsumexp(p[coarse] + BIN[bins[coarse]].clamp_min(1e-12).log(), 1).sum()
    return (by_year + by_bin) / len(logits)


def gender_loss(logits, label):
    return F.cross_entropy(logits, label["gender"], label_smoothing=SMOOTHING, ignore_index=-1)


def race_loss(logits, label):
    """Of UTKFace only the group is known."""
    p, races, groups = logits.log_softmax(1), label["race"], label["group"]
    coarse = (races < 0) & (groups >= 0)
    by_race = F.cross_entropy(logits, races, label_smoothing=SMOOTHING, ignore_index=-1, reduction="sum")
    by_group = -torch.logsumexp(p[coarse] + GROUP[groups[coarse]].clamp_min(1e-6).log(), 1).sum()
    return (by_race + GROUP_WEIGHT * by_group) / len(logits)


LOSSES = {"age": age_loss, "gender": gender_loss, "race": race_loss}


@torch.no_grad()
def measure(predict, held, scale=1.0):
    """Figures of `predict` (float [n, 3, 112, 112] -> {task: logits}) on the held-out faces, seen at `scale` times the ArcFace frame."""
    parts = []
    for indices in torch.arange(len(held), device=DEVICE).split(STEP):
        x, _ = view(held.pixels(indices), scale=torch.full((len(indices),), scale, device=DEVICE))
        with bfloat16():
            parts.append({task: logits.float().softmax(1) for task, logits in predict(laid_out(x)).items()})
    age, gender, race = (torch.cat([part[task] for part in parts]) for task in HEADS)
    fair, utk, aaf = map(held.of, ("fairval", "utk", "aaf"))
    label, off = held.label, (age @ YEARS - held.label["age"]).abs()
    right = gender.argmax(1) == label["gender"]
    figures = {
        "utk_mae": off[utk],
        "aaf_mae": off[aaf],
        "bin": ((age @ BIN.T).argmax(1) == label["bin"])[fair],
        "fair_gender": right[fair],
        "utk_gender": right[utk],
        "aaf_gender": right[aaf],
        "race7": (race.argmax(1) == label["race"])[fair],
        "race5": ((race @ GROUP.T).argmax(1) == label["group"])[utk],
    }
    return {name: round(float(np.mean(values.cpu().numpy())), 4) for name, values in figures.items()}
