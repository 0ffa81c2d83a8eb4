#!/usr/bin/env bats
# Flags before environment before --config before the user's file before the
# default; what is wrong in a file is refused with its line.

load helper

conf() { printf '%s\n' "$@" >"$XDG_CONFIG_HOME/stint/stint.conf"; }

# shown SETTING FIELD OPTION...
shown() {
    local setting=$1 field=$2
    shift 2
    stint config show --json "$@" | python3 -c '
import json, sys
for row in json.load(sys.stdin):
    if row["setting"] == sys.argv[1]: print(row[sys.argv[2]])
' "$setting" "$field"
}

@test "each way to set a value hides the ones below it" {
    [ "$(shown common.timeout value)" = 20s ]
    [ "$(shown common.timeout from)" = default ]
    conf 'common' '    timeout = "11s"'
    [ "$(shown common.timeout value)" = 11s ]
    [ "$(shown common.timeout from)" = "$XDG_CONFIG_HOME/stint/stint.conf:2" ]
    printf 'common\n    # mine\n\n    timeout = 12\n' >mine.conf
    [ "$(shown common.timeout value --config mine.conf)" = 12 ]
    [ "$(shown common.timeout from --config mine.conf)" = mine.conf:4 ]
    export STINT_TIMEOUT=13s
    [ "$(shown common.timeout value --config mine.conf)" = 13s ]
    [ "$(shown common.timeout from --config mine.conf)" = STINT_TIMEOUT ]
    [ "$(shown common.timeout value --config mine.conf --timeout 14s)" = 14s ]
    [ "$(shown common.timeout from --timeout 14s)" = flag ]
}

@test "an empty variable counts as none" {
    STINT_TIMEOUT='' run -0 shown common.timeout from
    [ "$output" = default ]
}

@test "--config can be a variable" {
    printf 'common\n    timeout = 12\n' >mine.conf
    export STINT_CONFIG=$T/mine.conf
    [ "$(shown common.timeout value)" = 12 ]
}

@test "sections of commands, and lists" {
    conf 'worker' '    slots = 4' '    queue = "gpu cpu"' 'key-new' '    role = submit'
    [ "$(shown worker.slots value)" = 4 ]
    [ "$(shown worker.queue value)" = "gpu cpu" ]
    [ "$(shown key-new.role value)" = submit ]
    export STINT_WORKER_QUEUE='a b c'
    [ "$(shown worker.queue value)" = "a b c" ]
}

@test "an unknown key is 78 with its line and what was meant" {
    conf '# mine' '' 'common' '    master = "tcp://h:1"' '    timout = 3'
    run -78 --separate-stderr stint status
    is_one_error
    [[ $stderr == *"stint.conf:5:"*"'timout'"*"'timeout'"* ]]
}

@test "an unknown section is 78 with its line" {
    conf 'comon' '    timeout = 3'
    run -78 --separate-stderr stint version
    [[ $stderr == *"stint.conf:1:"*"'comon'"*"'common'"* ]]
}

@test "a key that is another command's is checked all the same" {
    conf 'worker' '    slots = many'
    run -78 --separate-stderr stint status
    [[ $stderr == *"stint.conf:2:"*"whole number"* ]]
}

@test "what is no ZPL is 78 with its line, and nothing on stdout" {
    export ASAN_OPTIONS=detect_leaks=0 # czmq forgets the file it gives up.
    conf 'common' '    timeout = 3' '  master = "x"'
    run -78 --separate-stderr stint version
    [ -z "$output" ]
    is_one_error
    [[ $stderr == *"stint.conf:3:"* ]]
    conf 'common' '    timeout "3"'
    run -78 --separate-stderr stint version
    [[ $stderr == *"stint.conf:2:"* ]]
}

@test "a value at a section and a key too deep are 78" {
    conf 'common = 3'
    run -78 --separate-stderr stint version
    [[ $stderr == *":1:"* ]]
    conf 'common' '    timeout = 3' '        deeper = 4'
    run -78 --separate-stderr stint version
    [[ $stderr == *":3:"* ]]
}

@test "a secret in a file is 78" {
    conf 'common' '    authkey = "abc"'
    run -78 --separate-stderr stint version
    [[ $stderr == *"authkey-file"* ]]
}

@test "a --config that is not there is 78; a user's file need not be" {
    run -78 --separate-stderr stint version --config nowhere.conf
    [[ $stderr == *"nowhere.conf"* ]]
    rm -r "$XDG_CONFIG_HOME"
    run -0 stint version
}

@test "a variable of the wrong kind is 78 and named" {
    STINT_TIMEOUT=soon run -78 --separate-stderr stint status
    is_one_error
    [[ $stderr == *STINT_TIMEOUT* && $stderr == *"'soon'"* ]]
}

@test "config show hides a secret and prints plain and ids" {
    export STINT_AUTHKEY=0123456789abcdefghij
    run -0 stint config show
    [[ $output != *0123456789* && $output == *"(not shown)"* ]]
    stint config show --plain | awk -F'\t' 'NF != 4 { exit 1 }'
    stint config show -q | grep -qx common.timeout
}
