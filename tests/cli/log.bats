#!/usr/bin/env bats
# What a master logs, and in which form.

load helper

# events: the names of those in the log of JSON lines; fails on any other line.
events() {
    jq -er .event "$T/master.err"
}

@test "JSON: every line is an event with its own fields" {
    master --log-format json --memory
    kill -TERM "$MASTER"
    wait "$MASTER"
    events | grep -qx listening
    events | grep -qx stopping
    jq -se 'map(select(.event == "listening"))[0] | .address == "'"$ADDRESS"'" and
        .level == "info" and .durable == false and .state == true and
        (.http | startswith("http://127.0.0.1:")) and
        (.time | endswith("Z"))' "$T/master.err"
    [ "$(jq -s length "$T/master.err")" -eq "$(wc -l <"$T/master.err")" ]
}

@test "JSON: a sentence behind the fields is the message, quotes and all" {
    echo abc >short
    chmod 600 short
    master --log-format json --memory --listen 'tcp://*:0' \
        --authkey-file short --allow-weak-authkey
    jq -se 'map(select(.event == "weak_authkey"))[0] | .level == "warning" and
        (.address | test("^tcp://.*[0-9]$")) and
        (.message | startswith("other hosts reach it"))' "$T/master.err"
}

@test "levels: only what is at least so important is said" {
    master --log-level warning --memory
    lacks 'listening' <"$T/master.err"
    kill -TERM "$MASTER"
    wait "$MASTER"
    lacks 'stopping' <"$T/master.err"
}

@test "the journal: each line begins with its priority and has no time" {
    : >"$T/journal.err"
    JOURNAL_STREAM=$(stat -c %d:%i "$T/journal.err") background journal \
        "$STINT" master --listen tcp://127.0.0.1:0 --memory
    wait_for grep -q listening "$T/journal.err"
    grep -q '^<6>listening address=tcp://127' "$T/journal.err"
}

@test "the journal: a stream that was redirected since is none" {
    export JOURNAL_STREAM=1:1
    master --memory
    lacks '^<6>' <"$T/master.err"
    grep -q 'Z info: listening' "$T/master.err"
}

@test "workers that come, leave and are lost are said, and tasks that die" {
    master --log-format json --memory
    worker --queue jobs -- false
    stint put jobs x
    wait_for grep -q '"event":"task-dead"' "$T/master.err"
    jq -se 'map(select(.event == "task-dead"))[0] | .task == 1 and
        .queue == "jobs" and .attempts == 3 and .level == "warning"' "$T/master.err"
    kill -TERM "$WORKER"
    wait_for grep -q '"event":"worker-left"' "$T/master.err"
    worker --queue jobs -- true
    kill -KILL "$WORKER"
    wait_for grep -q '"event":"worker-lost"' "$T/master.err"
    [ "$(events | grep -c worker-joined)" -eq 2 ]
}
