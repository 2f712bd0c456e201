"""The networks of embedder, demographics and emotion. Layout NCHW, values -1..1 unless said otherwise."""
import torch.nn as nn
import torch.nn.functional as F

RACES = ["White", "Black", "Latino_Hispanic", "East Asian", "Southeast Asian", "Indian", "Middle Eastern"]
EMOTIONS = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
#: Age is a distribution over the years 0..100.
AGES = 101


def conv(channels_in, channels_out, kernel=3, stride=1, relu=True):
    layers = [
        nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(channels_out),
    ]
    if relu:
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


class Residual(nn.Module):
    """Two convolutions with a skip, which is a strided 1x1 convolution where the shape changes."""

    def __init__(self, channels_in, channels_out, stride=1):
        super().__init__()
        self.a = conv(channels_in, channels_out, stride=stride)
        self.b = conv(channels_out, channels_out, relu=False)
        same = channels_in == channels_out and stride == 1
        self.skip = nn.Identity() if same else conv(channels_in, channels_out, kernel=1, stride=stride, relu=False)

    def forward(self, x):
        return F.relu(self.b(self.a(x)) + self.skip(x))


class Embedder(nn.Module):
    """uint8 chips [N, 144, 144, 3] -> float [N, 512], L2-normalised. Sees the central 112x112."""

    def __init__(self, widths=(32, 48, 96, 192), depths=(1, 2, 2, 1), size=512):
        super().__init__()
        blocks, channels = [conv(3, widths[0], stride=2)], widths[0]
        for width, depth in zip(widths, depths):
            for i in range(depth):
                blocks.append(Residual(channels, width, 2 if i == 0 and width != widths[0] else 1))
                channels = width
        self.body = nn.Sequential(*blocks)  # [N, 192, 7, 7]
        self.expand = conv(channels, 384, kernel=1)
        self.pool = nn.Conv2d(384, 384, 7, groups=384, bias=False)  # global depthwise convolution, as in MobileFaceNet
        self.head = nn.Linear(384, size, bias=False)
        self.bn = nn.BatchNorm1d(size)

    def features(self, x):
        """Float NCHW [N, 3, 112, 112] -> [N, 512], not normalised."""
        return self.bn(self.head(self.pool(self.expand(self.body(x))).flatten(1)))

    def forward(self, chip):
        x = chip[:, 16:128, 16:128, :].permute(0, 3, 1, 2).float() / 127.5 - 1.0
        return F.normalize(self.features(x), dim=1)


class Trunk(nn.Module):
    """Residual blocks, halving the side between widths, then the mean over the picture."""

    def __init__(self, channels_in, widths, depths, stem_stride=2):
        super().__init__()
        layers, channels = [conv(channels_in, widths[0], stride=stem_stride)], widths[0]
        for i, (width, depth) in enumerate(zip(widths, depths)):
            for j in range(depth):
                layers.append(Residual(channels, width, 2 if j == 0 and i else 1))
                channels = width
        self.body, self.out = nn.Sequential(*layers), channels

    def forward(self, x):
        return self.body(x).mean((2, 3))


class Demographics(nn.Module):
    """[N, 3, 144, 144] -> logits of age [N, 101], gender [N, 2] (male, female) and race [N, 7]. One trunk, exported once per attribute."""

    def __init__(self, widths=(24, 48, 96, 160, 224), depths=(1, 1, 1, 1, 1), dropout=0.2):
        super().__init__()
        self.stem = conv(3, 16, stride=2)  # 144 -> 72
        self.trunk = Trunk(16, widths, depths)  # 72 -> 36 -> 18 -> 9 -> 5 -> 3
        self.drop = nn.Dropout(dropout)
        self.age, self.gender, self.race = (nn.Linear(self.trunk.out, n) for n in (AGES, 2, len(RACES)))

    def features(self, x):
        return self.drop(self.trunk(self.stem(x)))

    def forward(self, x):
        features = self.features(x)
        return self.age(features), self.gender(features), self.race(features)


class Emotion(nn.Module):
    """Luma [N, 1, 48, 48] -> logits [N, 7] in the order of EMOTIONS."""

    def __init__(self, widths=(32, 64, 112, 192), depths=(1, 1, 1, 1), dropout=0.4):
        super().__init__()
        self.trunk = Trunk(1, widths, depths, stem_stride=1)  # 48 -> 24 -> 12 -> 6
        self.drop, self.head = nn.Dropout(dropout), nn.Linear(widths[-1], len(EMOTIONS))

    def forward(self, x):
        return self.head(self.drop(self.trunk(x)))
