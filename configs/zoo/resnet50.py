# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
"""ResNet-50 (He et al., arXiv:1512.03385): 16 bottleneck blocks in stages of 3, 4, 6 and 3, 53 convolutions. The structure
is the paper's; the widths are 3/32 of it but at least 16 (32 in the first convolution), so that it fits a
microcontroller, and of its five halvings the plane of 49 x 10 leaves room for four, two of them in time alone. Strides
stand in the 3 x 3 convolutions, as in every later ResNet-50."""
from torch import nn

WIDTH = 3 / 32
STAGES = [(64, 3, 1), (128, 4, (2, 1)), (256, 6, 2), (512, 3, 1)]  # channels of the paper, blocks, stride of the first
EXPANSION = 4


def channels(paper):
    return max(16, round(paper * WIDTH))


def convolution(n_in, n_out, kernel, stride=1):
    return [nn.Conv2d(n_in, n_out, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(n_out)]


class Bottleneck(nn.Module):
    def __init__(self, n_in, n, stride):
        super().__init__()
        n_out = n * EXPANSION
        self.layers = nn.Sequential(*convolution(n_in, n, 1), nn.ReLU(), *convolution(n, n, 3, stride), nn.ReLU(),
                                    *convolution(n, n_out, 1))
        nn.init.zeros_(self.layers[-1].weight)  # each block begins as its shortcut (Goyal et al., arXiv:1706.02677)
        whole = stride == 1 and n_in == n_out
        self.shortcut = nn.Identity() if whole else nn.Sequential(*convolution(n_in, n_out, 1, stride))

    def forward(self, x):
        return (self.shortcut(x) + self.layers(x)).relu()


def network(classes):
    n = 2 * channels(64)
    layers = [*convolution(1, n, 7, 2), nn.ReLU(), nn.MaxPool2d(3, (2, 1), 1)]
    for paper, blocks, stride in STAGES:
        for block in range(blocks):
            layers.append(Bottleneck(n, channels(paper), 1 if block else stride))
            n = channels(paper) * EXPANSION
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(n, classes))
