#!/usr/bin/python3
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
"""Writes a Mamba that others trained (MambaLite-Micro's keyword spotter, a .npy file per tensor) as ONNX, and its data in parts.

    mamba_kws10.py SOURCE_ROOT ASSETS FOLDER

FOLDER gets kws10.onnx, fifth_x.npy (every fifth sample, for calibration), others_x.npy and others_y.npy."""
import sys

import numpy as np
import torch
from torch import nn

source, assets, folder = sys.argv[1:]
sys.path.insert(0, f"{source}/configs/zoo")
from mamba import Block, export  # noqa: E402


class Spotter(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear_in = nn.Linear(40, 64)
        self.block = Block(64, state=16, taps=4, expand=2, rank=4)
        self.classifier = nn.Linear(64, 10)

    def forward(self, x):
        return self.classifier(self.block(self.linear_in(x)).mean(1))


def tensor(name):
    return torch.from_numpy(np.load(f"{assets}/models/mambalite/kws10/{name}.npy"))


def main():
    model = Spotter()
    in_proj, x_proj = tensor("mamba_in_proj_weight"), tensor("mamba_x_proj_weight")
    model.load_state_dict({
        "linear_in.weight": tensor("linear_in_weight"), "linear_in.bias": tensor("linear_in_bias"),
        "block.in_x.weight": in_proj[:128], "block.in_z.weight": in_proj[128:],
        "block.conv.weight": tensor("mamba_conv1d_weight").reshape(128, 1, 4), "block.conv.bias": tensor("mamba_conv1d_bias"),
        "block.to_rank.weight": x_proj[:4], "block.to_B.weight": x_proj[4:20], "block.to_C.weight": x_proj[20:],
        "block.to_delta.weight": tensor("mamba_dt_proj_weight"), "block.to_delta.bias": tensor("mamba_dt_proj_bias"),
        "block.A_log": tensor("mamba_A_log"), "block.D": tensor("mamba_D"), "block.out.weight": tensor("mamba_out_proj_weight"),
        "classifier.weight": tensor("classifier_weight"), "classifier.bias": tensor("classifier_bias")})
    x, y = (np.load(f"{assets}/data/kws_logmel/{name}.npy") for name in ("x", "y_mamba10"))
    with torch.no_grad():
        right = (model(torch.from_numpy(x[y != 255])).argmax(1).numpy() == y[y != 255]).mean()
    print(f"PyTorch: {100 * right:.2f} % of {(y != 255).sum()}")
    export(model, 100, f"{folder}/kws10.onnx")
    fifth = np.arange(len(x)) % 5 == 0
    np.save(f"{folder}/fifth_x.npy", x[fifth])
    np.save(f"{folder}/others_x.npy", x[~fifth])
    np.save(f"{folder}/others_y.npy", y[~fifth])


main()
