"""The networks that look at one face. They take float NCHW, RGB in -1..1; graphs.py puts the bytes' arithmetic in front."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Unit(nn.Module):
    """Convolution, batch norm and, unless linear, ReLU.

    A net that was trained with PReLU slides to ReLU: `left` is what is left of the `slope`s of its channels, 1 to 0.
    """

    def __init__(self, channels_in, channels_out, kernel=1, stride=1, groups=1, linear=False, padding=None):
        super().__init__()
        padding = kernel // 2 if padding is None else padding
        self.conv = nn.Conv2d(channels_in, channels_out, kernel, stride, padding, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(channels_out)
        self.linear, self.left = linear, 0.0
        self.register_buffer("slope", torch.zeros(channels_out, 1, 1))

    def forward(self, x):
        x = self.bn(self.conv(x))
        if self.linear:
            return x
        if self.left == 0:
            return F.relu(x)
        return F.prelu(x, (self.slope * self.left).flatten().to(x.dtype))


class Block(nn.Module):
    """Widened by 1x1, depthwise 3x3, narrowed by 1x1 without activation; a skip where the shape stays (MobileNetV2's inverted residual)."""

    def __init__(self, channels_in, middle, channels_out, stride=1):
        super().__init__()
        self.widen = Unit(channels_in, middle)
        self.depth = Unit(middle, middle, 3, stride, groups=middle)
        self.narrow = Unit(middle, channels_out, linear=True)
        self.skip = channels_in == channels_out and stride == 1

    def forward(self, x):
        y = self.narrow(self.depth(self.widen(x)))
        return x + y if self.skip else y


class Face(nn.Module):
    """[N, 3, 112, 112] -> [N, outputs]. Width 1 is MobileFaceNet (Chen et al., "MobileFaceNets", 2018): 221 million multiply-adds."""

    #: Where the side is halved: channels of the halving block, of the others' middle, and what both give.
    STAGES = (128, 128, 64), (256, 256, 128), (512, 256, 128)

    def __init__(self, width=1.0, depths=(4, 6, 2), outputs=512, dropout=0.0):
        super().__init__()

        def scaled(channels):
            return max(8, int(round(channels * width / 8)) * 8)

        channels = scaled(64)
        self.stem = nn.Sequential(Unit(3, channels, 3, 2), Unit(channels, channels, 3, groups=channels))  # 56
        blocks = []
        for (halving, middle, wide), depth in zip(self.STAGES, depths):  # 28, 14, 7
            blocks.append(Block(channels, scaled(halving), scaled(wide), 2))
            channels = scaled(wide)
            blocks += [Block(channels, scaled(middle), channels) for _ in range(depth)]
        self.blocks = nn.Sequential(*blocks)
        last = scaled(512) if width < 1 else 512
        self.expand = Unit(channels, last)
        self.pool = Unit(last, last, 7, groups=last, linear=True, padding=0)
        self.drop, self.head = nn.Dropout(dropout), nn.Linear(last, outputs)

    def forward(self, x):
        return self.head(self.drop(self.pool(self.expand(self.blocks(self.stem(x)))).flatten(1)))

    def units(self):
        return [module for module in self.modules() if isinstance(module, Unit)]

    def leak(self, left):
        """How much of PReLU's slopes is left."""
        for unit in self.units():
            unit.left = left


class Refine(nn.Module):
    """The second look. [N, 3, 96, 96] -> the logit of "a face" [N], and its five points [N, 5, 2] in sides of the crop."""

    def __init__(self, channels=(24, 48, 96, 128, 192)):
        super().__init__()
        a, b, c, d, e = channels
        self.body = nn.Sequential(
            Unit(3, a, 3, 2), Unit(a, b, 3, 2), Block(b, 2 * b, b),  # 24
            Unit(b, c, 3, 2), Block(c, 2 * c, c), Block(c, 2 * c, c),  # 12
            Unit(c, d, 3, 2), Block(d, 2 * d, d), Block(d, 2 * d, d),  # 6
            Unit(d, e), Unit(e, e, 6, groups=e, linear=True, padding=0),
        )  # fmt: skip
        self.score = nn.Linear(e, 1)
        self.points = nn.Sequential(nn.Linear(e, 128), nn.ReLU(), nn.Linear(128, 10))

    def forward(self, x):
        features = self.body(x).flatten(1)
        return self.score(features)[:, 0], self.points(features).view(-1, 5, 2) + 0.5
