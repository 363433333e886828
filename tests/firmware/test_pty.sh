#!/bin/bash
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
# What is typed at the console's pseudo-terminal reaches firmware that sleeps, and its answer can be read there. usage: test_pty.sh PARE_VBOARD ECHO_ELF
trap '' HUP # in a session of its own, bash gets what it opens for its controlling terminal
exec 3< <(exec "$1" run "$2" --pty --until '<bye>' 2>&1)
pid=$!
read -r -t 60 line <&3
path=${line##* }
[ -c "$path" ] || { echo "no terminal: $line"; kill "$pid"; exit 1; }
exec 4<>"$path"
printf 'hello%%' >&4
said=
while [[ $said != *"<hello>"* ]] && read -r -t 60 -u 4 line; do said+=$line; done
printf 'bye%%' >&4 # what is said last may be lost: the terminal goes with the program
cat <&3 >/dev/null
wait "$pid" || { echo "pare-vboard ended with $?"; exit 1; }
[[ $said == *"ready"*"<hello>"* ]] || { echo "the terminal said: $said"; exit 1; }
