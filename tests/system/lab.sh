# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
# What tests of the real pared share: a folder of their own, starting, killing, waiting, comparing. Sourced; wants $pare, $pared, $digest.
lab=$(mktemp -d /tmp/pare-lab-XXXXXX)
export PARE_SOCKET=$lab/pared.sock NO_COLOR=1
pared_pid= failed=0 checks=0
complain() { echo "FAILED: $1"; failed=1; }
passes() { checks=$((checks + 1)); }

# start CONFIG: until it serves. What it says is kept in $lab/log.
start() {
    local line
    exec 4< <(exec "$pared" --config "$1" 2>&1)
    pared_pid=$!
    while read -r -t 600 line <&4; do
        echo "$line" >>"$lab/log"
        case $line in *" serves "*) return 0 ;; esac
    done
    complain "pared did not start: $(tail -1 "$lab/log")"
    return 1
}

# gone: waits for pared's end; its exit status in $status
gone() {
    wait "$pared_pid" 2>/dev/null
    status=$?
    cat <&4 >>"$lab/log"
    exec 4<&-
    pared_pid=
}

slay() { kill -9 "$pared_pid"; gone; }
stop() { kill "$pared_pid"; gone; [ "$status" = 0 ] || complain "pared ended with status $status: $(tail -3 "$lab/log")"; }
trap '[ -z "$pared_pid" ] || kill -9 "$pared_pid" 2>/dev/null; [ -n "$KEEP" ] || rm -rf "$lab"' EXIT

# children NAME: pids of pared's children that run the program NAME
children() { pgrep -P "$pared_pid" -f "$1"; }

# says CODE PATTERN ARGUMENT...: exit code of pare, and a basic regular expression in what it says
says() {
    local code=$1 pattern=$2 out got
    shift 2
    out=$("$pare" "$@" 2>&1 </dev/null)
    got=$?
    passes
    [ "$got" = "$code" ] || complain "pare $*: exit code $got, expected $code: $out"
    grep -q -e "$pattern" <<<"$out" || complain "pare $*: no \"$pattern\" in: $out"
}

# wait_for CONDITION [ARGUMENT...]
wait_for() { "$pare" wait "$@" --timeout "${PATIENCE:-900}" >/dev/null || complain "never: $*: $("$pare" status 2>&1 | tail -12)"; }

# after_events N [TOPIC...]: until N events stand in the database
after_events() { local n=$1; shift; "$pare" watch "$@" --since 0 --count "$n" >/dev/null 2>&1; }

# slay_four_times EVENT: kills pared a few events later, starts it, and again
slay_four_times() {
    local n
    for n in 3 7 12 20; do
        after_events $(($1 + n))
        slay
        start pared.json
    done
}

# sql DATABASE STATEMENT
sql() { sqlite3 -readonly "$1" "$2"; }

# traces_of DATABASE: the number of trials with raw samples that none are kept of, or without those that are. One that came back to the front
# by a finalist's fresh figures has none: only by the figures of the search a front never gets anyone back.
traces_of() {
    sql "$1" "WITH p AS (SELECT t.study, t.trial, t.front, t.finalist OR t.kind = 'baseline' AS always, 1.0 * c.value / c.of AS accuracy,
            iif(s.objectives & 1, f.value, 0) AS flash, iif(s.objectives & 2, r.value, 0) AS ram,
            iif(s.objectives & 4, l.value, 0) AS latency, iif(s.objectives & 8, e.value, 0) AS energy,
            EXISTS (SELECT 1 FROM trace x WHERE x.study = t.study AND x.trial = t.trial) AS kept
        FROM trial t JOIN study s USING (study)
        LEFT JOIN measurement c ON c.study = t.study AND c.trial = t.trial AND c.series = 0 AND c.name = 'correct'
        LEFT JOIN measurement f ON f.study = t.study AND f.trial = t.trial AND f.series = 0 AND f.name = 'flash_bytes'
        LEFT JOIN measurement r ON r.study = t.study AND r.trial = t.trial AND r.series = 0 AND r.name = 'ram_bytes'
        LEFT JOIN measurement l ON l.study = t.study AND l.trial = t.trial AND l.series = 0 AND l.name = 'latency_cycles'
        LEFT JOIN measurement e ON e.study = t.study AND e.trial = t.trial AND e.series = 0 AND e.name = 'energy_nj'
        WHERE t.outcome = 'measured')
    SELECT count(*) FROM p a WHERE kept AND NOT (front OR always) OR NOT kept AND (always OR front AND NOT EXISTS (SELECT 1 FROM p b
        WHERE b.study = a.study AND b.accuracy >= a.accuracy AND b.flash <= a.flash AND b.ram <= a.ram AND b.latency <= a.latency AND b.energy <= a.energy
        AND (b.accuracy > a.accuracy OR b.flash < a.flash OR b.ram < a.ram OR b.latency < a.latency OR b.energy < a.energy OR b.trial < a.trial)))"
}

finish() { echo "$checks checks"; exit $failed; }
