#!/usr/bin/env bats
# The C of the README is compiled as it stands there, and does what it says.

load helper

ROOT=$BATS_TEST_DIRNAME/../..

# block N: the Nth piece of C.
block() {
    awk -v n="$1" '/^```c$/ { at++; in_c = 1; next } /^```$/ { in_c = 0 }
        in_c && at == n' "$ROOT/README.md"
}

# compile SOURCE OPTION...
compile() {
    gcc -Wall -Wextra -Wno-unused-result -Werror -I "$ROOT/build/include" "$@"
}

# program NAME: of NAME.c, with the library where `make` leaves it.
program() {
    compile "$1.c" -L "$ROOT/build" -lstint \
        -Wl,-rpath,"$(realpath "$ROOT/build")" -o "$1"
}

# wrap DECLARATIONS END: a main() around what is read.
wrap() {
    printf '#include <stdio.h>\n#include <stdlib.h>\n#include <stint.h>\n'
    printf '#include <stint_pool.h>\n#include <stint_shared.h>\n'
    DECLARED=$1 END=$2 awk '
        function begin() { print "int main(void) {" ENVIRON["DECLARED"] }
        { line[NR] = $0; if ($0 ~ /^ *…$/) cut = NR }
        END {
            if (!cut) begin()
            for (i = 1; i <= NR; i++) { if (i == cut) begin(); else print line[i] }
            print ENVIRON["END"] " return 0; }"
        }'
}

@test "the worker of the tutorial is what it says, but for checks and declarations" {
    block 1 | wrap 'struct stint *m; struct stint_queue *task, *result;
        struct stint_bytes item; char text[32], r[64];' '' > w.c
    compile -fsyntax-only w.c
}

@test "the handler squares each number, whatever was in its buffer before" {
    block 2 > libsquares.c
    compile -shared -fPIC libsquares.c -o libsquares.so
    master --memory
    worker -j 1 --plugin ./libsquares.so
    for _ in 1 2; do
        seq 200 | stint run --keep-order --handler square > squares 2> /dev/null
        diff <(seq 200 | awk '{ print $1 * $1 }') squares
    done
}

@test "who submits a number gets its square" {
    block 2 > libsquares.c
    compile -shared -fPIC libsquares.c -o libsquares.so
    block 3 | wrap 'struct stint *s; struct stint_queue *q;
        struct stint_future *future; struct stint_bytes result;' '
        printf("%.*s\n", (int)result.size, (const char *)result.data);' > my.c
    program my
    master --memory
    worker -j 1 --plugin ./libsquares.so
    run -0 ./my
    [ "$output" = 144 ]
}

@test "a pool sums three ranges, and a manager counts" {
    block 4 | wrap 'struct stint *s; struct stint_pool *pool; int64_t sums[3], sum;
        struct stint_master *manager; struct stint_lock *lock;
        struct stint_dict *d;' '
        printf("%d %d %d, %d\n", (int)sums[0], (int)sums[1], (int)sums[2], (int)sum);
        stint_pool_close(pool); stint_pool_free(pool);' > all.c
    program all
    run -0 ./all
    [ "$output" = "1275 5050 11325, 1" ]
}
