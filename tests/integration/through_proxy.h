/**
 * through_proxy.h - a master, and a proxy before it that cuts. [layer: tests]
 *
 * The master is in this process, the proxy (proxy.c) is one of its own.
 */
#ifndef THROUGH_PROXY_H
#define THROUGH_PROXY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <stint.h>

#include "tests/integration/spawned.h"

struct through {
    struct stint_master *master;
    char authkey[STINT_AUTHKEY_TEXT];
    char address[64]; /* Of the proxy: what clients connect to. */
    pid_t pid;
    int keep; /* Our end of the proxy's stdin. */
    FILE *says;
};

static inline void
through_spawn(struct through *t, const char *seed, const char *cut_after,
    const char *stall_every_ms)
{
    const char *build = getenv("STINT_BUILD");
    const char *to = strstr(stint_master_address(t->master), "//") + 2;
    char program[512];
    unsigned port;

    snprintf(program, sizeof program, "%s/tests/integration/proxy",
        build ? build : "build/release");
    const char *const words[] = { program, "--to", to, "--seed", seed,
        "--cut-after", cut_after, "--stall-every", stall_every_ms, "--stall",
        "700", NULL };
    struct spawned p = spawned_with_pipes(words);
    t->pid = p.pid;
    t->keep = p.to;
    t->says = fdopen(p.from, "r");
    assert_int_equal(fscanf(t->says, "port %u", &port), 1);
    snprintf(t->address, sizeof t->address, "tcp://127.0.0.1:%u", port);
}

static inline void
through_begin(struct through *t, const char *seed, const char *cut_after,
    const char *stall_every_ms)
{
    stint_key_generate(t->authkey);
    struct stint_master_options options = {
        .listen = "tcp://127.0.0.1:0",
        .authkey = t->authkey,
        /* However busy the machine is, nobody is taken for dead. */
        .silence_ms = 60000,
    };
    if (stint_master_start(&options, &t->master) != 0)
        fail_msg("%s", stint_error_message());
    through_spawn(t, seed, cut_after, stall_every_ms);
}

/** How many connections the proxy has cut. */
static inline unsigned long
through_end(struct through *t)
{
    unsigned long cuts = 0;

    close(t->keep);
    assert_int_equal(fscanf(t->says, " cuts %lu", &cuts), 1);
    fclose(t->says);
    waitpid(t->pid, NULL, 0);
    stint_master_stop(t->master);
    return cuts;
}

/** NULL when it cannot: safe in threads, where nothing may be asserted.  A line
 * that breaks in the handshake twice running looks like a wrong key to a client
 * that was never let in, so that is tried again. */
static inline struct stint *
through_connect(const struct through *t)
{
    struct stint_options options = { .master = t->address,
        .authkey = t->authkey,
        .connect_timeout_ms = 30000,
        .timeout_ms = 60000 };
    struct stint *made = NULL;
    int code = STINT_EAUTH;

    for (int i = 0; i < 10 && code == STINT_EAUTH; i++)
        code = stint_connect(&options, &made);
    if (code != 0) fprintf(stderr, "connect: %s\n", stint_error_message());
    return made;
}

#endif
