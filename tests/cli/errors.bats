#!/usr/bin/env bats
# Each class of error has its exit code and a sentence, and changes nothing.

load helper

@test "no master: 69" {
    stint key generate key
    run -69 --separate-stderr stint status --authkey-file key \
        --master tcp://127.0.0.1:4999 --connect-timeout 500ms
    [ -z "$output" ]
    is_one_error
    [[ $stderr == *4999* ]]
}

@test "no key at all: 78, and how to get one" {
    run -78 --separate-stderr stint status --connect-timeout 500ms
    is_one_error
}

@test "a key file that others can read: 78" {
    stint key generate key
    chmod 644 key
    run -78 --separate-stderr stint status --authkey-file key --master tcp://127.0.0.1:4999
    is_one_error
}

@test "a wrong key: 77" {
    stint key generate right
    stint key generate wrong
    master --authkey-file right
    stint ping --authkey-file right --master "$ADDRESS"
    run -77 --separate-stderr stint ping --authkey-file wrong --master "$ADDRESS"
    is_one_error
}

@test "a flag's key comes before a variable's" {
    stint key generate right
    stint key generate wrong
    master --authkey-file right
    export STINT_AUTHKEY_FILE=$T/wrong
    run -77 stint ping --master "$ADDRESS"
    run -0 stint ping --master "$ADDRESS" --authkey-file right
    run -0 stint ping --master "$ADDRESS" --access "$XDG_STATE_HOME/stint/access"
}

@test "a wrong role: 77" {
    master --queue jobs
    stint key new runner --role work -o runner.access
    stint put jobs x --access runner.access
    run -77 --separate-stderr stint key new more --access runner.access
    is_one_error
    [ ! -e more.access ]
    run -77 stint key revoke runner --yes --access runner.access
    [ "$(stint get jobs --access runner.access)" = x ]
}

@test "an unknown queue with --no-create: 1" {
    master --queue jobs --no-create
    stint put jobs x
    run -1 --separate-stderr stint put other x
    is_one_error
    [[ $stderr == *other* ]]
    [ "$(stint queues -q)" = jobs ]
    run -1 --separate-stderr stint queues other
    [[ $stderr == *other* ]]
}

@test "a payload that is too large: 1" {
    master --payload-max 64k
    head -c 65536 /dev/zero | stint put jobs
    run -1 --separate-stderr bash -c "head -c 65537 /dev/zero | '$STINT' put jobs"
    is_one_error
    [ "$(ready jobs)" = 1 ]
}

@test "a full queue: 75, and how far it came" {
    master --queue small,max-tasks=3
    run -75 --separate-stderr stint put small 1 2 3 4 5 --timeout 500ms
    is_one_error
    [[ $stderr == *"3 tasks were accepted"* ]]
    [ "$(ready small)" = 3 ]
    run -75 --separate-stderr bash -c "seq 9 | '$STINT' put small --lines --timeout 300ms"
    is_one_error
    stint get small -n 3 >/dev/null
    stint put small again
}

@test "a deadline that passed: 75" {
    master
    run -75 --separate-stderr stint put nobody x --result --result-timeout 400ms
    [ -z "$output" ]
    is_one_error
}

@test "a plug-in that is none: 78" {
    master
    run -78 --separate-stderr stint worker --plugin ./nowhere.so
    is_one_error
}

@test "a worker's name that moves a terminal, or has no end, is refused" {
    local long
    printf -v long '%256s' ""
    for name in $'a\e[31mb' $'a\nb' $'a\xff' "" "${long// /x}"; do
        run -64 --separate-stderr stint worker --allow-exec --name "$name"
        [[ "$stderr" == *"--name must have 1 to 255 bytes of plain text"* ]]
        [[ "$stderr" != *$'\e'* ]]
    done
}

@test "a malformed address: 64" {
    run -64 --separate-stderr stint master --listen 'tcp://:::' --state "$T/s"
    is_one_error
}

@test "a port that is taken: 75" {
    master
    run -75 --separate-stderr stint master --listen "$ADDRESS" --data "$T/other" -q
    is_one_error
}

@test "a weak authkey is refused unless it is allowed" {
    printf abc >weak
    chmod 600 weak
    run -78 --separate-stderr stint master --authkey-file weak --listen tcp://127.0.0.1:0
    is_one_error
    [[ $stderr == *"stint key generate"* ]]
    master --authkey-file weak --allow-weak-authkey
    stint ping --authkey-file weak --allow-weak-authkey --master "$ADDRESS" --connect-timeout 10s
}

@test "elsewhere than on loopback a weak authkey has to be allowed" {
    printf abc >weak
    chmod 600 weak
    run -78 --separate-stderr stint master --authkey-file weak --listen 'tcp://*:0'
    is_one_error
    background master "$STINT" master --authkey-file weak --allow-weak-authkey \
        --listen 'tcp://*:0'
    wait_for grep -q "scp .*work.access" master.err
    grep -q 'warning: weak_authkey' master.err
}

@test "a master without state and authkey would let nobody in: 64" {
    run -64 --separate-stderr stint master --state none
    [[ $stderr == *authkey-file* ]]
}

@test "a malformed --queue: 64" {
    run -64 --separate-stderr stint master --listen tcp://127.0.0.1:0 --queue q,kind=stack
    [[ $stderr == *"fifo, lifo or priority"* ]]
    run -64 stint master --listen tcp://127.0.0.1:0 --queue q,size=3
}

@test "a signal is 128 and its number" {
    master
    background get "$STINT" get jobs --timeout 60s
    pid=$!
    sleep 0.3
    kill -TERM "$pid"
    status=0
    wait "$pid" || status=$?
    [ "$status" -eq 143 ]
    stint put jobs kept
    [ "$(stint get jobs --timeout 5s)" = kept ]
}

@test "numbers beyond what the master takes are refused, not changed" {
    master
    run -64 --separate-stderr stint put jobs x --attempts 70000
    is_one_error
    run -64 --separate-stderr stint put jobs x --delay forever
    is_one_error
    run -64 --separate-stderr stint worker -j 4000000000 -- true
    is_one_error
    run -75 stint get jobs
}

@test "no grace is none" {
    master
    worker -j 1 --grace 0s -- sleep 60
    stint put default x
    wait_for sh -c "'$STINT' queues default --json | grep -q '\"leased\": 1'"
    kill -TERM "$WORKER"
    wait_for is_ready default 1
}

@test "errors name the queue and what helps" {
    master --queue small,max-tasks=1
    run -75 --separate-stderr stint get small
    [[ $stderr == *"'small' is empty"*"--timeout 5s"* ]]
    run -75 --separate-stderr stint get small --timeout 100ms
    [[ $stderr == *"no task came into queue 'small' within 100ms"* ]]
    stint put small 1
    run -75 --separate-stderr stint put small 2 3 --timeout 0
    [[ $stderr == *"'small' is full; 0 tasks were accepted"* ]]
    run -75 --separate-stderr stint put small 2 --timeout 200ms
    [[ $stderr == *"no room within 200ms; 0 tasks were accepted"*--timeout* ]]
    run -75 --separate-stderr stint put nobody x --result --result-timeout 200ms
    [[ $stderr == *"task "*"has not after 200ms"*"'nobody'"*"stint workers"* ]]
}

put_from_pipe() {
    exec "$STINT" put small --lines --timeout 0 <in
}

@test "put --timeout 0 waits for no room, but for the answer of a slow master" {
    master --queue small,max-tasks=2
    mkfifo in
    background put put_from_pipe
    putting=$!
    exec 6>in
    echo 1 >&6
    wait_for is_ready small 1
    kill -STOP "$MASTER"
    echo 2 >&6
    sleep 1.2
    kill -CONT "$MASTER"
    wait_for is_ready small 2
    echo 3 >&6
    exec 6>&-
    wait "$putting" && false
    grep "'small' is full; 2 tasks were accepted" put.err
}

few_files() {
    ulimit -n 64
    exec "$STINT" worker --allow-exec -j 32
}

@test "a worker with few descriptors uses as many slots as it has room for" {
    master
    background worker few_files
    wait_for grep -q ready: worker.err
    grep 'of 32 slots are used: 64 open files are allowed.*ulimit -n' worker.err
    slots=$(stint workers --json | json .0.slots)
    grep "ready: $slots slot" worker.err
    [ "$slots" -ge 1 ] && [ "$slots" -lt 8 ]
    stint run --shell 'sleep 0.05; : {}' ::: $(seq 60)
    [ "$(stint jobs 1 --json | json .done)" = 60 ]
    lacks 'given back' <worker.err
}

soft_limit() {
    ulimit -S -n 64
    exec "$STINT" worker --allow-exec -j 32
}

@test "a worker raises the soft limit of descriptors as far as it needs to" {
    master
    background worker soft_limit
    wait_for grep -q 'ready: 32 slots' worker.err
    lacks 'slots are used' <worker.err
    [ "$(stint run --shell 'ulimit -n; : {}' ::: 1)" -lt 1024 ]
}

@test "a refused connection and a name nobody knows are told apart" {
    stint key generate key
    run -69 --separate-stderr stint status --authkey-file key \
        --master tcp://127.0.0.1:4999 --connect-timeout 700ms
    [[ $stderr == *"4999 is refused"* ]]
    run -69 --separate-stderr stint status --authkey-file key \
        --master tcp://no-such-host.invalid:4725 --connect-timeout 700ms
    [[ $stderr == *"no-such-host.invalid"*"cannot be resolved"* ]]
}

@test "a weak authkey is named by its file or variable: 78" {
    printf abc >weak
    chmod 600 weak
    run -78 --separate-stderr stint ping --authkey-file weak --master tcp://127.0.0.1:4999
    is_one_error
    [[ $stderr == "stint: weak: "*"--allow-weak-authkey"* ]]
    STINT_AUTHKEY=abc run -78 --separate-stderr stint ping --master tcp://127.0.0.1:4999
    [[ $stderr == "stint: STINT_AUTHKEY: "* ]]
    STINT_AUTHKEY=abc run -78 --separate-stderr stint worker --master tcp://127.0.0.1:4999 -- true
    is_one_error
    STINT_AUTHKEY=abc run -78 --separate-stderr stint master --listen tcp://127.0.0.1:0
    [[ $stderr == *STINT_AUTHKEY* ]]
}

@test "what is wrong with a master's options is told before anything is made" {
    run -64 --separate-stderr stint master --listen tcp://127.0.0.1:0 --queue q,kind=stack
    is_one_error
    run -64 --separate-stderr stint master --listen tcp://127.0.0.1:0 --ready-fd 77
    is_one_error
    run -64 --separate-stderr stint master --payload-max 2G
    [[ $stderr == *"--payload-max is at most 1G"* ]]
    [ ! -e "$XDG_STATE_HOME/stint" ]
    run -64 --separate-stderr stint worker -j 99999 -- true
    [[ $stderr == *"--slots is at most 1024"* ]]
}

@test "a role that is too small is told which one is needed" {
    master
    stint key new runner --role work -o runner.access
    run -77 --separate-stderr stint key new more --access runner.access
    [[ $stderr == *"role admin"* ]]
}

@test "who waits for a result hears when the master is gone" {
    master
    background put "$STINT" put nobody x --result --result-timeout 20s
    wait_for is_ready nobody 1
    kill -KILL "$MASTER"
    wait_for grep -q 'the master is gone' put.err
}

@test "a handler that only returns a number is told what it could say" {
    printf '%s\n' '#include <stint.h>' \
        'static int naked(struct stint_call *c) { (void)c; return 7; }' \
        'const struct stint_handler stint_handlers[] = {{"naked", naked}, {0}};' >naked.c
    gcc -shared -fPIC -I"$BATS_TEST_DIRNAME/../../build/include" naked.c -o libnaked.so
    master
    worker -j 1 --plugin ./libnaked.so
    run -1 --separate-stderr stint put default x --result --attempts 1
    [[ $stderr == *'returned 7 without saying why with stint_call_fail()'* ]]
}

@test "a key that is revoked while its worker runs is named" {
    master
    stint key new node7
    worker --access node7.access -- true
    stint key revoke node7 --yes
    status=0
    wait "$WORKER" || status=$?
    [ "$status" -eq 77 ]
    grep -q 'stint: .*revoked.*stint key new' worker.err
}
