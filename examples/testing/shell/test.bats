#!/usr/bin/env bats
# count-words, with a master and workers of its own for each test.

setup() {
    cd "$BATS_TEST_DIRNAME" || return 1
    T=$BATS_TEST_TMPDIR
    # Nothing of the user's own: neither settings nor a master.
    export HOME=$T XDG_STATE_HOME=$T/state XDG_CONFIG_HOME=$T/config
    unset STINT_MASTER STINT_ACCESS STINT_AUTHKEY STINT_AUTHKEY_FILE

    # A free port; everything in memory; the line is there when it is ready.
    mkfifo "$T/ready"
    stint master --listen tcp://127.0.0.1:0 --memory --data "$T/state/stint" \
        --ready-fd 5 5>"$T/ready" 2>"$T/master.log" 3>&- &
    PIDS=$!
    read -r _ <"$T/ready" # {"address":"tcp://127.0.0.1:40321", ...}
    printf 'one two three\n' >"$T/a"
    printf 'four five\n' >"$T/b"
}

teardown() {
    # shellcheck disable=SC2086 # a word each
    kill -KILL $PIDS 2>/dev/null || true
    # shellcheck disable=SC2086
    wait $PIDS 2>/dev/null || true
}

# worker NAME COMMAND...: its process id is $!.
worker() {
    stint worker --name "$1" -j 1 --queue words -- "${@:2}" \
        2>"$T/$1.log" 3>&- &
    PIDS="$PIDS $!"
}

wait_until() {
    for _ in $(seq 200); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.05
    done
    echo "in vain: $*" >&2
    return 1
}

@test "the words of all files are counted" {
    worker one ./words-of {}
    worker two ./words-of {}
    stint wait --ready --workers 2 --timeout 10s -q
    [ "$(./count-words "$T/a" "$T/b")" = 5 ]
}

@test "a file that is not there fails, and says so" {
    worker one ./words-of {}
    run stint put words "$T/nowhere" --attempts 1 --result
    [ "$status" -eq 1 ]
}

@test "what a killed worker had begun another one does" {
    # shellcheck disable=SC2016 # $$ and $1 are the command's
    worker slow sh -c 'echo $$ >"$1.begun"; exec sleep 60' - {}
    slow=$!
    stint wait --ready --workers 1 --timeout 10s -q
    ./count-words "$T/a" >"$T/sum" 3>&- &
    counting=$!
    wait_until test -s "$T/a.begun"
    kill -KILL "$slow" "$(cat "$T/a.begun")"
    worker quick ./words-of {}
    wait "$counting"
    [ "$(cat "$T/sum")" = 3 ]
}
