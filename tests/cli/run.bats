#!/usr/bin/env bats
# stint run and stint submit: what has no counterpart in GNU parallel.  What has
# is in tests/parallel, the live bar in tests/terminal.

load helper

# run_here WORD...: without a master, in silence.
run_here() {
    timeout 30 "$STINT" run -q "$@"
}

# signal_when FILE SIGNAL PID: when FILE is there.
signal_when() {
    wait_for test -e "$1"
    kill "-$2" "$3"
}

# ends_with CODE PID
ends_with() {
    local code=0
    wait "$2" || code=$?
    [ "$code" -eq "$1" ] || { echo "ended with $code" >&2; return 1; }
}

commands() {
    master --memory
    worker --allow-exec -j 2 "$@"
}

# ---- the first minute

@test "on a new machine it works at once, and says on stderr how" {
    run -0 --separate-stderr timeout 30 "$STINT" run echo {} < <(seq 100)
    [ "$output" = "$(seq 100)" ]
    [[ ${stderr_lines[0]} == "stint: no master here: "* ]]
    [[ ${stderr_lines[1]} == "stint: 100 ok in "* ]]
    [ "${#stderr_lines[@]}" -eq 2 ]
    run -0 --separate-stderr run_here echo {} ::: a
    [ -z "$stderr" ]
}

@test "nothing of a private master stays" {
    run_here sh -c 'sleep 300 & echo $!' ::: a >pid
    wait_for gone "$(cat pid)"
    [ ! -e "$XDG_STATE_HOME/stint" ]
}

gone() {
    ! kill -0 "$1" 2>/dev/null
}

@test "a master of this host that is gone is waited for: its tasks run nowhere else" {
    master
    kill -KILL "$MASTER"
    run -69 --separate-stderr timeout 30 "$STINT" run --connect-timeout 500ms touch ::: a
    is_one_error
    [[ $stderr == *"--master none"* ]]
    [ ! -e a ]
    run -69 --separate-stderr timeout 30 "$STINT" run --master "$ADDRESS" \
        --connect-timeout 500ms echo ::: a
    is_one_error
    run -0 --separate-stderr timeout 30 "$STINT" run --master none echo {} ::: a
    [ "$output" = a ]
    [[ ${stderr_lines[0]} == "stint: no master here: "* ]]
}

@test "alone, what its only worker cannot have is refused at once" {
    for what in '--need gpus=1' '--need zone=b' '--queue gpu' '--cpus 100000' \
        '--handler square' --own; do
        # shellcheck disable=SC2086
        run -69 --separate-stderr timeout 30 "$STINT" run $what ::: a
        is_one_error
        [ -z "$output" ]
    done
    run -0 run_here --need "host=$(hostname)" --cpus 1 --memory 1M echo ::: a
    [ "$output" = a ]
}

@test "an access file that is none is an error, not a reason to go alone" {
    mkdir -p "$XDG_STATE_HOME/stint"
    echo nonsense >"$XDG_STATE_HOME/stint/access"
    chmod 600 "$XDG_STATE_HOME/stint/access"
    run -78 --separate-stderr run_here echo ::: a
    is_one_error
}

# ---- the command line

@test "options end at the first word of the command" {
    run -0 run_here printf '%s.' -q --tag {} ::: a
    [ "$output" = "-q.--tag.a." ]
    run -0 run_here -- printf '%s.' -- {} ::: a
    [ "$output" = "--.a." ]
}

@test "a line that wants a shell is told so" {
    run -64 --separate-stderr run_here 'echo {} | wc -c' ::: a
    is_one_error
    [[ $stderr == *"--shell"* ]]
    run -0 run_here --shell 'echo {} | wc -c' ::: abc
    [ "$output" -eq 4 ]
}

@test "a program whose name has blanks is a program" {
    printf '#!/bin/sh\necho "ran $1"\n' >'my program'
    chmod +x 'my program'
    run -0 run_here './my program' ::: a
    [ "$output" = "ran a" ]
}

@test "what cannot be meant is 64 and one sentence" {
    for words in "--halt maybe echo" "--need =3 echo" "--array 5-1 echo" \
        "--resume echo" "--resume-failed --results d echo" "--colsep ( echo" \
        "--handler f echo" "--own echo" "-a nowhere echo" "--jbos 3 echo" \
        "--results x.csv echo" "--resume --joblog log echo {#}"; do
        # shellcheck disable=SC2086 # they are words
        run -64 --separate-stderr run_here $words ::: a
        is_one_error || { echo "$words: $stderr"; return 1; }
    done
}

@test "an option of GNU parallel that is not there says what to do instead" {
    local option
    for option in --pipe:--stdin --bar:stderr --eta:--progress --will-cite:out \
        --sshlogin:worker -S:worker -N2:--colsep --link::::+ -P4:-j -u:logs \
        --tagstring:--tag --dryrun:--dry-run --workdir:--cwd; do
        run -64 --separate-stderr stint run "${option%%:*}" echo ::: a
        is_one_error
        [[ $stderr == *"no option ${option%%:*}"* || $option == -N2:* \
            || $option == -P4:* ]] || { echo "$stderr"; return 1; }
        [[ $stderr == *"${option#*:}"* ]] || { echo "$option: $stderr"; return 1; }
    done
    for option in --joblog --tag -k --results; do
        run -64 --separate-stderr stint submit "$option" x echo ::: a
        is_one_error
        [[ $stderr == *"stint results"* ]]
    done
    # Of other commands nobody brings them along.
    run -64 --separate-stderr stint put --bar q v
    [[ $stderr != *stderr* ]]
    # What is there goes on to be what it is.
    run -0 --separate-stderr stint run -k --keep-order --tag --dry-run echo ::: a
    [ "$output" = "$(printf 'a\techo a')" ]
    run -64 --separate-stderr stint run --array 1-3%2 echo
    is_one_error
    [[ $stderr == *"--array 1-3 -j 2"* ]]
}

@test "--dry-run shows an empty word where there is no such value" {
    run -0 --separate-stderr stint run --dry-run printf '%s|' '{2}' '' '{}' 'x{2}' ::: a
    [ "$output" = "printf '%s|' '' '' a x" ]
    [ "$(run_here printf '%s|' '{2}' '' '{}' 'x{2}' ::: a)" = "$(eval "$output")" ]
}

@test "--stdin and a value as a word of its own is remarked on" {
    run -0 --separate-stderr timeout 30 "$STINT" run --stdin --shell 'cat; echo' {} ::: a
    [[ $stderr == *"as an argument, too"* ]]
    run -0 --separate-stderr timeout 30 "$STINT" run --stdin cat ::: a
    [[ $stderr != *"as an argument"* ]]
}

@test "--array counts, and combines with what comes behind" {
    run -0 run_here --array 1-7:3 echo {1}{2} ::: a b
    [ "$output" = "$(printf '%s\n' 1a 1b 4a 4b 7a 7b)" ]
}

@test "--stdin gives the value as standard input" {
    run -0 run_here --stdin cat - ::: 'a b'
    [ "$output" = "a b" ]
}

@test "--cwd is where it runs, and must be there" {
    mkdir there
    run -0 run_here --cwd "$T/there" --shell 'pwd #' ::: a
    [ "$output" = "$(cd there && pwd -P)" ]
    run -1 --separate-stderr timeout 30 "$STINT" run --cwd "$T/gone" true ::: a
    [[ $stderr == *"failed"*"$T/gone"* ]]
}

@test "--env carries our value or the one given" {
    A='a b' run -0 run_here --env A --env B=c=d --shell 'echo "$A,$B"; : {}' ::: x
    [ "$output" = "a b,c=d" ]
}

@test "what runs nothing says so" {
    run -0 --separate-stderr timeout 30 "$STINT" run echo hi </dev/null
    [[ $stderr == *"stint: no input: nothing was run" ]]
    run -0 stint run --dry-run --handler factor ::: 1
    [ "$output" = "handler factor 1" ]
    run -64 --separate-stderr stint run --retries 0 echo ::: 1
    is_one_error
    master --memory
    run -64 --separate-stderr stint pause last
    is_one_error
    [[ $stderr == *"--job last"* ]]
}

@test "limits are those of the task" {
    run -0 run_here --limit-files 17 --shell 'ulimit -n; : {}' ::: x
    [ "$output" -eq 17 ]
}

@test "output that is cut is an error, with -q as well" {
    run -1 --separate-stderr timeout 30 "$STINT" run --output-max 1k \
        head -c 5000 /dev/zero ::: /dev/null
    [[ $stderr == *"wrote more than is kept"*"--output-max"*"--get"* ]]
    commands
    run -1 --separate-stderr timeout 30 "$STINT" run -q --key k --output-max 1k seq ::: 9 3000
    is_one_error
    [[ $stderr == "stint: task 2 (3000) wrote more than is kept: 1.0k of its stdout;"* ]]
    run -1 --separate-stderr stint results last -q
    is_one_error
    run -1 --separate-stderr stint attach last -q
    is_one_error
}

@test "more output than the master keeps is refused before anything runs" {
    run -1 --separate-stderr run_here --output-max 20M touch ::: a
    is_one_error
    [[ $stderr == *"16777216"*"--payload-max"* ]]
    [ ! -e a ]
    run_here --output-max 16M head -c 16000000 ::: /dev/zero >out
    head -c 16000000 /dev/zero | cmp - out
}

# ---- what comes out

@test "--json is a line a task with all there is" {
    run_here --json --shell 'echo {}; echo err >&2; exit {}' ::: 0 3 >out || true
    [ "$(wc -l <out)" -eq 2 ]
    head -1 out | json .ok | grep -qx true
    [ "$(tail -1 out | json .exit)" -eq 3 ]
    [ "$(tail -1 out | json .reason)" = "failed: exit 3" ]
    [ "$(tail -1 out | json .values.0)" = 3 ]
    [ "$(tail -1 out | json .stderr)" = err ]
    printf '\377' | run_here --json cat - ::: /dev/null >/dev/null
    run_here --json printf '\377' >out </dev/null ::: ''
    [ "$(json .stdout_hex <out)" = ff ]
}

@test "a failed task is one sentence with its value and how it ended" {
    run -1 --separate-stderr timeout 30 "$STINT" run --shell 'exit {}' ::: 0 7
    [ "${stderr_lines[1]}" = "stint: task 2 (7) failed: exit 7" ]
    run -1 --separate-stderr timeout 30 "$STINT" run --shell 'kill -9 $$' ::: a
    [[ $stderr == *"killed by signal 9 (KILL)"* ]]
    run -1 --separate-stderr timeout 30 "$STINT" run --timeout 200ms sleep ::: 30
    [[ $stderr == *"timed out after "* ]]
}

@test "nobody who reads any more ends the job at once, in silence" {
    seq 100000 | {
        code=0
        run_here --shell 'echo {}; echo $$ >>pids' 2>err || code=$?
        echo $code >code
    } | head -1 >first
    [ "$(cat first)" = 1 ]
    [ "$(cat code)" -eq 141 ]
    [ ! -s err ]
    [ "$(wc -l <pids)" -lt 50000 ]
}

@test "stdout that cannot be written is said and fails" {
    run -1 --separate-stderr bash -c "seq 3 | timeout 30 '$STINT' run -q echo >/dev/full"
    is_one_error
    [[ $stderr == *"stdout cannot be written: No space left"* ]]
}

@test "a stream that is closed is said to be, and nothing else is taken for it" {
    run -1 --separate-stderr bash -c "timeout 30 '$STINT' run -q echo <&-"
    is_one_error
    [[ $stderr == *"stdin cannot be read"* ]]
    run -1 --separate-stderr bash -c "timeout 30 '$STINT' run -q echo ::: a >&-"
    [[ $stderr == *"stdout cannot be written"* ]]
}

@test "a folder that cannot be written is said and fails" {
    touch file
    run -1 --separate-stderr run_here --results file/below echo ::: a
    is_one_error
    [[ $stderr == *"--results"*"Not a directory"* ]]
}

@test "a disk that gets full under --results is said and fails" {
    [ "$(id -u)" -eq 0 ] || skip "needs root to mount"
    mkdir small
    mount -t tmpfs -o size=64k none small 2>/dev/null || skip "cannot mount"
    run --separate-stderr run_here --results small/r head -c 20000 /dev/zero ::: \
        1 2 3 4 5 6 7 8
    umount small
    [ "$status" -eq 1 ]
    is_one_error
    [[ $stderr == *"No space left"*"--resume"* ]]
}

@test "a pipe is worked on while it is open" {
    mkfifo pipe
    "$STINT" run -q echo got <pipe >run.out 3>&- &
    runner=$!
    STARTED="$STARTED $runner"
    exec 7>pipe
    echo one >&7
    wait_for grep -q "got one" run.out
    echo two >&7
    wait_for grep -q "got two" run.out
    exec 7>&-
    wait "$runner"
}

@test "an endless pipe does not fill the memory" {
    yes "$(printf %01000d 0)" 3>&- |
        "$STINT" run -q -j 1 --shell ': {}; sleep 300' >/dev/null 3>&- &
    runner=$!
    STARTED="$STARTED $runner"
    sleep 2
    kill -0 "$runner"
    [ "$(awk '/VmHWM/ {print $2}' "/proc/$runner/status")" -lt 400000 ]
    kill -INT "$runner"
    sleep 0.3
    kill -INT "$runner"
    ends_with 130 "$runner"
}

@test "--resume with --results leaves out what has its files" {
    run_here --results r --shell 'echo {}; echo {} >>ran' ::: a b
    run_here --results r --resume --shell 'echo {}; echo {} >>ran' ::: a b c
    [ "$(sort ran | tr '\n' ' ')" = "a b c " ]
    [ "$(cat r/1/c/seq)" = 3 ]
}

@test "a joblog has the places of the input, also of what was left out before" {
    run_here --joblog log true ::: a b
    run_here --joblog log --resume true ::: a b c d
    [ "$(cut -f 1,9 log | tail -2)" = "$(printf '3\ttrue c\n4\ttrue d')" ]
}

@test "of two runs with the same joblog one is told to wait: 75" {
    background first "$STINT" run --joblog log --resume \
        --shell 'touch begun; sleep 300; : {}' ::: a b
    runner=$!
    wait_for test -e begun
    run -75 --separate-stderr stint run --joblog log --resume true ::: a b
    [[ $stderr == *"another stint run writes to --joblog log"* ]]
    kill -KILL "$runner"
    wait "$runner" || true
    run_here --joblog log --resume true ::: a b
    [ "$(wc -l <log)" = 3 ]
}

# ---- signals

@test "^C lets a private master finish what runs and begin no more" {
    background run "$STINT" run -j 1 --shell 'touch begun; sleep 0.5; echo {}' ::: a b c
    runner=$!
    signal_when begun INT "$runner"
    ends_with 130 "$runner"
    [ "$(cat run.out)" = a ]
    grep -q "no more is begun" run.err
}

@test "^C twice ends all that runs" {
    background run "$STINT" run --shell 'echo $$ >pid.new; mv pid.new pid; sleep 300; : {}' ::: a
    runner=$!
    signal_when pid INT "$runner"
    wait_for grep -q "no more is begun" run.err
    sleep 1 # Sooner it is the same one.
    kill -INT "$runner"
    ends_with 130 "$runner"
    wait_for gone "$(cat pid)"
}

@test "timeout sends its signal twice at once: that is one" {
    run -124 timeout -s INT 1 "$STINT" run -q --shell 'echo $$ >pid; sleep 2; echo {}' ::: a 2>err
    [ "$output" = a ]
    commands
    run -124 timeout -s INT 1 "$STINT" run -q sleep ::: 300
    [ "$(stint jobs --json | json .0.state)" = running ]
}

@test "^C leaves a job to its master, and attach comes back" {
    commands
    background run "$STINT" run --shell 'touch begun; sleep 0.3; echo {}' ::: a b c d e f
    runner=$!
    signal_when begun INT "$runner"
    ends_with 130 "$runner"
    grep -q "attach 1" run.err
    run -0 --separate-stderr timeout 30 "$STINT" attach 1 -q
    [ "$(cat run.out - <<<"$output" | sort -u | grep . | tr '\n' ' ')" = "a b c d e f " ]
}

@test "TERM does the same with its own code" {
    commands
    background run "$STINT" run --shell 'touch begun; sleep 0.3; : {}' ::: a b c d e f
    runner=$!
    signal_when begun TERM "$runner"
    ends_with 143 "$runner"
    stint jobs --json | json .0.state | grep -qx "running\|done"
}

@test "^C twice cancels the job" {
    commands
    background run "$STINT" run --shell 'touch begun; sleep 300; : {}' ::: a b c d e f
    runner=$!
    signal_when begun INT "$runner"
    wait_for grep -q "leaving job 1" run.err
    # Later than an echo (200 ms), and before it has left (1 s).
    sleep 0.3
    kill -INT "$runner"
    ends_with 130 "$runner"
    grep -q "job 1 is cancelled" run.err
    [ "$(stint jobs --json | json .0.state)" = cancelled ]
}

# ---- with a master

@test "the last line says what to do about what failed" {
    commands
    run -1 --separate-stderr timeout 30 "$STINT" run --shell 'exit {}' ::: 0 1
    [[ $stderr == *"job 1 done: 1 ok, 1 failed in "*"failures --job 1 "*"retry --failed --job 1"* ]]
}

@test "when nobody may run it, it says so" {
    master --memory
    background run "$STINT" run echo ::: a
    wait_for grep -q "job 1 waits: .*--allow-exec" run.err
    [ "$(grep -c waits run.err)" -eq 1 ]
}

@test "how often a task may be run is said by one of two ways" {
    run -64 --separate-stderr stint run --no-requeue --retries 2 echo ::: 1
    is_one_error
    [[ $stderr == *"--losses 0 --retries N"* ]]
    run -64 --separate-stderr stint submit --no-requeue --losses 1 echo ::: 1
    is_one_error
    run -64 --separate-stderr stint run --losses 70000 echo ::: 1
    is_one_error
    run -0 --separate-stderr run_here --no-requeue --retries 1 --losses 0 echo ::: 1
    [ "$output" = 1 ]
    run -1 --separate-stderr run_here --losses 0 --retries 3 \
        sh -c 'echo x >>tries; exit 3' ::: 1
    [ "$(wc -l <tries)" -eq 3 ]
    run -1 --separate-stderr env STINT_RUN_RETRIES=3 STINT_RUN_NO_REQUEUE=true \
        timeout 30 "$STINT" run -q sh -c 'echo x >>once; exit 3' ::: 1
    [ "$(wc -l <once)" -eq 1 ]
}

@test "a task that must not run twice says so when its worker dies" {
    master --memory --silence 1s
    worker --allow-exec -j 1
    stint submit -q --no-requeue sh -c 'touch begun; sleep 60' ::: a
    wait_for test -e begun
    kill -KILL "$WORKER"
    run -1 --separate-stderr stint wait last
    run -0 --separate-stderr stint failures --job last
    [[ $output == *"worker lost: it may have run, and must not run twice"* ]]
    run -0 --separate-stderr stint explain 1
    [[ $output == *"it may have run, and must not run twice"*"stint retry 1"* ]]
    stint retry --failed --job last
    run -0 --separate-stderr stint tasks --job last --state ready -q
    [ "$output" = 1 ]
}

@test "a need that nobody meets is named" {
    commands
    background run "$STINT" run --need gpus=2 echo ::: a
    wait_for grep -q "job 1 waits: .*gpus" run.err
}

@test "a handler gets the values" {
    master --memory
    worker --plugin "$BATS_TEST_DIRNAME/../../${STINT_BUILD:-build}/examples/libfactor.so"
    run -0 timeout 30 "$STINT" run -q --handler factor ::: 12 13
    [ "$output" = "$(printf '2 2 3\n13')" ]
    run -0 timeout 30 "$STINT" run -q --tag --handler factor ::: 12
    [ "$output" = "$(printf '12\t2 2 3')" ]
}

@test "the same key again runs nothing twice" {
    commands
    run -0 timeout 30 "$STINT" run -q --key k --shell 'echo {} >>ran' ::: a b
    run -0 timeout 30 "$STINT" run -q --key k --shell 'echo {} >>ran' ::: a b
    [ "$(sort ran | tr '\n' ' ')" = "a b " ]
}

@test "a key that is known: the run attaches, and prints all of it again" {
    commands
    run -1 timeout 30 "$STINT" run -q --key k --shell 'echo {}; exit {}' ::: 0 1
    run -1 --separate-stderr timeout 30 "$STINT" run --key k --shell 'echo {}; exit {}' ::: 0 1
    [ "$output" = "$(printf '0\n1')" ]
    [[ ${stderr_lines[0]} == "stint: job 1 has this key already, with 2 tasks: nothing is put again" ]]
    [[ $stderr == *"job 1 done: 1 ok, 1 failed in "*"failures --job 1"* ]]
    [[ $stderr != *"no more tasks"* ]]
    run -0 --separate-stderr timeout 30 "$STINT" submit --key k --shell 'echo {}; exit {}' ::: 0 1
    [ "$output" = "job 1: 2 tasks" ]
    run -1 --separate-stderr timeout 30 "$STINT" run --key k cat ::: 0
    is_one_error
    [[ $stderr == *"another job of this key"* ]]
}

@test "a key that is known, and other values: an error that says which" {
    commands
    run -0 run_here --key k echo {} ::: 1 2
    for how in run submit; do
        run -1 --separate-stderr timeout 30 "$STINT" $how --key k echo {} ::: 1 2 3
        is_one_error
        [[ $stderr == *"job 1 has this key, with 2 tasks, and here are 3 values"* ]]
        run -1 --separate-stderr timeout 30 "$STINT" $how --key k echo {} ::: 1 5
        is_one_error
        [[ $stderr == *"its value 2 is '2', not '5'"* ]]
        [ -z "$output" ]
    done
    run -0 run_here --key k echo {} < <(seq 2)
    [ "$output" = "$(seq 2)" ]
}

@test "a key whose job still runs: its end is waited for, and all of it counts" {
    commands
    stint submit -q --key k --shell 'echo {}; sleep 1; exit {}' ::: 0 0 0 1
    run -1 --separate-stderr timeout 30 "$STINT" run --key k --shell 'echo {}; sleep 1; exit {}' ::: 0 0 0 1
    [ "$output" = "$(printf '0\n0\n0\n1')" ]
    [[ $stderr == *"job 1 done: 3 ok, 1 failed in "* ]]
    run -1 --separate-stderr stint results 1 --json
    [ "${#lines[@]}" -eq 4 ]
}

@test "a key whose first submitter was cut off: how far he came, and what to do" {
    commands
    mkfifo pipe
    "$STINT" run --key k --shell 'echo {}' <pipe >/dev/null 2>&1 3>&- &
    first=$!
    STARTED="$STARTED $first"
    exec 7>pipe
    seq 3 >&7
    wait_for tasks_are 1 3
    kill -KILL "$first"
    exec 7>&-
    wait_for job_is 1 orphaned
    run -1 --separate-stderr timeout 30 "$STINT" run --key k --shell 'echo {}' ::: 1 2 3 4
    is_one_error
    [[ $stderr == *"3 tasks had been put"*"attach 1"*"cancel --job 1"*"another key"* ]]
}

tasks_are() {
    [ "$(stint jobs "$1" --json | json .tasks)" = "$2" ]
}

job_is() {
    [ "$(stint jobs "$1" --json | json .state)" = "$2" ]
}

@test "a job that its master has lost is one sentence, with what to do" {
    commands
    background run "$STINT" run --joblog log --shell 'touch begun; sleep 300; : {}' ::: a b c
    runner=$!
    wait_for test -e begun
    stint cancel --job 1
    ends_with 1 "$runner"
    background run "$STINT" run --joblog log --shell 'touch begun2; sleep 300; : {}' ::: a b c
    runner=$!
    wait_for test -e begun2
    background attach "$STINT" attach 2 --progress always
    attached=$!
    wait_for grep -q '^job 2: ' attach.err
    kill -KILL "$MASTER" "$WORKER"
    rm ready.json
    background again "$STINT" master --memory --listen "$ADDRESS"
    wait_for stint ping --timeout 1s
    ends_with 1 "$runner"
    [ "$(grep -c '^stint: job 2 is not there any more: .*--resume' run.err)" -eq 1 ]
    run ! grep 'no such job' run.err
    ends_with 1 "$attached"
    [ "$(grep -c '^stint: job 2 is not there any more: ' attach.err)" -eq 1 ]
}

@test "submit prints the number and leaves, the results wait" {
    commands
    run -0 timeout 30 "$STINT" submit echo {} ::: a b
    [ "$output" = "job 1: 2 tasks" ]
    run -0 timeout 30 "$STINT" submit -q echo {} < <(seq 3)
    [ "$output" = 2 ]
    run -0 timeout 30 "$STINT" submit --json echo {} ::: a
    [ "$(json .job <<<"$output")" -eq 3 ]
    run -0 timeout 30 "$STINT" wait 2
    run -0 timeout 30 "$STINT" results 2
    [ "$output" = "$(seq 3)" ]
}

@test "submit without a master says so" {
    run -78 --separate-stderr timeout 30 "$STINT" submit echo ::: a
    is_one_error
}

@test "--progress always is a line at once, in a pipe, too" {
    run -0 --separate-stderr timeout 30 "$STINT" run --progress always --shell 'sleep 1.5; : {}' ::: a
    [ "$(grep -c '^stint: 0.* done, ' <<<"$stderr")" -ge 2 ]
    run -0 --separate-stderr timeout 30 "$STINT" run --shell 'sleep 1.5; : {}' ::: a
    [[ $stderr != *" done, "* ]]
}

@test "progress is a line, never with -q" {
    run -0 --separate-stderr run_here --progress always echo ::: a
    [ -z "$stderr" ]
    run -0 --separate-stderr timeout 30 "$STINT" run --progress never echo ::: a
    [[ $stderr != *" ok in "* ]]
}

@test "without a command each value is one, as for GNU parallel" {
    run -0 --separate-stderr stint run ::: 'echo a; echo b' 'echo "x  y"'
    [ "$output" = $'a\nb\nx  y' ]
    printf 'echo 1\nexit 3\n' >commands
    run -1 --separate-stderr stint run --joblog LOG :::: commands
    [ "$output" = 1 ]
    [ "$(cut -f 7,9 LOG | tail -n 1)" = $'3\texit 3' ]
    run -0 --separate-stderr stint run --dry-run :::: commands
    [ "$output" = "$(cat commands)" ]
    run -64 --separate-stderr stint run --stdin ::: a
    is_one_error
    run -64 --separate-stderr stint run --own echo ::: a
    is_one_error
}

@test "--own runs what the workers have of their own" {
    master --memory
    worker -j 1 -- echo mine '{}'
    run -0 --separate-stderr stint run --own ::: a b
    [ "$output" = $'mine a\nmine b' ]
}

@test "who waits for a master is told so after a second" {
    echo "stint-secret-of-twenty-bytes" >key
    chmod 600 key
    run -69 script -qec "$STINT run --master tcp://127.0.0.1:1 \
        --authkey-file key --connect-timeout 1500ms echo ::: a" /dev/null
    [[ $output == *"no answer yet from the master at tcp://127.0.0.1:1"*refused* ]]
    background forever "$STINT" run --master tcp://127.0.0.1:1 \
        --authkey-file key --connect-timeout forever echo ::: a
    wait_for grep -q 'trying for ever' forever.err
    run -69 --separate-stderr stint run --master tcp://127.0.0.1:1 \
        --authkey-file key --connect-timeout 1500ms echo ::: a
    is_one_error
}

@test "nohup is obeyed: a HUP that is ignored ends nothing" {
    master --memory
    worker -j 1 --allow-exec
    background run nohup "$STINT" run sh -c 'touch here; sleep 0.5; echo {}' ::: a
    run=$!
    wait_for test -e here
    kill -HUP "$run"
    wait "$run"
    [ "$(cat run.out)" = a ]
}

@test "on a terminal it says what it reads, or that it wants values" {
    run -64 script -qec "$STINT run echo" /dev/null
    [[ $output == *"run on which values?"* && $output != *"^D ends"* ]]
}
