#!/usr/bin/python3
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
"""A Mamba classifier in plain PyTorch (Gu and Dao, "Mamba", arXiv:2312.00752) and its way into ONNX.

PyTorch's exporter unrolls a loop over time into thousands of nodes. Here the loop is a function of its own that exports as
one node, SelectiveScan of domain "pare", version 1 (docs/networks.md has its definition); all else is standard ONNX. The
projections that the paper splits after one product (in_proj into x and z, x_proj into dt, B and C) are layers of
their own: the same numbers, and each gets its own setting.

    from mamba import Classifier, export
    model = Classifier(features=10, classes=12)      # sequences [batch, time, features] to scores [batch, classes]
    ... train ...
    export(model, frames=49, path="mamba.onnx")

Needs Debian's python3-torch and python3-onnx."""
import math

import torch
from torch import nn
from torch.nn import functional as F


class Recurrence(torch.autograd.Function):
    """h[t] = decay[t] * h[t-1] + drive[t] over the first axis, h[-1] = 0. Its slopes by hand: autograd through the steps
    takes three times as long."""

    @staticmethod
    def forward(ctx, decay, drive):
        h = drive.clone()
        for t in range(1, len(h)):
            h[t].addcmul_(decay[t], h[t - 1])
        ctx.save_for_backward(decay, h)
        return h

    @staticmethod
    def backward(ctx, slope):
        decay, h = ctx.saved_tensors
        slope = slope.clone()
        for t in range(len(h) - 1, 0, -1):
            slope[t - 1].addcmul_(decay[t], slope[t])
        by_decay = torch.zeros_like(decay)
        torch.mul(slope[1:], h[:-1], out=by_decay[1:])
        return by_decay, slope


def scan(u, delta, A, B, C, D, delta_softplus):
    """The reference. u, delta [batch, time, d]; A [d, n] <= 0; B, C [batch, time, n]; D [d]."""
    step = F.softplus(delta) if delta_softplus else torch.clamp(delta, min=0)
    time_first = [x.transpose(0, 1).contiguous() for x in (step, step * u, B, C)]
    step, drive, B, C = time_first
    h = Recurrence.apply(torch.exp(step[..., None] * A), drive[..., None] * B[:, :, None])
    return torch.matmul(h, C[..., None])[..., 0].transpose(0, 1) + D * u


class ScanNode(torch.autograd.Function):
    """What stands for scan() while a model is exported."""

    @staticmethod
    def forward(ctx, u, delta, A, B, C, D, delta_softplus):
        return scan(u, delta, A, B, C, D, delta_softplus)

    @staticmethod
    def symbolic(g, u, delta, A, B, C, D, delta_softplus):
        node = g.op("pare::SelectiveScan", u, delta, A, B, C, D, delta_softplus_i=int(delta_softplus))
        node.setType(u.type())
        return node


class RMSNorm(nn.Module):
    """x / sqrt(mean(x^2) + eps) * weight over the channels."""

    def __init__(self, channels, eps=1e-5):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.eps = eps

    def forward(self, x):
        return x / torch.sqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


class Block(nn.Module):
    """x [batch, time, width] -> [batch, time, width]: projections, causal convolution, selective scan, gate."""

    def __init__(self, width, state=16, taps=4, expand=2, rank=None, least_step=0.001, most_step=0.1):
        super().__init__()
        inner, rank = expand * width, rank or math.ceil(width / 16)
        self.in_x = nn.Linear(width, inner, bias=False)
        self.in_z = nn.Linear(width, inner, bias=False)
        self.conv = nn.Conv1d(inner, inner, taps, groups=inner, padding=taps - 1)
        self.to_rank = nn.Linear(inner, rank, bias=False)
        self.to_B = nn.Linear(inner, state, bias=False)
        self.to_C = nn.Linear(inner, state, bias=False)
        self.to_delta = nn.Linear(rank, inner)
        self.out = nn.Linear(inner, width, bias=False)
        self.A_log = nn.Parameter(torch.log(torch.arange(1, state + 1).float()).repeat(inner, 1))
        self.D = nn.Parameter(torch.ones(inner))
        self.A = None  # -exp(A_log), set for the time of an export: a constant of the file
        self.set_steps(rank, least_step, most_step)

    def set_steps(self, rank, least, most):
        """Steps begin spread evenly between least and most on a logarithmic scale, as the paper has it (section 3.6)."""
        nn.init.uniform_(self.to_delta.weight, -rank ** -0.5, rank ** -0.5)
        steps = torch.exp(torch.rand(self.to_delta.bias.shape) * math.log(most / least) + math.log(least))
        with torch.no_grad():
            self.to_delta.bias.copy_(steps + torch.log(-torch.expm1(-steps)))  # softplus backwards

    def forward(self, x):
        gate = F.silu(self.in_z(x))
        u = self.conv(self.in_x(x).transpose(1, 2))[:, :, :-self.conv.padding[0]]  # cut to what is past: causal
        u = F.silu(u.transpose(1, 2))
        delta = self.to_delta(self.to_rank(u))
        A = -torch.exp(self.A_log) if self.A is None else self.A
        run = ScanNode.apply if torch.onnx.is_in_onnx_export() else scan
        return self.out(run(u, delta, A, self.to_B(u), self.to_C(u), self.D, True) * gate)


class Classifier(nn.Module):
    """features -> width, residual Mamba blocks with RMSNorm before each, RMSNorm, mean over time, scores."""

    def __init__(self, features, classes, width=32, blocks=2, **block):
        super().__init__()
        self.width_in = nn.Linear(features, width)
        self.norms = nn.ModuleList(RMSNorm(width) for _ in range(blocks))
        self.blocks = nn.ModuleList(Block(width, **block) for _ in range(blocks))
        self.last_norm = RMSNorm(width)
        self.scores = nn.Linear(width, classes)

    def forward(self, x):
        x = self.width_in(x)
        for norm, block in zip(self.norms, self.blocks):
            x = x + block(norm(x))
        return self.scores(self.last_norm(x).mean(1))


def export(model, frames, path):
    """Writes the model for sequences of `frames` steps; the batch stays open."""
    features = next(m for m in model.modules() if isinstance(m, nn.Linear)).in_features
    blocks = [m for m in model.modules() if isinstance(m, Block)]
    was_training = model.training
    model.eval()
    for block in blocks:
        block.A = -torch.exp(block.A_log.detach())
    try:
        torch.onnx.export(model, torch.zeros(1, frames, features), path, opset_version=13, custom_opsets={"pare": 1},
                          input_names=["features"], output_names=["scores"],
                          dynamic_axes={"features": {0: "n"}, "scores": {0: "n"}})
    finally:
        for block in blocks:
            block.A = None
        model.train(was_training)


class Words(nn.Module):
    """The zoo's network: takes planes [batch, 1, frames, features], as the others do, while it is trained."""

    def __init__(self, classes):
        super().__init__()
        self.sequences = Classifier(features=10, classes=classes, width=40, state=8)

    def forward(self, x):
        return self.sequences(x[:, 0])

    def export(self, path):
        export(self.sequences, frames=49, path=path)


def network(classes):
    """What train.py asks for; two blocks of width 40 with 8 states for each of 80 inner channels."""
    return Words(classes)


TRAINING = [{"epochs": 18, "loudness": 2, "hidden": 6, "warp": 0.12, "bend": 0.05, "stretch": 0.1, "timbre": 0.15}]
