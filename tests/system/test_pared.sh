#!/bin/bash
# SPDX-FileCopyrightText: The pare authors
# SPDX-License-Identifier: Apache-2.0
# The real pared with a worker and boards that fake: a study's whole life, kills, restarts, two boards, a full disk, and what is refused.
# usage: test_pared.sh PARE PARED FAKE_WORKER FAKE_OPENOCD STORE_DIGEST [ROUNDS]
pare=$(realpath "$1") pared=$(realpath "$2") worker=$(realpath "$3") openocd=$(realpath "$4") digest=$(realpath "$5") rounds=${6:-1}
. "$(dirname "$0")/lab.sh"
cd "$lab" || exit 1

mkdir data && for f in net.onnx c.npy v.npy l.npy t.npy tl.npy; do echo "$f" >data/$f; done
head -c 4096 /dev/zero >runner.bin

# board NAME: a board file, with a part of its own in the present folder
board() {
    printf '#!/bin/sh\nFAKE_PART=%s/part-%s exec %s\n' "$PWD" "$1" "$openocd" >"openocd-$1"
    chmod +x "openocd-$1"
    cat >"board-$1.json" <<END
{"name": "$1", "type": "fake", "virtual": true, "serial": "S$1", "openocd": "$PWD/openocd-$1", "runner": "$lab/runner.bin",
 "openocd_config": ["adapter serial \${serial}"]}
END
}

# config FILE BOARD...
config() {
    local file=$1 list=
    shift
    for b in "$@"; do board "$b"; list="$list${list:+, }{\"file\": \"board-$b.json\"}"; done
    echo "{\"socket\": \"$PARE_SOCKET\", \"state\": \"state\", \"worker\": \"$worker\", \"boards\": [$list], \"log\": \"info\"}" >"$file"
}

study='{"name": "${name}", "network": "data/${net}", "data": {"calibration": "data/c.npy", "validation": "data/v.npy", "validation_labels": "data/l.npy",
 "test": "data/t.npy", "test_labels": "data/tl.npy"}, "board_type": "fake", "space": {"options": ["w8a8", "w4a8", "w2a8"]},
 "budget": {"flash_of_int8": 0.7}, "objective": {"flash": 2}, "search": {"trials": 12, "seed": 5, "ahead": 3},
 "measure": {"energy": false, "samples": 2}, "finalists": 2}'
echo "$study" >study.json

# create [ARGUMENT...]: a study called demo
create() { "$pare" study create "$lab/study.json" --set name=demo --set net=net.onnx "$@" >/dev/null || complain "study create"; }

# lab_in FOLDER BOARD...: a database of its own
lab_in() { mkdir "$lab/$1" && cd "$lab/$1" && ln -s ../data data && shift && config pared.json "$@"; }
digest_of() { "$digest" "$1/state/pare.db" demo; }

echo "a study left alone"
lab_in alone one
start pared.json
says 4 "there is no study" study show demo
create --start
wait_for study:demo=finished
says 0 finished study list
says 0 finalist trial list
says 0 "w8a8" trial show 1
says 0 . best
says 0 . pareto
says 0 "^flash, bytes .* planned" compare
says 0 "with the runner" compare
says 0 '"schema":.*pare.config/1' export json
says 0 c-package export c-package -o "$lab/alone/package"
passes; [ -s package/src/network.c ] || complain "the package was not copied"
says 1 "not empty" export c-package -o "$lab/alone/package"
says 7 "is finished" study pause demo
says 7 "exists" study create "$lab/study.json" --set name=demo --set net=net.onnx
says 0 '"loop_stall_ms"' status --json
says 0 "is whole" db check --full
mkdir system
PARE_SYSROOT=$PWD/system says 0 "^ok  *board one  *fake, idle" doctor
PARE_SYSROOT=$PWD/system says 0 "^ok  *worker  *$worker" doctor
PARE_SYSROOT=$PWD/system says 0 "^ok  *database  .*state/pare.db is whole" doctor
says 0 "KiB" db backup copy.db
says 1 "File exists" db backup copy.db
passes; [ "$("$pare" db digest demo)" = "$("$digest" copy.db demo)" ] || complain "the backup has another digest"
passes; [ -z "$(ls state/exports)" ] || complain "exports are left: $(ls state/exports)"
says 0 "<summary>14 trials</summary>" report demo
says 0 "^" report demo -o report.html
passes; "$pare" report demo | cmp -s - report.html || complain "two reports of a finished study differ"
says 0 "^database  *$lab/alone/state/pare.db" config show
says 0 "good, 1 boards" config check pared.json
says 2 "no such file" config check missing.json
stop
expected=$(digest_of "$lab/alone")
passes; [ -n "$expected" ] || complain "no digest"
passes; [ "$(sql state/pare.db 'SELECT count(*) FROM trial WHERE result_seq = trial')" = 14 ] || complain "results are not in the order of the trials"
passes; [ "$(sql state/pare.db 'SELECT count(*) FROM trial WHERE finalist')" = 2 ] || complain "there are not 2 finalists"
passes; [ "$(sql state/pare.db "SELECT count(*) FROM measurement WHERE name = 'test_correct'")" = 4 ] || complain "the test set was not scored for finalists and baselines"
passes; [ -z "$(ls state/studies/1)" ] || complain "images are left: $(ls state/studies/1)"

same() { passes; [ "$(digest_of "$lab/$1")" = "$expected" ] || complain "$1: another study than the one left alone"; }

echo "a canary"
lab_in canary one
sed -i 's/"log"/"canary_minutes": 0.001, "log"/' pared.json
start pared.json
says 0 "not measured yet" board canary one
says 7 "has no canary" board reference one
create --start
wait_for study:demo=finished
after_events 3 board.canary
says 0 "reference" board canary one
says 4 "no board none" board canary none
says 0 "reference then" board reference one
seen=$(sql state/pare.db "SELECT count(*) FROM event WHERE topic = 'board.canary'")
after_events $((seen + 2)) board.canary
stop
passes; [ "$(sql state/pare.db "SELECT sum(reference = 1) = 1 AND sum(reference = 2) >= 1 AND count(*) > sum(reference > 0) AND sum(drifted) = 0 FROM v_canary WHERE board = 'one' AND origin = 'virtual'")" = 1 ] ||
    complain "canaries: $(sql state/pare.db 'SELECT canary, cycles, reference, drifted FROM v_canary')"
start pared.json
says 0 '"first_cycles":' board show one --json # what an earlier life measured
stop
sed -i 's/"canary_minutes": 0.001/"canary_minutes": 0/' pared.json
start pared.json
says 7 "has no canary" board reference one # nothing would measure it anew: what is known stays
says 0 '"first_cycles":' board show one --json
stop
passes; [ "$(sql state/pare.db "SELECT sum(reference = 1) FROM v_canary WHERE board = 'one'")" = 1 ] || complain "the reference was forgotten by a call that was refused"
same canary

echo "two boards"
lab_in two one other
start pared.json
create --start
wait_for study:demo=finished
stop
same two

echo "kill -9 of pared"
for ((round = 1; round <= rounds; round++)); do
    lab_in "kill$round" one
    start pared.json
    create --start
    for n in 1 2 3 5 8 13 21 34; do
        after_events $((n + round)) # of the database, not of this process
        slay
        start pared.json
    done
    for n in 2 5 9 12; do # at once after the first of the two transactions
        after_events $n trial.measured
        slay
        start pared.json
    done
    wait_for study:demo=finished
    stop
    same "kill$round"
done

echo "only promising trials are asked of a board"
sed -e 's/"samples": 2/"samples": 2, "board": "promising"/' -e 's/"trials": 12/"trials": 24/' "$lab/study.json" >"$lab/promising.json"
lab_in promising one
start pared.json
"$pare" study create "$lab/promising.json" --set name=demo --set net=net.onnx --start >/dev/null || complain "study create"
wait_for study:demo=finished
says 0 "trials by the host, before a board was asked" study show demo
says 0 "cannot become better than trial" trial list --state dropped --json
stop
dropped=$(sql state/pare.db "SELECT count(*) FROM trial WHERE outcome = 'dropped'")
passes; [ "$dropped" -ge 4 ] || complain "$dropped trials were dropped"
passes; [ "$(sql state/pare.db "SELECT count(*) FROM attempt a JOIN trial t USING (study, trial) WHERE t.outcome = 'dropped'")" = 0 ] || complain "a board was asked about a dropped trial"
passes; [ "$(sql state/pare.db "SELECT count(*) FROM measurement WHERE origin = 'predicted'")" = 0 ] || complain "something predicted is stored"
passes; [ "$(sql state/pare.db "SELECT count(*) FROM v_trial WHERE outcome = 'dropped' AND (correct IS NOT NULL OR latency_cycles IS NOT NULL OR reward IS NOT NULL)")" = 0 ] ||
    complain "a dropped trial has figures as if it had been measured"
lab_in promising2 one other
start pared.json
"$pare" study create "$lab/promising.json" --set name=demo --set net=net.onnx --start >/dev/null
for n in 5 12 20 30 42 55; do
    after_events "$n"
    slay
    start pared.json
done
wait_for study:demo=finished
stop
passes; [ "$(digest_of "$lab/promising")" = "$(digest_of "$lab/promising2")" ] || complain "promising: another study than the one left alone"

echo "what kill -9 leaves"
lab_in left one
start pared.json
create --start
after_events 12
slay
touch state/studies/1/tuned-{1,2}-9.part state/studies/1/tuned-1-9.bin # of the first training there is a result
touch state/studies/1/trial-99.image.new-12345 state/studies/1/package.new-abcdef state/studies/1/trial-99.image state/files/new-abcdef
mkdir -p state/exports/1-1/src && touch state/exports/1-1/src/network.c state/exports/2-2.db
start pared.json
passes; [ ! -e state/studies/1/tuned-1-9.part ] && [ -e state/studies/1/tuned-2-9.part ] || complain "checkpoints: $(ls state/studies/1)"
wait_for study:demo=finished
stop
passes; [ ! -e state/studies/1/tuned-2-9.part ] || complain "a checkpoint is left of a study that has ended"
passes; [ -z "$(ls state/exports state/studies/1 state/files | grep -e new- -e image -e 1-1 -e 2-2)" ] || complain "left: $(ls -R state)"
same left

echo "training: of candidates short, of finalists long; a worker that is killed over it"
sed -e 's/"w2a8"\]}/"w2a8", "w4a8\/trained", "w2a8\/trained"], "tune_steps": 4, "finalist_tune_steps": 30}/' "$lab/study.json" >"$lab/trained.json"
lab_in trained one
start pared.json
"$pare" study create "$lab/trained.json" --set name=demo --set net=net.onnx --start >/dev/null || complain "study create"
wait_for study:demo=finished
finalist=$(sql state/pare.db "SELECT trial FROM trial WHERE finalist AND candidate LIKE '%trained%' LIMIT 1")
says 0 '^trained  *steps 30$' trial show "$finalist"
says 0 '"steps":[[:space:]]*30' export json --trial "$finalist"
stop
passes; [ "$(sql state/pare.db "SELECT count(*) FROM measurement a JOIN measurement b USING (study, trial, name) JOIN trial USING (study, trial)
    WHERE name = 'correct' AND a.series = 0 AND b.series = 1 AND b.value = a.value + iif(candidate LIKE '%trained%', 26, 0)")" = 2 ] ||
    complain "the finalists' score is not that of the longer training"
lab_in trained2 one
mkfifo hanging
FAKE_WORKER_HANGS=$PWD/hanging start pared.json
"$pare" study create "$lab/trained.json" --set name=demo --set net=net.onnx --start >/dev/null
read -r _ <hanging
says 0 "trial [0-9]*: training 2 of 4, loss 0.1235" study show demo
for child in $(children fake_worker); do kill -9 "$child"; done
wait_for study:demo=finished
stop
passes; [ "$(digest_of "$lab/trained")" = "$(digest_of "$lab/trained2")" ] || complain "training: another study than the one left alone"

lab_in trained3 one
FAKE_WORKER_DIES=$PWD/steps start pared.json
"$pare" study create "$lab/trained.json" --set name=demo --set net=net.onnx --start >/dev/null
wait_for study:demo=finished
stop
passes; [ "$(stat -c %s steps)" -ge 10 ] || complain "the worker did not die over its training"
passes; [ "$(digest_of "$lab/trained")" = "$(digest_of "$lab/trained3")" ] || complain "deaths with a checkpoint between: another study than the one left alone"

echo "weights that are others than then"
for way in new old; do # a study from before there was their hash has the sensitivities to go by
    lab_in "weights-$way" one
    start pared.json
    create --start
    after_events 14
    stop
    [ $way = new ] || sqlite3 state/pare.db "UPDATE study SET space = json_remove(space, '$.quantized_sha256')"
    FAKE_WORKER_WEIGHTS=c start pared.json
    wait_for study:demo=paused
    says 0 "quantizing gave other weights" study show demo
    says 0 . study resume demo
    wait_for study:demo=paused
    says 1 "quantizing gave other weights" export c-package -o "$PWD/package"
    stop
    start pared.json
    says 0 . study resume demo
    wait_for study:demo=finished
    stop
    [ $way = old ] || same "weights-$way"
    FAKE_WORKER_WEIGHTS=c start pared.json
    says 1 "quantizing gave other weights" export c-package -o "$PWD/package"
    stop
done
FAKE_WORKER_IMAGES=1 start pared.json
says 1 "would not be what was measured" export c-package -o "$PWD/package"
passes; [ ! -e package ] && [ -z "$(ls state/exports)" ] || complain "a refused package is left"
stop
start pared.json
says 0 c-package export c-package -o "$PWD/package"
stop

lab_in finalists one # a finalist that was a trial before the images became others keeps no score of the trial's
start pared.json
create --start
after_events 14
stop
FAKE_WORKER_IMAGES=1 start pared.json
wait_for study:demo=paused
says 0 "a finalist's program or weights are others" study show demo
says 0 . study resume demo
wait_for study:demo=paused
stop
passes; [ "$(sql state/pare.db "SELECT count(*) FROM trial WHERE finalist AND trial < 4")" = 0 ] || complain "a finalist has figures of two images"

echo "kill -9 of worker and openocd"
for ((round = 1; round <= rounds; round++)); do
    lab_in "children$round" one
    start pared.json
    create --start
    for n in 4 9 14 19 24 29 34; do
        after_events $((n + round))
        for child in $(children fake_worker) $(children fake_openocd); do kill -9 "$child" 2>/dev/null; done
    done
    wait_for study:demo=finished
    stop
    same "children$round"
done

echo "pause, restart, resume, stop"
lab_in pause one
start pared.json
create
says 0 created study list
says 7 "is created" study pause demo
says 0 preparing study start demo
after_events 12
says 0 paused study pause demo
stop
start pared.json
says 0 paused study list
passes; [ -z "$(children fake_worker)" ] || complain "a paused study has a worker"
says 0 searching study resume demo
wait_for study:demo=finished
same pause
"$pare" study create "$lab/study.json" --set name=second --set net=net.onnx --start >/dev/null
says 0 stopped study stop second
says 7 "is stopped" study resume second
wait_for board:one=idle
stop
passes; [ "$(sql state/pare.db "SELECT count(*) FROM attempt WHERE state = 'open'")" = 0 ] || complain "a stopped study has open attempts"

echo "a warm start"
lab_in warm one
start pared.json
create --start
wait_for study:demo=finished
says 4 "no study none" study create "$lab/study.json" --set name=first --set net=net.onnx --from none
says 2 "not the name of a study" study create "$lab/study.json" --set name=first --set net=net.onnx --from /etc/passwd
"$pare" study create "$lab/study.json" --set name=first --set net=net.onnx --from demo --start >/dev/null || complain "study create --from"
wait_for study:first=finished
seen=$(sql state/pare.db 'SELECT count(*) FROM event')
"$pare" study create "$lab/study.json" --set name=second --set net=net.onnx --from demo --start >/dev/null || complain "study create --from"
slay_four_times "$seen"
wait_for study:second=finished
says 0 "^began with  *study demo, with 1[0-9] of its trials" study show second
says 0 "demo.trials.json" study show second --json
passes; [ "$("$digest" state/pare.db first)" = "$("$digest" state/pare.db second)" ] || complain "a warm start that was killed is another study"
passes; [ "$("$digest" state/pare.db first)" != "$("$digest" state/pare.db demo)" ] || complain "a warm start is no other study than a cold one"
passes; [ "$(sql state/pare.db 'SELECT count(*) FROM trial WHERE study = 2')" = 14 ] || complain "a warm start shows trials of another study"
cp "$lab/data/net.onnx" "$lab/data/other.onnx" && echo >>"$lab/data/other.onnx"
"$pare" study create "$lab/study.json" --set name=third --set net=other.onnx --from demo --start >/dev/null || complain "study create --from of another network"
"$pare" study create "$lab/study.json" --set name=fourth --set net=net.onnx >/dev/null || complain "study create"
"$pare" study create "$lab/study.json" --set name=cold --set net=other.onnx --start >/dev/null || complain "study create"
wait_for study:third=finished
wait_for study:cold=finished
says 0 '^began with  *study demo, with its policy only: "network" is [0-9a-f]*\.\.\. there and ' study show third
passes; [ "$("$digest" state/pare.db third)" != "$("$digest" state/pare.db cold)" ] || complain "a study that began with a policy is the same as one without"
says 1 "has no trials to hand out yet: its w8a8 was not measured" export trials --study fourth -o none.json
passes; [ ! -e none.json ] || complain "a file without trials was written"
says 0 "demo.trials.json: 1[0-9] trials of study demo, " export trials --study demo -o demo.trials.json
says 0 "trials of study demo" export trials --study 1 -o again.json
says 1 "File exists" export trials --study demo -o again.json
passes; ls -A | grep -q '^\.pare-' && complain "half a file is left: $(ls -A)"
name=$(printf 'a%.0s' $(seq 255))
says 0 "trials of study demo" export trials --study 1 -o "$name"
rm "$name"
says 2 "all measured trials" export trials --study demo --trial 3 -o none.json
says 4 "no study none" export trials --study none -o none.json
passes; cmp -s demo.trials.json again.json || complain "two exports of a finished study differ"
passes; [ "$(head -n -1 demo.trials.json | sha256sum | cut -c 1-64)" = "$(tail -n 1 demo.trials.json | sed 's/"sha256":"\(.*\)"}/\1/')" ] || complain "the last line is not the SHA-256 of those before it"
passes; [ "$(grep -c '^{"trial":' demo.trials.json)" = "$(sql state/pare.db "SELECT count(*) FROM trial WHERE study = 1 AND outcome = 'measured' AND trial <> 2")" ] ||
    complain "not all trials are handed out"
stop
expected_warm=$("$digest" state/pare.db first) cold=$("$digest" state/pare.db cold)

echo "a warm start from another lab's file"
lab_in away other
cp "$lab/warm/demo.trials.json" theirs.json
sed 's/"search": {/"search": {"from_file": "theirs.json", /' "$lab/study.json" >next.json
start pared.json
from_file() { local file=$1; shift; says "$@" study create "$lab/study.json" --set name=bad --set net=net.onnx --from-file "$file"; }
sed 's/"correct":9/"correct":8/' theirs.json >edited.json
head -c 1000 theirs.json >cut.json
truncate -s 17M huge.json
third=$(grep '^{"trial":3,' theirs.json)
{ sed '/^{"trial":3,/,$d' theirs.json; printf '{"later":"'; head -c 9000000 /dev/zero | tr '\0' x; printf '",%s\n' "${third#?}"; sed '1,/^{"trial":3,/d;$d' theirs.json; } >large.json
printf '"sha256":"%s"}\n' "$(sha256sum <large.json | cut -c 1-64)" >>large.json
from_file large.json 2 'search.from_file.*would keep of it has more than 8388608 bytes'
from_file missing.json 2 'search.from_file.*missing.json: No such file'
from_file cut.json 2 'search.from_file.*cut.json: it is not JSON .*get it again'
from_file edited.json 2 'edited.json: it has not the SHA-256 that its last line says'
from_file huge.json 2 'huge.json: more than 16777216 bytes'
from_file pared.json 2 'pared.json: it has no "schema"'
from_file data 2 'not a regular file'
says 2 "exclude each other" study create "$lab/study.json" --set name=bad --set net=net.onnx --from-file theirs.json --from demo
says 0 "in order" study check next.json --set name=second --set net=net.onnx
sed 's/theirs.json/cut.json/' next.json >bad.json
says 2 'search.from_file.*not JSON' study check bad.json --set name=second --set net=net.onnx
sed 's/"from_file"/"algorithm": "random", "from_file"/' next.json >bad.json
says 2 'search.from_file" is for "algorithm": "policy"' study check bad.json --set name=second --set net=net.onnx
says 0 "no studies" study list
says 0 "^begins with 1[0-9] trials and a policy" study create "$lab/study.json" --set name=first --set net=net.onnx --from-file theirs.json
says 0 "begins with 1[0-9] trials" study create next.json --set name=second --set net=net.onnx
says 0 'but no trials: "network" is [0-9a-f]*\.\.\. there and ' study create next.json --set name=third --set net=other.onnx
sha256=$(sha256sum <theirs.json | cut -c 1-64)
rm theirs.json
says 0 preparing study start first
wait_for study:first=finished
seen=$(sql state/pare.db 'SELECT count(*) FROM event')
says 0 preparing study start second
slay_four_times "$seen"
wait_for study:second=finished
says 0 "^began with  *file theirs.json (of study demo), with 1[0-9] of its trials$" study show first
says 0 "from_sha256\": *\"$sha256" study show second --json
says 0 preparing study start third
wait_for study:third=finished
says 0 '^began with  *file theirs.json (of study demo), with its policy only: "network" is ' study show third
stop
passes; [ "$("$digest" state/pare.db first)" = "$expected_warm" ] || complain "a file is begun with otherwise than the study that it is of"
passes; [ "$("$digest" state/pare.db second)" = "$expected_warm" ] || complain "a study that began with a file and was killed is another one"
passes; [ "$("$digest" state/pare.db third)" != "$expected_warm" ] || complain "trials of another network are no other beginning"
passes; [ "$("$digest" state/pare.db third)" != "$cold" ] || complain "a study that began with a file's policy is the same as one without"
passes; [ "$(sql state/pare.db 'SELECT count(*) FROM trial WHERE study = 1')" = 14 ] || complain "trials of a file are shown as the study's own"

echo "a study that went on with another runner"
cp "$lab/runner.bin" "$lab/runner.old"
lab_in runner one
start pared.json
create --start
after_events 24 # w8a8 and others are in
says 0 paused study pause demo
stop
old=$(sql state/pare.db "SELECT count(*) FROM trial WHERE outcome = 'measured' AND trial <> 2")
passes; [ "$(sql state/pare.db "SELECT outcome FROM trial WHERE trial = 1")" = measured ] && [ "$old" -lt 12 ] || complain "the study was not paused in the middle: $old trials"
printf x | dd of="$lab/runner.bin" conv=notrunc status=none
start pared.json
"$pare" study resume demo >/dev/null
wait_for study:demo=finished
says 1 "no trials to hand out yet: its w8a8 was not measured with the runner that the study has now" export trials --study demo -o demo.trials.json
says 0 'but no trials: its w8a8 was not measured with the runner ' study create "$lab/study.json" --set name=next --set net=net.onnx --from demo
stop
mv "$lab/runner.old" "$lab/runner.bin"

echo "what is refused"
lab_in refused one
start pared.json
sed 's/"finalists"/"finalist"/' "$lab/study.json" >bad.json
says 2 'did you mean "finalists"' study create bad.json --set name=a --set net=net.onnx
says 2 'wants --set name=... --set net=...' study create "$lab/study.json"
says 2 'No such file' study create "$lab/study.json" --set name=a --set net=missing
sed 's/"board_type": "fake"/"board_type": "none"/' "$lab/study.json" >bad.json
says 2 'no such board' study create bad.json --set name=a --set net=net.onnx
sed 's/"energy": false/"energy": true/' "$lab/study.json" >bad.json
says 2 'have a meter' study create bad.json --set name=a --set net=net.onnx
says 0 '"ahead": *3' study check "$lab/study.json" --set name=a --set net=net.onnx --json
says 0 "no studies" study list
echo "invalid the labels are out of range" >"$lab/data/labels"
"$pare" study create "$lab/study.json" --set name=labels --set net=labels --start >/dev/null
wait_for study:labels=failed
says 0 "labels: the labels are out of range" study show labels
passes; "$pare" study show labels | grep -q "/labels: the labels" && complain "the copy is named, not the user's file"
echo "huge" >"$lab/data/huge"
"$pare" study create "$lab/study.json" --set name=huge --set net=huge --start >/dev/null
wait_for study:huge=failed
says 0 "bytes" study show huge
passes; "$pared" --config pared.json 2>&1 | grep -q "in use\|locked\|another" || complain "a second pared on the same database: $("$pared" --config pared.json 2>&1)"
stop
passes; "$pared" --config missing.json 2>&1 | grep -q "no such file" || complain "a missing configuration"
sed 's/"state"/"stat"/' pared.json >bad.json
passes; "$pared" --config bad.json 2>&1 | grep -q 'did you mean "state"' || complain "an unknown key: $("$pared" --config bad.json 2>&1)"

if [ "$(id -u)" = 0 ]; then
    echo "the rights of the caller"
    lab_in rights one
    chmod 755 "$lab"
    sed -i 's/"log"/"operators": ["nobody"], "log"/' pared.json
    as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$pare" "$@" 2>&1; }
    start pared.json
    (umask 077; echo secret >"$lab/data/secret.npy")
    sed 's/v.npy/secret.npy/' "$lab/study.json" >secret.json
    passes; as_nobody study create secret.json --set name=a --set net=net.onnx | grep -q 'data.validation.*Permission denied' ||
        complain "nobody could read root's file: $(as_nobody study create secret.json --set name=b --set net=net.onnx)"
    passes; as_nobody study create "$lab/study.json" --set name=demo --set net=net.onnx --start | grep -q "study 1" || complain "nobody could not create a study"
    wait_for study:demo=finished
    passes; as_nobody export trials -o "$lab/rights/trials.json" | grep -q "Permission denied" || complain "nobody could write trials into root's folder"
    passes; as_nobody study create "$lab/study.json" --set name=a --set net=net.onnx --from-file "$lab/data/secret.npy" | grep -q 'search.from_file.*Permission denied' ||
        complain "nobody could begin with root's file"
    passes; as_nobody export c-package -o "$lab/rights/package" | grep -q "Permission denied" || complain "nobody could write into root's folder"
    mkdir -m 777 open
    passes; as_nobody export c-package -o "$lab/rights/open/package" | grep -q c-package && [ "$(stat -c %U open/package/src/network.c)" = nobody ] ||
        complain "the package is not nobody's: $(ls -l open/package/src)"
    stop
    same rights
fi

echo "a full disk"
lab_in full one
start pared.json
create --start
after_events 12
prlimit --pid "$pared_pid" --fsize=1:unlimited # nothing may grow
passes; while read -r -t 600 line <&4; do case $line in *"nothing can be stored now"*) break ;; esac; done
case $line in *"nothing can be stored now"*) ;; *) complain "a full disk was not told: $line" ;; esac
says 0 "nothing can be stored now" status
prlimit --pid "$pared_pid" --fsize=unlimited:unlimited
wait_for study:demo=finished
stop
same full

echo "a full disk at the end"
lab_in last one
start pared.json
create --start
after_events 20
prlimit --pid "$pared_pid" --fsize=1:unlimited
while read -r -t 600 line <&4; do case $line in *"nothing can be stored now"*) break ;; esac; done
stop
start pared.json
wait_for study:demo=finished
stop
same last

echo "a database that refuses what is no matter of room"
n=0
for what in "study WHEN new.space IS NOT NULL AND old.space IS NULL" "measurement WHEN new.trial = 3" "trial WHEN new.result_seq = 4" \
    "agent_state WHEN (SELECT applied_seq FROM study) = 5"; do
    lab_in "refuses$((++n))" one
    start pared.json
    event=UPDATE; case $what in measurement*) event=INSERT ;; esac
    create
    sqlite3 -cmd ".timeout 60000" state/pare.db "CREATE TRIGGER refuse BEFORE $event ON $what BEGIN SELECT RAISE(ABORT, 'refused for a test'); END"
    says 0 preparing study start demo
    wait_for study:demo=paused
    says 0 "the database: .*refused for a test" study show demo
    sqlite3 -cmd ".timeout 60000" state/pare.db "DROP TRIGGER refuse"
    says 0 . study resume demo
    wait_for study:demo=finished
    stop
    same "refuses$n"
done

echo "a board that is not there, and then is"
lab_in vanish one
mv openocd-one hidden
printf '#!/bin/sh\nexit 1\n' >openocd-one
chmod +x openocd-one
start pared.json
create --start
after_events 1 attempt.failed
mv hidden openocd-one
wait_for study:demo=finished
stop
same vanish
finish
