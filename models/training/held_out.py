"""Faces that no training saw, and how sure the answers about them are."""

import numpy as np

from labels import FER_PARTS
from packed import Packed
from vocabulary import AGES

BATCH = 32
#: Of the probability, between the quantiles that an age is shown with.
INTERVAL = 0.8
TEMPERATURES = np.exp(np.linspace(np.log(0.4), np.log(2.5), 61))
TINIEST = 1e-12


class Held:
    """Chips uint8 [n, 112, 112, 3] of a source's held-out faces, and their arrays by name."""

    def __init__(self, name, keep):
        packed = Packed(name)
        chosen = np.nonzero(keep(packed.arrays))[0]
        self.chips, self.arrays = np.stack([packed.middle(i) for i in chosen]), packed.of(chosen)

    def __len__(self):
        return len(self.chips)

    def __getitem__(self, key):
        return self.arrays[key]

    def outputs(self, graph, which=-1):
        """One output of a graph on all chips."""
        batches = range(0, len(self), BATCH)
        return np.concatenate([graph.run(None, {"chip": self.chips[k : k + BATCH]})[which] for k in batches])

    @property
    def fitted(self):
        """[n]: every second face, on which temperatures are found; uncertainty is measured on the others."""
        return np.arange(len(self)) % 2 == 0


def fairface():
    return Held("fairval", lambda arrays: (arrays["score"] > 0.4) & (arrays["race"] >= 0))


def utkface():
    return Held("utk", lambda arrays: (arrays["score"] > 0.4) & arrays["held"] & (arrays["age"] >= 0))


def all_age_faces():
    return Held("aaf", lambda arrays: (arrays["score"] > 0.4) & arrays["held"])


def raf():
    return Held("raf", lambda arrays: (arrays["score"] > 0.3) & (arrays["emotion"] >= 0) & arrays["held"])


def ferplus():
    test = FER_PARTS.index("PrivateTest")

    def keep(arrays):
        votes = arrays["votes"].sum(1)
        return (arrays["score"] > 0.25) & (arrays["part"] == test) & (votes >= arrays["other"]) & (votes > 0)

    return Held("ferp", keep)


def tempered(probabilities, temperature):
    """As if the logits had been divided by it."""
    logits = np.log(np.maximum(probabilities, TINIEST)) / temperature
    likely = np.exp(logits - logits.max(1, keepdims=True))
    return likely / likely.sum(1, keepdims=True)


def temperature_of(probabilities, truth):
    """The temperature under which the truth is likeliest (Guo et al., "On calibration of modern neural networks", 2017)."""

    def surprise(temperature):
        likely = tempered(probabilities, temperature)[np.arange(len(truth)), truth]
        return -np.log(np.maximum(likely, TINIEST)).mean()

    return float(TEMPERATURES[np.argmin([surprise(t) for t in TEMPERATURES])])


def temperature_that_covers(probabilities, years):
    """The temperature under which the interval holds the share of ages that it says."""
    off = [abs(covered(tempered(probabilities, t), years).mean() - INTERVAL) for t in TEMPERATURES]
    return float(TEMPERATURES[np.argmin(off)])


def interval(probabilities):
    """Youngest and oldest year [n] between the quantiles, as the stage has them."""
    below = probabilities.cumsum(1)
    tail = (1 - INTERVAL) / 2
    return (below < tail).sum(1), np.minimum(AGES - 1, (below < 1 - tail).sum(1))


def covered(probabilities, years):
    """[n]: whether the interval holds the truth."""
    youngest, oldest = interval(probabilities)
    return (years >= youngest) & (years <= oldest)


def calibration_error(probabilities, hits, bins=15):
    """Expected calibration error of the likeliest class: how far confidence is from the share of right answers."""
    confidence, error = probabilities.max(1), 0.0
    for low in np.arange(bins) / bins:
        own = (confidence > low) & (confidence <= low + 1 / bins)
        if own.any():
            error += own.mean() * abs(hits[own].mean() - confidence[own].mean())
    return round(float(error), 4)
