# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
"""ShuffleNetV2 (Ma et al., arXiv:1807.11164): 16 units with channel split and channel shuffle. All of the paper's units
are there, with the widths of the 0.5x network but for the last convolution; the first pool keeps its plane, and the second
halving is in time alone (49 x 10). Sizes are constants, so that the exported channel shuffle is Reshape, Transpose, Reshape."""
import torch
from torch import nn

FIRST = 24
STAGES = [(48, 4, (2, 1)), (96, 8, (2, 2)), (192, 4, (2, 2))]  # channels, units, stride of the first
LAST = 128  # the paper's: 1024
TRAINING = [{"epochs": 32, "warp": 0.12, "bend": 0.05, "stretch": 0.1, "timbre": 0.15}]


def pointwise(n_in, n_out):
    return [nn.Conv2d(n_in, n_out, 1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU()]


def depthwise(n, stride):
    return [nn.Conv2d(n, n, 3, stride, 1, groups=n, bias=False), nn.BatchNorm2d(n)]


class Unit(nn.Module):
    """With stride 1 half of the channels go past; with stride 2 both branches take all of them."""

    def __init__(self, n_in, n_out, stride, height, width):
        super().__init__()
        half = n_out // 2
        self.passing = None if stride == 1 else nn.Sequential(*depthwise(n_in, stride), *pointwise(n_in, half))
        self.branch = nn.Sequential(*pointwise(half if stride == 1 else n_in, half), *depthwise(half, stride),
                                    *pointwise(half, half))
        self.half, self.size = half, (height, width)

    def forward(self, x):
        passing, x = x.split(self.half, dim=1) if self.passing is None else (self.passing(x), x)
        x = torch.cat([passing, self.branch(x)], dim=1)
        return x.reshape(-1, 2, self.half, *self.size).transpose(1, 2).reshape(-1, 2 * self.half, *self.size)


def network(classes):
    layers = [nn.Conv2d(1, FIRST, 3, 2, 1, bias=False), nn.BatchNorm2d(FIRST), nn.ReLU(), nn.MaxPool2d(3, (1, 1), 1)]
    n, height, width = FIRST, 25, 5
    for channels, units, stride in STAGES:
        height, width = -(-height // stride[0]), -(-width // stride[1])
        for unit in range(units):
            layers.append(Unit(n, channels, 1 if unit else stride, height, width))
            n = channels
    return nn.Sequential(*layers, *pointwise(n, LAST), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(LAST, classes))
