#!/bin/bash
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
# Succeeds when two commands print the same up to the end mark.
# usage: compare_two.sh COMMAND... -- COMMAND...
set -u
first=()
while [ "$1" != -- ]; do
    first+=("$1")
    shift
done
shift
until_end() { tr -d '\r' | sed '/^-- end --$/q'; }
one=$("${first[@]}" | until_end)
two=$("$@" | until_end)
if [ -z "$one" ] || [ "$one" != "$two" ]; then
    echo "${first[0]} and $1 differ:"
    diff <(echo "$one") <(echo "$two") | head -20
    exit 1
fi
echo "$(echo "$one" | wc -l) lines alike"
