#!/bin/sh
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
# Full-width ResNet-50 with random weights: imported, quantized, run on the host, and refused for an STM32U585 with the bytes that are missing.
# usage: resnet50.sh MAKE_RESNET50 PARE_NET
set -eu
make=$1 net=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$make" "$folder/resnet50.onnx" "$folder/x.npy" 4
"$net" inspect "$folder/resnet50.onnx" --setting w8a8 > "$folder/inspected"
tail -2 "$folder/inspected"
flash=$(sed -n 's/.*flash \([0-9]*\) bytes.*/\1/p' "$folder/inspected") ram=$(sed -n 's/.*RAM \([0-9]*\) bytes.*/\1/p' "$folder/inspected")
grep -q ' 25502912 ' "$folder/inspected" # 25.557 M less 53,120 of the batch normalizations and 1,000 biases
"$net" evaluate "$folder/resnet50.onnx" --data "$folder/x.npy" --calibration "$folder/x.npy" --metric fidelity --setting w8a8 \
    --clipping minmax | tee "$folder/evaluated"
grep -q '^fidelity 0\.99' "$folder/evaluated"
if "$net" inspect "$folder/resnet50.onnx" --setting w8a8 --flash-bytes 1980000 --ram-bytes 700000 > /dev/null 2> "$folder/refused"; then
    echo "it fits a board of 2 MiB"
    exit 1
fi
cat "$folder/refused"
grep -q "$((flash - 1980000)) more than there are" "$folder/refused"
grep -q "$((ram - 700000)) more than there are" "$folder/refused"
