#!/bin/bash
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
# What the service does about each thing that can break: the real pared and openocd search on two virtual boards, the first of which gets one
# fault after the other. How the service tells it, that no trial is lost by it, and that the board works again: by itself, or after its operator.
# usage: test_service_faults.sh PARE PARED FAKE_WORKER PARE_VBOARD SABOTEUR RUNNER_BIN SOURCE_ROOT [FAULT...]
pare=$(realpath "$1") pared=$(realpath "$2") worker=$(realpath "$3") vboard=$(realpath "$4") saboteur=$(realpath "$5")
runner=$(realpath "$6") root=$(realpath "$7")
shift 7
chosen=" $* "
command -v openocd >/dev/null || { echo "skipped: no openocd here"; exit 77; }
command -v sqlite3 >/dev/null || { echo "skipped: no sqlite3 here"; exit 77; }
. "$(dirname "$0")/lab.sh"
cd "$lab" || exit 1
mkdir data vb
for f in net.onnx c.npy v.npy l.npy t.npy tl.npy; do echo "$f" >data/$f; done
cat >study.json <<END
{"name": "faults", "network": "data/net.onnx", "data": {"calibration": "data/c.npy", "validation": "data/v.npy", "validation_labels": "data/l.npy",
 "test": "data/t.npy", "test_labels": "data/tl.npy"}, "board_type": "virtual-u585",
 "space": {"options": ["w8a8", "w4a8", "w2a8", "w8a4", "w4a4", "w2a4"]}, "budget": {"flash_of_int8": 0.7}, "objective": {"flash": 2, "latency": 1},
 "search": {"trials": 1990, "seed": 5, "ahead": 4}, "measure": {"energy": true, "windows": 1, "samples": 2, "attempts": 16}, "finalists": 2}
END
exec 5< <(exec "$vboard" serve --boards 2 --port 0 --state "$lab/vb" --control "$lab/control" 2>"$lab/vboard.log")
vboard_pid=$!
trap '[ -z "$pared_pid" ] || kill -9 "$pared_pid" 2>/dev/null; kill "$vboard_pid" 2>/dev/null; [ -n "$KEEP" ] || rm -rf "$lab"' EXIT
export PARE_VBOARD_STATE=$lab/vb FAKE_WORKER_RIGHT=1
serials=() list=
for i in 1 2; do
    read -r -t 600 -u 5 line
    serials+=("$(sed 's/.*"serial":"\([^"]*\)".*/\1/' <<<"$line")")
    port=$(sed 's/.*"port":\([0-9]*\).*/\1/' <<<"$line")
    list="$list${list:+, }{\"file\": \"$root/configs/boards/virtual.json\", \"serial\": \"${serials[-1]}\", \"port\": $port, \"usb_location\": \"1-$i\"}"
done
ill=virtual-${serials[0]}
echo "{\"socket\": \"$PARE_SOCKET\", \"state\": \"state\", \"worker\": \"$worker\", \"runner\": \"$runner\", \"boards\": [$list], \"deadline_scale\": 0.1," \
    "\"canary_minutes\": 0}" >pared.json
start pared.json
cat <&4 >>"$lab/log" & # a pipe that nobody reads would stop it
"$pare" study create study.json --start >/dev/null || { complain "study create"; finish; }

db() { sql state/pare.db "$1"; }
order() { "$saboteur" "$lab/control" order "${serials[0]}" "$1" || complain "the order $1 was refused"; }
good_ones() { db "SELECT count(*) FROM v_attempt WHERE board = '$ill' AND state = 'succeeded'"; }

# until CHECK: looked at after each result of the study, which the other board goes on with
until_() {
    for ((turn = 0; turn < 400; turn++)); do
        "$1" && return 0
        PARE_TIMEOUT=60 timeout 60 "$pare" watch trial.measured attempt.failed board.state --count 1 >/dev/null 2>&1 || return 1
    done
    return 1
}

# What is to be seen: a failed attempt of this class (a regular expression) with this text, or a recovery by one of these rungs.
class= text= rung=
is_seen() {
    [ -n "$(db "SELECT 1 FROM event WHERE seq > $since AND topic = 'attempt.failed' AND json_extract(data, '\$.board') = '$ill'
        AND instr('$class', json_extract(data, '\$.class')) > 0 AND json_extract(data, '\$.text') LIKE '%$text%' LIMIT 1")" ] && return 0
    [ -n "$rung" ] && tail -n +"$lines" "$lab/log" | grep -q "$ill had to be recovered: \($rung\)"
}
works_again() { [ "$(good_ones)" -gt "$before" ]; }
is_quarantined() { [ -n "$(db "SELECT 1 FROM event WHERE seq > $since AND topic = 'board.state' AND json_extract(data, '\$.board') = '$ill'
    AND json_extract(data, '\$.state') = 'quarantined' AND json_extract(data, '\$.reason') LIKE '%$text%'")" ]; }

# fault NAME MEMBERS CLASS TEXT RUNG WHO: WHO mends it: self, operator (told at once, by a quarantine), person (whoever looks at the reason)
fault() {
    local name=$1 who=$6
    [ "$chosen" = "  " ] || [[ $chosen = *" $name "* ]] || return 0
    class=$3 text=$4 rung=$5
    before=$(good_ones)
    until_ works_again || complain "$name: the board did not work before it"
    since=$(db "SELECT coalesce(max(seq), 0) FROM event") lines=$(($(wc -l <"$lab/log") + 1))
    order "$2"
    passes
    until_ is_seen || { complain "$name: neither a failure ($class, $text) nor a recovery ($rung) was told"; "$pare" board show "$ill"; }
    if [ "$who" = operator ]; then
        passes
        is_quarantined || complain "$name: the operator is not asked for"
        says 0 "quarantined" board show "$ill"
    fi
    if [ "$who" != self ]; then
        order '"clear":"all"'
        [ "$name" = replug ] && order '"fault":"unplug"' && order '"fault":"replug","port":1'
        "$pare" board release "$ill" >/dev/null 2>&1 # if it is in quarantine
    fi
    before=$(good_ones)
    passes
    until_ works_again || complain "$name: the board does not come back"
    order '"clear":"all"'
    echo "$name: $(db "SELECT group_concat(class || ': ' || text, '; ') FROM (SELECT DISTINCT json_extract(data, '\$.class') AS class, substr(json_extract(data, '\$.text'), 1, 70) AS text
        FROM event WHERE seq > $since AND topic = 'attempt.failed')") $(tail -n +"$lines" "$lab/log" | grep -o 'recovered: .*' | sort -u | tr '\n' ' ')"
}

any="probe flash run"
fault rdp '"fault":"rdp"' probe "RDP" "" operator
fault tzen '"fault":"tzen"' probe "TZEN" "" operator
fault ap-error '"fault":"ap-error"' "$any" "" "reopened\|connected under reset" self
fault wait '"fault":"wait"' "$any" "" "reopened\|connected under reset" self
fault stuck-core '"fault":"stuck-core"' "$any" "" "power cycled" self
fault probe-hang '"fault":"probe-hang","after":700,"till":"replugged"' probe "" "USB port cycled" self
fault brown-out '"fault":"brown-out","after":100' "$any power" "" "reopened\|connected under reset\|power cycled" self
fault flash-busy '"fault":"flash-busy"' "flash run" "" "" self
fault flash-bits '"fault":"flash-bits","count":2' "flash run mismatch" "" "" self
fault flash-rot '"fault":"flash-rot","first":0,"last":3,"count":200,"seed":4' "$any mismatch" "" "" self
fault worn-pages '"fault":"worn-pages","first":20,"last":140' flash "" "" person
fault write-protection '"fault":"write-protection","first":4,"last":127' flash "" "" person
fault clock-stuck '"fault":"clock-stuck"' "run probe power" "" "reopened\|connected under reset\|power cycled" self
fault meter-silent '"fault":"meter-silent"' power "no answer" "" person
fault unplug '"fault":"unplug"' probe "should be at USB" "" person
fault replug '"fault":"replug","port":9' probe "it is at USB 1-9 now" "" person
fault no-power '"fault":"no-power"' probe "tried: " "" person

"$pare" study stop faults >/dev/null
wait_for "board:$ill!=lent"
stop
is() { passes; [ "$2" = "$3" ] || complain "$1: $2, not $3"; }
is "trials given up" "$(db "SELECT count(*) FROM trial WHERE outcome = 'given_up'")" 0
is "results out of order" "$(db "SELECT count(*) FROM trial WHERE result_seq <> trial")" 0
finish
