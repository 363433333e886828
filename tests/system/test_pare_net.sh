#!/bin/bash
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
# The command line of `pare-net inspect`, `evaluate` and `tune`: answers, one clear line for each mistake, exit codes.
# usage: test_pare_net.sh PARE_NET SOURCE_ROOT
pare_net=$1 demo=$2/configs/demo
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
failed=0

# expect STATUS TEXT ARGUMENTS...: the exit code, and TEXT in what is printed; failures (1) print one line and nothing else
expect() {
    local status=$1 text=$2 got lines
    shift 2
    "$pare_net" "$@" >"$folder/out" 2>"$folder/err"
    got=$?
    lines=$(wc -l <"$folder/err")
    if [ "$got" != "$status" ] || ! cat "$folder/out" "$folder/err" | grep -qF -- "$text" ||
        { [ "$status" = 1 ] && { [ "$lines" != 1 ] || [ -s "$folder/out" ]; }; }; then
        echo "pare-net $*: status $got, $lines lines of errors; expected status $status and '$text'"
        cat "$folder/out" "$folder/err"
        failed=1
    fi
}

evaluate() { # STATUS TEXT NETWORK SAMPLES LABELS OPTIONS...
    local status=$1 text=$2 network=$3 samples=$4 labels=$5
    shift 5
    expect "$status" "$text" evaluate "$network" --data "$samples" --labels "$labels" --input-scale 0.25 "$@"
}

net=$demo/dscnn.onnx x=$demo/test_x.npy y=$demo/test_y.npy
expect 0 "10 layers in 10 slots" inspect "$net"
expect 0 '"macs":	2550528' inspect "$net" --json
expect 0 "w4a8: flash" inspect "$net" --setting w4a8
expect 0 '"ram_bytes":	' inspect "$net" --setting w4a8 --json
expect 0 "w8a8: flash" inspect "$2/configs/zoo/mamba.onnx" --setting w8a8
expect 1 "more than there are, and" inspect "$net" --setting w8a8 --flash-bytes 10000 --ram-bytes 1000
expect 1 "given: the network's file has no integer weights" inspect "$net" --setting given
expect 2 "usage:" inspect "$net" --flash-bytes 10000
evaluate 0 '"accuracy": 0.9310, "correct": 931, "total": 1000' "$net" "$x" "$y" --setting float32 --json
evaluate 0 "accuracy 0.9310 (931 of 1000), float32" "$net" "$x" "$y"

evaluate 1 "auc: the network has 12 outputs; 1, 2 or as many as inputs are needed" "$net" "$x" "$y" --metric auc
expect 0 "fidelity 1.000000 (mean squared distance 0 to" evaluate "$net" --data "$x" --input-scale 0.25 --metric fidelity
printf '#!/bin/sh\n[ -s "$1" ] && [ -s "$2" ] && [ "$3" = "%s" ] && echo 0.5\n' "$y" >"$folder/scorer"
chmod +x "$folder/scorer"
evaluate 0 '"scorer": 0.5000,' "$net" "$x" "$y" --scorer "$folder/scorer" --json
evaluate 1 "scorer /bin/false: exit status 1" "$net" "$x" "$y" --scorer /bin/false
evaluate 2 "--metric mean: accuracy, auc, fidelity or scorer is wanted" "$net" "$x" "$y" --metric mean

expect 1 "$folder/none.onnx: No such file or directory" inspect "$folder/none.onnx"
evaluate 1 "none.npy: No such file or directory" "$net" "$folder/none.npy" "$y"
head -c 40000 "$net" >"$folder/cut.onnx"
expect 1 "cut.onnx: not an ONNX file, or one that was cut off" inspect "$folder/cut.onnx"
evaluate 1 "samples of shape (), but the network takes (49, 10, 1)" "$net" "$y" "$y"
evaluate 1 "1000 labels for 2000 samples" "$net" "$demo/validation_x.npy" "$y"
cp "$y" "$folder/labels.npy" # the last label becomes 12, of classes 0 to 11
printf '\x0c' | dd of="$folder/labels.npy" bs=1 seek=$(($(stat -c %s "$y") - 1)) conv=notrunc status=none
evaluate 1 "labels.npy: label 12 of sample 999 is not one of the 12 classes" "$net" "$x" "$folder/labels.npy"
evaluate 1 "3 means" "$net" "$x" "$y" --input-mean 1,2,3
head -c 5000 "$x" >"$folder/cut.npy"
evaluate 1 "cut.npy: the file is too short for its shape" "$net" "$folder/cut.npy" "$y"

tune() { # STATUS TEXT OPTIONS...
    local status=$1 text=$2
    shift 2
    expect "$status" "$text" tune "$net" --calibration "$x" --input-scale 0.25 --out "$folder/tuned" "$@"
}
tuned_correct() {
    "$pare_net" evaluate "$net" --data "$x" --labels "$y" --input-scale 0.25 --calibration "$x" --setting w2a8 --json "$@" |
        sed 's/.*"correct": \([0-9]*\),.*/\1/'
}
tune 0 "step 40 of 40" --candidate w2a8 --steps 40 --rate 0.01
before=$(tuned_correct) after=$(tuned_correct --tuned "$folder/tuned")
[ "$after" -gt "$before" ] || { echo "of 1000, $before right before training, $after after it" && failed=1; }
evaluate 1 "none.bin: there is no such file" "$net" "$x" "$y" --calibration "$x" --setting w2a8 --tuned "$folder/none.bin"
evaluate 1 "w4a8 is not among the options" "$net" "$x" "$y" --calibration "$x" --setting w4a8 --tuned "$folder/tuned"
tune 1 "float32 is not among the options" --candidate float32 --steps 1
tune 2 "--steps is missing" --candidate w2a8
tune 2 "--rate 2: above 0" --candidate w2a8 --steps 1 --rate 2
evaluate 2 "--clipping mean: mse, minmax, percentile or aciq is wanted" "$net" "$x" "$y" --clipping mean

expect 2 "usage:"
expect 2 "no command 'nonsense'" nonsense
expect 2 "usage:" inspect
expect 2 "--data and --labels are needed" evaluate "$net"
evaluate 2 "--input-layout" "$net" "$x" "$y" --input-layout upside-down
evaluate 2 "usage:" "$net" "$x" "$y" --nonsense
expect 0 "usage:" evaluate --help
exit $failed
