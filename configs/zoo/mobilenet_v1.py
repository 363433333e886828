# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
"""MobileNetV1 (Howard et al., arXiv:1704.04861): a convolution and 13 depthwise-separable blocks. All 27 convolutions are
there; the widths are 3/16 of the paper's but at least 64, and of its five halvings the plane of 49 x 10 leaves room for
four, those of the first two in time alone."""
from torch import nn

WIDTH = 3 / 16
TRAINING = [{"epochs": 20, "warp": 0.1}]
BLOCKS = [  # channels of the paper, stride
    (64, 1), (128, (2, 1)), (128, 1), (256, 2), (256, 1), (512, 1),
    (512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 2), (1024, 1)]


def channels(paper):
    return max(64, round(paper * WIDTH / 4) * 4)


def convolution(n_in, n_out, kernel, stride, groups=1):
    return [nn.Conv2d(n_in, n_out, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(n_out), nn.ReLU()]


def network(classes):
    n = channels(32)
    layers = convolution(1, n, 3, (2, 2))
    for paper, stride in BLOCKS:
        layers += convolution(n, n, 3, stride, groups=n) + convolution(n, channels(paper), 1, 1)
        n = channels(paper)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(n, classes))
