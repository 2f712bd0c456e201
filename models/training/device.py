"""Where tensors live, and random numbers there."""

import torch

import places

DEVICE = places.DEVICE or ("cuda" if torch.cuda.is_available() else "cpu")
#: Depthwise convolutions want channels last on a GPU (16,400 faces a second against 5,400).
FORMAT = torch.contiguous_format if places.FORMAT == "first" else torch.channels_last

torch.backends.cudnn.benchmark = True
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True


def uniform(*shape):
    """0..1."""
    return torch.rand(*shape, device=DEVICE)


def normal(*shape):
    return torch.randn(*shape, device=DEVICE)


def drawn(count, of):
    """Indices below `of`, any number of times each."""
    return torch.randint(of, (count,), device=DEVICE)


def laid_out(x):
    """The pictures as the nets want them in memory."""
    return x.contiguous(memory_format=FORMAT)


def bfloat16():
    return torch.autocast(DEVICE, dtype=torch.bfloat16)
