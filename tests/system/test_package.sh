#!/bin/bash
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
# The C package builds with CMake for this machine and for the board, tests itself, and takes the bytes that were planned.
# usage: test_package.sh MAKE_PACKAGE [PARE_VBOARD]
make_package=$1 vboard=$2
command -v cmake >/dev/null || { echo "skipped: no cmake"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
fail() { echo "FAILED: $*"; failed=1; }
run() { "$@" >"$work/log" 2>&1 || { cat "$work/log"; fail "$*"; return 1; }; }

for bits in 8 4 3; do
    p=$work/net$bits
    run "$make_package" "$p" "net$bits" $bits || continue

    # the same again is the same, byte for byte; a folder that is in use is left alone
    run "$make_package" "$work/again" "net$bits" $bits && run diff -r "$p" "$work/again"
    rm -rf "$work/again"
    "$make_package" "$p" "net$bits" $bits 2>"$work/log" && fail "wrote over a package"
    grep -q "exists already" "$work/log" || fail "no clear line about a folder in use: $(cat "$work/log")"

    # this machine
    run cmake -S "$p" -B "$work/host$bits" -DCMAKE_C_FLAGS=-Werror && run cmake --build "$work/host$bits" &&
        run ctest --test-dir "$work/host$bits" --output-on-failure
    "$work/host$bits/net${bits}_selftest" >"$work/out" || fail "the self-test failed"
    [ "$(grep -c '^sample [0-4] ok$' "$work/out")" = 5 ] && grep -q '^PASS$' "$work/out" || fail "self-test: $(cat "$work/out")"

    # the board: weights stand in flash as planned, nothing has to be copied to RAM
    run cmake -S "$p" -B "$work/arm$bits" --toolchain "$p/cmake/stm32u5.cmake" -DCMAKE_C_FLAGS_DEBUG= &&
        run cmake --build "$work/arm$bits" || continue
    elf=$work/arm$bits/net${bits}_selftest.elf
    section() { arm-none-eabi-size -A "$elf" | awk -v s="$1" '$1 == s {print $2}'; }
    planned() { sed -n "s/.*\"$1\":[[:space:]]*\([0-9]*\).*/\1/p" "$p/metadata.json" | head -1; }
    [ "$(section .weights)" = "$(planned weights_bytes)" ] || fail ".weights is $(section .weights), planned $(planned weights_bytes)"
    [ "$(section .program)" = "$(planned program_bytes)" ] || fail ".program is $(section .program), planned $(planned program_bytes)"
    [ "$(section .data)" = 0 ] || [ -z "$(section .data)" ] || fail "initialized data: $(section .data)"
    arm-none-eabi-nm "$elf" | grep -q float && fail "an integer package has float kernels"
    if [ -n "$vboard" ]; then
        "$vboard" run "$elf" --console >"$work/board" || fail "the virtual board: $(cat "$work/board")"
        [ "$(grep -c '^sample [0-4] ok cycles [0-9]*' "$work/board")" = 5 ] && grep -q '^PASS' "$work/board" || fail "board: $(cat "$work/board")"
    fi
done

# a self-test that cannot fail would prove nothing
sed -i '/test_outputs/,$ s/    \([0-9]*\),/    1\1,/' "$work/net8/test/vectors.c"
sed -i '/test_outputs/,$ s/1\([0-9][0-9][0-9]\),/1,/' "$work/net8/test/vectors.c"
run cmake --build "$work/host8"
"$work/host8/net8_selftest" >"$work/out" && fail "wrong outputs pass"
grep -q '^FAIL$' "$work/out" || fail "no FAIL with wrong outputs"

for name in int 2net "a b" test x123456789012345678901234567890123 ""; do
    "$make_package" "$work/bad" "$name" 8 2>/dev/null && fail "took the name '$name'"
    [ -e "$work/bad" ] && fail "left a folder behind for '$name'"
done
[ -n "$vboard" ] || echo "the board's part did not run: no pare-vboard"
exit $failed
