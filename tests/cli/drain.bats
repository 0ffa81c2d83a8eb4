#!/usr/bin/env bats
# Workers finish what they have and get no more.

load helper

held() {
    stint workers --json | python3 -c 'import json, sys; print(sum(r["leased"] for r in json.load(sys.stdin)))'
}

is_held() {
    [ "$(held)" = "$1" ]
}

@test "a drained worker finishes and is given no more, until the undo" {
    master
    # shellcheck disable=SC2016
    worker -j 1 --name node7 -- sh -c 'while [ ! -e "$1/go" ]; do sleep 0.05; done' sh "$T"
    stint put default a
    wait_for is_held 1
    (sleep 0.3 && touch go) 3>&- &
    run -0 --separate-stderr stint drain node7 --wait 60s --progress never
    [[ $stderr == *"node7 finishes what it has"* ]]
    [ "$(held)" = 0 ]
    [ "$(stint workers --json | json .0.draining)" = true ]
    stint put default b
    sleep 1
    [ "$(ready default)" = 1 ]
    stint drain node7 --undo
    [ "$(stint workers --json | json .0.draining)" = false ]
    wait_for is_ready default 0
}

@test "--all is for those who come, too" {
    master
    stint drain --all
    worker -j 1 --name late -- true
    stint put default a
    sleep 1
    [ "$(ready default)" = 1 ]
    [ "$(stint workers --json | json .0.draining)" = true ]
    stint drain --all --undo
    wait_for is_ready default 0
}

@test "--wait ends with 75 when they still hold some" {
    master
    worker -j 1 --name slow -- sleep 30
    stint put default a
    wait_for is_held 1
    run -75 --separate-stderr stint drain slow --wait 300ms -q
    is_one_error
    [[ $stderr == *"1 task is still held by 1 worker after 300ms"* ]]
    [ "$(stint drain slow --wait 300ms --progress always 2>&1 | grep -cE 'tasks? held by')" -ge 1 ]
}

@test "nobody, both, and without the role" {
    master
    run -64 --separate-stderr stint drain
    is_one_error
    run -64 --separate-stderr stint drain node7 --all
    is_one_error
    run -64 --separate-stderr stint drain --all --undo --wait 1s
    is_one_error
    run -1 --separate-stderr stint drain node7
    [[ $stderr == *"no worker 'node7'"*"stint workers"* ]]
    stint key new runner
    run -77 --separate-stderr stint drain --all --access runner.access
    [[ $stderr == *"role admin"* ]]
}

@test "a host is drained whole, by its name as a word or an option" {
    master
    worker -j 1 --name one -- true
    worker -j 1 --name two -- true
    host=$(stint workers --json | json .0.host)
    run -0 --separate-stderr stint drain "$host" --wait 5s --progress never
    [[ $stderr == "2 workers of host $host finish what they have"*"no task is held"* ]]
    [ "$(stint workers --json | grep -o '"draining": *true' | wc -l)" -eq 2 ]
    run -0 --separate-stderr stint drain --host "$host" --undo
    [[ $stderr == "2 workers of host $host are given tasks again" ]]
    [ "$(stint workers --json | grep -o '"draining": *true' | wc -l)" -eq 0 ]
    run -1 --separate-stderr stint drain --host node9
    is_one_error
    run -64 --separate-stderr stint drain one --host "$host"
    is_one_error
}
