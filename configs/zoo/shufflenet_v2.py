# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
"""ShuffleNetV2 (Ma et al., arXiv:1807.11164): 16 units with channel split and channel shuffle. All of the paper's units
are there; the widths are half of the 0.5x network's, and the first convolution and pool leave the few coefficients
alone (49 frames x 10). Sizes are constants, so that the exported channel shuffle is Reshape, Transpose, Reshape."""
import torch
from torch import nn

FIRST = 12
STAGES = [(24, 4), (48, 8), (96, 4)]  # channels, units; the paper's 0.5x has 48, 96, 192
LAST = 256  # the paper's: 1024


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
    layers = [nn.Conv2d(1, FIRST, 3, (2, 1), 1, bias=False), nn.BatchNorm2d(FIRST), nn.ReLU(), nn.MaxPool2d(3, (1, 1), 1)]
    n, height, width = FIRST, 25, 10
    for channels, units in STAGES:
        height, width = (height + 1) // 2, (width + 1) // 2
        for unit in range(units):
            layers.append(Unit(n, channels, 1 if unit else 2, height, width))
            n = channels
    return nn.Sequential(*layers, *pointwise(n, LAST), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(LAST, classes))
