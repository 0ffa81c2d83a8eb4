#!/usr/bin/env bats
# What survives a master, and looking into it from outside.

load helper

# stop: the master ends as `systemctl stop` ends it.
stop() {
    kill -TERM "$MASTER"
    wait "$MASTER"
    rm -f "$T/ready.json"
}

# crash: it ends as a power switch ends it, but for the disk.
crash() {
    kill -KILL "$MASTER"
    wait "$MASTER" || true
    rm -f "$T/ready.json"
}

teardown() {
    for pid in $STARTED; do
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    if mountpoint -q "$T/small"; then umount -l "$T/small"; fi
}

# rows [OPTION...]: `kind id` of each row, in order.
rows() {
    stint store export "$@" | python3 -c '
import json, sys
for kind, id in sorted((r["kind"], r["id"]) for r in map(json.loads, sys.stdin)):
    print(kind, id)'
}

# damage TEXT [DIR]: flip a bit of the first place in the store that has it.
damage() {
    python3 - "$1" "${2:-$XDG_STATE_HOME/stint}/store" <<'CODE'
import os, sys
text, store = sys.argv[1].encode(), sys.argv[2]
for name in sorted(os.listdir(store)):
    with open(os.path.join(store, name), "r+b") as f:
        at = f.read().find(text)
        if at >= 0:
            f.seek(at); f.write(bytes([text[0] ^ 1])); print(name); sys.exit()
sys.exit("nowhere: " + sys.argv[1])
CODE
}

@test "a master is durable by default and says where" {
    master
    grep -q "durable in .*/stint (synced)" master.err
    [ "$(stint status --json | json .durability)" = synced ]
    [ "$(stint status --json | json .disk_full)" = false ]
    stint put jobs a b c
    crash
    master
    [ "$(ready jobs)" = 3 ]
    [ "$(stint get jobs -n all | tr '\n' ' ')" = "a b c " ]
    stop
    master
    [ "$(ready jobs)" = 0 ]
    [ "$(stint queues jobs --json | json .0.done)" = 3 ]
}

@test "--memory keeps keys and nothing else" {
    master --memory
    grep -q "in memory: nothing survives" master.err
    stint put jobs a
    stop
    [ ! -e "$XDG_STATE_HOME/stint/store" ]
    master --memory
    [ -z "$(stint queues -q)" ]
}

@test "a queue has the durability that was asked for, and keeps it" {
    master --durability written --queue live,durability=memory --queue sure,durability=synced
    grep -q "(written)" master.err
    stint put jobs a
    stint put live a
    stint put sure a
    [ "$(stint queues jobs --json | json .0.durability)" = written ]
    [ "$(stint queues live --json | json .0.durability)" = memory ]
    [ "$(stint queues sure --json | json .0.durability)" = synced ]
    crash
    master
    [ "$(ready jobs)" = 1 ]
    [ "$(ready sure)" = 1 ]
    [ "$(stint queues sure --json | json .0.durability)" = synced ]
}

@test "a queue that came back is taken as it is, or the difference is said" {
    master --queue jobs,max-tasks=5
    stop
    master --queue jobs
    [ "$(stint queues jobs --json | json .0.max_tasks)" = 5 ]
    stop
    run -78 --separate-stderr stint master --listen tcp://127.0.0.1:0 --queue jobs,max-tasks=6
    [[ "$stderr" == *"--queue jobs,max-tasks=6: there is a queue jobs already"* ]]
}

@test "--data says where, --state is its older name" {
    master --data "$T/one"
    stint put jobs a --access one/access
    stop
    [ -d one/store ]
    master --state "$T/one"
    [ "$(stint get jobs --access one/access)" = a ]
    stop
    export STINT_DATA=$T/one
    master
    stint ping --access one/access
    [ ! -e "$XDG_STATE_HOME/stint" ]
}

@test "durabilities that contradict each other are 64" {
    run -64 --separate-stderr stint master --memory --durability synced
    is_one_error
    run -64 --separate-stderr stint master --memory --queue q,durability=written
    is_one_error
    run -64 --separate-stderr stint master --state a --data b
    is_one_error
    run -64 --separate-stderr stint master --queue q,durability=7
    [[ $stderr == *"synced, written or memory"* ]]
    run -64 --separate-stderr stint master --durability often
    is_one_error
    [ ! -e a ] && [ ! -e b ] && [ ! -e "$XDG_STATE_HOME/stint" ]
}

@test "two masters on one directory: the second is refused" {
    master
    run -75 --separate-stderr stint master --listen tcp://127.0.0.1:0
    [[ $stderr == *"in use by another master (process $MASTER)"* ]]
}

@test "stat and check read a store, in use or not" {
    master
    stint put jobs a b c
    [ "$(stint store stat --json | json .task)" = 3 ]
    [ "$(stint store stat --json | json .queue)" = 1 ]
    [ "$(stint store stat --json | json .in_use)" = true ]
    [[ $(stint store check) == "whole: "*"a master uses it" ]]
    stop
    [ "$(stint store stat --json | json .in_use)" = false ]
    [ "$(stint store stat --json | json .was_closed)" = true ]
    [ "$(stint store stat --json | json .starts)" = 1 ]
    [[ $(stint store stat --json | json .committed_at) == 20*Z ]]
    [[ $(stint store check) == "whole: "* ]]
    [ "$(stint store check --json)" = "[]" ]
    [ -z "$(stint store check --plain)" ]
    stint store stat | grep -qE '^task +3$'
}

@test "export is JSON lines, and import its inverse" {
    master --queue jobs,kind=priority,max-tasks=9
    printf 'a\0\377b' | stint put jobs
    stint put jobs c --priority 3 --handler square
    stint put jobs gone
    background result "$STINT" put jobs d --result --result-timeout 30s
    wait_for is_ready jobs 4
    stint store export >rows.jsonl
    grep -q '"payload_base64":"YQD/Yg=="' rows.jsonl
    stint get jobs >/dev/null
    stop
    stint store export >rows.jsonl
    while read -r line; do printf '%s' "$line" | json .kind >/dev/null; done <rows.jsonl
    run -0 --separate-stderr stint store import --data new rows.jsonl
    [[ $stderr == *"rows"*"master --data new"*"no keys are there"* ]]
    [[ $stderr != *mended* ]]
    stint store export --data new | sort >again
    sort rows.jsonl | diff - again
    stint store import --data piped <rows.jsonl
    [ "$(rows --data piped)" = "$(rows)" ]
    cp "$XDG_STATE_HOME"/stint/{server.key,keys,access,work.access,submit.access} new/
    master --data new
    [ "$(stint queues jobs --access new/access --json | json .0.ready)" = 3 ]
    [ "$(stint queues jobs --access new/access --json | json .0.done)" = 1 ]
    [ "$(stint queues jobs --access new/access --json | json .0.kind)" = priority ]
}

@test "a running master's store can be exported" {
    master
    stint put jobs a b
    export TMPDIR=$T/tmp
    mkdir tmp
    [ "$(stint store export | grep -c '"kind":"task"')" = 2 ]
    [ -z "$(ls tmp)" ]
    stint put jobs c
    [ "$(stint get jobs -n all | wc -l)" = 3 ]
}

@test "import wants an empty place, and leaves nothing behind after an error" {
    master
    stint put jobs a
    stint store export >rows.jsonl
    run -75 --separate-stderr stint store import rows.jsonl
    is_one_error
    stop
    run -1 --separate-stderr stint store import rows.jsonl
    is_one_error
    [[ $stderr == *"move it away"* ]]
    for line in '{"kind":"tusk","id":1,"fields":{}}' 'nonsense' '[]' \
        '{"kind":"task","id":1,"fields":{"queue":-1}}' \
        '{"kind":"task","id":1,"fields":{"queue":"a"}}' \
        '{"kind":"task","id":1,"fields":{"colour":1}}' \
        '{"kind":"task","id":1,"fields":{"payload_base64":"?"}}' \
        '{"kind":"queue","id":0,"fields":{"queue":""}}' \
        '{"kind":"receipt","id":1,"fields":{}}'; do
        cat rows.jsonl - <<<"$line" >bad.jsonl
        run -1 --separate-stderr stint store import --data new bad.jsonl
        is_one_error
        [[ $stderr == *"line $(wc -l <bad.jsonl)"* ]]
        [ ! -e new/store ] && [ ! -e new/store.new ]
    done
    run -1 --separate-stderr stint store import --data new /dev/null
    [[ $stderr == *"there are no rows"* ]]
    run -1 --separate-stderr stint store import --data new nowhere.jsonl
    is_one_error
    run -64 script -qec "'$STINT' store import" /dev/null
    [[ $output == *"import what?"* ]]
}

@test "what is missing is mended, and said" {
    master --queue jobs --queue more
    stint put jobs a b c
    stint put more d
    stop
    stint store export >rows.jsonl
    mend() {
        rm -rf new/store
        grep -v "$1" rows.jsonl >less.jsonl
        run -0 --separate-stderr stint store import --data new less.jsonl
        [[ $stderr == *"mended: $2"* ]]
        master --data "$T/new"
        [ "$(stint queues --access new/access -q | sort | tr '\n' ' ')" = "$3" ]
        stop
    }
    mend '"kind":"queue","id":0' "a queue is lost" "more recovered-0 "
    mend '"kind":"tally"' "what queue 0 had counted is lost" "jobs more "
    mend '"kind":"task","id":2' "queue 0: tasks are lost (1)" "jobs more "
    mend '"kind":"master"' "what the master was is lost" "jobs more "
    mend '"kind":"clock"' "when the master ran last is lost" "jobs more "
}

@test "damage is refused with file and offset, and there is a way out" {
    master
    for task in alpha beta gamma; do stint put jobs "payload-$task"; done
    stop
    file=$(damage payload-beta)
    run -65 --separate-stderr stint master --listen tcp://127.0.0.1:0
    [[ $stderr == *"$file"*"stint store check"* ]]
    run -65 --separate-stderr stint store check
    [[ $output == *"$file"* ]]
    is_one_error
    [[ $stderr == *"stint store export --data $XDG_STATE_HOME/stint > rows.jsonl"* ]]
    stint store check --json >damages.json || true
    [[ $(json .0.file <damages.json) == *"$file" ]]
    [ "$(json .0.offset <damages.json)" -ge 0 ]
    run -65 --separate-stderr stint store stat --json
    [ "$(json .damages <<<"$output")" -ge 1 ]
    status=0
    stint store export >rows.jsonl 2>export.err || status=$?
    [ "$status" -eq 65 ]
    grep -q "damaged: .*$file" export.err
    mv "$XDG_STATE_HOME/stint/store" "$T/store.damaged"
    stint store import rows.jsonl
    master
    [ "$(stint get jobs -n all | sort | tr '\n' ' ')" = "payload-alpha payload-gamma " ]
}

@test "backup: a running master, checked, with its keys, and it starts" {
    master
    stint key new node7
    stint put jobs a b c
    run -0 --separate-stderr stint backup copy
    [[ $stderr == *"copy   3 tasks"*"checked"*"master --data copy"* ]]
    stint put jobs later
    [ "$(find copy -type f ! -perm 600 | wc -l)" = 0 ]
    [ "$(stat -c %a copy)" = 700 ]
    for file in server.key keys access work.access submit.access; do [ -s "copy/$file" ]; done
    [[ $(stint store check --data copy) == "whole: "* ]]
    [ "$(stint get jobs)" = a ]
    stop
    master --data copy
    [ "$(stint get jobs --access copy/access -n all | tr '\n' ' ')" = "a b c " ]
    stint ping --access node7.access --master "$ADDRESS"
}

@test "a master in memory says what it leaves alone, and is not copied" {
    master
    stint put jobs a
    stop
    master --memory
    grep -q "left alone" master.err
    run -64 --separate-stderr stint backup copy
    [[ "$stderr" == *"in memory only"* ]]
    [ ! -e copy ]
    stop
    stint backup copy
    master
    [ "$(ready jobs)" = 1 ]
}

@test "check says how much of the end was torn off" {
    master
    stint put jobs a
    crash
    segment=$(echo "$XDG_STATE_HOME"/stint/store/*.log)
    size=$(stint store stat --json | json .bytes)
    python3 - "$segment" <<'CODE'
import sys
with open(sys.argv[1], "r+b") as f:
    data = f.read()
    at = data.rfind(b"BLOK")
    f.seek(at + 50); f.write(bytes([data[at + 50] ^ 1]))
CODE
    run -0 stint store check
    [[ "$output" == whole:* ]]
    [[ "$output" == *"bytes were being written when it was cut off"* ]]
}

@test "backup takes no directory that has something in it, and leaves no half" {
    master
    stint put jobs a
    mkdir full empty
    touch full/mine
    run -1 --separate-stderr stint backup full
    is_one_error
    stint backup empty/
    [ -d empty/store ]
    run -1 --separate-stderr stint backup no/where/copy
    is_one_error
    run -64 --separate-stderr stint backup copy --data nowhere
    is_one_error
    [[ $stderr == *"there is no store in nowhere"* ]]
    stop
    damage jobs
    run -65 --separate-stderr stint backup copy
    is_one_error
    [ "$(ls -d copy* | wc -l)" = 0 ]
}

@test "a disk that fails: the master ends with 74, and nothing acknowledged is lost" {
    cat >fail.c <<'CODE'
#include <errno.h>
#include <unistd.h>
int fdatasync(int fd)
{
    if (access("failing", F_OK) != 0) return fsync(fd);
    errno = EIO;
    return -1;
}
CODE
    gcc -shared -fPIC fail.c -o fail.so
    LD_PRELOAD=$T/fail.so master
    stint put jobs a b
    touch failing
    run -69 --separate-stderr stint put jobs lost --timeout 2s
    status=0
    wait "$MASTER" || status=$?
    [ "$status" -eq 74 ]
    grep -q "^stint: .*$XDG_STATE_HOME/stint/store" master.err
    rm failing ready.json
    master
    [ "$(stint get jobs -n 2 | tr '\n' ' ')" = "a b " ]
}

@test "a full disk: new work is 75, old work goes on, and later all of it" {
    mkdir small
    mount -t tmpfs -o size=100M tmpfs small 2>/dev/null || skip "only root can mount a small disk"
    master --data "$T/small/data"
    export STINT_ACCESS=$T/small/data/access
    head -c 1M /dev/zero >megabyte
    status=0
    for _ in $(seq 120); do
        stint put jobs <megabyte 2>put.err || { status=$?; break; }
    done
    [ "$status" -eq 75 ]
    grep -q "the master's disk is full; 0 tasks were accepted" put.err
    [ "$(stint status --json | json .disk_full)" = true ]
    stint store export --data small/data >rows.jsonl
    run -75 --separate-stderr stint backup small/copy --data small/data
    is_one_error
    run -75 --separate-stderr stint store import --data small/new rows.jsonl
    is_one_error
    [ ! -e small/copy ] && [ ! -e small/new/store ]
    stint get jobs -n all --raw | wc -c
    wait_for stint put jobs again
    [ "$(stint status --json | json .disk_full)" = false ]
    stop
    umount small
}

@test "no store at all is 64 and says which directory" {
    for command in check stat export; do
        run -64 --separate-stderr stint store "$command" --data nowhere
        is_one_error
        [[ $stderr == *"there is no store in nowhere"* ]]
    done
    [ ! -e nowhere ]
}

@test "half of store names its commands" {
    run -64 --separate-stderr stint store
    [[ $stderr == *"stint store check"*"stint store import"* ]]
    stint completion bash >bash
    # shellcheck disable=SC1091
    source ./bash
    complete_at() { COMP_CWORD=$(($# - 1)); COMP_WORDS=("$@"); COMPREPLY=(); _stint; echo "${COMPREPLY[*]}"; }
    [ "$(complete_at stint store "")" = "check stat export import" ]
    [[ $(complete_at stint store stat --j) == --json ]]
}

@test "a store on a disk that cannot be written to is looked into and copied" {
    [ "$(id -u)" -eq 0 ] || skip "needs root"
    master
    stint put jobs a b
    stop
    mkdir ro
    mount --bind "$XDG_STATE_HOME/stint" ro
    mount -o remount,ro,bind ro
    run stint store check --data ro
    checked="$status $output"
    run stint backup --data ro copy
    umount ro
    [[ "$checked" == "0 whole:"* ]]
    [ "$status" -eq 0 ]
    stint store check --data copy
}
