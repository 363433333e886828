#!/usr/bin/env python3
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
"""Trains the demo's keyword spotter, a DS-CNN (Zhang et al., "Hello Edge", arXiv:1711.07128, the small one), on the
features that make_speech.py wrote, and exports it to ONNX.

    python3 make_speech.py DATA && python3 train.py DATA dscnn.onnx

Needs Debian's python3-torch and python3-onnx. Input of the network: float features [n, 1, 49, 10], which are the int8
numbers of the .npy files ([n, 49, 10, 1]) times FEATURE_SCALE."""
import sys

import numpy as np
import torch
from torch import nn

SEED = 20260401
FEATURE_SCALE = 0.25
CLASSES = 12
WIDTH = 64
EPOCHS = 24
BATCH = 100


def separable(channels):
    return [
        nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False), nn.BatchNorm2d(channels), nn.ReLU(),
        nn.Conv2d(channels, channels, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU()]


def network():
    layers = [nn.Conv2d(1, WIDTH, (10, 4), stride=2, padding=(4, 1), bias=False), nn.BatchNorm2d(WIDTH), nn.ReLU()]
    for _ in range(4):
        layers += separable(WIDTH)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(WIDTH, CLASSES))


def load(folder, name):
    x = np.load(f"{folder}/{name}_x.npy").astype(np.float32) * FEATURE_SCALE
    y = np.load(f"{folder}/{name}_y.npy").astype(np.int64)
    return torch.from_numpy(x).permute(0, 3, 1, 2).contiguous(), torch.from_numpy(y)


def augment(x):
    """Shifts every sample by up to 4 frames and hides a few frames and coefficients (SpecAugment, arXiv:1904.08779)."""
    shift = int(torch.randint(-4, 5, (1,)))
    x = torch.roll(x, shift, dims=2)
    frame, coefficient = int(torch.randint(0, 44, (1,))), int(torch.randint(0, 10, (1,)))
    x = x.clone()
    x[:, :, frame:frame + 5] = 0
    if coefficient:
        x[:, :, :, coefficient] = 0
    return x


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return float((model(x).argmax(1) == y).float().mean())


def train(folder):
    torch.manual_seed(SEED)
    torch.set_num_threads(1)  # the same bits on every machine of one kind
    x, y = load(folder, "train")
    validation = load(folder, "validation")
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3, weight_decay=1e-5)
    steps = EPOCHS * (len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.05)
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for rows in torch.randperm(len(x))[:steps // EPOCHS * BATCH].split(BATCH):
            loss = loss_of(model(augment(x[rows])), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss)
        print(f"epoch {epoch + 1}: loss {total * EPOCHS / steps:.4f}, "
              f"validation {accuracy(model, *validation):.4f}", flush=True)
    return model


def main():
    folder, path = sys.argv[1:]
    model = train(folder)
    print(f"test {accuracy(model, *load(folder, 'test')):.4f}")
    model.eval()
    torch.onnx.export(model, torch.zeros(1, 1, 49, 10), path, opset_version=11, input_names=["features"],
                      output_names=["scores"], dynamic_axes={"features": {0: "n"}, "scores": {0: "n"}})


main()
