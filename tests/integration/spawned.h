/**
 * spawned.h - programs in processes of their own.             [layer: tests]
 *
 * `words` are a program, its arguments and NULL; THIS_PROGRAM is the test.
 */
#ifndef SPAWNED_H
#define SPAWNED_H

#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define THIS_PROGRAM "/proc/self/exe"

struct spawned {
    pid_t pid;
    int to, from; /* Our ends of its input and of its output. */
};

/* `actions` may be NULL. */
static inline pid_t
spawned_pid(
    const char *const words[], const posix_spawn_file_actions_t *actions)
{
    enum { WORDS_MAX = 16 };
    char *argv[WORDS_MAX] = { NULL };
    pid_t pid;

    for (size_t i = 0; words[i] != NULL; i++) {
        assert_true(i + 1 < WORDS_MAX);
        memcpy(&argv[i], &words[i], sizeof argv[i]); /* It changes none. */
    }
    assert_int_equal(
        posix_spawn(&pid, words[0], actions, NULL, argv, environ), 0);
    return pid;
}

static inline struct spawned
spawned_with_pipes(const char *const words[])
{
    posix_spawn_file_actions_t actions;
    struct spawned p;
    int in[2], out[2];

    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    p.pid = spawned_pid(words, &actions);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(in[0]);
    (void)close(out[1]);
    p.to = in[1];
    p.from = out[0];
    return p;
}

#endif
