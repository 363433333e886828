#!/bin/bash
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
# Succeeds when a host program and a board program print the same.
# usage: compare.sh HOST_PROGRAM BOARD_COMMAND...
set -u
host=$1
shift
expected=$("$host") || exit 1
printed=$("$@" | tr -d '\r' | sed '/^-- end --$/q')
if [ -z "$expected" ] || [ "$printed" != "$expected" ]; then
    echo "host and board differ:"
    diff <(echo "$expected") <(echo "$printed")
    exit 1
fi
echo "$(echo "$expected" | wc -l) lines alike"
