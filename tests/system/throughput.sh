#!/bin/bash
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
# What more boards are worth: the trials of a lab in the same virtual time, with one virtual board and with several. The boards are slowed until
# this machine is not the limit. usage: throughput.sh PARE PARED FAKE_WORKER PARE_VBOARD RUNNER_BIN SOURCE_ROOT BOARDS PACE TRIALS_OF_A_BOARD LEAST
pare=$(realpath "$1") pared=$(realpath "$2") worker=$(realpath "$3") vboard=$(realpath "$4") runner=$(realpath "$5") root=$(realpath "$6")
boards=$7 pace=$8 trials=$9 least=${10}
command -v openocd >/dev/null || { echo "skipped: no openocd here"; exit 77; }
command -v sqlite3 >/dev/null || { echo "skipped: no sqlite3 here"; exit 77; }
. "$(dirname "$0")/lab.sh"
cd "$lab" || exit 1
mkdir data
for f in net.onnx c.npy v.npy l.npy t.npy tl.npy; do echo "$f" >data/$f; done
export FAKE_WORKER_RIGHT=1
vboard_pid=
trap '[ -z "$pared_pid" ] || kill -9 "$pared_pid" 2>/dev/null; [ -z "$vboard_pid" ] || kill "$vboard_pid" 2>/dev/null; [ -n "$KEEP" ] || rm -rf "$lab"' EXIT

# lab_of N: pared with N boards, one study; $rate is its trials in a virtual minute
lab_of() {
    local n=$1 list= line serial port
    mkdir "$lab/$n" && cd "$lab/$n" || exit 1
    exec 5< <(exec "$vboard" serve --boards "$n" --port 0 --state vb --pace "$pace" 2>>"$lab/log")
    vboard_pid=$!
    export PARE_VBOARD_STATE=$lab/$n/vb
    for ((i = 1; i <= n; i++)); do
        read -r -t 600 -u 5 line
        serial=$(sed 's/.*"serial":"\([^"]*\)".*/\1/' <<<"$line") port=$(sed 's/.*"port":\([0-9]*\).*/\1/' <<<"$line")
        list="$list${list:+, }{\"file\": \"$root/configs/boards/virtual.json\", \"serial\": \"$serial\", \"port\": $port}"
    done
    echo "{\"socket\": \"$PARE_SOCKET\", \"state\": \"state\", \"worker\": \"$worker\", \"runner\": \"$runner\", \"boards\": [$list]," \
        "\"deadline_scale\": $pace}" >pared.json
    cat >study.json <<END
{"name": "many", "network": "$lab/data/net.onnx", "data": {"calibration": "$lab/data/c.npy", "validation": "$lab/data/v.npy", "validation_labels": "$lab/data/l.npy",
 "test": "$lab/data/t.npy", "test_labels": "$lab/data/tl.npy"}, "board_type": "virtual-u585",
 "space": {"options": ["w8a8", "w4a8", "w2a8", "w8a4", "w4a4", "w2a4"]}, "budget": {"flash_of_int8": 0.8}, "objective": {"flash": 2},
 "search": {"trials": $((n * trials)), "seed": 5, "ahead": $((2 * n))},
 "measure": {"energy": true, "windows": 1, "samples": 2}, "finalists": 1}
END
    start pared.json
    cat <&4 >>"$lab/log" &
    "$pare" study create study.json --start >/dev/null || { complain "study create"; finish; }
    PATIENCE=36000 wait_for study:many=finished
    stop
    kill "$vboard_pid"
    vboard_pid=
    local failed_attempts
    failed_attempts=$(sql state/pare.db "SELECT count(*) FROM attempt WHERE state = 'failed'")
    passes; [ "$failed_attempts" = 0 ] || complain "$failed_attempts attempts failed"
    # From lease to lease, once every board has its runner: after the last of the boards' second leases, until the last lease of all.
    read -r measured virtual_s rate <<<"$(sqlite3 -readonly -separator ' ' state/pare.db "WITH
        a AS (SELECT begun_ms, row_number() OVER (PARTITION BY board ORDER BY begun_ms) AS k FROM attempt WHERE series = 0),
        f AS (SELECT max(begun_ms) AS begun FROM a WHERE k = 2),
        t AS (SELECT count(*) AS n, (max(begun_ms) - f.begun) / 1000.0 / $pace AS s FROM a, f WHERE a.begun_ms > f.begun)
        SELECT n, printf('%.2f', s), printf('%.1f', 60 * n / s) FROM t")"
    echo "$n board(s): $measured trials in $virtual_s virtual s, $rate a virtual minute"
}

lab_of 1
one=$rate
lab_of "$boards"
times=$(awk "BEGIN { printf \"%.2f\", $rate / $one }")
echo "$boards boards give $times times the trials of one (a virtual second took $pace s)"
passes; awk "BEGIN { exit !($times >= $least) }" || complain "less than $least times"
finish
