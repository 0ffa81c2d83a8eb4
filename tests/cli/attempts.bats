# What an attempt is, and what runs: of what a worker has taken ahead nothing
# was begun.

load helper

# Each prints the number of its attempt; the first one hangs in its first, until
# there is a file "go".
submit_two() {
    # shellcheck disable=SC2016 # the worker's shell expands it
    stint submit -q sh -c '[ $STINT_SEQ -ne 1 ] || [ $STINT_ATTEMPT -gt 1 ] ||
        while [ ! -e "$0" ]; do sleep 0.05; done
        echo $STINT_ATTEMPT' "$T/go" ::: 1 2
}

state_is() {
    [ "$(stint show "$1" --json | json .state)" = "$2" ]
}

attempts_are() {
    [ "$(stint show "$1" --json | json .attempts)" = "$2" ]
}

@test "what a killed worker had taken ahead is at its first attempt elsewhere" {
    master --memory
    worker -j 1 --allow-exec
    submit_two
    wait_for state_is 1 running
    attempts_are 1 1
    attempts_are 2 0
    kill -KILL "$WORKER"
    worker -j 1 --allow-exec
    wait_for state_is 1 done
    [ "$(stint results last)" = $'2\n1' ]
    attempts_are 1 2
    attempts_are 2 1
}

@test "what a draining worker gives back is at its first attempt elsewhere" {
    master --memory
    worker -j 1 --allow-exec
    submit_two
    wait_for state_is 1 running
    kill -TERM "$WORKER"
    wait_for state_is 2 ready
    worker -j 1 --allow-exec
    wait_for state_is 2 done
    touch go
    wait_for state_is 1 done
    [ "$(stint results last)" = $'1\n1' ]
    attempts_are 2 1
}

@test "tasks: the states of people and those of the library are both understood" {
    master --memory
    worker -j 1 --allow-exec
    stint submit -q sh -c 'exit 3' sh ::: 1
    wait_for state_is 1 failed
    [ "$(stint tasks --state failed -q)" = 1 ]
    [ "$(stint tasks --state dead -q)" = 1 ]
    [ "$(stint tasks --failed -q)" = 1 ]
    stint submit -q sleep ::: 60
    wait_for state_is 2 running
    [ "$(stint tasks --state running -q)" = 2 ]
    [ "$(stint tasks --state leased -q)" = 2 ]
    [ -z "$(stint tasks --state taken -q)" ]
    stint show 2 --json >show.json
    [ "$(json .wait <show.json)" = null ]
    [ "$(json .lease_left <show.json)" != null ]
}

@test "explain: what there is none of is null" {
    master --memory
    stint put default x
    stint explain 1 --json >task.json
    [ "$(json .0.task <task.json)" = 1 ]
    [ "$(json .0.job <task.json)" = null ]
    stint submit -q true ::: 1
    stint explain --job last --json >job.json
    [ "$(json .0.job <job.json)" = 1 ]
    [ "$(json .0.task <job.json)" = null ]
}

@test "a worker that did not come back after a restart is shown as it was" {
    master
    worker -j 1 --allow-exec --name node9
    stint submit -q sleep ::: 60
    wait_for state_is 1 running
    sleep 0.5 # The session's row goes with the grant's.
    kill -KILL "$WORKER" "$MASTER"
    wait "$MASTER" || true
    rm ready.json
    master
    stint workers --json >workers.json
    [ "$(json .0.worker <workers.json)" = node9 ]
    [ "$(json .0.pid <workers.json)" = "$WORKER" ]
    [ "$(json .0.slots <workers.json)" = 1 ]
}
