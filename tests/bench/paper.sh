#!/bin/bash
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
# The table of the published study, ours beside theirs: each network of the zoo in float32 and in each scheme, its package run by
# itself on the virtual board. Prints docs/paper.md.
# usage: tests/bench/paper.sh [BUILD_FOLDER [NETWORK...]] >docs/paper.md      PAPER_STEPS=N: batches of training, default 200
set -eo pipefail
shopt -s inherit_errexit
root=$(realpath "$(dirname "$0")/../..")
build=$(realpath "${1:-$root/build}")
shift $(($# > 0))
networks=("$@")
[ $# -gt 0 ] || networks=(mobilenet_v1 mobilenet_v2 resnet50 shufflenet_v2 mamba)
steps=${PAPER_STEPS:-200} samples=3
pare_net=$build/quant/tool/pare-net vboard=$build/hwlink/vboard/pare-vboard
demo=$root/configs/demo
calibrated=(--calibration "$demo/calibration_x.npy" --input-scale 0.25)
stop_uw=14.76 # Stop 2 with all SRAM kept: 8.2 uA at 1.8 V (docs/virtual-board.md, "Power")
per_second=1  # inferences: one for each second of speech
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OPENBLAS_NUM_THREADS=${OPENBLAS_NUM_THREADS:-1}

# scheme as the table names it, setting as pare does
schemes=("float32 float32" "uniform, 8 bits w8a8" "uniform, 4 bits w4a8" "logarithmic, 4 bits w4a8/log" "trained, 4 bits w4a8/trained")

json() { sed -n 's/.*"'"$1"'":[[:space:]]*\([0-9.]*\).*/\1/p' | head -1; }

# package NETWORK SETTING: its self-test as firmware for the board
package() {
    rm -rf "$work/package" "$work/arm"
    "$pare_net" package "$1" --candidate "$2" "${calibrated[@]}" "${tuned[@]}" --samples $samples --name net --out "$work/package" >/dev/null
    cmake -S "$work/package" -B "$work/arm" --toolchain "$work/package/cmake/stm32u5.cmake" >/dev/null
    cmake --build "$work/arm" >/dev/null
}

# energy_until TEXT: microjoules from reset until TEXT is printed
energy_until() { "$vboard" run "$work/arm/net_selftest.elf" --json --until "$1" | json energy_uj; }

# run: cycles and microjoules of an inference; starting up falls out of the difference
run() {
    local first last
    "$vboard" run "$work/arm/net_selftest.elf" --console >"$work/console" || true
    grep -q '^PASS' "$work/console" || { echo "paper: the self-test failed: $(head -3 "$work/console")" >&2; exit 1; }
    cycles=$(sed -n "s/^sample $((samples - 1)) ok cycles \([0-9]*\).*/\1/p" "$work/console")
    first=$(energy_until "sample 0 ok")
    last=$(energy_until "sample $((samples - 1)) ok")
    energy=$(awk -v last="$last" -v first="$first" -v n=$((samples - 1)) 'BEGIN { print (last - first) / n }')
}

# measure NETWORK SETTING: a line of flash, RAM, correct answers, cycles, microjoules of an inference
measure() {
    local network=$1 setting=$2
    tuned=()
    if [[ $setting = */trained ]]; then
        "$pare_net" tune "$network" --candidate "$setting" "${calibrated[@]}" --steps "$steps" --out "$work/tuned" >/dev/null 2>"$work/log" ||
            { echo "paper: left out: $network, $setting: $(tail -1 "$work/log")" >&2; return 0; }
        tuned=(--tuned "$work/tuned")
    fi
    correct=$("$pare_net" evaluate "$network" --data "$demo/test_x.npy" --labels "$demo/test_y.npy" "${calibrated[@]}" \
        --setting "$setting" "${tuned[@]}" --json | json correct)
    package "$network" "$setting"
    run
    echo "$(json candidate_bytes <"$work/package/metadata.json") $(json arena_bytes <"$work/package/metadata.json") $correct $cycles $energy"
}

# row NETWORK SCHEME FIGURES...: one line of the table; the first of a network, float32, is kept to compare with
row() {
    awk -v network="$1" -v scheme="$2" -v flash="$3" -v ram="$4" -v correct="$5" -v cycles="$6" -v uj="$7" -v base="$8" \
        -v stop="$stop_uw" -v rate="$per_second" 'BEGIN {
        split(base, b, " ")
        ms = cycles / 160000; base_ms = b[4] / 160000
        mean = uj * rate + stop * (1 - ms * rate / 1000); base_mean = b[5] * rate + stop * (1 - base_ms * rate / 1000)
        printf "| %s | %s | %.1f | %.2f | %.1f | %.1f | %+.1f | %.1f | %.2f | %.0f | %.2f | %.0f | %.2f |\n", network, scheme,
            flash / 1024, b[1] / flash, ram / 1024, correct / 10, (b[3] - correct) / 10, ms, base_ms / ms, uj, b[5] / uj, mean, base_mean / mean }'
}

table() {
    echo "| network | scheme | flash, KiB | times smaller | RAM, KiB | right, % | loss, points | latency, ms | times faster | energy, uJ | times less | mean power, uW | times less |"
    echo "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for network in "${networks[@]}"; do
        base=
        "$pare_net" inspect "$root/configs/zoo/$network.onnx" >/dev/null || { echo "paper: left out: $network" >&2; continue; }
        for scheme in "${schemes[@]}"; do
            figures=$(measure "$root/configs/zoo/$network.onnx" "${scheme##* }")
            [ -n "$figures" ] || continue
            base=${base:-$figures}
            # shellcheck disable=SC2086
            row "$network" "${scheme% *}" $figures "$base"
            echo "paper: $network, ${scheme% *}: $figures" >&2
        done
    done
}

sed "/^TABLE$/,\$d" "$root/tests/bench/paper.md.in"
table
sed "1,/^TABLE$/d" "$root/tests/bench/paper.md.in"
