#!/bin/bash
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
# How the virtual board's time would be met if some published images had not been there to be fitted on: everything that was fitted (two rules, two
# costs of misses) is fitted again on a part of the images, and judged by the rest. Builds pare-vboard for every choice; takes half an hour.
# usage: left_out.sh SOURCE_ROOT TABLE [REFILLS [PREFETCHED]]     costs in cycles, separated by spaces; images in PARE_TINY_RESULTS
root=$(realpath "$1") table=$(realpath "$2") refills=${3:-2.0 2.3 2.7 3.0} prefetched=${4:-3.0 3.4 3.8}
[ -d "${PARE_TINY_RESULTS:-}" ] || { echo "skipped: PARE_TINY_RESULTS does not name a folder with the files of $table"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# compile FLAG... FILE: into the folder of this choice
compile() { "${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -O2 -ffp-contract=off -I"$root" $(pkg-config --cflags libcjson) -c -o "$work/$(basename "${@: -1}" .c).o" "$@"; }
for file in "$root"/hwlink/vboard/*.c "$root"/base/*.c; do compile "$file" || exit 1; done

# A line for each choice and image: fast shift, bubble, refill, prefetched, image, error in percent.
for shift in 0 3; do
    for bubble in 0 1; do
        for refill in $refills; do
            for line in $prefetched; do
                flags=("-DTIMING_FAST_SHIFT=${shift}u" "-DTIMING_MULTIPLY_BUBBLE_CYCLES=${bubble}u" "-DTIMING_REFILL=$(awk "BEGIN { printf \"%d\", 256 * $refill }")u"
                    "-DTIMING_REFILL_PREFETCHED=$(awk "BEGIN { printf \"%d\", 256 * $line }")u")
                for file in $(grep -l 'TIMING_FAST_SHIFT\|TIMING_MULTIPLY_BUBBLE\|TIMING_REFILL' "$root"/hwlink/vboard/*.c); do compile "${flags[@]}" "$file" || exit 1; done
                "${CC:-cc}" -o "$work/pare-vboard" "$work"/*.o $(pkg-config --libs libcjson) -lm -lpthread || exit 1
                "$root/tests/bench/published.sh" "$work/pare-vboard" "$table" |
                    awk -v choice="$shift $bubble $refill $line" '/us published/ { sub(/^closed\//, "", $NF); print choice, $NF, $5 }'
            done
        done
    done
done >"$work/errors"

# Fitted is the choice with the least mean error on the images that match; the others judge it.
judge() { # title, awk expression on the image's path: it is fitted on
    awk -v title="$1" '
        function size(x) { return x < 0 ? -x : x }
        { choice = $1 " " $2 " " $3 " " $4; choices[choice] }
        $5 ~ /'"$2"'/ { sum[choice] += size($6); n[choice]++; next }
        { off[choice] += size($6); m[choice]++; if (size($6) > worst[choice]) { worst[choice] = size($6); which[choice] = $5 } }
        END {
            for (c in choices)
                if (n[c] && (best == "" || sum[c] / n[c] < sum[best] / n[best]))
                    best = c
            split(best, b, " ")
            printf "%-14s fast shifts %s, bubble %s, misses %.1f and %.1f: fitted %.2f %%; on the others mean %.2f %%, worst %.2f %% (%s)\n", title, b[1] + 0 ? "yes" : "no",
                b[2] + 0 ? "yes" : "no", 4 + b[3], b[4], sum[best] / n[best], off[best] / m[best], worst[best], which[best]
        }' "$work/errors"
}
judge "ST" '^STMicro'
judge "Bosch" '^bosch'
judge "all but ad" 'IC01|KWS01|VWW01|_ic|_kws|_vww'
judge "all but ic" 'AD01|KWS01|VWW01|_ad2|_kws|_vww'
judge "all but kws" 'AD01|IC01|VWW01|_ad2|_ic|_vww'
judge "all but vww" 'AD01|IC01|KWS01|_ad2|_ic|_kws'
[ -z "$KEEP" ] || cp "$work/errors" "$KEEP"
