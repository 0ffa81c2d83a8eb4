#include "worker/verdict.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* "WHAT: LAST LINE OF STANDARD ERROR", or only what. */
static void
blame(struct reason *why, const char *what, const struct child_config *config)
{
    struct slice line = reason_last_line(capture_last(config->capture));

    if (line.length == 0) {
        reason_set(why, "%s", what);
    } else {
        reason_set(
            why, "%s: %.*s", what, (int)line.length, (const char *)line.bytes);
    }
}

static enum run_end
judge_exit(const struct child_config *config, const struct child_end *end,
    struct reason *why)
{
    char what[96], length[REASON_LENGTH];

    if (end->signal == 0 && end->code == 0) return RUN_DONE;
    if (end->signal == 0) {
        (void)snprintf(what, sizeof what, "exit %d", end->code);
    } else if (end->signal == SIGXCPU && config->start.limits.cpu_s > 0) {
        reason_duration(length, (tick_ns)config->start.limits.cpu_s * TICK_S);
        (void)snprintf(what, sizeof what,
            "used more than its %s of processor time", length);
    } else {
        const char *name = sigabbrev_np(end->signal);

        (void)snprintf(what, sizeof what, "killed by signal %d%s%s",
            end->signal, name != NULL ? " SIG" : "", name != NULL ? name : "");
    }
    blame(why, what, config);
    return RUN_FAILED;
}

/* That this host is short of something says nothing about the task. */
static enum run_end
judge_start(const char *program, int error, struct reason *why)
{
    const char *text = strerrordesc_np(error);

    reason_set(why, "cannot start \"%s\": %s", program,
        text != NULL ? text : "unknown error");
    switch (error) {
    case EAGAIN:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
        return RUN_NOT_NOW;
    case E2BIG:
        return RUN_REFUSED;
    default:
        return RUN_FAILED;
    }
}

enum run_end
verdict(const char *program, const struct child_config *config,
    const struct child_end *end, struct reason *why)
{
    char length[REASON_LENGTH], what[64];

    switch (end->cause) {
    case CHILD_EXITED:
        return judge_exit(config, end, why);
    case CHILD_NOT_STARTED:
        return judge_start(program, end->error, why);
    case CHILD_TIMED_OUT:
        reason_duration(length, config->timeout);
        (void)snprintf(what, sizeof what, "timed out after %s", length);
        blame(why, what, config);
        return RUN_FAILED;
    case CHILD_TOO_LONG:
        reason_set(why,
            "more than %zu bytes of output, which is the most that this worker "
            "takes as a result",
            config->capture->max[CAPTURE_OUT]);
        return RUN_REFUSED;
    case CHILD_NO_MEMORY:
        reason_set(why, "no memory for the output");
        return RUN_NOT_NOW;
    case CHILD_LOST:
        reason_set(why, "the exit code was lost: the worker's process ignores "
                        "SIGCHLD, or waits for children that are not its own");
        return RUN_FAILED;
    case CHILD_CANCELLED:
    default:
        reason_set(why, "the worker was stopped");
        return RUN_GIVEN_BACK;
    }
}
