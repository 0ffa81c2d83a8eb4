#!/usr/bin/env bats
# schedule add, list and remove: tasks that the master puts by itself.

load helper

# next NAME: when it is due, as the list says.
next() {
    stint schedule list "$1" --json | json .0.next
}

@test "every so often a task is put, until the schedule is removed" {
    master
    run -0 --separate-stderr stint schedule add beat jobs hi --every 200ms
    [ -z "$output" ]
    [[ $stderr == "schedule beat: next at "* ]]
    [ "$(stint get jobs --timeout 10s)" = hi ]
    [ "$(stint get jobs --timeout 10s)" = hi ]
    run -0 --separate-stderr stint schedule remove beat
    [[ $stderr == "schedule beat is removed"* ]]
    [ "$(stint schedule list --json)" = "[]" ]
    while stint get jobs >/dev/null; do :; done
    run -75 stint get jobs --timeout 1s
}

@test "at a time that is over it is put at once, and once" {
    master
    run -0 --separate-stderr stint schedule add bell jobs ring --at 2020-01-01T00:00Z
    [[ $stderr == *"has been put"* ]]
    [ "$(stint get jobs)" = ring ]
    [ "$(stint schedule list bell --json | json .0.put)" = 1 ]
    [ "$(next bell)" = null ]
    run -75 stint get jobs
}

@test "times are in UTC unless they say otherwise" {
    master
    for at in 2099-05-06T07:08:09Z 2099-05-06T07:08:09 "2099-05-06 07:08:09Z" \
        2099-05-06T09:08:09+02:00 2099-05-06T05:38:09-0130; do
        stint schedule add bell jobs --at "$at"
        [ "$(next bell)" = 2099-05-06T07:08:09.000Z ]
    done
    for at in tomorrow 2099-02-30T00:00Z 2099-13-01T00:00Z 2099-05-06 \
        2099-05-06T24:00Z 2099-05-06T07:08Zx 2099-05-06T07:08+ ""; do
        run -64 --separate-stderr stint schedule add other jobs --at "$at"
        is_one_error
    done
}

@test "a line of cron is due when it says" {
    master
    stint schedule add yearly jobs --cron '30 4 29 feb *'
    [[ $(next yearly) == *-02-29T04:30:00.000Z ]]
    stint schedule add daily jobs --cron @daily
    [[ $(next daily) == *T00:00:00.000Z ]]
    [ "$(stint schedule list daily --json | json .0.cron)" = @daily ]
}

@test "a line that is wrong is refused, with the field that is" {
    master
    run -64 --separate-stderr stint schedule add x jobs --cron '0 24 * * *'
    is_one_error
    [[ $stderr == *"hour '24'"* ]]
    run -64 --separate-stderr stint schedule add x jobs --cron '0 0 30 2 *'
    [[ $stderr == *"never comes"* ]]
    run -64 --separate-stderr stint schedule add x jobs --every 99ms
    [[ $stderr == *"100 ms"* ]]
    run -64 --separate-stderr stint schedule add x jobs
    [[ $stderr == *"--cron"* ]]
    run -64 --separate-stderr stint schedule add x jobs --every 1s --at 2099-01-01T00:00Z
    is_one_error
    [ "$(stint schedule list --json)" = "[]" ]
}

@test "what is added again is changed" {
    master
    stint schedule add s jobs --every 1h
    stint schedule add s other --every 2h
    [ "$(stint schedule list --json | json .0.queue)" = other ]
    [ "$(stint schedule list --json | json .0.every)" = 7200.0 ]
    [ "$(stint schedule list -q | wc -l)" -eq 1 ]
}

@test "its tasks are as asked for, with all of stdin" {
    master
    head -c 200000 /dev/urandom >bytes
    stint schedule add s jobs - --at 2020-01-01T00:00Z --priority 4 \
        --handler sum --attempts 5 <bytes
    [ "$(stint tasks --json | json .0.priority)" = 4 ]
    [ "$(stint tasks --json | json .0.handler)" = sum ]
    stint get jobs --raw | cmp - bytes
}

@test "nothing is put while the last task is open, if so asked" {
    master
    stint schedule add s jobs --every 100ms --skip-if-open
    skipped() { [ "$(stint schedule list s --json | json .0.skipped)" -gt 2 ]; }
    wait_for skipped
    [ "$(ready jobs)" = 1 ]
}

@test "a queue that is full is skipped, and the log says so" {
    master --queue small,max-tasks=1
    stint schedule add s small --every 100ms
    wait_for grep -q 'schedule-skipped schedule="s" queue="small"' master.err
    [ "$(ready small)" = 1 ]
    [ "$(grep -c schedule-skipped master.err)" -eq 1 ]
}

@test "it goes on after a restart, and what was missed is put once or left out" {
    master
    stint schedule add once jobs o --every 300ms
    stint schedule add none other n --every 300ms --missed none
    kill "$MASTER"
    wait "$MASTER" || true
    rm -f ready.json
    sleep 1
    master
    [ "$(stint get jobs --timeout 10s)" = o ]
    skipped() { [ "$(stint schedule list none --json | json .0.skipped)" -eq 1 ]; }
    wait_for skipped
    [ "$(stint get other --timeout 10s)" = n ]
}

@test "only who made it, and an admin, may remove it" {
    master
    stint key new alice --role submit -o alice.access
    stint key new bob --role submit -o bob.access
    stint key new carl --role work -o carl.access
    stint schedule add s jobs --every 1h --access alice.access
    run -77 --separate-stderr stint schedule remove s --access bob.access
    is_one_error
    run -77 stint schedule add s jobs --every 1h --access bob.access
    run -77 stint schedule add t jobs --every 1h --access carl.access
    stint schedule list s --access carl.access | grep -q "every 1h"
    stint schedule remove s
    run -1 --separate-stderr stint schedule remove s
    is_one_error
    run -1 stint schedule list s
}

@test "names of schedules are completed" {
    master
    stint schedule add backup nightly --every 1h
    stint __complete schedules | grep -q "^backup"
    stint completion bash | grep -q "schedule"
}
