"""Changes to chips that a face survives: mirror, small moves, light, colour, lost detail, hidden parts. `rng`: numpy's Generator."""
import numpy as np
import torch
import torch.nn.functional as F

LUMA = [0.299, 0.587, 0.114]


def varied(chips, rng, grey=0.1):
    """uint8 chips [n, 144, 144, 3] -> float [n, 3, 144, 144] in -1..1."""
    x = torch.from_numpy(chips).permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)
    n = len(x)
    mirrored = torch.from_numpy(rng.random(n) < 0.5)
    x[mirrored] = x[mirrored].flip(3)
    angle = normal(rng, 0.07, n).clamp(-0.25, 0.25)
    x = moved(x, angle, torch.exp(normal(rng, 0.05, n)), normal(rng, 0.03, n, 2))
    brightness = normal(rng, 0.15, n, 1, 1, 1)
    contrast = torch.exp(normal(rng, 0.2, n, 1, 1, 1))
    mean = x.mean((1, 2, 3), keepdim=True)
    x = (x - mean) * contrast + mean + brightness
    x = x + normal(rng, 0.04, n, 3, 1, 1)
    x = greyed(x, rng, grey)
    return blurred(x, rng).clamp_(-1, 1).contiguous(memory_format=torch.channels_last)


def moved(x, angle, scale, shift, mirror=1.0, size=None):
    """Turned by `angle` radians, scaled, shifted (in halves of the picture) and mirrored (-1); borders replicated."""
    size = size or x.shape[2:]
    rows = [
        torch.stack([mirror * scale * angle.cos(), -scale * angle.sin(), shift[:, 0]], 1),
        torch.stack([mirror * scale * angle.sin(), scale * angle.cos(), shift[:, 1]], 1),
    ]
    grid = F.affine_grid(torch.stack(rows, 1), [len(x), x.shape[1], *size], align_corners=False)
    return F.grid_sample(x, grid, align_corners=False, padding_mode="border")


def greyed(x, rng, share):
    """A share of the pictures without colour."""
    chosen = torch.from_numpy(rng.random(len(x)) < share)
    if chosen.any():
        luma = (x[chosen] * torch.tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)
        x[chosen] = luma.expand(-1, x.shape[1], -1, -1)
    return x


def blurred(x, rng, share=0.2):
    """A share of the pictures as small faces enlarged."""
    chosen = torch.from_numpy(rng.random(len(x)) < share)
    if chosen.any():
        small = F.interpolate(x[chosen], scale_factor=float(rng.uniform(0.3, 0.7)), mode="area")
        x[chosen] = F.interpolate(small, size=x.shape[2:], mode="bilinear", align_corners=False)
    return x


def hidden(x, rng, share=0.3):
    """A share of the pictures with a flat rectangle over a part ("random erasing", Zhong et al. 2017)."""
    n, _, h, w = x.shape
    for i in np.nonzero(rng.random(n) < share)[0]:
        height, width = rng.integers(h // 8, h // 3), rng.integers(w // 8, w // 3)
        top, left = rng.integers(0, h - height), rng.integers(0, w - width)
        x[i, :, top : top + height, left : left + width] = float(rng.uniform(-1, 1))
    return x


def normal(rng, deviation, *shape):
    return torch.from_numpy(rng.normal(0, deviation, shape).astype(np.float32))
