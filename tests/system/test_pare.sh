#!/bin/bash
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
# The client against a service of recorded answers: every verb, --json, every exit code, and across restarts of the service.
# usage: test_pare.sh PARE TOY_PARED ANSWERS.json
pare=$(realpath "$1") toy=$2 answers=$3
folder=$(mktemp -d /tmp/pare-test-XXXXXX)
export PARE_SOCKET=$folder/pared.sock
unset NO_COLOR
printf '{"name": "${n}"}' >"$folder/study.json"
toy_pid= failed=0 checks=0
stop() { [ -z "$toy_pid" ] || { kill -9 "$toy_pid"; wait "$toy_pid"; } 2>/dev/null; toy_pid=; exec 4<&-; }
trap 'stop; rm -rf "$folder"' EXIT

complain() { echo "FAILED: $1"; failed=1; }

# start SEQ [ACCESS [ANSWERS]]: what it says comes on descriptor 4
start() {
    rm -f "$folder/said"
    mkfifo "$folder/said"
    "$toy" "$PARE_SOCKET" "${3:-$answers}" "$1" "${2:-operator}" >"$folder/said" &
    toy_pid=$!
    exec 4<"$folder/said"
    hears ready || exit 1
}

# hears TEXT: reads what the service says until TEXT
hears() {
    local line
    while read -r -t 600 line <&4; do
        case $line in *"$1"*) heard=$line; return 0 ;; esac
    done
    complain "the service never said \"$1\""
    return 1
}

# expect CODE PATTERN ARGUMENT...: exit code, and a basic regular expression in the output (both streams)
expect() {
    local code=$1 pattern=$2 out got
    shift 2
    out=$("$pare" "$@" 2>&1 </dev/null)
    got=$?
    checks=$((checks + 1))
    [ "$got" = "$code" ] || complain "pare $*: exit code $got, expected $code: $out"
    grep -q -e "$pattern" <<<"$out" || complain "pare $*: no \"$pattern\" in: $out"
}

# json ARGUMENT...: one document on one line of standard output, nothing on standard error
json() {
    local out
    out=$("$pare" "$@" --json 2>"$folder/err")
    checks=$((checks + 1))
    [ "$(wc -l <<<"$out")" = 1 ] && [ ! -s "$folder/err" ] || complain "pare $* --json: more than one line: $out"
    case $out in "{"*"}") ;; *) complain "pare $* --json: no object: $out" ;; esac
    case $out in *$'\e'*) complain "pare $* --json: colour" ;; esac
}

# Without a service.
for verb in status watch "wait study:demo=finished" best compare "study list" "study create $folder/study.json" "rpc status"; do
    expect 3 "not running.*systemctl start pared" $verb
done
expect 0 "usage: pare VERB"
expect 0 "pare best --study demo" best --help
expect 0 "study create" help study
expect 0 "^pare [0-9]" --version
expect 0 "complete -F _pare pare" completion bash
expect 2 "did you mean status" statsu
expect 2 "wants a verb" study
expect 2 "STUDY is missing" study show
expect 2 "is like" wait nothing
expect 2 "wants a terminal" top
expect 2 "-o PATH" export c-package
expect 2 "export trials wants a new file: -o PATH" export trials
expect 2 "No such file" study create "$folder/none.json"

# A lab in a folder, for pare doctor.
root=$folder/root
export PARE_SYSROOT=$root PATH=$folder/bin:$PATH
lab_file() { mkdir -p "$(dirname "$root/$1")" && printf "$2" >"$root/$1"; }
mkdir -p "$folder/bin" "$root/var/lib/pare" "$root/dev/serial/by-id"
printf '#!/bin/sh\necho "Open On-Chip Debugger ${OPENOCD_VERSION}-dirty (2026-01-01)" >&2\n' >"$folder/bin/openocd"
chmod +x "$folder/bin/openocd"
export OPENOCD_VERSION=0.12.0
expect 1 "^failed  *service  *the service is not running" doctor
expect 1 "^ok  *openocd  *$folder/bin/openocd is 0.12.0-dirty" doctor
OPENOCD_VERSION=0.11.0 expect 1 "^failed  *openocd .* is 0.11.0" doctor
OPENOCD_VERSION=nine expect 1 "^warning  *openocd .* says no version" doctor
expect 1 "^warning  *database  *not looked at" doctor
expect 1 "^warning  *udev rules  *60-pare.rules is not installed" doctor
expect 1 "^warning  *time zone" doctor
expect 1 "^ok  *disk  *$root/var/lib/pare has" doctor
lab_file etc/group 'root:x:0:\npare:x:990:ada\nplugdev:x:46:\n'
lab_file proc/self/status 'Name:\tpare\nUid:\t54321\t54321\t54321\t54321\nGid:\t54321\t54321\t54321\t54321\nGroups:\t46 54321 \n'
expect 1 "^warning  *groups  *you: only plugdev" doctor
lab_file etc/udev/rules.d/60-pare.rules 'SUBSYSTEM=="usb", ATTR{idVendor}=="0483", GROUP="pare"\n'
expect 1 "^ok  *udev rules  *$root/etc/udev/rules.d/60-pare.rules" doctor

start 20
expect 1 "^failed  *groups  *you: only plugdev" doctor
lab_file proc/self/status 'Name:\tpare\nUid:\t54321\t54321\t54321\t54321\nGid:\t54321\t54321\t54321\t54321\nGroups:\t990 54321 \n'
expect 1 "^ok  *groups  *you: pare" doctor
expect 1 "^failed  *probe  *no ST-LINK is plugged in" doctor
expect 1 "^ok  *firmware of vboard-1  *ST-LINK V3J13M4" doctor
expect 1 "^failed  *firmware of lab-7  *ST-LINK V2J17S4 is older than V2J24" doctor
expect 1 "update it with STM32CubeProgrammer" doctor
expect 0 "^firmware  *V3J13M4" board show vboard-1
expect 1 "^failed  *board lab-7  *quarantined: mismatch" doctor
expect 1 "^ok  *database  */var/lib/pare/pare.db is whole" doctor
expect 1 "^failed  *openocd  *there is no program /opt/openocd/bin/openocd" doctor
expect 1 "^failed  *meter of vboard-1  */tmp/vboard-1.tty is not there" doctor
for part in idVendor=0483 idProduct=374e serial=0034003A3532510B31333430 bcdDevice=0100 busnum=1 devnum=7; do
    lab_file "sys/bus/usb/devices/1-2/${part%%=*}" "${part#*=}\n"
    lab_file "sys/bus/usb/devices/1-3/${part%%=*}" "${part#*=}\n"
done
lab_file sys/bus/usb/devices/1-3/idVendor '1366\n' # of another maker
expect 1 "^ok  *probe  *STLINK-V3E 0034003A3532510B31333430, USB release 0100, at 1-2" doctor
"$pare" doctor | grep -q "unused probe" && complain "a probe of the configuration is taken for an unused one"
lab_file sys/bus/usb/devices/1-2/serial '0099003A3532510B31333430\n'
expect 1 "^ok  *unused probe  *0099003A3532510B31333430 at 1-2" doctor
expect 1 '"serial": "0099003A3532510B31333430", "usb_location": "1-2"' doctor
lab_file sys/bus/usb/devices/1-2/serial '0034003A3532510B31333430\n'
lab_file dev/bus/usb/001/007 ''
chmod 600 "$root/dev/bus/usb/001/007"
expect 1 "^failed  *probe  *STLINK-V3E .*/001/007 may not be opened by you" doctor
json doctor
"$pare" doctor --json | grep -q '1-3' && complain "doctor took another maker's device for a probe"
unset PARE_SYSROOT

expect 0 "trial 12: 91.50 %, 20.5 KiB, 25.0 ms virtual" status
expect 0 "^latency *25.0 ms virtual" best --max-loss-points 1
expect 0 "1830 of 2000" best
expect 0 "energy, uJ virtual" pareto --x energy --plot
expect 0 "^ *13 *89.75" pareto
expect 0 "^TRIAL  *2  *1  *12  ORIGIN" compare
expect 0 "^ *against w8a8  *x 3.64  *+0.0 %  *-45.0 %" compare
expect 0 "^12: w8a8 w4a8 w4a8 w2a8 w8a8" compare best w8a8 --study demo
expect 0 "^TRIAL  *13  *1  ORIGIN" compare 13 13 w8a8
expect 0 "^ *used of it  *15984  *15984  *virtual" compare 13 1
expect 2 "is no trial" compare first
expect 2 "at most 12" compare 1 2 3 4 5 6 7 8 9 10 11 12 13
expect 4 "no trial 99" compare 1 99
expect 0 "CYCLES" trial show 12
expect 0 "flash: 41,000 of 40,000" rpc trial.list
expect 0 "infeasible" trial list --order trial --limit 1000
expect 0 "^ *12 " trial list --front
expect 0 "no trials" trial list --state given_up
expect 0 "^ *2 *broken *failed" study list
expect 0 "w2a8 70 %" study show demo
expect 0 "study 1 is preparing" study start demo
expect 0 "study 1 is paused" study pause 1
expect 0 "lab-7 .*quarantined" board list
expect 0 "^origin *real" board show lab-7
expect 0 "lab-7 is suspect" board release lab-7
expect 0 "pare.config/1" export
expect 0 "CMakeLists.txt" export c-package -o net
expect 0 "63 trials of study demo" export trials -o demo.trials.json
expect 0 "in order" study check "$folder/study.json"
expect 0 '"api":1' rpc hello
expect 0 "trial.measured  *study 1  trial 20" watch --since 19 --count 1
for verb in status best pareto compare "compare 13 w8a8" "trial list" "trial show 12" "study list" "study show demo" "study start demo" "study pause demo" \
    "board list" "board show lab-7" "board release lab-7" "study check $folder/study.json" "export" "export c-package -o net" "export trials -o demo.trials.json" "rpc status" \
    "watch --since 19 --count 1" "wait trials>=5 --study demo"; do
    json $verb
done

expect 0 "^operators  *ada grace" config show
expect 0 "is whole" db check
expect 1 "damaged: row 3" db check --full
expect 0 "/srv/backup/pare.db: 516 KiB" db backup copy.db
expect 1 "File exists" db backup /there.db
expect 0 "^9f86d081" db digest demo
expect 4 "no study" db digest none
for verb in "config show" "db check" "db backup copy.db" "db digest demo"; do json $verb; done

expect 0 "<h1>demo</h1>" report demo
expect 0 "default-src 'none'" report 1
expect 4 "no study" report none
expect 1 "No such file" report demo -o "$folder/none/report.html"
expect 2 "STUDY is missing" report
json report demo
json report demo -o "$folder/report.html"
"$pare" report demo | cmp - "$folder/report.html" || complain "the report on standard output is another one"
grep -q -i -e "<script" -e "http:" -e "https:" -e "url(" -e " style=" "$folder/report.html" && complain "the report is not by itself"

# What reaches the service.
expect 0 "study 3: new" study create "$folder/study.json" --set n=new --set a=b=c --start
hears "study.create {" && case $heard in
*'"text":"{\"name\": \"${n}\"}"'*'"set":{"n":"new","a":"b=c"}'*'"start":true'*"\"folder\":\"$folder\""*) ;;
*) complain "study create sent $heard" ;;
esac
(cd "$folder" && "$pare" db backup copy.db >/dev/null) || complain "db backup failed"
hears "db.backup {" && case $heard in *"\"path\":\"$folder/copy.db\""*) ;; *) complain "db backup sent $heard" ;; esac
(cd "$folder" && "$pare" trial trace 12 power.csv --study demo >/dev/null) || complain "trial trace failed"
hears "trial.trace {" && case $heard in *'"trial":12'*"\"path\":\"$folder/power.csv\""*) ;; *) complain "trial trace sent $heard" ;; esac
expect 0 "drifted" board canary vboard-1
expect 0 "that is the reference then" board reference vboard-1
(cd "$folder" && "$pare" study check - <study.json >/dev/null) || complain "study check - failed"
hears "study.check {" && case $heard in *"\"folder\":\"$folder\""*) ;; *) complain "study check - sent $heard" ;; esac
(cd "$folder" && "$pare" export c-package -o net >/dev/null) || complain "export c-package failed"
hears 'export {"format":"c-p' && case $heard in *"\"folder\":\"$folder/net\""*) ;; *) complain "export sent $heard" ;; esac
(cd "$folder" && "$pare" export trials -o demo.trials.json >/dev/null) || complain "export trials failed"
hears 'export {"format":"tr' && case $heard in *"\"path\":\"$folder/demo.trials.json\""*) ;; *) complain "export trials sent $heard" ;; esac
(cd "$folder" && "$pare" study create study.json --set n=new --from-file demo.trials.json >/dev/null) || complain "study create --from-file failed"
hears "study.create {" && case $heard in *"\"from_file\":\"$folder/demo.trials.json\""*) ;; *) complain "study create --from-file sent $heard" ;; esac
"$pare" export -o "$folder/best.json" && grep -q pare.config/1 "$folder/best.json" || complain "export -o wrote nothing"
expect 1 "No such file" export -o "$folder/none/best.json"

# Exit codes.
expect 1 "nothing to export" export --trial 3
expect 1 "study broken is failed" wait study:broken=finished
expect 2 "no method.*did you mean status" rpc statsu
expect 2 "one JSON object" rpc status '[]'
expect 2 "trials must be from" study check "$folder/study.json" --set trials=0
expect 4 "no study \"none\": pare study list" study show none
expect 4 "no trial passes" best --flash-bytes 10
expect 4 "no trial 99" trial show 99
expect 4 "no board x" board show x
expect 4 "no study x" wait study:x=finished
expect 6 "time is up: study demo is searching" wait study:demo=finished --timeout 0
expect 7 "already: pare study show" study create "$folder/study.json" --set name=demo
expect 7 "is failed" study pause broken
expect 8 "no board of type" study start broken
expect 9 "pinned to runner" study show old
"$pare" status >/dev/full 2>/dev/null && complain "a full disk was not noticed"

# On a terminal: colour unless NO_COLOR, and the live view, which q ends.
if command -v script >/dev/null; then
    export TERM=xterm
    on_terminal() { script -qec "$*" /dev/null </dev/null; }
    on_terminal "$pare" status | grep -q $'\e\[1m' || complain "no colour on a terminal"
    on_terminal env NO_COLOR=1 "$pare" status | grep -q $'\e' && complain "colour in spite of NO_COLOR"
    on_terminal "$pare" status --json | grep -q '^	"version"' || complain "--json is not pretty on a terminal"
    printf q | script -qec "stty rows 60 cols 150; $pare top" /dev/null >"$folder/top"
    grep -q "accuracy, % host" "$folder/top" && grep -q "searching" "$folder/top" || complain "top shows nothing"
fi
stop

# Readers read.
start 20 reader
expect 0 "pared 0" status
expect 5 "only read" study pause demo
expect 5 "only read" study create "$folder/study.json"
expect 5 "only read" db backup copy.db
stop

# Another protocol.
sed 's/"api": 1/"api": 2/' "$answers" >"$folder/new.json"
start 20 operator "$folder/new.json"
expect 9 "version 2 of the protocol" status
stop

# watch goes on where it was when the service was killed: each event once.
start 20
mkfifo "$folder/watched"
"$pare" watch --since 19 --count 5 --json >"$folder/watched" 2>"$folder/err" &
watcher=$!
exec 3<"$folder/watched"
read -r -t 600 line <&3 # it is connected
stop
start 21
"$pare" study resume demo >/dev/null
stop
start 22
"$pare" study stop demo >/dev/null
seen=$({ echo "$line"; cat <&3; } | sed -n 's/.*"seq":\([0-9]*\).*/\1/p' | tr '\n' ' ')
wait "$watcher" || complain "watch ended with $?"
[ "$seen" = "20 21 22 23 24 " ] || complain "watch across restarts saw $seen"
grep -q "has ended" "$folder/err" || complain "watch did not say that the service had ended"
stop

# wait waits on while the service is away.
start 20
"$pare" wait study:demo=finished --timeout 600 >"$folder/out" 2>&1 &
waiter=$!
hears study.list
stop
start 23
wait "$waiter" || complain "wait ended with $?"
grep -q "study demo is finished" "$folder/out" || complain "wait said $(cat "$folder/out")"
stop

# and sees what an event tells.
start 20
"$pare" wait 'trials>=22' --study demo --timeout 600 >"$folder/out" 2>&1 &
waiter=$!
hears study.list
"$pare" study resume demo >/dev/null
wait "$waiter" || complain "wait ended with $?"
grep -q "study demo: trials is 22" "$folder/out" || complain "wait said $(cat "$folder/out")"

echo "$checks calls checked"
exit $failed
