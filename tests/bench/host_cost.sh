#!/bin/sh
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
# Host instructions that the virtual board executes for each of its core's, cycle model on, in the convolutions of kernel_bench.elf: counted by
# callgrind, so the same on a busy machine. Start and output cancel: it is the difference of two runs.
# usage: host_cost.sh PARE-VBOARD KERNEL-BENCH-ELF LIMIT
set -eu
vboard=$1
firmware=$2
limit=$3
command -v valgrind >/dev/null || { echo "skipped: no valgrind"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# $1: up to where this kernel begins, which is told before it runs. Prints host instructions and emulated ones.
count() {
    valgrind --tool=callgrind --callgrind-out-file="$folder/callgrind" "$vboard" run "$firmware" --json --until "$1" \
        >"$folder/out" 2>"$folder/log"
    host=$(sed -n 's/.*Collected : //p' "$folder/log")
    core=$(sed -n 's/.*"instructions": \([0-9]*\).*/\1/p' "$folder/out")
    echo "$host $core"
}

count '16->16 @16x16 w8a8' >"$folder/before"
count '64->64 @8x8 float32' >"$folder/after"
paste "$folder/before" "$folder/after" | awk -v limit="$limit" '{
    cost = ($3 - $1) / ($4 - $2)
    printf "%.1f host instructions for each of %d emulated ones, integer 3x3 convolutions\n", cost, $4 - $2
    exit cost > limit }'
