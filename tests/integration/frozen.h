/**
 * frozen.h - processes that stand still.                      [layer: tests]
 */
#ifndef FROZEN_H
#define FROZEN_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static inline bool
is_frozen(pid_t pid)
{
    char path[64], stat[512];

    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    const char *line = fgets(stat, sizeof stat, f);
    (void)fclose(f);
    assert_non_null(line);
    const char *name_end = strrchr(stat, ')');
    assert_non_null(name_end);
    return name_end[2] == 'T';
}

/** Stop it with all its threads.  On a busy machine some of them go on for a
 * while after kill(): until the thread that takes the signal has its turn. */
static inline void
freeze(pid_t pid)
{
    enum { LOOKS = 60000 };
    int looks = 0;

    assert_int_equal(kill(pid, SIGSTOP), 0);
    while (!is_frozen(pid)) {
        assert_true(++looks < LOOKS);
        (void)usleep(1000);
    }
}

#endif
