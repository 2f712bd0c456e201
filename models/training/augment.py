"""Views of packed faces at any angle, size and place, and what cameras, chats and hands do to a face. Float pictures are NCHW in -1..1."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from device import normal, uniform

LUMA = [0.299, 0.587, 0.114]
#: A small Gaussian, [1, 4, 6, 4, 1] / 16 in both directions.
BLUR = [1.0, 4.0, 6.0, 4.0, 1.0]
#: The largest share of the detail that is taken away as if the face had been small.
DETAIL_MAX = 0.8


def view(pixels, angle=None, scale=None, shift=None, mirrored=None, size=112, span=112.0):
    """uint8 [n, 3, S, S] -> float [n, 3, size, size], and the affine matrices [n, 2, 3] from it to the source, both in -1..1.

    The view is a square of `span` pixels times scale [n], turned by angle [n] radians around the middle, moved by shift [n, 2] in spans,
    and mirrored where [n] says so. Borders are replicated.
    """
    n, side = len(pixels), pixels.shape[-1]
    zero = torch.zeros(n, device=pixels.device)
    angle, scale = zero if angle is None else angle, zero + 1 if scale is None else scale
    shift = torch.zeros(n, 2, device=pixels.device) if shift is None else shift
    mirror = zero + 1 if mirrored is None else torch.where(mirrored, -1.0, 1.0)
    reach, moved = scale * span / side, shift * (2 * span / side)
    matrix = torch.stack(
        [
            torch.stack([mirror * reach * angle.cos(), -reach * angle.sin(), moved[:, 0]], 1),
            torch.stack([mirror * reach * angle.sin(), reach * angle.cos(), moved[:, 1]], 1),
        ],
        1,
    )
    grid = F.affine_grid(matrix, [n, 3, size, size], align_corners=False)
    seen = F.grid_sample(pixels.float(), grid, mode="bilinear", align_corners=False, padding_mode="border")
    return seen / 127.5 - 1, matrix


def damage(x, light=1.0, small=0.25, least=0.2, blur=0.15, noise=0.15, grey=0.1):
    """Light and colour on all; without colour, few pixels (down to `least` of the side), blur and noise on so large a share each."""
    n, side = len(x), x.shape[-1]
    mean = x.mean((1, 2, 3), keepdim=True)
    x = (x - mean) * torch.exp(normal(n, 1, 1, 1) * 0.2 * light) + mean
    x = x + normal(n, 1, 1, 1) * 0.15 * light + normal(n, 3, 1, 1) * 0.05 * light
    luma = (x * torch.tensor(LUMA, device=x.device).view(1, 3, 1, 1)).sum(1, keepdim=True)
    x = torch.where(some(n, grey), luma, x)
    for detail in np.exp(np.random.uniform(math.log(least), math.log(DETAIL_MAX), 2)):  # two sizes a batch
        few = F.interpolate(x, size=max(8, int(side * detail)), mode="area")
        enlarged = F.interpolate(few, size=side, mode="bilinear", align_corners=False)
        x = torch.where(some(n, small / 2), enlarged, x)
    x = torch.where(some(n, blur), blurred(x), x)
    x = torch.where(some(n, noise), x + normal(*x.shape) * 0.08 * uniform(n, 1, 1, 1), x)
    return x.clamp(-1, 1)


def blurred(x):
    row = torch.tensor(BLUR, device=x.device)
    kernel = (row[:, None] * row / 256).expand(3, 1, 5, 5)
    return F.conv2d(F.pad(x, (2, 2, 2, 2), mode="replicate"), kernel, groups=3)


def erase(x, share=0.3, most=0.45):
    """A rectangle of one colour over a share of the faces ("random erasing", Zhong et al. 2017): hands, masks, glasses, hair."""
    n, _, height, width = x.shape
    erased_height, erased_width = (uniform(n) * most + 0.08) * height, (uniform(n) * most + 0.08) * width
    top, left = uniform(n) * (height - erased_height), uniform(n) * (width - erased_width)
    rows, columns = torch.arange(height, device=x.device).view(1, height, 1), torch.arange(width, device=x.device).view(1, 1, width)
    in_rows = (rows >= wide(top)) & (rows < wide(top + erased_height))
    in_columns = (columns >= wide(left)) & (columns < wide(left + erased_width))
    hidden = in_rows & in_columns & (wide(uniform(n)) < share)
    return torch.where(hidden[:, None], (uniform(n, 3, 1, 1) * 2 - 1).expand_as(x), x)


def some(n, share):
    """[n, 1, 1, 1]: true for about this share."""
    return uniform(n, 1, 1, 1) < share


def wide(values):
    return values.view(-1, 1, 1)


def near_upright(n, turn, zoom, move, turn_max):
    """What `view` takes for faces that stand about upright: angle, scale, shift, mirrored."""
    angle = normal(n).mul(turn).clamp(-turn_max, turn_max)
    return angle, torch.exp(normal(n) * zoom), normal(n, 2) * move, uniform(n) < 0.5
