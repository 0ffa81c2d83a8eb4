#!/usr/bin/env bats
# Jobs: looking at them, waiting for them, putting right what went wrong.

load helper

# shop [WORKER OPTION...]: a master and a worker that runs commands.
shop() {
    master --memory
    worker -j 2 --name node7 --allow-exec "$@"
}

# fails VALUE...: which of 1 2 3 4 fail; each writes to both streams.
submit_four() {
    # shellcheck disable=SC2016 # the worker's shell expands it
    stint submit -q sh -c 'echo out $2; echo err $2 >&2; case " $1 " in
        *" $2 "*) echo "cannot read $2: no file at 0x7f$2" >&2; exit 3 ;; esac' \
        sh "$*" '{}' ::: 1 2 3 4
}

job() {
    stint jobs "$1" --json | json ".$2"
}

state_is() {
    [ "$(stint show "$1" --json | json .state)" = "$2" ]
}

lacks_process() {
    ! kill -0 "$1" 2>/dev/null
}

# exits_with CODE PID: it ends, in this way.
exits_with() {
    local code=0
    wait "$2" || code=$?
    [ "$code" -eq "$1" ] || { echo "$2 ended with $code"; false; }
}

@test "a job is submitted, waited for, and its results come in order" {
    shop
    submit_four
    run -0 --separate-stderr stint wait last --progress never
    [[ $stderr == "job 1 done: 4 ok in "* ]]
    run -0 --separate-stderr stint results --tag
    [ "$output" = "$(printf '%s\tout %s\n' 1 1 2 2 3 3 4 4)" ]
    [ "$(job last done)" = 4 ]
    [ "$(job 1 state)" = done ]
    stint results 1 --json | while read -r line; do
        printf '%s' "$line" | json .ok | grep -qx true
    done
}

@test "what failed is 1 for wait, results and attach, and only for them" {
    shop
    submit_four 2 3
    run -1 --separate-stderr stint wait 1 --progress never
    [[ $stderr == *"2 ok, 2 failed"*"/stint failures --job 1"* ]]
    run -1 --separate-stderr stint results last
    [ "${#lines[@]}" -eq 4 ]
    run -1 --separate-stderr stint attach --progress never
    [ "${#lines[@]}" -eq 4 ]
    run -1 --separate-stderr stint results --failed --tag
    [ "$(printf '%s\n' "${lines[@]}" | sort)" = $'2\tout 2\n3\tout 3' ]
    run -0 stint jobs
    run -0 stint failures
}

@test "failures that are alike are one, with a sample" {
    shop
    submit_four 2 3 4
    stint wait last -q || true
    stint failures --json >failures
    [ "$(json .0.count <failures)" = 3 ]
    [ "$(json .0.exit <failures)" = 3 ]
    [ "$(json .0.text <failures)" = "cannot read N: no file at 0xN" ]
    [ "$(json .0.worker <failures)" = node7 ]
    [[ $(json .0.stderr <failures) == *"err "* ]]
    run -0 --separate-stderr stint failures
    [[ ${lines[0]} == "     3  exit 3: cannot read N: no file at 0xN" ]]
    [[ $stderr == *"3 of 4 tasks failed"*"stint retry --failed --job 1"* ]]
    run -1 --separate-stderr stint failures --job 7
    is_one_error
}

@test "what failed is tried again, and the job goes on" {
    shop
    # shellcheck disable=SC2016
    stint submit -q sh -c '[ -e "$1" ]' sh "$T/there" ::: 1 2
    run -1 stint wait last -q
    touch there
    run -0 --separate-stderr stint retry --failed
    [[ $stderr == "2 tasks are tried again"*"/stint attach 1" ]]
    run -0 stint wait last -q
    [ "$(job last failed)" = 0 ]
    run -1 --separate-stderr stint retry 1
    is_one_error
    [[ $stderr == *"none of these tasks has failed"* ]]
    run -64 --separate-stderr stint retry
    is_one_error
}

@test "what was cancelled has its own way back, which failures and retry name" {
    shop
    stint submit -q sleep '{}' ::: 30 31
    stint cancel --job 1
    run -1 stint wait 1 -q
    run -0 --separate-stderr stint failures
    [[ $stderr == *"2 tasks were cancelled, or expired"*"retry --cancelled --job 1" ]]
    run -1 --separate-stderr stint retry --failed
    is_one_error
    [[ $stderr == *"no task of job 1 has failed"*"retry --cancelled --job 1"* ]]
    run -0 stint retry --cancelled --job 1
    stint cancel --job 1
}

@test "a job whose submitter is gone: wait and explain say who ends it" {
    shop
    mkfifo pipe
    "$STINT" run --shell 'echo {}' <pipe >/dev/null 2>&1 3>&- &
    first=$!
    STARTED="$STARTED $first"
    exec 7>pipe
    seq 3 >&7
    wait_for sh -c "'$STINT' jobs 1 --json | grep -q '\"tasks\": 3'"
    kill -KILL "$first"
    exec 7>&-
    wait_for sh -c "'$STINT' jobs 1 --json | grep -q orphaned"
    run -0 --separate-stderr stint explain --job 1
    [[ $output == *"nobody ends it"*"cancel --job 1"* ]]
    run -75 --separate-stderr stint wait 1 --timeout 1s
    [ "$(grep -c "nobody ends it: .*cancel --job 1" <<<"$stderr")" -eq 1 ]
}

@test "a handler that fails says why, and has no exit code" {
    master --memory
    worker --plugin "$BATS_TEST_DIRNAME/../../${STINT_BUILD:-build}/examples/libfactor.so"
    run -1 --separate-stderr timeout 30 "$STINT" run --handler factor ::: 12 abc
    [[ $stderr == *"stint: task 2 (abc) failed: "*abc* && $stderr != *"exit 1"* ]]
    run -1 --separate-stderr timeout 30 "$STINT" run --json --handler factor ::: abc
    [ "$(json .exit <<<"$output")" = null ]
    [[ $(json .reason <<<"$output") == *abc* ]]
    run -0 --separate-stderr stint failures 1
    [[ $output == *abc* && $output != *"exit 1"* ]]
    [ "$(stint show 2 --json | json .handler)" = factor ]
    [[ $(stint show 2) == *factor* ]]
}

@test "dead letters of a plain queue are tried again, and looked at" {
    master --memory
    worker -j 1 -- sh -c '[ -e there ] || { echo "no 17" >&2; exit 9; }'
    stint put default --attempts 1 a b
    wait_for sh -c "[ \$('$STINT' tasks --failed -q | wc -l) -eq 2 ]"
    [ "$(stint failures --queue default --json | json .0.count)" = 2 ]
    run -0 --separate-stderr stint failures --queue default
    [[ $stderr == "2 dead letters of queue 'default'"*"stint retry --failed --queue default" ]]
    run -1 --separate-stderr stint failures --queue none
    is_one_error
    touch there
    stint retry --failed --queue default
    wait_for sh -c "[ -z \"\$('$STINT' tasks -q)\" ]"
}

@test "cancel: one that waits, one that runs, a whole job" {
    shop
    stint submit -q sleep '{}' ::: 30 31 32 33
    wait_for state_is 1 running
    run -0 --separate-stderr stint cancel 4
    [ "$stderr" = "1 task cancelled" ]
    run -0 --separate-stderr stint cancel 1
    wait_for state_is 1 cancelled
    wait_for state_is 3 running
    run -0 --separate-stderr stint cancel last
    [ "$stderr" = "job 1 is cancelled, with 2 tasks that had not ended" ]
    run -1 --separate-stderr stint wait last --timeout 10s --progress never
    [[ $stderr == *"cancelled: 0 ok, 4 cancelled"* ]]
    [ "$(job 1 state)" = cancelled ]
    run -1 --separate-stderr stint cancel 1-4
    is_one_error
    run -64 --separate-stderr stint cancel
    is_one_error
}

@test "logs show both streams of a task while it runs, and follow it" {
    shop
    # shellcheck disable=SC2016
    stint submit -q sh -c 'echo one; echo two >&2; until [ -e "$1" ]; do
        sleep 0.1; done; echo three; exit 4' sh "$T/go" ::: x
    wait_for sh -c "'$STINT' logs 1 | grep -qx one"
    run -0 --separate-stderr stint logs 1
    [ "$output" = one ]
    [[ $stderr == "==> task 1, attempt 1 on node7 <=="*two* ]]
    [ "$(stint logs 1 --stderr -q)" = two ]
    background follow "$STINT" logs 1 -f
    follow=$!
    wait_for grep -qx one follow.out
    touch go
    exits_with 1 "$follow"
    [ "$(cat follow.out)" = $'one\nthree' ]
    grep -q "task 1 failed" follow.err
    stint logs 1 --json | head -n 1 | json .stream
    run -1 --separate-stderr stint logs 999
    is_one_error
}

@test "logs -f goes from one attempt to the next" {
    shop
    # shellcheck disable=SC2016
    stint submit -q --retries 2 sh -c 'echo "try $STINT_ATTEMPT"; sleep 0.3
        [ "$STINT_ATTEMPT" = 2 ]' ::: x
    run -0 --separate-stderr stint logs 1 -f
    [[ $output == *"try 2"* ]]
    [[ $stderr == *"attempt 2"* ]]
}

@test "show knows job, place, values and all attempts of a task" {
    shop
    # shellcheck disable=SC2016
    stint submit -q --retries 2 sh -c 'exit $1' sh '{1}' '{2}' ::: 5 ::: 'a b'
    stint wait last -q || true
    stint show 1 --json >shown
    [ "$(json .job <shown)" = 1 ]
    [ "$(json .seq <shown)" = 1 ]
    [ "$(json .values <shown)" = '["5", "a b"]' ]
    [ "$(json .tries.1.attempt <shown)" = 2 ]
    [ "$(json .tries.0.exit <shown)" = 5 ]
    [ "$(json .tries.0.worker <shown)" = node7 ]
    [ "$(json .tries.0.signal <shown)" = None ] ||
        [ "$(json .tries.0.signal <shown)" = null ]
    stint show 1 | grep -q 'exit 5'
    stint show 1 | grep -qE '^payload +5 a b$'
}

@test "tasks of a job: those that ended and those that did not" {
    shop
    submit_four 3
    stint wait last -q || true
    [ "$(stint tasks --job last -q | sort | tr '\n' ' ')" = "1 2 3 4 " ]
    [ "$(stint tasks --job 1 --failed -q)" = 3 ]
    [ "$(stint tasks --job 1 --state done -q | wc -l)" -eq 3 ]
    run -1 --separate-stderr stint tasks --job 9
    is_one_error
}

@test "explain says why a task does not run" {
    master --memory
    stint submit -q true ::: 1
    stint explain 1 | grep -q worker
    [[ $(stint explain 1 --json | json .0.because) == no-* ]]
    stint pause --job last
    [ "$(stint explain --job last --json | json .0.because)" = paused ]
    run -1 --separate-stderr stint explain 99
    is_one_error
    run -64 --separate-stderr stint explain
    is_one_error
}

@test "a paused queue hands out nothing, nor do its jobs, until it is resumed" {
    shop
    stint pause default
    [ "$(stint queues default --json | json .0.paused)" = true ]
    submit_four
    run -75 --separate-stderr stint wait last --timeout 1s --progress never
    [[ $stderr == *"0 of 4 tasks"*"stint explain --job 1"* ]]
    stint resume default
    run -0 stint wait last -q
    run -64 --separate-stderr stint pause
    is_one_error
    run -1 --separate-stderr stint pause nosuch
    is_one_error
}

@test "purge asks, --dry-run counts, --yes drops" {
    master --memory
    stint put jobs a b c
    stint put jobs --delay 1h d
    run -64 --separate-stderr stint purge jobs
    is_one_error
    [[ $stderr == *"Drop 4 tasks of queue 'jobs', 0 of them of its jobs, for good?"*"--yes"* ]]
    [ "$(stint purge jobs --dry-run --json | json .dropped)" = 4 ]
    [ "$(ready jobs)" = 3 ]
    [ "$(stint purge jobs --state delayed --yes --plain)" = 1 ]
    stint purge jobs --yes
    [ "$(ready jobs)" = 0 ]
    run -1 --separate-stderr stint purge nosuch --yes
    is_one_error
    stint submit -q --queue jobs true ::: 1 2
    run -0 --separate-stderr stint purge jobs --dry-run
    [ "$stderr" = "would drop 2 tasks of queue 'jobs', 2 of them of its jobs" ]
}

@test "forget: an ended job, by its number, and then it is not there" {
    shop
    submit_four
    stint wait last -q
    run -64 --separate-stderr stint forget 1
    is_one_error
    run -0 --separate-stderr stint forget last --yes
    [ "$stderr" = "job 1 is forgotten" ]
    run -1 --separate-stderr stint jobs 1
    is_one_error
    stint submit -q sleep 30 ::: 1
    run -75 --separate-stderr stint forget last --yes
    is_one_error
}

@test "forget: several, a range, and all that have ended" {
    shop
    for _ in 1 2 3 4 5 6; do stint run -q true ::: 1; done
    stint submit -q sleep 30 ::: 1
    run -0 --separate-stderr stint forget 2-3 --dry-run
    [ "$stderr" = $'would forget job 2\nwould forget job 3' ]
    run -0 --separate-stderr stint forget 1 3-4 --yes
    [ "$(stint jobs -q | tr '\n' ' ')" = "2 5 6 7 " ]
    run -1 --separate-stderr stint forget 3-4 --yes
    is_one_error
    # One that runs does not keep the others.
    run -75 --separate-stderr stint forget 6-7 --yes
    [ "$(stint jobs -q | tr '\n' ' ')" = "2 5 7 " ]
    run -0 --separate-stderr stint forget all --yes
    [ "$stderr" = $'job 2 is forgotten\njob 5 is forgotten' ]
    [ "$(stint jobs -q)" = 7 ]
    run -0 --separate-stderr stint forget all --yes
    [[ $stderr == "no job has ended"* ]]
}

@test "jobs: lists, filters, nouns and machines" {
    shop
    submit_four
    stint wait last -q
    submit_four 1
    stint wait last -q || true
    [ "$(stint jobs -q | tr '\n' ' ')" = "1 2 " ]
    [ "$(stint jobs --failed -q)" = 2 ]
    [ -z "$(stint jobs --state running -q)" ]
    [ "$(stint jobs --job last -q)" = 2 ]
    [ "$(stint job list -q | tr '\n' ' ')" = "1 2 " ]
    [ "$(stint job show 2 --json | json .failed)" = 1 ]
    [ "$(stint task show 1 -q)" = 1 ]
    [ "$(stint worker show node7 -q)" = node7 ]
    [[ $(stint jobs --json | json .0.submitted_at) =~ Z$ ]]
    [ "$(stint jobs --plain | awk -F'\t' '{ print NF }' | sort -u | wc -l)" -eq 1 ]
    [[ $(stint jobs) == job*state*tasks*done*failed* ]]
    run -1 --separate-stderr stint jobs seven
    is_one_error
}

@test "a job is its number, its name, its key or last, for every command" {
    shop
    stint submit -q --name spare echo ::: 1
    stint submit -q --name sim --key kk echo '{}' ::: a b
    stint wait last -q
    for job in last sim kk 2; do
        for command in jobs results files tasks failures wait; do
            run -0 stint $command "$job"
            run -0 stint $command --job "$job"
        done
        [ "$(stint jobs "$job" -q)" = 2 ]
        [ "$(stint logs --job "$job" -q)" = $'a\nb' ]
        [ "$(stint show --job "$job" -q)" = $'2\n3' ]
        [[ $(stint explain --job "$job") == "the job has ended"* ]]
        run -0 --separate-stderr stint cancel --job "$job"
        [ "$stderr" = "job 2 has ended: no task was cancelled" ]
    done
    [ "$(stint show sim -q)" = $'2\n3' ]
    [ "$(stint logs last -q)" = $'a\nb' ]
    [ "$(stint explain kk)" = "$(stint explain --job 2)" ]
    run -0 stint cancel sim
    run -1 --separate-stderr stint retry last
    [[ $stderr == *"nothing is tried again"* ]]
    run -64 --separate-stderr stint results 1 --job 2
    is_one_error
    run -1 --separate-stderr stint cancel simm
    is_one_error
    run -64 --separate-stderr stint show 1-2000
    is_one_error
    # The newest of a name.
    stint submit -q --name sim echo ::: c
    [ "$(stint jobs sim -q)" = 3 ]
    [ "$(stint jobs kk -q)" = 2 ]
    run -0 stint forget --job kk --yes
    run -1 --separate-stderr stint jobs kk
    is_one_error
}

@test "what a run has printed is not kept, which results and show say" {
    shop
    stint run -q sh -c 'exit {}' ::: 0 0 2 || true
    run -1 --separate-stderr stint results last
    [[ $stderr == *"2 of 2 that ended well are not kept: "*"stint submit"* ]]
    run -1 --separate-stderr stint results last --failed
    [[ $stderr != *"not kept"* ]]
    stint run -q true ::: 1
    run -1 --separate-stderr stint show last
    [[ $stderr == *"no task of job 2 is kept: "* ]]
}

@test "what changes something tells machines what it was" {
    shop
    stint put 'a b' 1
    stint pause default
    stint submit -q true ::: 1
    [ "$(stint pause 'a b' --json | json .paused)" = true ]
    [ "$(stint pause 'a b' --json | json .job)" = null ]
    [ "$(stint resume --job last --plain)" = $'\t1\tfalse' ]
    stint resume default
    stint wait last -q
    [ "$(stint drain node7 --json | json .workers)" = 1 ]
    [ "$(stint drain --all --undo --json | json .worker)" = null ]
    [ "$(stint forget last --yes --json | json .0.forgotten)" = true ]
    [ "$(stint purge 'a b' --yes --json | json .dropped)" = 1 ]
}

@test "what is not there is null for machines" {
    shop
    stint submit -q true ::: 1
    stint wait last -q
    [ "$(stint explain --job last --json | json .0.task)" = null ]
    [ "$(stint explain 1 --json | json .0.job)" = null ]
    [ "$(stint top --json | json .jobs.0.name)" = null ]
    [ "$(stint jobs --json | json .0.key)" = null ]
    [ "$(stint jobs --json | json .0.halted)" = null ]
}

@test "what is to be typed again is quoted for a shell" {
    master --memory
    stint put "it's a b" 1
    run -0 --separate-stderr stint pause "it's a b"
    [[ $stderr == *"(stint resume 'it'\\''s a b')" ]]
    [[ $(stint explain 1) == *"stint resume 'it'\\''s a b'"* ]]
    stint resume "it's a b"
    [[ $(stint explain 1) == *"--queue 'it'\\''s a b'"* ]]
}

@test "bash completes jobs, tasks, queues and workers, and nothing without a master" {
    shop
    stint submit -q --name sim true ::: 1
    # shellcheck disable=SC2016 # never to be run
    stint submit -q --name '$(touch bad)' true ::: 2
    stint put 'a b' x
    stint wait last -q
    stint completion bash >bash
    # shellcheck disable=SC1091
    source ./bash
    complete_at() { COMP_CWORD=$(($# - 1)); COMP_WORDS=("$@"); COMPREPLY=(); _stint; echo "${COMPREPLY[*]}"; }
    # A master that does not answer soon is not waited for.
    is_completed() { local to=$1; shift; [[ " $(complete_at "$STINT" "$@") " == $to ]]; }
    wait_for is_completed " last 2 1 sim " results ""
    wait_for is_completed " sim " wait --job s
    # Nothing that has ended can be cancelled; task 3 waits.
    wait_for is_completed " 3 " cancel ""
    [ -z "$(complete_at "$STINT" cancel --job s)" ]
    is_completed " never soon,fail=1 *" run --halt ""
    wait_for is_completed "* cpus=*" run --need ""
    is_completed "* seq *" run -j 4 --tag --name x seq
    [ -z "$(complete_at "$STINT" run seq nothing-such)" ]
    wait_for is_completed " default " pause ""
    wait_for is_completed " node7 " drain ""
    wait_for is_completed " 3 last sim " show ""
    [ -z "$(complete_at "$STINT" wait --timeout "")" ]
    [ ! -e bad ]
    kill -KILL "$MASTER"
    wait_for lacks_process "$MASTER"
    run -69 --separate-stderr stint __complete jobs
    [ -z "$output$stderr" ]
    [ -z "$(complete_at "$STINT" results "")" ]
}

@test "without a job there is no last one, which is said" {
    master --memory
    for command in results attach "wait last" failures; do
        # shellcheck disable=SC2086
        run -1 --separate-stderr stint $command
        is_one_error
        [[ $stderr == *"no last job"*"stint jobs"* ]]
    done
}

@test "results of a job that goes on are those there are" {
    shop
    # shellcheck disable=SC2016
    stint submit -q sh -c 'sleep $1; echo $1' sh '{}' ::: 0 30 0.1
    wait_for sh -c "[ \"\$('$STINT' jobs last --json | python3 -c \
        'import json, sys; print(json.load(sys.stdin)[\"done\"])')\" = 2 ]"
    run -0 --separate-stderr stint results
    [ "$output" = 0 ]
    [[ $stderr == *"job 1 goes on, 2 of 3"*"--as-completed"* ]]
    run -0 --separate-stderr stint results --as-completed
    [ "$(printf '%s\n' "${lines[@]}" | sort | tr '\n' ' ')" = "0 0.1 " ]
}

@test "attach follows to the end; ^C detaches and the job goes on" {
    shop
    # shellcheck disable=SC2016
    stint submit -q sh -c 'until [ -e "$1" ]; do sleep 0.1; done; echo done' \
        sh "$T/go" ::: 1
    background attach "$STINT" attach
    attach=$!
    wait_for state_is 1 running
    kill -INT "$attach"
    exits_with 130 "$attach"
    grep -q "detached; job 1 goes on" attach.err
    background attach "$STINT" attach
    attach=$!
    touch go
    exits_with 0 "$attach"
    [ "$(cat attach.out)" = done ]
}

@test "somebody else's job is not one's own" {
    shop
    stint key new other --role submit
    submit_four
    stint wait last -q
    run -1 --separate-stderr stint results --access other.access
    [[ $stderr == *"no last job"* ]]
    run -77 --separate-stderr stint cancel --job 1 --access other.access
    is_one_error
}

@test "top prints how it is where there is no terminal" {
    shop
    submit_four 2
    stint wait last -q || true
    stint top >top
    grep -q 'node7 ' top
    grep -q 'done .* 3/4  *75%' top
    lacks $'\033' <top
    stint top --json >top
    [ "$(json .jobs.0.failed <top)" = 1 ]
    [ "$(json .workers.0.worker <top)" = node7 ]
    json .queues.0.ready <top
}

@test "a task that ended and was printed is told from one that never was" {
    shop
    run -0 stint run -q echo ::: a b
    wait_for past 2
    for command in show explain; do
        run -1 --separate-stderr stint "$command" 2
        is_one_error
        [[ $stderr == *"task 2 has ended, and nothing of it is kept"*"stint run"* ]]
        run -1 --separate-stderr stint "$command" 99
        is_one_error
        [[ $stderr == *"never had a task 99"* ]]
    done
}

past() {
    ! stint show "$1" 2>/dev/null
}

@test "-j and the priority of a job change while it runs" {
    shop
    stint submit -q -j 1 sleep 30 ::: 1 2 3
    run -0 --separate-stderr stint change last -j 2 --priority -3
    [[ $stderr == "job 1: 2 at most side by side, priority -3" ]]
    wait_for running_are 2
    run -0 --separate-stderr stint change 1 -j 0 --json
    [ "$(json .jobs <<<"$output")" = 0 ]
    [ "$(json .priority <<<"$output")" = -3 ]
    stint cancel --job 1 -q
    stint wait 1 -q || true
    run -0 --separate-stderr stint change 1 --priority 0
    [[ $stderr == *"it has ended"* ]]
    run -64 --separate-stderr stint change 1
    is_one_error
    [[ $stderr == *"stint change 1 -j 10"* ]]
    run -1 --separate-stderr stint change 9 -j 1
    is_one_error
}

running_are() {
    [ "$(job last running)" = "$1" ]
}

@test "a cancelled job goes on where it was" {
    shop
    stint submit -q -j 1 sh -c 'until [ -e "$1/go" ]; do sleep 0.05; done; echo "$2"' \
        sh "$T" '{}' ::: a b c
    wait_for running_are 1
    stint cancel last -q
    run -1 --separate-stderr stint wait last --progress never
    [[ $stderr == *"3 cancelled"* ]]
    touch go
    run -1 --separate-stderr stint retry --failed
    [[ $stderr == *"nothing is tried again"*"retry --cancelled --job 1"* ]]
    run -0 --separate-stderr stint retry --cancelled
    [[ $stderr == "3 tasks are tried again"*"attach 1" ]]
    run -0 --separate-stderr stint attach --progress never
    [ "$output" = $'a\nb\nc' ]
    run -64 --separate-stderr stint retry --cancelled 2
    is_one_error
    [[ $stderr == *"--job JOB 2"* ]]
    run -64 --separate-stderr stint retry --cancelled --queue default
    is_one_error
}

@test "pause and resume of a job that has ended say so" {
    shop
    submit_four
    stint wait last -q
    for verb in pause resume; do
        run -1 --separate-stderr stint "$verb" --job last
        is_one_error
        [[ $stderr == *"job 1 has ended"*"retry --failed --job 1"* ]]
    done
}

@test "a name or key that would be taken for a number or a word is refused" {
    master --memory
    for name in 17 0 17-20 last all ''; do
        run -64 --separate-stderr stint submit --name "$name" true ::: 1
        is_one_error
        run -64 --separate-stderr stint run --key "$name" true ::: 1
        is_one_error
    done
    [ "$(stint jobs --json)" = "[]" ]
    run -0 stint submit --name 2026-11-21 --key k17 true ::: 1
}

@test "an empty word for a job is a slip, and never the last one" {
    master --memory
    stint submit -q true ::: 1
    for words in jobs wait results attach cancel explain "cancel --job" \
        "tasks --job" "retry --job" "pause --job"; do
        # shellcheck disable=SC2086
        run -64 --separate-stderr stint $words ""
        is_one_error
        [[ $stderr == *"is empty"* ]]
    done
    [ "$(stint jobs 1 --json | json .state)" = running ]
}

@test "a need has one value" {
    master --memory
    run -64 --separate-stderr stint submit --need gpus=x=1 true ::: 1
    is_one_error
}

@test "a log has the reason again with its lines" {
    master --memory
    said_twice() { [ "$(grep -c 'job 1 waits: ' run.err)" -ge 2 ]; }
    background run "$STINT" run true ::: 1
    wait_for said_twice || wait_for said_twice
}

@test "files of a job without any are said to be none; places are in order" {
    shop
    stint run echo ::: a >/dev/null
    run -0 --separate-stderr stint files last
    [[ $stderr == *"job 1 has no files"* ]]
    # shellcheck disable=SC2016 # the task's shell
    stint submit -q --get '{}.out' sh -c 'sleep $(( (4 - $1) / 2 )); echo >$1.out' \
        sh '{}' ::: 1 2 3
    stint wait last -q
    [ "$(stint files last --plain | cut -f 1 | tr '\n' ' ')" = "1 2 3 " ]
}

@test "a task of a job for a handler shows the handler" {
    master --memory
    stint submit -q --handler square ::: 2
    [ "$(stint show 1 --json | json .handler)" = square ]
}
