/*
 * tutorial.h - what the examples of this folder share: a manager, and an end
 * for what goes wrong.
 */
#ifndef TUTORIAL_H
#define TUTORIAL_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <stint.h>
#include <stint_process.h>

static inline void
check(int code)
{
    if (code >= 0) return;
    fprintf(stderr, "%s\n", stint_error_message());
    exit(1);
}

/* ---- Manager(): the objects that processes share live here ---------------- */

static struct stint_master *manager;

/* manager = Manager() */
static inline void
manager_start(void)
{
    check(stint_master_start(NULL, &manager));
}

/* What a proxy does unseen: each process has a connection of its own. */
static inline struct stint *
manager_connect(void)
{
    struct stint *s;

    check(stint_master_connect(manager, NULL, &s));
    return s;
}

/* ---- Process(target=run, args=(arg,)) ------------------------------------- */

static inline struct stint_process *
start(const char *name, int (*run)(void *arg), void *arg)
{
    struct stint_process_options options = {
        .name = name, .target = run, .arg = arg
    };
    struct stint_process *p;

    check(stint_process_start(&options, &p));
    return p;
}

static inline void
join(struct stint_process *p)
{
    check(stint_process_join(p, STINT_FOREVER));
    stint_process_free(p);
}

/* time.sleep() */
static inline void
sleep_ms(long ms)
{
    struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

    nanosleep(&t, NULL);
}

static inline double
seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#endif
