"""What is exported: each task's net with the bytes' arithmetic, temperature and softmax inside, from a checkpoint."""

import json
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

from detector import Detector
from nets import Face, Refine
from places import CHECKPOINTS
from vocabulary import AGES, EMOTIONS, GENDERS, RACES

#: What the one net of age, gender and race gives, one after the other.
HEADS = {"age": AGES, "gender": len(GENDERS), "race": len(RACES)}
#: A narrow MobileFaceNet.
NARROW = (2, 4, 1)


class Embed(nn.Module):
    """Chips -> embedding [N, 512], of length 1."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, chip):
        return F.normalize(self.net(floats(chip)), dim=1)


class Classify(nn.Module):
    """Chips -> probabilities, after the temperature that held-out faces asked for (Guo et al., "On calibration", 2017)."""

    def __init__(self, net, temperature=1.0):
        super().__init__()
        self.net, self.temperature = net, float(temperature)

    def forward(self, chip):
        return (self.net(floats(chip)) / self.temperature).softmax(1)


class Age(Classify):
    """Chips -> years [N] (the expectation) and probabilities [N, 101]."""

    def __init__(self, net, temperature=1.0):
        super().__init__(net, temperature)
        self.register_buffer("years", torch.arange(AGES).float())

    def forward(self, chip):
        probabilities = super().forward(chip)
        return probabilities @ self.years, probabilities


class Attributes(nn.Module):
    """Chips -> years [N], age [N, 101], gender [N, 2], race [N, 7]: the three from one run of their net."""

    def __init__(self, net, temperatures):
        super().__init__()
        self.net, self.temperatures = net, temperatures
        self.register_buffer("years", torch.arange(AGES).float())

    def forward(self, chip):
        parts = self.net(floats(chip)).split(list(HEADS.values()), 1)
        age, gender, race = ((logits / t).softmax(1) for logits, t in zip(parts, self.temperatures))
        return age @ self.years, age, gender, race


class Look(nn.Module):
    """Crops [N, 96, 96, 3] -> score [N], 0..1, and points [N, 5, 2] in sides of the crop."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, crop):
        logit, points = self.net(floats(crop))
        return logit.sigmoid(), points


def floats(pixels):
    """uint8 NHWC -> float NCHW in -1..1."""
    return pixels.permute(0, 3, 1, 2).float() / 127.5 - 1.0


def load(net, checkpoint):
    net.load_state_dict(torch.load(f"{CHECKPOINTS}/{checkpoint}.pt", map_location="cpu", weights_only=True))
    return net


def attributes_net():
    return load(Face(outputs=sum(HEADS.values())), "attributes")


def head_of(task):
    """The net of the three with the outputs of one of them only."""
    net, names = attributes_net(), list(HEADS)
    first = sum(HEADS[name] for name in names[: names.index(task)])
    last = first + HEADS[task]
    head = nn.Linear(net.head.in_features, HEADS[task])
    head.weight.data, head.bias.data = net.head.weight.data[first:last].clone(), net.head.bias.data[first:last].clone()
    net.head = head
    return net


def temperature(task):
    """What temperatures.py found; 1 before it ran."""
    path = f"{CHECKPOINTS}/heads.json"
    if not os.path.exists(path):
        return 1.0
    with open(path) as file:
        return json.load(file).get(task, {}).get("temperature", 1.0)


#: Task -> how its graph is made.
GRAPHS = {
    "detect": lambda: load(Detector(), "detector"),
    "refine": lambda: Look(load(Refine(), "refine")),
    "embed": lambda: Embed(load(Face(), "embedder")),
    "age": lambda: Age(head_of("age"), temperature("age")),
    "gender": lambda: Classify(head_of("gender"), temperature("gender")),
    "race": lambda: Classify(head_of("race"), temperature("race")),
    "attributes": lambda: Attributes(attributes_net(), [temperature(task) for task in HEADS]),
    "emotion": lambda: Classify(load(Face(outputs=len(EMOTIONS)), "emotion"), temperature("emotion")),
    "mask": lambda: Classify(load(Face(0.5, NARROW, 2), "mask"), temperature("mask")),
}
#: Names of inputs and outputs where they are not "chip" and "probabilities".
INPUT = {"detect": "image", "refine": "crop"}
OUTPUTS = {
    "detect": ["faces"],
    "refine": ["score", "points"],
    "embed": ["embedding"],
    "age": ["years", "probabilities"],
    "attributes": ["years", *HEADS],
}
#: A picture of each input, for the tracing.
SHAPES = {"image": (1, 320, 320, 3), "crop": (1, 96, 96, 3), "chip": (1, 112, 112, 3)}


def graph_of(task):
    """The graph of a task, ready to run; its input's name and its outputs' names."""
    return GRAPHS[task]().eval(), INPUT.get(task, "chip"), OUTPUTS.get(task, ["probabilities"])
