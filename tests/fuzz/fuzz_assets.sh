#!/bin/sh
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
# Broken versions of files that others made, through the readers of each kind. A reader that crashes, runs out of 2 GiB or says nothing fails.
# usage: fuzz_assets.sh FUZZ_IMPORT FUZZ_NPY FUZZ_STUDY FUZZ_TRIALS SOURCE_ROOT MUTATIONS
set -eu
assets=${PARE_ASSETS:-$5/../shared/assets}
if [ ! -d "$assets/models" ]; then
    echo "skipped: no networks under $assets (PARE_ASSETS)"
    exit 77
fi
files=0
try() { # READER FILE
    nice "$1" --mutations "$mutations" 7 "$2" || { echo "$1: $2"; exit 1; }
    files=$((files + 1))
}
mutations=$6
for f in $(find "$assets/models" -name '*.onnx' -o -name '*.tflite' | sort); do try "$1" "$f"; done
for f in $(find "$assets" -name '*.npy' -size -600k | sort); do try "$2" "$f"; done
for f in "$5"/configs/studies/*.json; do try "$3" "$f"; done
for f in "$5"/tests/data/*.trials.json; do try "$4" "$f"; done
echo "$files files, $mutations broken versions of each"
