#!/usr/bin/env bats
# What one sees of a master, for people and for machines.

load helper

@test "status, queues, workers, tasks, key list and config show are valid JSON" {
    master --queue jobs
    stint put jobs a b
    for command in status queues workers tasks "key list" "config show"; do
        # shellcheck disable=SC2086
        stint $command --json | python3 -m json.tool >/dev/null
    done
    [ "$(stint status --json | json .ready)" = 2 ]
    [ "$(stint queues --json | json .0.queue)" = jobs ]
    [ "$(stint tasks --json | json .1.payload)" = b ]
    [ "$(stint workers --json)" = "[]" ]
}

@test "times are RFC 3339 in UTC and durations are numbers" {
    master
    stint put jobs a
    [[ $(stint tasks --json | json .0.put_at) =~ ^20[0-9-]+T[0-9:.]+Z$ ]]
    [[ $(stint tasks --json | json .0.age) =~ ^[0-9.e-]+$ ]]
    [ "$(stint tasks --json | json .0.ended_at)" = null ]
    [[ $(stint status --json | json .since) =~ Z$ ]]
}

@test "--plain is tab-separated without a heading, -q ids only" {
    master
    stint put jobs a b
    [ "$(stint tasks --plain | wc -l)" -eq 2 ]
    stint tasks --plain | awk -F'\t' 'NF < 15 { exit 1 }'
    stint tasks -q | grep -qxE '[0-9]+'
    [ "$(stint queues -q)" = jobs ]
}

@test "people see a heading" {
    master
    stint put jobs a
    [[ $(stint queues) == queue*kind*ready* ]]
    [[ $(stint status) == *"stint "*ready* ]]
    stint queues --color always | grep -q $'\033'
    NO_COLOR=1 stint queues | lacks $'\033'
    stint queues | lacks $'\033'
}

@test "a payload cannot play tricks on a terminal" {
    master
    printf '\033[2Jx' | stint put jobs
    stint tasks | lacks $'\033'
    stint show "$(stint tasks -q)" | lacks $'\033'
    stint tasks --json | json .0.payload | grep -qx 1b5b324a78
}

@test "tasks by queue and state, with a limit that is said" {
    master
    stint put a 1 2 3
    stint put b 4
    [ "$(stint tasks --queue a -q | wc -l)" -eq 3 ]
    [ "$(stint tasks --state dead -q | wc -l)" -eq 0 ]
    run -0 --separate-stderr stint tasks --limit 2 --plain
    [ "${#lines[@]}" -eq 2 ]
    [[ $stderr == *"first 2"* ]]
}

@test "show: one, several, none" {
    master
    stint put jobs a b
    first=$(stint tasks -q | head -n 1)
    [[ $(stint show "$first") == *jobs* ]]
    [ "$(stint show "$first-$((first + 9))" -q | wc -l)" -eq 2 ]
    run -1 --separate-stderr stint show 999999
    is_one_error
    run -1 --separate-stderr stint show seven
    is_one_error
}

@test "workers --all shows clients as well" {
    master
    background get "$STINT" get jobs --timeout 20s
    wait_for sh -c "'$STINT' workers --all --plain | grep -q client"
    [ -z "$(stint workers -q)" ]
}

@test "ping and health" {
    master
    [[ $(stint ping) == "the master answers in "* ]]
    [ "$(stint ping -c 3 --interval 10ms --json | wc -l)" -eq 3 ]
    stint ping --json | json .round_trip
    [ "$(stint health)" = healthy ]
    [ "$(stint health --json | json .healthy)" = true ]
    run -0 stint health -q
    [ -z "$output" ]
    kill -KILL "$MASTER"
    run -69 --separate-stderr stint health --timeout 500ms
    is_one_error
}

@test "logs can be JSON" {
    master --log-format json
    stint put jobs a
    kill -TERM "$MASTER"
    wait "$MASTER"
    while read -r line; do
        case $line in "{"*) printf '%s' "$line" | json .message ;; esac
    done <master.err
}

@test "nothing to list is a heading, and a queue that is not there is 1" {
    master --queue jobs
    [[ $(stint workers) == "worker  kind"* ]]
    [[ $(stint tasks --queue jobs) == "task  queue"* ]]
    [ -z "$(stint workers -q)" ]
    run -1 --separate-stderr stint tasks --queue nosuch
    is_one_error
    [[ $stderr == *"'nosuch'"* ]]
    stint status | grep -qE 'memory +[0-9.kMG]+ bytes'
}

none_left() {
    [ "$(stint queues default --json | json .0.jobs_ready)" = 0 ]
}

# Nobody is shown.
gone() {
    [ "$(stint workers --json)" = "[]" ]
}

@test "a queue shows the tasks of its jobs, and of jobs what was cancelled" {
    master
    stint submit true ::: 1 2 3 2>/dev/null
    stint put default own
    [ "$(stint queues default --json | json .0.ready)" = 4 ]
    [ "$(stint queues default --json | json .0.jobs_ready)" = 3 ]
    stint queues | grep -q 'of jobs'
    stint jobs | lacks cancel
    stint cancel --job 1
    wait_for none_left
    [ "$(stint jobs --json | json .0.state)" = cancelled ]
    stint jobs | grep -q cancel
    stint top --once | grep -q 'cancelled .* 0/3 '
}

@test "a killed worker that held nothing is only counted" {
    master --silence 1s
    worker -- true
    kill -KILL "$WORKER"
    wait_for gone
    stint workers 2>err | lacks "$(hostname)"
    grep -q '1 more is silent and holds nothing' err
    [ "$(stint workers --all --json | json .0.alive)" = false ]
    stint top --once | grep -q '1 silent'
}
