#!/bin/bash
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
# The package of the demo's network: its self-test passes, and a program that uses it answers as the worker and evaluate do.
# usage: test_package_demo.sh PARE_NET SOURCE_ROOT [PARE_VBOARD]
pare_net=$1 root=$2 vboard=$3 demo=$2/configs/demo
command -v cmake >/dev/null || { echo "skipped: no cmake"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
fail() { echo "FAILED: $*"; failed=1; }
run() { "$@" >"$work/log" 2>&1 || { cat "$work/log"; fail "$*"; return 1; }; }

# what the worker says of a candidate: correct answers on the test samples
expected() {
    printf '%s\n' '{"id": 1, "method": "open", "params": {"network": "'$demo'/dscnn.onnx", "folder": "'$work'/study",
        "calibration": "'$demo'/calibration_x.npy", "validation": "'$demo'/test_x.npy", "validation_labels": "'$demo'/test_y.npy",
        "input": {"scale": 0.25}, "options": ["w8a8", "'$1'"], "ram_bytes": 700000, "flash_bytes": 2000000}}' | tr -d '\n' >"$work/requests"
    printf '\n%s\n' '{"id": 2, "method": "score", "params": {"candidate": "'$1'", "set": "validation"}}' >>"$work/requests"
    "$pare_net" work <"$work/requests" | sed -n 's/.*"id":2.*"correct":\([0-9]*\).*/\1/p'
}

for setting in w4a4 float32; do
    p=$work/$setting
    run "$pare_net" package "$demo/dscnn.onnx" --candidate $setting --calibration "$demo/calibration_x.npy" --input-scale 0.25 \
        --out "$p" --name kws --samples 5 || continue
    run cmake -S "$p" -B "$p.host" -DCMAKE_C_FLAGS=-Werror && run cmake --build "$p.host" -j2 &&
        run ctest --test-dir "$p.host" --output-on-failure || continue
    grep -q "\"setting\"\|\"w_bits\"" "$p/metadata.json" || fail "metadata.json does not tell the bits"
    run cmake -S "$p" -B "$p.arm" --toolchain "$p/cmake/stm32u5.cmake" && run cmake --build "$p.arm" -j2 || continue
    for part in weights program; do
        section=$(arm-none-eabi-size -A "$p.arm/kws_selftest.elf" | awk '$1 == ".'$part'" {print $2}')
        planned=$(awk -F'[:,]' '/"flash":/ {on = 1} on && /"'$part'_bytes"/ {n += $2}
            on && part == "program" && /"parameters_bytes"/ {n += $2} on && /}/ {on = 0} END {print n + 0}' part=$part "$p/metadata.json")
        [ "$section" = "$planned" ] || fail "$setting: section .$part has $section bytes, planned are $planned"
    done
    if [ -n "$vboard" ]; then
        "$vboard" run "$p.arm/kws_selftest.elf" --console >"$work/board" || fail "the virtual board: $(cat "$work/board")"
        [ "$(grep -c '^sample [0-4] ok cycles [0-9]*' "$work/board")" = 5 ] && grep -q '^PASS' "$work/board" ||
            fail "$setting on the board: $(cat "$work/board")"
    fi
    [ $setting = float32 ] && continue # its kernels are slow here; the self-test has said enough
    run gcc -O2 -Wall -Wextra -Werror -I"$p/include" "$root/tests/system/predict.c" "$p.host/libkws.a" -o "$work/predict" || continue
    answered=$("$work/predict" "$demo/test_x.npy" "$demo/test_y.npy" 0.25)
    wanted=$(expected $setting)
    [ -n "$wanted" ] && [ "$answered" = "$wanted" ] || fail "$setting: the package answers $answered right, the worker $wanted"
    echo $setting >"$work/candidate"
    evaluated=$("$pare_net" evaluate "$demo/dscnn.onnx" --data "$demo/test_x.npy" --labels "$demo/test_y.npy" --candidate "$work/candidate" \
        --calibration "$demo/calibration_x.npy" --input-scale 0.25 --json | sed -n 's/.*"correct": \([0-9]*\).*/\1/p')
    [ "$evaluated" = "$wanted" ] || fail "$setting: evaluate answers $evaluated right, the worker $wanted"
    echo "$setting: $answered right answers on the test samples, by the package and by the worker"
done
"$pare_net" package "$demo/dscnn.onnx" --candidate w4a4 --calibration "$demo/calibration_x.npy" --out "$work/w4a4" 2>"$work/log" &&
    fail "wrote over a package"
[ "$(wc -l <"$work/log")" = 1 ] || fail "no clear line: $(cat "$work/log")"
"$pare_net" package "$demo/dscnn.onnx" --candidate w4a4 2>"$work/log" && fail "took a package without data"
grep -q -- "--calibration is missing" "$work/log" || fail "no clear line: $(cat "$work/log")"
exit $failed
