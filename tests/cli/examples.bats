#!/usr/bin/env bats
# The tutorial pair: the same words as Python's, and both leave with 0.

load helper

EXAMPLES=${BATS_TEST_DIRNAME}/../../${STINT_BUILD:-build}/examples

port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

pair() {
    grep -c '^Put task [0-9]*\.\.\.$' "$T/m.out" | grep -qx 10
    grep -cE '^Result: ([0-9]+) \* \1 = [0-9]+$' "$T/m.out" | grep -qx 10
    tail -n 1 "$T/m.out" | grep -qx 'master exit.'
    grep -cE '^run task ([0-9]+) \* \1\.\.\.$' "$T/w.out" | grep -qx 10
    grep -qx 'task queue is empty.' "$T/w.out"
    tail -n 1 "$T/w.out" | grep -qx 'worker exit.'
}

@test "the tutorial pair, master first" {
    address=tcp://127.0.0.1:$(port)
    background m "$EXAMPLES/task_master" "$address"
    master=$!
    sleep 1.5
    background w "$EXAMPLES/task_worker" "$address"
    wait $!
    wait "$master"
    pair
}

@test "the tutorial pair, worker first" {
    address=tcp://127.0.0.1:$(port)
    background w "$EXAMPLES/task_worker" "$address"
    worker=$!
    sleep 1.5
    background m "$EXAMPLES/task_master" "$address"
    wait $!
    wait "$worker"
    pair
}

@test "a job runs a command for each line, prints in order, and says what failed" {
    master --memory
    worker --allow-exec -j 2
    seq 20 > "$T/lines"
    run --separate-stderr "$EXAMPLES/job" sh -c \
        'sleep 0.0$((30 - {})); echo {}; [ {} != 7 ] || exit 9' < "$T/lines"
    [ "$status" -eq 1 ]
    [ "$output" = "$(cat "$T/lines")" ]
    [[ "$stderr" == *"job: 7: "* ]]
    [ "$(grep -c '^job: ' <<< "$stderr")" -eq 1 ]
}
