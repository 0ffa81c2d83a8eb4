#!/usr/bin/env bats
# stint wait: until a master answers and has its workers.

load helper

# exit_of PID: wait for it; its exit code.
exit_of() {
    wait "$1"
}

@test "wait without a purpose is 64 and says for what one can wait" {
    run -64 --separate-stderr stint wait
    is_one_error
    [[ $stderr == *"stint wait --ready"* ]]
}

@test "a master that answers is ready at once" {
    master
    run -0 --separate-stderr stint wait --ready
    [[ $output == "ready after "* ]]
    [ -z "$stderr" ]
    run -0 --separate-stderr stint wait --ready -q
    [ -z "$output" ]
    stint wait --ready --json >ready
    [ "$(json .ready <ready)" = true ]
    [ "$(json .workers <ready)" = 0 ]
    stint wait --ready --timeout 0
}

@test "without a master it gives up with 75 and says what was missing" {
    began=$(date +%s%N)
    run -75 --separate-stderr stint wait --ready --timeout 300ms
    took=$((($(date +%s%N) - began) / 1000000))
    is_one_error
    [[ $stderr == *"not ready after 300ms: no master: "* ]]
    [ "$took" -ge 300 ] && [ "$took" -lt 2000 ]
    stint key generate key
    run -75 --separate-stderr stint wait --ready --timeout 300ms \
        --master tcp://127.0.0.1:9 --authkey-file key
    [[ $stderr == *"no master: "*"tcp://127.0.0.1:9"* ]]
    run -75 --separate-stderr stint wait --ready --timeout 0 --json
    [ "$(json .answers <<<"$output")" = false ]
}

@test "it waits for a master that is yet to start, and for its key" {
    background wait "$STINT" wait --ready --timeout 10s
    waiting=$!
    sleep 0.3
    kill -0 "$waiting"
    master
    exit_of "$waiting"
    grep -q '^ready after' wait.out
}

@test "an access file of a master that is gone is read again" {
    master
    kill -KILL "$MASTER"
    wait "$MASTER" || true
    rm ready.json
    background wait "$STINT" wait --ready --timeout 10s
    waiting=$!
    sleep 0.3
    kill -0 "$waiting"
    master
    exit_of "$waiting"
}

@test "it waits for so many workers, and says how many there were" {
    master
    worker -- true
    run -75 --separate-stderr stint wait --ready --workers 2 --timeout 200ms
    is_one_error
    [[ $stderr == *"1 of 2 workers"* ]]
    background wait "$STINT" wait --ready --workers 2 --timeout 10s --json
    waiting=$!
    worker -- true
    exit_of "$waiting"
    [ "$(json .workers <wait.out)" = 2 ]
}

@test "with a queue only its workers count" {
    master
    worker --queue other -- true
    run -75 --separate-stderr stint wait --queue gpu --timeout 2s
    [[ $stderr == *"no queue 'gpu' yet"* ]]
    stint put gpu 1
    run -75 --separate-stderr stint wait --ready --queue gpu --timeout 2s
    [[ $stderr == *"0 of 1 workers"*"on queue gpu"* ]]
    worker --queue gpu -- sleep 30
    stint wait --ready --queue gpu --timeout 60s
    # A busy one counts: it does not stand in the line of its queue.
    wait_for is_leased gpu 1
    stint wait --ready --queue gpu --workers 1 --timeout 20s
    [ "$(stint queues gpu --json | json .0.workers)" = 1 ]
}

is_leased() {
    [ "$(stint queues "$1" --json | json .0.leased)" = "$2" ]
}

@test "a draining worker is not one that is waited for" {
    master
    worker -- true
    stint wait --ready --workers 1
    stint drain --all
    run -75 --separate-stderr stint wait --ready --workers 1 --timeout 200ms
    [[ $stderr == *"0 of 1 workers"* ]]
}

@test "a refused key and a malformed address end it at once" {
    master
    stint key generate other
    run -77 --separate-stderr stint wait --ready --master "$ADDRESS" \
        --authkey-file other --timeout 10s
    is_one_error
    run -64 --separate-stderr stint wait --ready --authkey-file other \
        --master tcp://127.0.0.1:99999999
    is_one_error
}

@test "a wrong key is suspected even where the time is too short to be sure" {
    master
    stint key generate other
    run -75 --separate-stderr stint wait --ready --master "$ADDRESS" \
        --authkey-file other --timeout 300ms
    is_one_error
    [[ $stderr == *"breaks the handshake off"*"authkey"* ]]
    [[ $stderr != *"is it running"* ]]
}

@test "a name that no queue can have is 64, at once" {
    for name in $'a\nb' $'\x7f' '' "$(printf 'x%.0s' {1..256})"; do
        run -64 --separate-stderr stint wait --queue "$name"
        [[ $stderr == *"a queue name is 1 to 255 bytes"* ]]
    done
}

@test "it looks no more than 20 times a second" {
    command -v strace >/dev/null || skip "no strace here"
    master
    strace -f -c -e trace=clock_nanosleep -o trace \
        "$STINT" wait --ready --workers 9 --timeout 1s || [ $? -eq 75 ]
    calls=$(awk '$NF == "clock_nanosleep" { print $4 }' trace)
    [ "$calls" -ge 1 ] && [ "$calls" -le 21 ]
}
