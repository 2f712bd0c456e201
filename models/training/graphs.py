"""What is exported: each task's net with normalisation and softmax inside, from a checkpoint."""
import torch
import torch.nn as nn
import torch.nn.functional as F

from augment import LUMA
from detector import Detector
from nets import AGES, Demographics, Embedder, Emotion
from places import CHECKPOINTS


class Age(nn.Module):
    """Chips -> years [N] (the expectation) and probabilities [N, 101]."""

    def __init__(self, net):
        super().__init__()
        self.net = net
        self.register_buffer("years", torch.arange(AGES).float())

    def forward(self, chip):
        probabilities = self.net.age(trunk_of(self.net, chip)).softmax(1)
        return probabilities @ self.years, probabilities


class Attribute(nn.Module):
    """Chips -> probabilities of one head, "gender" or "race"."""

    def __init__(self, net, head):
        super().__init__()
        self.net, self.head = net, getattr(net, head)

    def forward(self, chip):
        return self.head(trunk_of(self.net, chip)).softmax(1)


class EmotionOfChip(nn.Module):
    """Chips -> probabilities [N, 7]: grey, shrunk by three, then the net."""

    def __init__(self, net):
        super().__init__()
        self.net = net
        self.register_buffer("w", torch.tensor(LUMA).view(1, 3, 1, 1))  # the committed graph has it under this name

    def forward(self, chip):
        grey = (chip.permute(0, 3, 1, 2).float() * self.w).sum(1, keepdim=True)
        return self.net(F.avg_pool2d(grey, 3) / 127.5 - 1.0).softmax(1)


def trunk_of(net, chip):
    return net.trunk(net.stem(chip.permute(0, 3, 1, 2).float() / 127.5 - 1.0))


#: Task -> its graph's inputs, outputs, and how it is made.
INPUT = {"detect": "image"}
OUTPUTS = {"detect": ["faces"], "embed": ["embedding"], "age": ["years", "probabilities"]}
GRAPHS = {
    "detect": lambda: load(Detector(), "detector"),
    "embed": lambda: load(Embedder(), "embedder"),
    "age": lambda: Age(load(Demographics(), "demographics")),
    "gender": lambda: Attribute(load(Demographics(), "demographics"), "gender"),
    "race": lambda: Attribute(load(Demographics(), "demographics"), "race"),
    "emotion": lambda: EmotionOfChip(load(Emotion(), "emotion")),
}


def graph_of(task):
    """The graph of a task, ready to run; its input's name and its outputs' names."""
    return GRAPHS[task]().eval(), INPUT.get(task, "chip"), OUTPUTS.get(task, ["probabilities"])


def load(net, checkpoint):
    net.load_state_dict(torch.load(f"{CHECKPOINTS}/{checkpoint}.pt", map_location="cpu", weights_only=True))
    return net
