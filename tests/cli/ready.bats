#!/usr/bin/env bats
# Three ways in which a master tells its real address when it is ready.

load helper

ready_line() {
    grep -q '"address"' "$1"
}

@test "--ready-fd tells the real address, the access file and the process" {
    master
    [ "$(wc -l <ready.json)" -eq 1 ]
    [[ $ADDRESS =~ ^tcp://127\.0\.0\.1:[1-9][0-9]*$ ]]
    [ "$(json .pid <ready.json)" -eq "$MASTER" ]
    stint ping --access "$(json .access <ready.json)"
    stint status --master "$ADDRESS" -q
}

@test "--ready-fd 1 is a line of JSON on stdout" {
    background loud "$STINT" master --listen tcp://127.0.0.1:0 --memory --ready-fd 1
    wait_for ready_line loud.out
    heard=$(head -n 1 loud.out | json .address)
    stint ping --master "$heard"
    [ "$(wc -l <loud.out)" -eq 1 ]
}

@test "who reads the line once has all of it" {
    mkfifo told
    # Open before the master is there, who closes it when all is written.
    exec 6<>told
    background quick "$STINT" master --listen tcp://127.0.0.1:0 --memory \
        --ready-fd 5 5>told 6>&-
    timeout 60 dd of=once bs=4096 count=1 status=none <&6
    [[ $(json .address <once) == tcp://127.0.0.1:* ]]
}

@test "sd_notify tells READY with the real address, and STOPPING" {
    cat >listen.py <<'CODE'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("notify")
s.settimeout(20)
open("bound", "w").close()
told = ""
while "STOPPING=1" not in told:
    told += s.recv(4096).decode() + "\n"
    with open("told", "w") as out:
        out.write(told)
CODE
    background listen python3 listen.py
    wait_for test -e bound
    NOTIFY_SOCKET=$T/notify master --memory
    wait_for grep -q READY=1 told
    wait_for grep -q "^STATUS=listening on $ADDRESS\$" told
    kill "$MASTER"
    wait_for grep -q STOPPING=1 told
}
