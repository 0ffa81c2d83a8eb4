/**
 * commands.h - jobs of commands, and the worker that runs them. [layer: tests]
 */
#ifndef COMMANDS_H
#define COMMANDS_H

#include <errno.h>
#include <signal.h>

#include "tests/integration/hired.h"

#include <stint_job.h>

static struct hand hand;
static struct stint_job *job;
static struct stint_end end; /* Of the last task that was waited for. */

/* ---- jobs ---------------------------------------------------------------- */

static inline void
open_job(struct stint_job_options options)
{
    options.queue = "work";
    if (options.attempts_max == 0) options.attempts_max = 1;
    ok(stint_job_open(client, &options, &job));
}

static inline void
open_command(struct stint_command command)
{
    open_job((struct stint_job_options){
        .program = STINT_PROGRAM_COMMAND, .command = command });
}

static inline void
open_shell(const char *script)
{
    const char *const argv[] = { "sh", "-c", script, "sh", NULL };

    open_command((struct stint_command){ .argv = argv });
}

static inline void
put(const char *value)
{
    ok(stint_job_put(job, value, strlen(value), WAIT_MS));
}

static inline void
next(void)
{
    ok(stint_job_next(job, &end, WAIT_MS));
}

static inline const struct stint_attempt *
try_of(unsigned i)
{
    assert_true(i < end.tries_count);
    return &end.tries[i];
}

static inline void
close_job(void)
{
    stint_job_free(job);
}

static inline void
run_shell(const char *script, const char *value)
{
    open_shell(script);
    put(value);
    next();
}

static inline bool
is(struct stint_bytes bytes, const char *text)
{
    return bytes.size == strlen(text)
           && memcmp(bytes.data, text, bytes.size) == 0;
}

static inline void
expect(struct stint_bytes bytes, const char *text)
{
    if (!is(bytes, text))
        fail_msg("\"%.*s\" is not \"%s\"", (int)bytes.size,
            (const char *)bytes.data, text);
}

static inline void
expect_reason(const char *part)
{
    if (end.reason == NULL || strstr(end.reason, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part,
            end.reason != NULL ? end.reason : "(none)");
}

/* ---- processes ----------------------------------------------------------- */

static inline pid_t
number_in(struct stint_bytes bytes)
{
    char text[32];

    assert_true(bytes.size > 0 && bytes.size < sizeof text);
    memcpy(text, bytes.data, bytes.size);
    text[bytes.size] = '\0';
    return (pid_t)strtol(text, NULL, 10);
}

/* Gone and reaped, not only dead. */
static inline void
wait_until_gone(pid_t pid)
{
    int64_t until = now_ms() + WAIT_MS;

    assert_true(pid > 1);
    while (kill(pid, 0) == 0 && now_ms() < until) {
        (void)usleep(5000);
    }
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(errno, ESRCH);
}

/* The task's id and what it wrote, once it has written something. */
static inline uint64_t
wait_until_it_wrote(struct stint_glance *glance)
{
    struct stint_end none;

    assert_int_equal(stint_job_next(job, &none, 0), STINT_ETIMEOUT);
    uint64_t task = 1;
    for (int64_t until = now_ms() + WAIT_MS; now_ms() < until;) {
        ok(stint_task_glance(client, task, glance, 1000));
        if (glance->out.size > 0) return task;
    }
    fail_msg("it wrote nothing");
    return 0;
}

/* ---- set-up -------------------------------------------------------------- */

static inline int
set_up_commands(void **state)
{
    int rc = set_up(state);

    hire(
        &hand, (struct stint_worker_options){ .slots = 2, .allow_exec = true });
    return rc;
}

static inline int
tear_down_commands(void **state)
{
    (void)dismiss(&hand);
    return tear_down(state);
}

#define COMMANDS(name) \
    cmocka_unit_test_setup_teardown(name, set_up_commands, tear_down_commands)

#endif
