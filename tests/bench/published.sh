#!/bin/sh
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
# The virtual board against published firmware: boots unmodified MLPerf Tiny images, has them infer as EEMBC's runner does, and compares what
# their own marks say with what was published. The images are others' and not part of pare: PARE_TINY_RESULTS names a folder with them.
# usage: published.sh PARE-VBOARD TABLE     (TABLE: as published_v1.2.txt)
set -eu
vboard=$1
table=$2
mean_limit=0.5 # percent, of the times
worst_limit=2
energy_limit=3

if [ ! -d "${PARE_TINY_RESULTS:-}" ]; then
    echo "skipped: PARE_TINY_RESULTS does not name a folder with the files of $table"
    exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# $1 image, $2 inferences: microseconds between the last two marks, microjoules of the whole run
run() {
    "$vboard" run "$1" --console --json --until m-ready --send "infer $2 1%" --until m-results --max-cycles 2000000000 \
        >"$folder/out" 2>"$folder/log" || true
    tr -d '\r' <"$folder/out" | awk '
        { while (match($0, /m-lap-us-[0-9]+/)) { before = last; last = substr($0, RSTART + 9, RLENGTH - 9) + 0
                                                 $0 = substr($0, RSTART + RLENGTH) } }
        match($0, /"energy_uj": [0-9.]+/) { energy = substr($0, RSTART + 13, RLENGTH - 13) }
        END { if (before == "") exit 1; printf "%d %s\n", last - before, energy }'
}

# Printing the marks takes time that published windows of thousands of inferences do not show: it is the same for any number of
# inferences, so the difference of two runs is without it.
measure() {
    more=$(awk -v us="$2" 'BEGIN { n = int(100000 / us); print n < 1 ? 1 : n }')
    run "$1" 1 >"$folder/few" && run "$1" $((more + 1)) >"$folder/many" || return 1
    paste "$folder/few" "$folder/many" | awk -v n="$more" '{ printf "%.2f %.3f\n", ($3 - $1) / n, ($4 - $2) / n }'
}

grep -v '^#' "$table" | while read -r us uj image; do
    if [ ! -f "$PARE_TINY_RESULTS/$image" ]; then
        echo "missing: $image"
        continue
    fi
    if ! found=$(measure "$PARE_TINY_RESULTS/$image" "$us"); then
        echo "failed: $image did not answer"
        continue
    fi
    echo "$us $uj $found $image"
done | awk -v mean_limit="$mean_limit" -v worst_limit="$worst_limit" -v energy_limit="$energy_limit" '
    function size(x) { return x < 0 ? -x : x }
    $1 == "missing:" || $1 == "failed:" { print; failed += $1 == "failed:"; next }
    {
        error = ($3 / $1 - 1) * 100
        sum += size(error)
        worst = size(error) > worst ? size(error) : worst
        n++
        energy = ""
        if ($2 != "-") {
            off = ($4 / $2 - 1) * 100
            worst_energy = size(off) > worst_energy ? size(off) : worst_energy
            energy = sprintf("  %8.1f uJ published, %8.1f: %+5.2f %%", $2, $4, off)
        }
        printf "%9.1f us published, %9.1f: %+5.2f %%%s  %s\n", $1, $3, error, energy, $5
    }
    END {
        if (!n) { print "skipped: none of the images is there"; exit failed ? 1 : 77 }
        printf "time: mean error %.2f %%, worst %.2f %%, of %d images; energy: worst %.2f %%\n", sum / n, worst, n, worst_energy
        exit failed || sum / n > mean_limit || worst > worst_limit || worst_energy > energy_limit
    }'
