#!/bin/sh
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
# Instructions that one proposal and one update take at 1,000 results of 60 slots: agent_step.sh PROGRAM MOST
command -v valgrind >/dev/null || { echo "valgrind is not installed"; exit 77; }
out=$(mktemp)
trap 'rm -f "$out"' EXIT
valgrind --tool=callgrind --callgrind-out-file="$out" --toggle-collect=step_that_is_counted "$1" 2>&1 | grep -v '^==' || exit 1
n=$(sed -n 's/^\(totals\|summary\): *\([0-9]*\).*/\2/p' "$out" | head -1)
echo "$n instructions, at most $2"
[ "$n" -gt 1000000 ] && [ "$n" -le "$2" ]
