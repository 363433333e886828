#!/usr/bin/env python3
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
"""Trains a network of the zoo on the demo's spoken words and exports it to ONNX.

    python3 configs/demo/make_speech.py DATA
    python3 configs/zoo/train.py mobilenet_v1 DATA configs/zoo/mobilenet_v1.onnx

NAME is a module beside this file that has `network(classes)`, a torch.nn.Module from float features [n, 1, 49, 10] to
scores [n, classes], and may have TRAINING, a list of stages; the model may have `export(path)`. The features are the int8 numbers
of DATA/*_x.npy ([n, 49, 10, 1]) times FEATURE_SCALE. DATA's test samples are looked at once, at the end. Needs Debian's
python3-torch and python3-onnx."""
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
BANDS = 40  # of the mel spectrum that make_speech.py takes the coefficients of

# A stage of training; a recipe's TRAINING is a list of stages that say what is different.
STAGE = {
    "epochs": 16,
    "rate": 4e-3,
    "warm_up": 0.15,  # share of the steps until the rate is reached
    "hidden": 4,      # frames at most
    "loudness": 0,    # deviation of what is added to all first coefficients of a sample
    "warp": 0,        # of frequencies, at most
    "bend": 0,        # of frequencies against each other, at most: a warp more at five places, on a line between them
    "stretch": 0,     # of time, at most
    "timbre": 0,      # deviation of what is added to each coefficient of a sample, in deviations of that coefficient
}


def load(folder, name):
    x = np.load(Path(folder) / f"{name}_x.npy").astype(np.float32) * FEATURE_SCALE
    y = np.load(Path(folder) / f"{name}_y.npy").astype(np.int64)
    return torch.from_numpy(x).permute(0, 3, 1, 2).contiguous(), torch.from_numpy(y)


def warps(most, bend):
    """Matrices that turn coefficients into those of a voice whose frequencies are up to `most` higher or lower: back to
    mel bands, resampled, and to coefficients again (vocal tract length perturbation, Jaitly and Hinton 2013). With a bend
    formants move against each other as well."""
    band, order = np.arange(BANDS), np.arange(10)[:, None]
    dct = np.cos(np.pi / BANDS * (band + 0.5) * order) * np.where(order, np.sqrt(2 / BANDS), np.sqrt(1 / BANDS))
    matrices, rng = [], np.random.default_rng(SEED)
    for factor in np.linspace(1 - most, 1 + most, 201 if bend else 21):
        moved = np.interp(band, np.linspace(0, BANDS - 1, 5), rng.uniform(-bend, bend, 5)) if bend else 0
        at = np.clip((band + 0.5) * (factor + moved) - 0.5, 0, BANDS - 1)
        resample = np.maximum(0, 1 - np.abs(at[:, None] - band))  # linear between bands
        matrices.append(dct @ resample @ dct.T)
    return torch.tensor(np.stack(matrices), dtype=torch.float32)


def augment(x, stage, warped):
    """Shifts each sample by up to 5 frames, may change pace, voice and loudness, and hides some frames and one coefficient
    of it (SpecAugment, arXiv:1904.08779)."""
    n, _, frames, coefficients = x.shape
    rows, at, spread = torch.arange(n), torch.arange(frames), x.std((0, 2), keepdim=True)
    if stage["stretch"]:
        pace = 1 + stage["stretch"] * (2 * torch.rand(n, 1) - 1)
        at = ((at - frames / 2) * pace + frames / 2).round().long()
    at = (at + torch.randint(-5, 6, (n, 1))).clamp(0, frames - 1)
    x = x[rows[:, None], :, at].permute(0, 2, 1, 3).clone()
    if stage["timbre"]:
        x += stage["timbre"] * spread * torch.randn(n, 1, 1, coefficients)
    if stage["warp"]:
        x = x @ warped[torch.randint(0, len(warped), (n,))].transpose(1, 2)[:, None]
    if stage["loudness"]:
        x[..., 0] += stage["loudness"] * torch.randn(n, 1, 1)
    first, at = torch.randint(0, frames, (n, 1)), torch.arange(frames)
    masked = (at >= first) & (at < first + torch.randint(0, stage["hidden"] + 1, (n, 1)))
    x = x * ~masked[:, None, :, None]
    one = torch.arange(coefficients) == torch.randint(1, 2 * coefficients, (n, 1))  # none, every other time
    return x * ~one[:, None, None, :]


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return float((torch.cat([model(part) for part in x.split(500)]).argmax(1) == y).float().mean())


def train(model, folder, stage):
    x, y = load(folder, "train")
    validation = load(folder, "validation")
    optimizer = torch.optim.AdamW(model.parameters(), lr=stage["rate"], weight_decay=1e-2)
    batches, epochs = len(x) // BATCH, stage["epochs"]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, stage["rate"], total_steps=epochs * batches,
                                                   pct_start=stage["warm_up"])
    loss_of, warped = nn.CrossEntropyLoss(label_smoothing=0.05), warps(stage["warp"], stage["bend"])
    for epoch in range(epochs):
        model.train()
        total = 0.0
        for rows in torch.randperm(len(x))[:batches * BATCH].split(BATCH):
            loss = loss_of(model(augment(x[rows], stage, warped)), y[rows])
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
    for i, stage in enumerate(getattr(recipe, "TRAINING", [{}])):
        if i:
            torch.manual_seed(SEED + i)
        train(model, folder, STAGE | stage)
    print(f"test {accuracy(model, *load(folder, 'test')):.4f}")
    export(model, path)


if __name__ == "__main__":
    main()
