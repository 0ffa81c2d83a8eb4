#include "worker/exec.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base.h"
#include "common/stint_error.h"
#include "common/sys/say.h"
#include "worker/child.h"

enum {
    ARGUMENT_MAX = 131072, /* Linux's MAX_ARG_STRLEN, the NUL included. */
    OWN_VARIABLES = 4,
    VARIABLE_MAX = 288, /* A queue's name has 255 bytes at most. */
    GRACE_S = 2,
};

static const char hole[] = "{}";

struct exec {
    char **argv; /* Owned, with what they point at; NULL-terminated. */
    char **envp; /* Likewise, without our own variables. */
    size_t argc;
    size_t envc;
    bool has_hole; /* Some argument holds "{}". */
};

/* ---- the command --------------------------------------------------------- */

static size_t
count(const char *const *strings)
{
    size_t n = 0;

    while (strings[n] != NULL) {
        n += 1;
    }
    return n;
}

static void
free_strings(char **strings)
{
    if (strings == NULL) return;
    for (char **s = strings; *s != NULL; s++) {
        free(*s);
    }
    free(strings);
}

/* Those of `strings` that `wanted` wants (NULL: all); NULL without memory. */
static char **
copy_strings(const char *const *strings, bool (*wanted)(const char *))
{
    char **copy = calloc(count(strings) + 1, sizeof *copy);
    size_t n = 0;

    if (copy == NULL) return NULL;
    for (; *strings != NULL; strings++) {
        if (wanted != NULL && !wanted(*strings)) continue;
        copy[n] = strdup(*strings);
        if (copy[n] == NULL) {
            free_strings(copy);
            return NULL;
        }
        n += 1;
    }
    return copy;
}

static bool
is_not_ours(const char *variable)
{
    static const char *const ours[OWN_VARIABLES] = {
        "STINT_TASK_ID=", "STINT_ATTEMPT=", "STINT_FENCE=", "STINT_QUEUE="
    };

    for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
        if (strncmp(variable, ours[i], strlen(ours[i])) == 0) return false;
    }
    return true;
}

static bool
can_run(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISREG(info.st_mode)
           && access(path, X_OK) == 0;
}

/* As execvp(3) would look for it. */
static bool
is_found(const char *program)
{
    const char *path = getenv("PATH");

    if (strchr(program, '/') != NULL) return can_run(program);
    if (path == NULL) path = "/bin:/usr/bin";
    for (;;) {
        char full[4096];
        size_t length = strcspn(path, ":");
        int n = snprintf(full, sizeof full, "%.*s%s%s", (int)length, path,
            length == 0 ? "./" : "/", program);

        if (n > 0 && (size_t)n < sizeof full && can_run(full)) return true;
        if (path[length] == '\0') return false;
        path += length + 1;
    }
}

static int
check(const char *const argv[])
{
    if (argv[0] == NULL || argv[0][0] == '\0') {
        return say(STINT_EINVAL, "the command is empty: name a program");
    }
    if (strstr(argv[0], hole) != NULL) {
        return say(STINT_EINVAL,
            "the program \"%s\" would be chosen by the task: \"{}\" may stand "
            "only in the arguments after it",
            argv[0]);
    }
    if (is_found(argv[0])) return 0;
    if (strchr(argv[0], '/') != NULL) {
        return say(STINT_EINVAL,
            "cannot run \"%s\": there is no such program, or it is not "
            "executable (chmod +x)",
            argv[0]);
    }
    return say(STINT_EINVAL,
        "cannot find the program \"%s\" in PATH; write ./%s if it is in this "
        "directory",
        argv[0], argv[0]);
}

int
exec_new(const char *const argv[], struct exec **out)
{
    *out = NULL;
    int code = check(argv);
    if (code != 0) return code;

    struct exec *e = calloc(1, sizeof *e);
    if (e == NULL) goto no_memory;
    e->argv = copy_strings(argv, NULL);
    e->envp = copy_strings((const char *const *)environ, is_not_ours);
    if (e->argv == NULL || e->envp == NULL) goto no_memory;
    e->argc = count((const char *const *)e->argv);
    e->envc = count((const char *const *)e->envp);
    for (size_t i = 1; i < e->argc; i++) {
        if (strstr(e->argv[i], hole) != NULL) e->has_hole = true;
    }
    *out = e;
    return 0;
no_memory:
    exec_free(e);
    return say(STINT_ENOMEM, "no memory for the command \"%s\"", argv[0]);
}

void
exec_free(struct exec *e)
{
    if (e == NULL) return;
    free_strings(e->argv);
    free_strings(e->envp);
    free(e);
}

/* ---- one run's arguments and environment --------------------------------- */

/* Length of `pattern` with each hole filled. */
static size_t
filled_length(const char *pattern, size_t payload)
{
    size_t length = strlen(pattern);

    for (const char *p = strstr(pattern, hole); p != NULL;
         p = strstr(p + 2, hole)) {
        length = length - 2 + payload;
    }
    return length;
}

/* Write it and a NUL to `to`; returns what comes after. */
static char *
fill(char *to, const char *pattern, struct slice payload)
{
    for (;;) {
        const char *next = strstr(pattern, hole);
        size_t before =
            next != NULL ? (size_t)(next - pattern) : strlen(pattern);

        memcpy(to, pattern, before);
        to += before;
        if (next == NULL) break;
        if (payload.length > 0) memcpy(to, payload.bytes, payload.length);
        to += payload.length;
        pattern = next + 2;
    }
    *to = '\0';
    return to + 1;
}

/* Whether the payload can be an argument; says why not. */
static bool
fits_arguments(
    const struct exec *e, const struct exec_task *task, struct reason *why)
{
    if (!e->has_hole) return true;
    if (task->payload.length > 0
        && memchr(task->payload.bytes, '\0', task->payload.length) != NULL) {
        reason_set(why,
            "the payload holds a NUL byte and cannot be the argument \"{}\": "
            "leave \"{}\" out and read standard input");
        return false;
    }
    for (size_t i = 1; i < e->argc; i++) {
        if (filled_length(e->argv[i], task->payload.length) < ARGUMENT_MAX) {
            continue;
        }
        reason_set(why,
            "a payload of %zu bytes is too long for an argument: leave \"{}\" "
            "out and read standard input",
            task->payload.length);
        return false;
    }
    return true;
}

/* One allocation: the pointers, then the text.  NULL without memory. */
static char **
make_arguments(const struct exec *e, struct slice payload)
{
    size_t text = 0;

    for (size_t i = 0; i < e->argc; i++) {
        text += filled_length(e->argv[i], payload.length) + 1;
    }
    char **argv = malloc((e->argc + 1) * sizeof *argv + text);
    if (argv == NULL) return NULL;
    char *to = (char *)(argv + e->argc + 1);
    for (size_t i = 0; i < e->argc; i++) {
        argv[i] = to;
        to = fill(to, e->argv[i], payload);
    }
    argv[e->argc] = NULL;
    return argv;
}

static char **
make_environment(const struct exec *e, const struct exec_task *task)
{
    size_t pointers = e->envc + OWN_VARIABLES + 1;
    char **envp =
        malloc(pointers * sizeof *envp + (size_t)OWN_VARIABLES * VARIABLE_MAX);
    if (envp == NULL) return NULL;

    char *text = (char *)(envp + pointers);
    memcpy(envp, e->envp, e->envc * sizeof *envp);
    for (size_t i = 0; i < OWN_VARIABLES; i++) {
        envp[e->envc + i] = text + i * VARIABLE_MAX;
    }
    envp[pointers - 1] = NULL;
    char **own = envp + e->envc;
    (void)snprintf(own[0], VARIABLE_MAX, "STINT_TASK_ID=%" PRIu64, task->id);
    (void)snprintf(own[1], VARIABLE_MAX, "STINT_ATTEMPT=%u", task->attempt);
    (void)snprintf(own[2], VARIABLE_MAX, "STINT_FENCE=%" PRIu64, task->fence);
    (void)snprintf(own[3], VARIABLE_MAX, "STINT_QUEUE=%s", task->queue);
    return envp;
}

/* ---- what came of it ----------------------------------------------------- */

/* "WHAT: LAST LINE OF STANDARD ERROR", or only what. */
static void
blame(struct reason *why, const char *what, const struct child_end *end)
{
    struct slice line =
        reason_last_line((struct slice){ end->errors, end->errors_length });

    if (line.length == 0) {
        reason_set(why, "%s", what);
    } else {
        reason_set(
            why, "%s: %.*s", what, (int)line.length, (const char *)line.bytes);
    }
}

static enum run_end
judge_exit(const struct child_end *end, struct reason *why)
{
    char what[64];

    if (end->signal == 0 && end->code == 0) return RUN_DONE;
    if (end->signal == 0) {
        (void)snprintf(what, sizeof what, "exit %d", end->code);
    } else {
        const char *name = sigabbrev_np(end->signal);

        (void)snprintf(what, sizeof what, "killed by signal %d%s%s",
            end->signal, name != NULL ? " SIG" : "", name != NULL ? name : "");
    }
    blame(why, what, end);
    return RUN_FAILED;
}

/* That this host is short of something says nothing about the task. */
static enum run_end
judge_start(const struct exec *e, int error, struct reason *why)
{
    const char *text = strerrordesc_np(error);

    reason_set(why, "cannot start \"%s\": %s", e->argv[0],
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

static enum run_end
judge(const struct exec *e, const struct exec_task *task,
    const struct child_end *end, struct reason *why)
{
    char length[REASON_LENGTH], what[64];

    switch (end->cause) {
    case CHILD_EXITED:
        return judge_exit(end, why);
    case CHILD_NOT_STARTED:
        return judge_start(e, end->error, why);
    case CHILD_TIMED_OUT:
        reason_duration(length, task->timeout);
        (void)snprintf(what, sizeof what, "timed out after %s", length);
        blame(why, what, end);
        return RUN_FAILED;
    case CHILD_TOO_LONG:
        reason_set(why,
            "more than %zu bytes of output, which is the most that this worker "
            "takes as a result",
            task->output_max);
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

enum run_end
exec_run(const struct exec *e, const struct exec_task *task, struct buf *output,
    struct reason *why)
{
    buf_clear(output);
    if (!fits_arguments(e, task, why)) return RUN_REFUSED;

    struct child_end end = { .cause = CHILD_NOT_STARTED, .error = ENOMEM };
    char **argv = make_arguments(e, task->payload);
    char **envp = make_environment(e, task);
    if (argv != NULL && envp != NULL) {
        const struct child_config config = {
            .argv = argv,
            .envp = envp,
            .input = task->payload,
            .output_max = task->output_max,
            .timeout = task->timeout,
            .grace = GRACE_S * TICK_S,
            .cancel_fd = task->cancel_fd,
        };
        child_run(&config, output, &end);
    }
    free(argv);
    free(envp);
    return judge(e, task, &end, why);
}
