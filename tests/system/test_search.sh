#!/bin/bash
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
# The whole of pare with its real parts: pared, pare-net, openocd and pare-vboard search the demo's network, its last layer trained; then again while one of the
# four is killed with -9, in turn and at random moments: the same study must come out.
# usage: test_search.sh PARE PARED PARE_NET PARE_VBOARD RUNNER STORE_DIGEST SOURCE_ROOT [KILLS [TRIALS [SAMPLES]]]
pare=$(realpath "$1") pared=$(realpath "$2") worker=$(realpath "$3") vboard=$(realpath "$4") runner=$(realpath "$5")
digest=$(realpath "$6") root=$(realpath "$7") kills=${8:-4} trials=${9:-5} samples=${10:-200}
PATIENCE=900 long=52 # batches of a finalist's training: there is a checkpoint on the way
. "$(dirname "$0")/lab.sh"
cd "$lab" || exit 1
command -v openocd >/dev/null || { echo "skipped: no openocd"; exit 77; }

sed -e "s|\"\.\./demo/|\"$root/configs/demo/|g" -e 's|"validation_labels"|"validation_samples": '"$samples"', "test_samples": '"$samples"', &|' \
    -e 's/"trials": 64/"trials": '"$trials"'/' -e 's/"finalists": 3/"finalists": 1/' -e 's|"w3a8/codebook"|"w3a8/trained"|' \
    -e 's|\[{"layer": "Gemm$".*|[{"layer": "Gemm$", "options": ["w3a8/trained"]}], "tune_steps": 2, "finalist_tune_steps": '"$long"'|' \
    "$root/configs/studies/demo.json" >study.json

vboard_pid= port=0
# serve: a virtual board with its state in the present folder, on the port it had before
serve() {
    rm -f serving
    mkfifo serving
    "$vboard" serve --boards 1 --port "$port" --state "$PWD/vboard" >serving 2>>"$lab/log" &
    vboard_pid=$!
    exec 5<serving
    read -r -t 60 line <&5 || complain "pare-vboard did not start"
    port=$(sed 's/.*"port":\([0-9]*\).*/\1/' <<<"$line")
}
unserve() { kill -9 "$vboard_pid"; wait "$vboard_pid" 2>/dev/null; exec 5<&-; }

# lab_in FOLDER: a board and a database of its own
lab_in() {
    mkdir "$lab/$1" && cd "$lab/$1" || exit 1
    port=0
    serve
    cat >pared.json <<END
{"socket": "$PARE_SOCKET", "state": "state", "worker": "$worker", "runner": "$runner", "deadline_scale": 4,
 "boards": [{"file": "$root/configs/boards/virtual.json", "serial": "VBOARD000001", "port": $port, "meter": "$PWD/vboard/VBOARD000001.meter"}]}
END
    start pared.json
    "$pare" study create "$lab/study.json" --start >/dev/null || complain "study create"
}

lab_in alone
wait_for study:demo=finished
says 0 "longest stall" status
stall=$("$pare" status --json | sed 's/.*"loop_stall_ms": *\([0-9.]*\).*/\1/') resident=$("$pare" status --json | sed 's/.*"resident_kib": *\([0-9]*\).*/\1/')
# raw samples: of the front, finalists and baselines, and no others; each window's samples add up to its energy, and the figure is their median
says 0 "samples of 3 windows, virtual" trial trace 1 power.csv
says 1 "File exists" trial trace 1 power.csv
says 4 "no trial 999\|raw samples of trial 999" trial trace 999 none.csv
# a whole file, but another trial's
trace_of() { sql state/pare.db "SELECT 'state/traces/' || file FROM v_trace WHERE trial $1 1 ORDER BY attempt DESC LIMIT 1"; }
mv "$(trace_of =)" kept.trace && cp "$(trace_of '<>')" "$(trace_of =)"
says 1 "not the file that was kept" trial trace 1 other.csv
mv kept.trace "$(trace_of =)"
passes; grep -q "^# origin: virtual: a model" power.csv || complain "the table does not say where it is from"
passes; awk -F, -v repeats="$(sql state/pare.db "SELECT json_extract(provenance, '$.repeats') FROM v_attempt WHERE trial = 1 AND state = 'succeeded' ORDER BY attempt DESC LIMIT 1")" \
    -v figure="$(sql state/pare.db "SELECT energy_nj FROM v_trial WHERE trial = 1")" '
    /^# a sample each/ { split($0, w, " "); us = w[5] }
    /^# window/ { split($0, w, " "); energy[int(w[3])] = w[10] }
    /^[1-3],/ { sum[$1] += $3 * us * 1000; if ($2 < last[$1]) bad = 1; last[$1] = $2 }
    function off(a, b) { return (a > b ? a - b : b - a) / b }
    END { for (k = 1; k <= 3; k++) { if (off(sum[k], energy[k]) > 0.0005) bad = 1; near += off(energy[k] / repeats, figure) < 1e-5 }
          exit bad || near == 0 }' power.csv || complain "the samples are not the energy that was measured: $(head -8 power.csv)"
passes; [ "$(traces_of state/pare.db)" = 0 ] || complain "raw samples are kept of other trials than those of the front"
finalist=$(sql state/pare.db "SELECT trial FROM trial WHERE finalist")
says 0 c-package export c-package --trial "$finalist" -o "$PWD/package"
stop
unserve
traces_agree() { passes; [ "$(ls state/traces | sort)" = "$(sql state/pare.db "SELECT file FROM v_trace" | sort)" ] || complain "state/traces and the database disagree: $(ls state/traces)"; }
traces_agree
echo "raw samples: $(sql state/pare.db "SELECT count(*) || ' files, ' || sum(bytes) || ' bytes, ' || round(1.0 * sum(bytes) / sum(samples), 2) || ' bytes a sample' FROM v_trace")"
touch state/traces/7-7-7.trace state/traces/1-1-1.trace.new-12345 # what kill -9 leaves
serve
start pared.json
stop
unserve
traces_agree
echo "left alone: $(sql state/pare.db 'SELECT count(*) FROM trial') trials, longest stall $stall ms, $resident KiB resident"
passes; [ "$kills" -lt 10 ] || awk "BEGIN { exit !($stall < 50) }" || complain "the loop stalled for $stall ms" # a crowded machine is no failure of a test
passes; [ "$resident" -lt 32768 ] || complain "pared has $resident KiB resident"
passes; [ "$(sql state/pare.db "SELECT count(*) FROM trial WHERE outcome = 'measured'")" -ge $((trials + 1)) ] || complain "too few trials were measured"
passes; [ "$(sql state/pare.db "SELECT count(*) FROM measurement WHERE name IN ('latency_cycles', 'energy_nj') AND origin <> 'virtual'")" = 0 ] ||
    complain "a figure of a virtual board is not marked as one"
expected=$("$digest" state/pare.db demo)
passes; [ "$(sql state/pare.db "SELECT group_concat(json_extract(provenance, '\$.trained.steps') || ' ' || series) FROM attempt WHERE trial = $finalist AND state = 'succeeded'")" = "2 0,$long 1" ] ||
    complain "the finalist's provenance does not say how it was trained"
passes; "$worker" package "$root/configs/demo/dscnn.onnx" --candidate "$(sql state/pare.db "SELECT candidate FROM trial WHERE trial = $finalist")" \
    --calibration "$root/configs/demo/calibration_x.npy" --input-scale 0.25 --tuned state/studies/1/tuned-*-$long.bin --name network --out same >/dev/null &&
    diff -rq package/src same/src || complain "the finalist was not exported with what it was trained to"

kill_one() { # which: 0 pared, 1 its worker, 2 openocd, 3 the virtual board
    case $1 in
    0) slay; start pared.json ;;
    1) for p in $(children "pare-net work"); do kill -9 "$p" 2>/dev/null; done ;;
    2) for p in $(children openocd); do kill -9 "$p" 2>/dev/null; done ;;
    3) unserve; serve ;;
    esac
}

RANDOM=4 done_kills=0
lab_in killed
for ((i = 0; i < kills; i++)); do
    [ "$("$pare" study show demo --json | sed 's/.*"state": *"\([a-z]*\)".*/\1/')" = finished ] && break
    seen=$(sql state/pare.db "SELECT coalesce(max(seq), 0) FROM event")
    PARE_TIMEOUT=60 timeout 60 "$pare" watch --since "$seen" --count $((1 + RANDOM % 5)) >/dev/null 2>&1
    kill_one $((i % 4))
    done_kills=$((done_kills + 1))
done
wait_for study:demo=finished
passes; [ -z "$(ls state/studies/1 | grep -e part -e image)" ] || complain "left: $(ls state/studies/1)"
stop
unserve
passes; [ "$(ls state/traces | sort)" = "$(sql state/pare.db "SELECT file FROM v_trace" | sort)" ] || complain "state/traces and the database disagree: $(ls state/traces)"
echo "killed $done_kills times: $(sql state/pare.db "SELECT count(*) || ' attempts, ' || sum(state = 'interrupted') || ' interrupted, ' || sum(state = 'failed') || ' failed' FROM attempt")"
passes; [ "$done_kills" = "$kills" ] || complain "the study was over after $done_kills kills"
passes; [ "$("$digest" state/pare.db demo)" = "$expected" ] || complain "another study than the one left alone"
finish
