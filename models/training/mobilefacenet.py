"""The MIT-licensed MobileFaceNet (npm faceplugin@1.0.3, model/fr_feature.onnx) as a net that can be taught: all here start from it."""

import onnx
import torch
import torch.nn as nn
from onnx import numpy_helper

from nets import Face
from places import START

#: Part of a training in which PReLU's slopes go to zero: with PReLU the net takes 10.4 ms, with ReLU 4.2 (one thread, onnxruntime).
LEAKING = 0.15
VARIANCE_MIN = 1e-6


def started(faces, outputs=512, dropout=0.0, path=START):
    """A Face with the file's weights, and a new head where `outputs` is not its own 512.

    The file has folded its batch norms. They are put back so that the function stays the same, with the statistics of `faces`, float
    RGB [n, 3, 112, 112] in -1..1. The file wants BGR: the first convolution's channels are turned round.
    """
    net = unfolded(path).eval().to(faces.device)
    hooks = [unit.register_forward_hook(restore_norm) for unit in net.units()]
    with torch.no_grad():
        net(faces)
    for hook in hooks:
        hook.remove()
    if outputs != 512 or dropout:
        net.head, net.drop = nn.Linear(512, outputs).to(faces.device), nn.Dropout(dropout)
    return net


def unfolded(path):
    """The file's weights, with batch norms that only add its biases."""
    graph = onnx.load(path).graph
    weights = {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in graph.initializer}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    slopes = {node.input[0]: weights[node.input[1]] for node in graph.node if node.op_type == "PRelu"}
    net = Face()
    *body, head = convolutions
    for unit, node in zip(net.units(), body, strict=True):
        kernel = weights[node.input[1]]
        unit.conv.weight.data = kernel.flip(1) if kernel.shape[1] == 3 else kernel
        unit.bn.bias.data = weights[node.input[2]]
        unit.bn.weight.data.fill_((1 + unit.bn.eps) ** 0.5)
        if node.output[0] in slopes:
            unit.slope.copy_(slopes[node.output[0]])
            unit.left = 1.0
    net.head.weight.data, net.head.bias.data = weights[head.input[1]].flatten(1), weights[head.input[2]]
    return net


def restore_norm(unit, inputs, _):
    """A forward hook: the unit's norm takes the mean and variance of what its convolution gives, and undoes them."""
    raw = unit.conv(inputs[0])
    mean, variance = raw.mean((0, 2, 3)), raw.var((0, 2, 3)).clamp_min(VARIANCE_MIN)
    unit.bn.running_mean.copy_(mean)
    unit.bn.running_var.copy_(variance)
    unit.bn.bias.data = unit.bn.bias.data + mean
    unit.bn.weight.data = (variance + unit.bn.eps).sqrt()


def leak(run, part):
    """What is left of the slopes at this part of the time, in the net and its average."""
    for net in (run.net, run.average):
        net.leak(max(0.0, 1 - part / LEAKING))
