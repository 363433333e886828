#!/usr/bin/env python3
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
"""Trains a network of the zoo on the demo's spoken words and exports it to ONNX.

    python3 configs/demo/make_speech.py DATA
    python3 configs/zoo/train.py mobilenet_v1 DATA configs/zoo/mobilenet_v1.onnx

NAME is a module beside this file that has `network(classes)`, a torch.nn.Module from float features [n, 1, 49, 10] to
scores [n, classes], and optionally EPOCHS and RATE; the model may have `export(path)`. The features are the int8 numbers of DATA/*_x.npy ([n, 49, 10, 1])
times FEATURE_SCALE. DATA's test samples are looked at once, at the end. Needs Debian's python3-torch and python3-onnx."""
import importlib
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

SEED = 20260402
FEATURE_SCALE = 0.25
CLASSES = 12
BATCH = 100
EPOCHS = 24
RATE = 4e-3


def load(folder, name):
    x = np.load(Path(folder) / f"{name}_x.npy").astype(np.float32) * FEATURE_SCALE
    y = np.load(Path(folder) / f"{name}_y.npy").astype(np.int64)
    return torch.from_numpy(x).permute(0, 3, 1, 2).contiguous(), torch.from_numpy(y)


def augment(x):
    """Shifts each sample by up to 5 frames, makes it louder or softer (the first coefficient), and hides up to 6 frames
    and one coefficient of it (SpecAugment, arXiv:1904.08779)."""
    n, _, frames, coefficients = x.shape
    rows = torch.arange(n)
    at = (torch.arange(frames) + torch.randint(-5, 6, (n, 1))).clamp(0, frames - 1)
    x = x[rows[:, None], :, at].permute(0, 2, 1, 3).clone()
    x[..., 0] += 2 * torch.randn(n, 1, 1)
    first = torch.randint(0, frames, (n, 1))
    hidden = (torch.arange(frames) >= first) & (torch.arange(frames) < first + torch.randint(0, 7, (n, 1)))
    x = x * ~hidden[:, None, :, None]
    one = torch.arange(coefficients) == torch.randint(1, 2 * coefficients, (n, 1))  # none, every other time
    return x * ~one[:, None, None, :]


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return float((torch.cat([model(part) for part in x.split(500)]).argmax(1) == y).float().mean())


def train(model, folder, epochs, rate):
    x, y = load(folder, "train")
    validation = load(folder, "validation")
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=1e-2)
    batches = len(x) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=epochs * batches, pct_start=0.15)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.05)
    for epoch in range(epochs):
        model.train()
        total = 0.0
        for rows in torch.randperm(len(x))[:batches * BATCH].split(BATCH):
            loss = loss_of(model(augment(x[rows])), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss)
        print(f"epoch {epoch + 1}: loss {total / batches:.4f}, validation {accuracy(model, *validation):.4f}, "
              f"{time.process_time():.0f} s of processor", flush=True)


def export(model, path):
    """A model that knows how it is exported does it itself."""
    model.eval()
    if hasattr(model, "export"):
        return model.export(path)
    torch.onnx.export(model, torch.zeros(1, 1, 49, 10), path, opset_version=13, input_names=["features"],
                      output_names=["scores"], dynamic_axes={"features": {0: "n"}, "scores": {0: "n"}})


def main():
    name, folder, path = sys.argv[1:]
    torch.manual_seed(SEED)
    torch.set_num_threads(1)  # the same bits on every machine of one kind
    recipe = importlib.import_module(name)
    model = recipe.network(CLASSES)
    print(f"{name}: {sum(p.numel() for p in model.parameters())} parameters", flush=True)
    train(model, folder, getattr(recipe, "EPOCHS", EPOCHS), getattr(recipe, "RATE", RATE))
    print(f"test {accuracy(model, *load(folder, 'test')):.4f}")
    export(model, path)


if __name__ == "__main__":
    main()
