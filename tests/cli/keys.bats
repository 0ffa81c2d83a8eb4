#!/usr/bin/env bats
# Who may come in.

load helper

@test "a generated authkey is printed, or written for its owner only" {
    run -0 stint key generate
    [[ $output == stint1-* ]]
    stint key generate file 2>said
    [ "$(stat -c %a file)" = 600 ]
    grep -q "^file (mode 0600)   an authkey" said
    [[ $(cat file) == stint1-* ]]
    before=$(cat file)
    run -1 --separate-stderr stint key generate file
    is_one_error
    [ "$(cat file)" = "$before" ]
}

@test "an authkey from a file and from the environment lets in" {
    stint key generate key
    master --authkey-file key --state none
    STINT_MASTER=$ADDRESS STINT_AUTHKEY_FILE=$T/key run -0 stint ping
    STINT_MASTER=$ADDRESS STINT_AUTHKEY=$(cat key) run -0 stint ping
    grep -q "authkey and --master" master.err
}

@test "a new key has a file of its own, a role, and a row" {
    master
    stint key new alice --role submit -o a.access
    [ "$(stat -c %a a.access)" = 600 ]
    stint put jobs x --access a.access
    [ "$(stint get jobs --access a.access)" = x ]
    stint key list -q | grep -qx alice
    stint key list --plain | grep -qE $'^alice\t'
    (cd "$T" && stint key new bob && [ -f bob.access ])
    run --separate-stderr stint key new alice -o b.access
    [ "$status" -ne 0 ]
    is_one_error
    run --separate-stderr stint key new carol -o a.access
    [ "$status" -ne 0 ]
}

@test "revoking asks, and cuts" {
    master
    stint key new node7 -o node7.access
    stint ping --access node7.access
    run -64 --separate-stderr stint key revoke node7 </dev/null
    [[ $stderr == *--yes* ]]
    stint ping --access node7.access
    stint key revoke node7 --yes
    run -77 --separate-stderr stint ping --access node7.access
    is_one_error
    run -1 --separate-stderr stint key revoke nobody --yes
    is_one_error
}

@test "what a revoked worker held comes back" {
    master
    stint key new node7 -o node7.access
    worker -j 1 --access node7.access -- sleep 60
    stint put default x
    wait_for sh -c "'$STINT' queues default --json | grep -q '\"leased\": 1'"
    stint key revoke node7 --yes
    wait_for is_ready default 1
}
