#!/bin/bash
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
# What a trial of ResNet-8 takes beside the board's running and the meter's windows, from lease to committed result: a virtual board that is as
# slow as a real one (a virtual second takes a second at least, flash takes its time), the real pared, pare-net and openocd.
# usage: overhead.sh PARE PARED PARE_NET PARE_VBOARD RUNNER_BIN SOURCE_ROOT TRIALS MOST_PERCENT
pare=$(realpath "$1") pared=$(realpath "$2") worker=$(realpath "$3") vboard=$(realpath "$4") runner=$(realpath "$5") root=$(realpath "$6")
trials=$7 most=$8 assets=$(realpath -m "${PARE_ASSETS:-$root/../shared/assets}")
network=$assets/models/mlperf-tiny-onnx/pretrainedResnet.onnx data=$assets/data/cifar10
command -v openocd >/dev/null || { echo "skipped: no openocd here"; exit 77; }
command -v sqlite3 >/dev/null || { echo "skipped: no sqlite3 here"; exit 77; }
[ -e "$network" ] || { echo "skipped: no $network"; exit 77; }
. "$(dirname "$0")/lab.sh"
cd "$lab" || exit 1
exec 5< <(exec "$vboard" serve --port 0 --state vb --pace 1 --flash-timing 2>>"$lab/log")
vboard_pid=$!
trap '[ -z "$pared_pid" ] || kill -9 "$pared_pid" 2>/dev/null; kill "$vboard_pid" 2>/dev/null; [ -n "$KEEP" ] || rm -rf "$lab"' EXIT
read -r -t 60 line <&5
port=$(sed 's/.*"port":\([0-9]*\).*/\1/' <<<"$line")
export PARE_VBOARD_STATE=$lab/vb OPENBLAS_NUM_THREADS=1
cat >pared.json <<END
{"socket": "$PARE_SOCKET", "state": "state", "worker": "$worker", "runner": "$runner",
 "boards": [{"file": "$root/configs/boards/virtual.json", "serial": "VBOARD000001", "port": $port}]}
END
sed -e 's/"validation_samples": 2000/"validation_samples": 50/' -e 's/"test_first": 2000/"test_first": 2000, "test_samples": 50/' \
    -e "s/\"trials\": 40/\"trials\": $trials/" -e 's/"finalists": 3/"finalists": 1/' "$root/configs/studies/resnet8-cifar10.json" >study.json
start pared.json
cat <&4 >>"$lab/log" &
"$pare" study create study.json --set "network=$network" --set "data=$data" --start >/dev/null || { complain "study create"; finish; }
PATIENCE=36000 wait_for study:resnet8-cifar10=finished
stop
# A board that runs: the samples, once with the debugger and once in each window's run, and the windows.
cat >overhead.sql <<END
WITH t AS (SELECT a.trial, (a.ended_ms - a.begun_ms) / 1000.0 AS whole, p.windows * p.window_us / 1e6 AS window,
           (1 + p.windows) * s.samples * 1.0 * m.value / a.clock_hz AS run
    FROM attempt AS a JOIN measurement AS m USING (study, trial, series),
         (SELECT json_extract(config, '$.measure.samples') AS samples FROM study) AS s,
         (SELECT study, trial, attempt, json_extract(provenance, '$.windows') AS windows, json_extract(provenance, '$.window_us') AS window_us FROM attempt) AS p
    WHERE a.state = 'succeeded' AND a.series = 0 AND m.name = 'latency_cycles' AND p.trial = a.trial AND p.attempt = a.attempt
          AND a.trial > (SELECT min(trial) FROM trial WHERE kind <> 'baseline'))
SELECT count(*), printf('%.2f', avg(whole)), printf('%.2f', avg(run)), printf('%.2f', avg(window)), printf('%.1f', 100 * (1 - sum(run + window) / sum(whole))),
       printf('%.1f', max(100 * (1 - (run + window) / whole))) FROM t
END
read -r n whole run window share worst <<<"$(sqlite3 -readonly -separator ' ' state/pare.db <overhead.sql)"
echo "$n trials of ResNet-8: $whole s each, of which the board ran $run s and the meter's windows took $window s; the rest is $share % (at most $worst %)"
passes; awk "BEGIN { exit !($n > 0 && $share < $most) }" || complain "the rest is not under $most %"
finish
