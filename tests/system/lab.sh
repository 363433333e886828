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

# sql DATABASE STATEMENT
sql() { sqlite3 -readonly "$1" "$2"; }

finish() { echo "$checks checks"; exit $failed; }
