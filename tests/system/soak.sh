#!/bin/bash
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
# A lab that fails all the time: the real pared and openocd on virtual boards that a saboteur breaks. The same study in a lab that is left alone
# tells what must come out: every trial once, with the same figures, proposals and rewards. At the end every board works, and nothing leaks.
# usage: soak.sh PARE PARED FAKE_WORKER PARE_VBOARD SABOTEUR RUNNER_BIN SOURCE_ROOT BOARDS TRIALS RESULTS_PER_FAULT [SEED]
pare=$(realpath "$1") pared=$(realpath "$2") worker=$(realpath "$3") vboard=$(realpath "$4") saboteur=$(realpath "$5")
runner=$(realpath "$6") root=$(realpath "$7") boards=$8 trials=$9 every=${10} seed=${11:-1}
command -v openocd >/dev/null || { echo "skipped: no openocd here"; exit 77; }
command -v sqlite3 >/dev/null || { echo "skipped: no sqlite3 here"; exit 77; }
. "$(dirname "$0")/lab.sh"
cd "$lab" || exit 1
mkdir data vb
for f in net.onnx c.npy v.npy l.npy t.npy tl.npy; do echo "$f" >data/$f; done

# study NAME TRIALS: a study file. Energy is measured but not rewarded: its noise depends on the board.
study() {
    cat >"$lab/$1.json" <<END
{"name": "$1", "network": "data/net.onnx", "data": {"calibration": "data/c.npy", "validation": "data/v.npy", "validation_labels": "data/l.npy",
 "test": "data/t.npy", "test_labels": "data/tl.npy"}, "board_type": "virtual-u585",
 "space": {"options": ["w8a8", "w4a8", "w2a8", "w8a4", "w4a4", "w2a4"]}, "budget": {"flash_of_int8": 0.7}, "objective": {"flash": 2, "latency": 1},
 "search": {"trials": $2, "seed": 5, "ahead": $((2 * boards))},
 "measure": {"energy": true, "windows": 1, "samples": 2, "attempts": 16}, "finalists": 2}
END
}
study soak "$trials"
study after $((6 * boards))

# The boards: one process, a line for each.
exec 5< <(exec "$vboard" serve --boards "$boards" --port 0 --state "$lab/vb" --control "$lab/control" 2>"$lab/vboard.log")
vboard_pid=$! saboteur_pid=
export PARE_VBOARD_STATE=$lab/vb FAKE_WORKER_RIGHT=1
serials=() list=
for ((i = 1; i <= boards; i++)); do
    read -r -t 600 -u 5 line
    serial=$(sed 's/.*"serial":"\([^"]*\)".*/\1/' <<<"$line") port=$(sed 's/.*"port":\([0-9]*\).*/\1/' <<<"$line")
    serials+=("$serial")
    list="$list${list:+, }{\"file\": \"$root/configs/boards/virtual.json\", \"serial\": \"$serial\", \"port\": $port, \"usb_location\": \"1-$i\"}"
done
trap '[ -z "$pared_pid" ] || kill -9 "$pared_pid" 2>/dev/null; kill "$vboard_pid" $saboteur_pid 2>/dev/null; [ -n "$KEEP" ] || rm -rf "$lab"' EXIT

# lab_in FOLDER [MINUTES]: pared with a database of its own, and canaries
lab_in() {
    mkdir "$lab/$1" && cd "$lab/$1" && ln -s ../data data
    echo "{\"socket\": \"$PARE_SOCKET\", \"state\": \"state\", \"worker\": \"$worker\", \"runner\": \"$runner\", \"boards\": [$list]," \
        "\"deadline_scale\": 0.1, \"canary_minutes\": ${2:-0}, \"log\": \"$([ -n "$KEEP" ] && echo debug || echo info)\"}" >pared.json
    start pared.json
    cat <&4 >>"$lab/log" & # a pipe that nobody reads would stop it
}
create() { "$pare" study create "$lab/$1.json" --start >/dev/null || { complain "study create $1"; finish; }; }
count() { sql "$lab/soak/state/pare.db" "$1"; }
is() { passes; [ "$2" = "$3" ] || complain "$1: $2, not $3"; }

# What does not depend on chance, time or board.
facts() {
    sql "$lab/$1/state/pare.db" "
        SELECT trial, kind, candidate, outcome, reason, result_seq, reward, finalist, final_reward, front FROM trial WHERE study = 1;
        SELECT trial, name, series, value, unit, repeats, spread, of, origin, current FROM measurement WHERE study = 1 AND unit <> 'nJ';
        SELECT trial, series, layer, cycles FROM layer_measurement WHERE study = 1;"
}

echo "a lab left alone"
lab_in alone
create soak
PATIENCE=36000 wait_for study:soak=finished
stop

echo "a lab that fails, seed $seed"
lab_in soak 0.1
"$saboteur" "$lab/control" "$seed" "$every" $((trials * 9 / 10)) "${serials[@]}" < <(exec "$pare" watch --json 2>/dev/null) > >(
    while read -r word serial rest; do
        [ "$word" = release ] && "$pare" board release "virtual-$serial" >/dev/null 2>&1
        echo "$word $serial $rest" >>"$lab/tricks"
    done) &
saboteur_pid=$!
create soak
sizes=() # resident memory and descriptors in the second half
for percent in 50 60 70 80 90 99; do
    PATIENCE=36000 wait_for "trials>=$((trials * percent / 100))" --study soak
    sizes+=("$(awk '/VmRSS/ {print $2}' "/proc/$pared_pid/status") $(ls "/proc/$pared_pid/fd" | wc -l)")
done
PATIENCE=36000 wait_for study:soak=finished # the last tenth in peace
wait "$saboteur_pid" || complain "the saboteur failed"
saboteur_pid=

echo "the lab afterwards"
for serial in "${serials[@]}"; do # its quarantine, if it is in one, ends by itself
    PATIENCE=1800 wait_for "board:virtual-$serial!=quarantined"
done
create after
PATIENCE=3600 wait_for study:after=finished
stop

facts alone >alone.facts
facts soak >soak.facts
passes; cmp -s alone.facts soak.facts || complain "another study than in the lab left alone: $(diff alone.facts soak.facts | head -4)"
is "trials without a result" "$(count "SELECT count(*) FROM trial WHERE result_seq IS NULL")" 0
is "trials given up" "$(count "SELECT count(*) FROM trial WHERE outcome = 'given_up'")" 0
is "attempts left open" "$(count "SELECT count(*) FROM attempt WHERE state = 'open'")" 0
is "trials measured twice" "$(count "SELECT count(*) FROM (SELECT 1 FROM attempt WHERE state = 'succeeded' GROUP BY study, trial, series HAVING count(*) > 1)")" 0
is "energies that differ by more than 0.5 %" "$(count "ATTACH '$lab/alone/state/pare.db' AS alone; SELECT count(*) FROM measurement AS m
    LEFT JOIN alone.measurement AS a USING (study, trial, name, series)
    WHERE m.study = 1 AND m.unit = 'nJ' AND (a.value IS NULL OR abs(m.value - a.value) * 200 > a.value)")" 0
is "boards that work afterwards" "$(count "SELECT count(DISTINCT board) FROM attempt WHERE study = 2 AND state = 'succeeded'")" "$boards"
passes; cmp -s <(ls "$lab/soak/state/traces" | sort) <(count "SELECT file FROM v_trace" | sort) || complain "raw samples and the database disagree"
is "trials without their raw samples, or with others'" "$(traces_of "$lab/soak/state/pare.db")" 0
is "canaries that are no rows" "$(count "SELECT count(*) - (SELECT count(*) FROM v_canary) FROM event WHERE topic = 'board.canary'")" 0
canaries=$(count "SELECT count(*) FROM event WHERE topic = 'board.canary'")
passes; [ "$canaries" -gt 0 ] || complain "no canary was measured"
is "canaries that drift" "$(count "SELECT count(*) FROM event WHERE topic = 'board.canary' AND json_extract(data, '\$.drifted')")" 0
failures=$(count "SELECT count(*) FROM attempt WHERE state = 'failed'")
recoveries=$(grep -c 'had to be recovered' "$lab/log")
passes; [ $((failures + recoveries)) -gt 0 ] || complain "nothing failed: the saboteur slept"
read -r first_kib first_fds <<<"${sizes[0]}"
read -r last_kib last_fds <<<"${sizes[-1]}"
passes; [ "$last_kib" -le $((first_kib + first_kib / 10 + 2048)) ] || complain "resident memory grew in the second half: ${sizes[*]}"
passes; [ "$last_fds" -le $((first_fds + 4 * boards)) ] || complain "descriptors grew in the second half: ${sizes[*]}"

echo "$boards boards, $trials trials, $(grep -c '^#' "$lab/tricks") faults, $failures attempts failed:"
count "SELECT class, count(*) FROM attempt WHERE state = 'failed' GROUP BY class"
echo "$recoveries recoveries, $(count "SELECT count(*) FROM event WHERE topic = 'board.state' AND data LIKE '%quarantined%'") quarantines," \
    "$(grep -c '^release' "$lab/tricks") calls of an operator, $canaries canaries"
echo "resident KiB and descriptors at 50, 60 ... 90, 99 %: $(printf '%s, ' "${sizes[@]}")"
finish
