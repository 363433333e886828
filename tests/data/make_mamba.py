#!/usr/bin/python3
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
"""Writes the Mamba fixtures beside this file: a small classifier, trained for some seconds, samples, and PyTorch's answers.

    python3 tests/data/make_mamba.py

mamba.onnx: 12 steps of 6 features, two blocks of width 8 with 5 states, 4 classes: which of the first four features is largest
on average over the first six steps. mamba_x.npy [256, 12, 6], 8 times what goes in, mamba_labels.npy [256], mamba_y.npy [256, 4]. Needs Debian's
python3-torch and python3-onnx."""
import sys
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "configs" / "zoo"))
from mamba import Classifier, export  # noqa: E402


def draw(n, generator):
    x = torch.round(8 * torch.randn(n, 12, 6, generator=generator)) / 8
    return x, x[:, :6, :4].mean(1).argmax(1)


def main():
    torch.manual_seed(20260402)
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(1)
    model = Classifier(features=6, classes=4, width=8, blocks=2, state=5, taps=4, least_step=0.02, most_step=1.0)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(600):
        x, labels = draw(64, generator)
        loss = F.cross_entropy(model(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    x, labels = draw(256, generator)
    with torch.no_grad():
        y = model(x)
    export(model, 12, str(HERE / "mamba.onnx"))
    np.save(HERE / "mamba_x.npy", (8 * x).numpy().astype(np.int8))
    np.save(HERE / "mamba_labels.npy", labels.numpy().astype(np.uint8))
    np.save(HERE / "mamba_y.npy", y.numpy())
    print("right:", float((y.argmax(1) == labels).float().mean()))


main()
