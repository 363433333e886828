#!/bin/bash
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
# A Mamba that others trained, from its tensors through PyTorch and ONNX to integers. usage: mamba_kws10.sh SOURCE_ROOT PARE_NET
set -eu
source=$1 pare_net=$2
assets=${PARE_ASSETS:-$source/../shared/assets}
[ -d "$assets/models/mambalite/kws10" ] || { echo "skipped: no models/mambalite/kws10 under $assets"; exit 77; }
/usr/bin/python3 -c 'import torch, onnx' 2>/dev/null || { echo "skipped: python3-torch and python3-onnx are not installed"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
/usr/bin/python3 "$source/tests/system/mamba_kws10.py" "$source" "$assets" "$folder" 2>/dev/null
percent() {
    "$pare_net" evaluate "$folder/kws10.onnx" --data "$folder/others_x.npy" --labels "$folder/others_y.npy" \
        --calibration "$folder/fifth_x.npy" --setting "$@" --json | sed 's/.*"accuracy": *\([0-9.]*\).*/\1/'
}
float=$(percent float32)
for way in "w8a8" "w8a8 --state-bits 16"; do
    got=$(percent $way)
    echo "float32 $float, $way $got"
    awk "BEGIN { exit !($got > $float - 0.025) }" || { echo "more than 2.5 points below float32"; exit 1; }
done
awk "BEGIN { exit !($float > 0.83) }"
