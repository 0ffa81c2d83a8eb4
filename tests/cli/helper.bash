# What every command-line test has: a home of its own, a master on a free port
# when it asks for one, and an end to everything that it started.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0

STINT=${BATS_TEST_DIRNAME}/../../${STINT_BUILD:-build}/stint

setup() {
    T=$BATS_TEST_TMPDIR
    for name in $(env | grep -o '^STINT_[A-Z_]*'); do
        [ "$name" = STINT_BUILD ] || unset "$name"
    done
    unset NO_COLOR
    export HOME=$T/home XDG_STATE_HOME=$T/state XDG_CONFIG_HOME=$T/config
    mkdir -p "$HOME" "$XDG_CONFIG_HOME/stint"
    STARTED=
    cd "$T" || return 1
}

teardown() {
    for pid in $STARTED; do
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
}

# stint is what is tested; fd 3 is bats' own and must not be inherited by what
# stays.
stint() {
    "$STINT" "$@"
}

# background NAME COMMAND...: stdout and stderr go to NAME.out and NAME.err,
# the process id is $!.
background() {
    local name=$1
    shift
    # Without <&0 a background command would read nothing.
    "$@" <&0 >"$T/$name.out" 2>"$T/$name.err" 3>&- &
    STARTED="$STARTED $!"
}

# wait_for COMMAND...: until it succeeds, a minute at most.
wait_for() {
    local end=$((SECONDS + 60))
    while [ $SECONDS -lt $end ]; do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.05
    done
    echo "in vain: $*" >&2
    return 1
}

# master [OPTION...]: start one and wait until it is ready.  MASTER is its
# process id, ADDRESS its address; its access file is found by everybody.
master() {
    background master "$STINT" master --listen tcp://127.0.0.1:0 \
        --ready-fd 5 "$@" 5>"$T/ready.json"
    MASTER=$!
    wait_for test -s "$T/ready.json" || { cat "$T/master.err"; return 1; }
    ADDRESS=$(json .address <"$T/ready.json")
    export ADDRESS
}

# worker OPTION... -- COMMAND...: start one and wait until it is ready.
worker() {
    background worker "$STINT" worker "$@"
    WORKER=$!
    wait_for grep -q ready: "$T/worker.err" || { cat "$T/worker.err"; return 1; }
}

# json .a.0.b: one value of the document on stdin; fails if it is not JSON.
json() {
    python3 -c '
import json, sys
v = json.load(sys.stdin)
for k in sys.argv[1].split(".")[1:]:
    if k: v = v[int(k)] if isinstance(v, list) else v[k]
print(json.dumps(v) if isinstance(v, (dict, list, bool)) or v is None else v)
' "$1"
}

# ready QUEUE: how many tasks are ready in it.
ready() {
    stint queues "$1" --json | json .0.ready
}

is_ready() {
    [ "$(ready "$1")" = "$2" ]
}

# One sentence on stderr that begins as all of them do.
is_one_error() {
    [ "$(printf '%s\n' "$stderr" | wc -l)" -eq 1 ] && [[ $stderr == "stint: "* ]]
}

# lacks [OPTION] PATTERN: no line of stdin matches.
lacks() {
    [ "$(grep -cE "$@")" -eq 0 ]
}
