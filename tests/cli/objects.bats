#!/usr/bin/env bats
# objects, objects show and objects delete: what has a name at the master, who
# holds it, who waits, what is in it.

load helper

KEEPER_PROGRAM=${BATS_TEST_DIRNAME}/../../${STINT_BUILD:-build/release}/tests/integration/keeper

setup_file() {
    [ -x "$KEEPER_PROGRAM" ] || skip "tests/integration/keeper is not built"
}

# keep NAME VERB WORD...: a client NAME that has these objects until drop NAME.
keep() {
    local name=$1
    shift
    KEEPER=$name background "$name" "$KEEPER_PROGRAM" "$@"
    eval "PID_$name=$!"
    wait_for grep -q ready "$T/$name.out" || { cat "$T/$name.err"; return 1; }
}

# drop NAME: it is killed.
drop() {
    local pid=PID_$1

    kill -KILL "${!pid}"
    wait "${!pid}" || true
}

# of OBJECT .KEY: one value of its row.
of() {
    stint objects "$1" --json | json ".0$2"
}

is_state() {
    [ "$(of "$1" .state)" = "$2" ]
}

waiting() {
    [ "$(of "$1" .waiting)" = "$2" ]
}

@test "without objects there is a heading, and an empty list for machines" {
    master
    run -0 stint objects
    [[ $output == object*kind*state*size*durability*holder*held*waiting* ]]
    [ "$(stint objects --json)" = "[]" ]
    [ -z "$(stint objects -q)" ]
}

@test "objects of all kinds are listed with how much they have" {
    master
    keep kim lock a -- permits b 5 2 -- event c -- barrier d 3 -- condition e \
        -- dict f ada 36 bob 41 -- list g x -- value h 7 -- array i 4 \
        -- pipe j one two -- unnamed
    run -0 stint objects
    [ "$(stint objects -q | tr '\n' ' ')" = "a b c d e f g h i j " ]
    stint objects | grep -E '^a +lock +held +- +synced +kim '
    stint objects | grep -E '^b +semaphore +- +3 of 5 free +synced +kim '
    stint objects | grep -E '^c +event +set '
    stint objects | grep -E '^d +barrier +whole +0 of 3 there '
    stint objects | grep -E '^e +condition +free '
    stint objects | grep -E '^f +dict +- +2 entries +synced +- '
    stint objects | grep -E '^g +list +- +1 entry '
    stint objects | grep -E '^h +values +- +int64 '
    stint objects | grep -E '^i +values +- +4 double '
    stint objects | grep -E '^j +pipe +both-ways +2 messages +memory +kim '
    stint objects | grep -E '^- +pipe +both-ways +0 messages '
    [ "$(of j .second_bytes)" = 6 ]
    [ "$(stint objects --json | json .10.object)" = null ]
    [ "$(of f .count)" = 2 ]
    [ "$(of b .count)" = 3 ]
    [ "$(of b .most)" = 5 ]
    [ "$(of b .bounded)" = true ]
}

@test "a name, or a pattern of a shell, picks some" {
    master
    keep kim dict lock-1 -- dict lock-2 -- dict other -- dict 'odd[name'
    [ "$(stint objects other -q)" = other ]
    [ "$(stint objects 'lock-*' -q | tr '\n' ' ')" = "lock-1 lock-2 " ]
    [ "$(stint objects 'lock-[2-9]' -q)" = lock-2 ]
    [ "$(stint objects 'odd\[*' -q)" = 'odd[name' ]
    run -1 --separate-stderr stint objects lock
    is_one_error
    run -1 --separate-stderr stint objects 'x*'
    is_one_error
    [ "$(stint object list -q | wc -l)" -eq 4 ]
}

@test "a lock tells who holds it, since when, with which fence, and who waits" {
    master
    keep kim lock ledger
    keep lee wait ledger
    wait_for waiting ledger 1
    stint objects show ledger --json >shown
    [ "$(json .holder <shown)" = kim ]
    # shellcheck disable=SC2154 # set by keep
    [ "$(json .pid <shown)" = "$PID_kim" ]
    [ "$(json .host <shown)" = "$(uname -n)" ]
    [ "$(json .away <shown)" = false ]
    [[ $(json .since <shown) == 20*T*Z ]]
    fence=$(json .fence <shown)
    [ "$fence" -gt 0 ]
    [ "$(json .users.0.how <shown)" = holds ]
    [ "$(json .users.0.fence <shown)" = "$fence" ]
    [ "$(json .users.1.how <shown)" = waits ]
    [ "$(json .users.1.name <shown)" = lee ]
    [ "$(json .users.1.left <shown)" = null ]
    [ "$(json .entries <shown)" = "[]" ]
    run -0 stint objects show ledger
    [[ $output == *holds*kim*waits*lee* ]]
    drop kim
    is_lees() { [ "$(of ledger .holder)" = lee ]; }
    wait_for is_lees
    [ "$(of ledger .fence)" -gt "$fence" ]
}

@test "a lock whose owner died says so" {
    master
    keep kim lock ledger
    drop kim
    wait_for is_state ledger owner-died
    [ "$(of ledger .holder)" = null ]
}

@test "values that are msgpack are JSON, others text or digits" {
    master
    keep kim packed mix
    stint objects show mix --json >shown
    value() { python3 -c '
import json, sys
for e in json.load(open("shown"))["entries"]:
    if e["key"] == sys.argv[1]: print(json.dumps(e[sys.argv[2]]))' "$@"; }
    [ "$(value int value)" = 1234567 ]
    [ "$(value double value)" = 2.5 ]
    [ "$(value string value)" = '"gr\u00fc\u00df"' ]
    [ "$(value ints value)" = "[1, -2, 3]" ]
    [ "$(value none value)" = null ]
    [ "$(value none form)" = '"msgpack"' ]
    [ "$(value map value)" = '{"deep": [true, {"hex": "00ff"}], "7": "seven"}' ]
    [ "$(value both value)" = 65 ]
    [ "$(value both text)" = '"A"' ]
    [ "$(value neither value)" = '"fffe01"' ]
    [ "$(value neither form)" = '"hex"' ]
    [ "$(value lines value)" = '"one\ntwo"' ]
    stint objects show mix | grep -E '^int +1234567 +msgpack'
    stint objects show mix | grep -E "^both +65 or 'A' +msgpack"
    stint objects show mix | grep -E '^lines +one\\ntwo +text'
}

@test "lists, arrays and values are shown by their places" {
    master
    keep kim list l ada bob -- array a 3 -- value v 65 -- bytes b A
    stint objects show l | grep -E '^1 +bob +text'
    [ "$(stint objects show l -q | tr '\n' ' ')" = "0 1 " ]
    stint objects show a | grep -E '^0 +2.5 +msgpack'
    stint objects show a | grep -E '^2 +0.0 +msgpack'
    stint objects show v | grep -E '^0 +65 +msgpack'
    stint objects show b | grep -E '^0 +A +text'
    [ "$(stint objects show l --json | json .entries.1.place)" = 1 ]
    [ "$(stint objects show v --json | json .type)" = int64 ]
}

@test "a large dict is shown in part, or whole page by page" {
    master
    keep kim fill big 2500
    run -0 --separate-stderr stint objects show big -q
    [ "${#lines[@]}" -eq 1000 ]
    run -0 --separate-stderr stint objects show big --plain
    [[ $stderr == *"--limit 0"* ]]
    [ "$(stint objects show big -q --limit 0 | wc -l)" -eq 2500 ]
    stint objects show big --json --limit 0 >shown
    [ "$(json .entries.2499.value <shown)" = 2499 ]
    [ "$(stint objects show big --limit 3 --json 2>/dev/null | json .entries.2.key)" = k2 ]
    [ "$(of big .size)" = "2500 entries" ]
}

@test "delete asks, and needs --yes where nobody can be asked" {
    master
    keep kim dict old ada 36 -- dict kept
    run -64 --separate-stderr stint objects delete old </dev/null
    is_one_error
    [[ $stderr == *"dict 'old' (1 entry)"* ]]
    run -0 --separate-stderr stint objects delete old --dry-run
    [[ $stderr == "would delete dict 'old' (1 entry)" ]]
    [ "$(stint objects -q | wc -l)" -eq 2 ]
    run -1 script -qec "'$STINT' objects delete old" /dev/null <<<n
    [[ $output == *"Delete dict 'old' (1 entry)? [y/N]"*"nothing was changed"* ]]
    [ "$(stint objects -q | wc -l)" -eq 2 ]
    run -0 script -qec "'$STINT' objects delete old" /dev/null <<<y
    [ "$(stint objects -q)" = kept ]
    [ "$(stint objects delete kept --yes --json | json .0.object)" = kept ]
    [ "$(stint objects --json)" = "[]" ]
}

@test "a lock that is held, or waited for, is deleted by force only" {
    master
    keep kim lock ledger -- dict other
    run -75 --separate-stderr stint objects delete ledger --yes
    is_one_error
    [[ $stderr == *"is held by kim"* && $stderr == *--force* ]]
    # One that is held keeps them all.
    run -75 stint objects delete other ledger --yes
    [ "$(stint objects -q | wc -l)" -eq 2 ]
    keep lee wait ledger
    wait_for waiting ledger 1
    run -0 --separate-stderr stint objects delete ledger --yes --force
    [[ $stderr == "lock 'ledger' is deleted" ]]
    wait_for grep -q ENOOBJECT lee.err
    [ "$(stint objects -q)" = other ]
}

@test "several go at once; one that is not there keeps them all" {
    master
    keep kim dict a -- dict b -- dict c
    run -1 --separate-stderr stint objects delete a nobody b --yes
    is_one_error
    [ "$(stint objects -q | wc -l)" -eq 3 ]
    stint objects delete a b --yes
    [ "$(stint objects -q)" = c ]
    run -1 --separate-stderr stint objects show a
    is_one_error
}

@test "a lock goes after the conditions that have it" {
    master
    keep kim condition told
    stint objects delete told --yes
    [ "$(stint objects --json)" = "[]" ]
}

@test "every key may look, and one with the role work may delete nothing" {
    master
    keep kim dict d ada 36
    stint key new carl --role work -o carl.access
    stint key new sue --role submit -o sue.access
    [ "$(stint objects -q --access carl.access)" = d ]
    stint objects show d --access carl.access | grep -q 36
    run -77 --separate-stderr stint objects delete d --yes --access carl.access
    is_one_error
    stint objects delete d --yes --access sue.access
}

@test "what is durable is there after a restart, with who holds it" {
    master
    keep kim dict d ada 36 -- lock l
    since=$(of l .since)
    kill -KILL "$MASTER"
    wait "$MASTER" || true
    rm -f ready.json
    master --listen "$ADDRESS"
    [ "$(of d .size)" = "1 entry" ]
    [ "$(of l .holder)" = kim ]
    [ "${since:0:16}" = "$(of l .since | cut -c1-16)" ] ||
        [ "${since:0:13}" = "$(of l .since | cut -c1-13)" ]
}

@test "names of objects are completed, and the halves of the command" {
    master
    keep kim dict ages -- dict names
    stint __complete objects | grep -q "^ages"
    stint completion bash >bash
    # shellcheck disable=SC1091
    source ./bash
    complete_at() { COMP_CWORD=$(($# - 1)); COMP_WORDS=("$@"); COMPREPLY=(); _stint; echo "${COMPREPLY[*]}"; }
    [ "$(complete_at "$STINT" objects "")" = "show delete ages names" ]
    [ "$(complete_at "$STINT" objects show na)" = names ]
    [ "$(complete_at "$STINT" objects delete a)" = ages ]
    [ "$(complete_at "$STINT" objects delete --fo)" = --force ]
    [ "$(complete_at "$STINT" objects ages --js)" = --json ]
    [ "$(complete_at "$STINT" objects show --li)" = --limit ]
}

@test "a word that is nearly objects is told so" {
    run -64 --separate-stderr stint object
    [[ $stderr == *"\`stint objects\`"* ]]
    run -64 --separate-stderr stint objcts
    [[ $stderr == *"\`stint objects\`"* ]]
}
