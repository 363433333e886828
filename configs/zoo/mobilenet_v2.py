# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
"""MobileNetV2 (Sandler et al., arXiv:1801.04381): 17 inverted residuals with linear bottlenecks and ReLU6. All of the
paper's blocks are there; the widths are a quarter of the paper's but at least 16, that of the last convolution a tenth;
of the five halvings the plane of 49 x 10 leaves room for four, the second in time alone. Two more blocks than in the
paper have as many channels out as in, and so a shortcut."""
from torch import nn

WIDTH = 1 / 4
STAGES = [  # expansion, channels of the paper, blocks, stride of the first
    (1, 16, 1, 1), (6, 24, 2, (2, 1)), (6, 32, 3, 1), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
LAST = 128
TRAINING = [{"epochs": 20}]


def channels(paper):
    return max(16, round(paper * WIDTH / 4) * 4)


def convolution(n_in, n_out, kernel, stride=1, groups=1):
    return [nn.Conv2d(n_in, n_out, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(n_out), nn.ReLU6()]


class InvertedResidual(nn.Module):
    def __init__(self, n_in, n_out, expansion, stride):
        super().__init__()
        wide = n_in * expansion
        expand = convolution(n_in, wide, 1) if expansion > 1 else []
        self.layers = nn.Sequential(*expand, *convolution(wide, wide, 3, stride, groups=wide),
                                    nn.Conv2d(wide, n_out, 1, bias=False), nn.BatchNorm2d(n_out))
        self.residual = stride == 1 and n_in == n_out

    def forward(self, x):
        return x + self.layers(x) if self.residual else self.layers(x)


def network(classes):
    n = channels(32)
    layers = convolution(1, n, 3, 2)
    for expansion, paper, blocks, stride in STAGES:
        for block in range(blocks):
            layers.append(InvertedResidual(n, channels(paper), expansion, 1 if block else stride))
            n = channels(paper)
    return nn.Sequential(*layers, *convolution(n, LAST, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(LAST, classes))
