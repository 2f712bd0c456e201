"""The detector: anchor-free, one score, box and five points per cell of strides 8, 16 and 32."""

import torch
import torch.nn as nn
import torch.nn.functional as F

STRIDES = (8, 16, 32)
#: Per cell: score, distances to left, top, right and bottom, five offsets (x, y).
CELL_VALUES = 15


def conv(channels_in, channels_out, kernel=3, stride=1, relu=True):
    layers = [
        nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(channels_out),
    ]
    if relu:
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


class Residual(nn.Module):
    """Two convolutions with a skip."""

    def __init__(self, channels):
        super().__init__()
        self.a, self.b, self.skip = conv(channels, channels), conv(channels, channels, relu=False), nn.Identity()

    def forward(self, x):
        return F.relu(self.b(self.a(x)) + self.skip(x))


class Detector(nn.Module):
    """uint8 RGB [N, H, W, 3], H and W multiples of 32 -> float [N, cells, 15]: score 0..1, x1, y1, x2, y2, then left eye, right eye,
    nose, left and right mouth corner as x, y; pixels of the input. Cells of stride 8 come first, row by row. Needs suppression."""

    def __init__(self, widths=(12, 24, 48, 72, 96), neck=40):
        super().__init__()
        w = widths
        self.stem = nn.Sequential(conv(3, w[0], stride=2), conv(w[0], w[1], stride=2))  # /4
        self.c3 = nn.Sequential(conv(w[1], w[2], stride=2), Residual(w[2]))  # /8
        self.c4 = nn.Sequential(conv(w[2], w[3], stride=2), Residual(w[3]))  # /16
        self.c5 = nn.Sequential(conv(w[3], w[4], stride=2), Residual(w[4]))  # /32
        self.lat = nn.ModuleList([conv(channels, neck, kernel=1) for channels in w[2:]])
        self.smooth = nn.ModuleList([conv(neck, neck) for _ in STRIDES])
        self.head = nn.ModuleList([conv(neck, neck) for _ in STRIDES])
        self.out = nn.ModuleList([nn.Conv2d(neck, CELL_VALUES, 1) for _ in STRIDES])
        for out in self.out:
            nn.init.constant_(out.bias, 0.0)
            nn.init.constant_(out.bias[:1], -4.6)  # a score of 0.01: most cells hold no face
            nn.init.constant_(out.bias[1:5], 1.0)

    def maps(self, x):
        """Float NCHW, -1..1 -> three maps [N, 15, H / stride, W / stride]."""
        c3 = self.c3(self.stem(x))
        c4 = self.c4(c3)
        c5 = self.c5(c4)
        p5 = self.lat[2](c5)
        p4 = self.lat[1](c4) + F.interpolate(p5, scale_factor=2.0, mode="nearest")
        p3 = self.lat[0](c3) + F.interpolate(p4, scale_factor=2.0, mode="nearest")
        return [out(head(smooth(p))) for out, head, smooth, p in zip(self.out, self.head, self.smooth, (p3, p4, p5))]

    def decode(self, maps):
        """[N, cells, 15] as in `forward`, but with the score's logit."""
        rows = []
        for values, stride in zip(maps, STRIDES):
            n, _, h, w = values.shape
            y, x = torch.meshgrid(torch.arange(h, device=values.device), torch.arange(w, device=values.device), indexing="ij")
            centre = (torch.stack([x, y], -1).reshape(1, -1, 2).float() + 0.5) * stride
            values = values.permute(0, 2, 3, 1).reshape(n, -1, CELL_VALUES)
            distance = F.softplus(values[..., 1:5]) * stride
            points = centre.unsqueeze(2) + values[..., 5:].reshape(n, -1, 5, 2) * stride
            rows.append(torch.cat([values[..., :1], centre - distance[..., :2], centre + distance[..., 2:], points.flatten(2)], -1))
        return torch.cat(rows, 1)

    def forward(self, image):
        rows = self.decode(self.maps(image.permute(0, 3, 1, 2).float() / 127.5 - 1.0))
        return torch.cat([rows[..., :1].sigmoid(), rows[..., 1:]], -1)
