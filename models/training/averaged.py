"""The moving average of a net's weights: what is measured and kept."""
import copy

import torch


class Averaged:
    """`decay` is reached slowly, so that the first steps do not stay in the average."""

    def __init__(self, net, decay=0.999):
        self.net, self.decay = copy.deepcopy(net).eval(), decay

    @torch.no_grad()
    def update(self, net, step):
        keep = min(self.decay, (1 + step) / (10 + step))
        for mean, value in zip(self.net.state_dict().values(), net.state_dict().values()):
            if mean.dtype.is_floating_point:
                mean.lerp_(value, 1 - keep)
            else:
                mean.copy_(value)

    def save(self, path):
        torch.save(self.net.state_dict(), path)
