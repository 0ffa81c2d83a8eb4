#!/usr/bin/env bats
# put, get, workers and what one sees of them, against a master of its own.

load helper

@test "a master needs no argument but a port, and says what to type next" {
    master
    grep -q "ready   data $ADDRESS" master.err
    grep -q "access file" master.err
    grep -q "stint put" master.err
    [ ! -s master.out ]
    [ "$(stat -c %a "$XDG_STATE_HOME/stint/access")" = 600 ]
    [ "$(json .access <ready.json)" = "$XDG_STATE_HOME/stint/access" ]
    [ "$(json .pid <ready.json)" = "$MASTER" ]
}

@test "TERM and INT stop a master with 0" {
    for signal in TERM INT; do
        master
        kill -"$signal" "$MASTER"
        status=0
        wait "$MASTER" || status=$?
        [ "$status" -eq 0 ]
        rm -f ready.json
    done
}

@test "what was put is got, in order, once" {
    master
    run -0 --separate-stderr stint put jobs one two three
    [ -z "$output$stderr" ]
    [ "$(stint get jobs)" = one ]
    [ "$(stint get jobs -n 5)" = "$(printf 'two\nthree')" ]
    run -75 --separate-stderr stint get jobs
    [ -z "$output" ]
    is_one_error
}

@test "get waits as long as it is told and no longer" {
    master
    stint put jobs x && stint get jobs >/dev/null
    begin=$(date +%s%N)
    run -75 stint get jobs --timeout 700ms
    took=$((($(date +%s%N) - begin) / 1000000))
    [ "$took" -ge 700 ]
    [ "$took" -lt 3000 ]
    background got "$STINT" get jobs --timeout 10s
    sleep 0.3
    stint put jobs late
    wait_for grep -qx late got.out
}

@test "bytes go through as they are" {
    master
    head -c 300000 /dev/urandom >bytes
    stint put blobs - <bytes
    stint get blobs --raw | cmp - bytes
    stint put blobs <bytes
    stint get blobs --raw | cmp - bytes
    : | stint put blobs
    [ "$(stint get blobs --raw | wc -c)" -eq 0 ]
    stint put blobs -- --dash
    [ "$(stint get blobs)" = --dash ]
}

@test "a line a task, a NUL a task" {
    master
    printf 'a\n\nb' | stint put lines --lines
    [ "$(stint get lines -n all | od -An -c | tr -d ' \n')" = 'a\n\nb\n' ]
    printf 'x\ny\0z\0' | stint put lines -0
    [ "$(stint get lines --json | json .payload)" = "$(printf 'x\ny')" ]
    run -64 --separate-stderr stint put lines --lines v
}

@test "lines are put as they come" {
    master
    mkfifo pipe
    exec 6<>pipe
    background put "$STINT" put slow --lines <pipe 6>&-
    echo first >&6
    wait_for is_ready slow 1
    echo second >&6
    wait_for is_ready slow 2
    exec 6>&-
}

@test "many lines are fast and need little memory" {
    [ "${STINT_BUILD:-}" != build/asan ] || skip "the sanitizer's own memory is more"
    master
    run -0 bash -c "seq 200000 | (ulimit -v 1500000; '$STINT' put many --lines --json)"
    [ "$(printf '%s' "$output" | json .accepted)" = 200000 ]
    [ "$(ready many)" = 200000 ]
    [ "$(stint get many -n 3 | tr '\n' ' ')" = "1 2 3 " ]
    [ "$(stint get many -n 1000 | tail -n 1)" = 1003 ]
    [ "$(ready many)" = 198997 ]
}

@test "a task whose output cannot be written goes back" {
    master
    stint put jobs one
    run -1 --separate-stderr bash -c "'$STINT' get jobs >/dev/full"
    [[ $stderr == *"stdout cannot be written"* ]]
    wait_for is_ready jobs 1
    [ "$(stint get jobs --timeout 5s)" = one ]
}

@test "a worker runs a command a task, and --result prints in order" {
    master
    worker -j 4 --name tester -- tr a-z A-Z
    grep -q "worker tester ready: 4 slots, queues default" worker.err
    [ "$(stint put default hello world --result --result-timeout 20s | tr '\n' ' ')" = "HELLO WORLD " ]
    seq 300 | stint put default --lines --result --result-timeout 30s >results
    seq 300 | cmp - results
    [ "$(stint workers -q)" = tester ]
    [ "$(stint workers --json | json .0.slots)" = 4 ]
}

@test "{} is the payload as one argument, without a shell" {
    master
    worker -j 1 -- printf '<%s>' {}
    [ "$(stint put default 'a b; $(false)' --result --result-timeout 20s)" = '<a b; $(false)>' ]
}

@test "a task that fails is 1, a sentence, and a dead letter" {
    master
    worker -j 1 -- sh -c 'echo no luck >&2; exit 3' sh
    run -1 --separate-stderr stint put default x --attempts 1 --result --result-timeout 20s
    [ -z "$output" ]
    [[ $stderr == "stint: "* ]]
    stint tasks --state dead --json >dead.json
    [ "$(json .0.state <dead.json)" = failed ]
    [ "$(json .0.queue <dead.json)" = default ]
    id=$(json .0.task <dead.json)
    [ "$(stint show "$id" --json | json .payload)" = x ]
    [[ $(stint show "$id") == *failed* ]]
    [ "$(stint tasks --state dead -q)" = "$id" ]
}

@test "TERM drains a worker: what runs is finished, the rest goes back" {
    master
    worker -j 1 -- sh -c 'sleep 1; cat' sh
    stint put default a b c
    wait_for test "$(stint queues default --json | json .0.leased)" != 0
    sleep 0.3
    kill -TERM "$WORKER"
    status=0
    wait "$WORKER" || status=$?
    [ "$status" -eq 0 ]
    grep -q "draining" worker.err
    grep -qE "[1-3] done, 0 failed" worker.err
    [ "$(stint queues default --json | json .0.leased)" = 0 ]
    done=$(stint queues default --json | json .0.done)
    [ "$done" -ge 1 ]
    [ "$(ready default)" -eq $((3 - done)) ]
}

@test "a second TERM stops a worker at once" {
    master
    worker -j 1 -- sleep 60
    stint put default a
    wait_for sh -c "'$STINT' queues default --json | grep -q '\"leased\": 1'"
    kill -TERM "$WORKER"
    sleep 0.3
    begin=$(date +%s)
    kill -TERM "$WORKER"
    wait "$WORKER" || true
    [ $(($(date +%s) - begin)) -lt 10 ]
    wait_for is_ready default 1
}

@test "a worker waits for its master, and gives up with 69" {
    stint key generate key
    background worker "$STINT" worker --authkey-file key \
        --master tcp://127.0.0.1:4999 --connect-timeout 700ms -- true
    status=0
    wait $! || status=$?
    [ "$status" -eq 69 ]
    grep -q "^stint: " worker.err
}

@test "a worker that is started first finds the master's access file" {
    background worker "$STINT" worker --connect-timeout 15s -- true
    sleep 0.5
    master
    wait_for grep -q ready: worker.err
}

@test "master and workers in one" {
    background local "$STINT" local -j 2 --listen tcp://127.0.0.1:0 -- wc -c
    pid=$!
    wait_for grep -q ready: local.err
    [ "$(stint put default hello --result --result-timeout 20s | tr -d ' ')" = 5 ]
    kill -TERM "$pid"
    status=0
    wait "$pid" || status=$?
    [ "$status" -eq 0 ]
}

@test "priority, delay and expiry" {
    master --queue urgent,kind=priority
    stint put urgent low --priority 5
    stint put urgent high --priority -5
    [ "$(stint get urgent)" = high ]
    [ "$(stint queues urgent --json | json .0.kind)" = priority ]
    stint put later x --delay 1s
    run -75 stint get later
    [ "$(stint queues later --json | json .0.delayed)" = 1 ]
    [ "$(stint get later --timeout 5s)" = x ]
    stint put soon x --expires 300ms
    sleep 0.6
    run -75 stint get soon
    [ "$(stint queues soon --json | json .0.expired)" = 1 ]
}

@test "a result that ends in a newline gets no second one" {
    master
    worker -j 1 -- sh -c 'cat; [ "$1" = bare ] || echo' sh '{}'
    stint put default bare full --result >out
    printf 'bare\nfull\n' | cmp - out
}
