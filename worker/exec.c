#include "worker/exec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base.h"
#include "common/stint_error.h"
#include "common/sys/say.h"
#include "process/child.h"
#include "process/find.h"
#include "worker/environment.h"
#include "worker/progress.h"
#include "worker/verdict.h"

enum { ARGUMENT_MAX = 131072 }; /* Linux's MAX_ARG_STRLEN, with the NUL. */

static const char hole[] = "{}";

struct exec {
    char **argv; /* Owned, with what they point at; NULL-terminated. */
    size_t argc;
    struct environment *environment;
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

/* NULL without memory. */
static char **
copy_strings(const char *const *strings)
{
    char **copy = calloc(count(strings) + 1, sizeof *copy);
    size_t n = 0;

    if (copy == NULL) return NULL;
    for (; *strings != NULL; strings++) {
        copy[n] = strdup(*strings);
        if (copy[n] == NULL) {
            free_strings(copy);
            return NULL;
        }
        n += 1;
    }
    return copy;
}

static int
check(const char *const argv[])
{
    char path[FIND_PATH];

    if (argv[0] == NULL || argv[0][0] == '\0') {
        return say(STINT_EINVAL, "the command is empty: name a program");
    }
    if (strstr(argv[0], hole) != NULL) {
        return say(STINT_EINVAL,
            "the program \"%s\" would be chosen by the task: \"{}\" may stand "
            "only in the arguments after it",
            argv[0]);
    }
    if (find_program(argv[0], NULL, -1, path) == 0) return 0;
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
    e->argv = copy_strings(argv);
    e->environment = environment_new();
    if (e->argv == NULL || e->environment == NULL) goto no_memory;
    e->argc = count((const char *const *)e->argv);
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
    environment_free(e->environment);
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

/* Copy a payload; several values have blanks between them then. */
static char *
copy_payload(char *to, struct slice payload)
{
    for (size_t i = 0; i < payload.length; i++) {
        to[i] = payload.bytes[i] != '\0' ? (char)payload.bytes[i] : ' ';
    }
    return to + payload.length;
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
        to = copy_payload(to, payload);
        pattern = next + 2;
    }
    *to = '\0';
    return to + 1;
}

/* Whether the payload can be an argument; says why not. */
static bool
fits_arguments(
    const struct exec *e, const struct run_task *task, struct reason *why)
{
    if (!e->has_hole) return true;
    if (task->job == 0 && task->payload.length > 0
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

enum run_end
exec_run(const struct exec *e, const struct run_task *task,
    struct child_end *end, struct reason *why)
{
    *end = (struct child_end){ .cause = CHILD_NOT_STARTED, .error = ENOMEM };
    if (!fits_arguments(e, task, why)) return RUN_REFUSED;

    char **argv = make_arguments(e, task->payload);
    char **envp = environment_for(e->environment, task);
    const struct child_config config = {
        .start = { .argv = argv,
            .envp = envp,
            .folder = -1,
            .guarded = true,
            .progress = task->progress != NULL },
        .input = task->payload,
        .capture = task->capture,
        .output_whole = task->job == 0,
        .heard = progress_hear,
        .heard_arg = task->progress,
        .timeout = task->timeout,
        .cancel_fd = task->cancel_fd,
        .more = task->more,
        .more_arg = task->more_arg,
    };
    if (argv != NULL && envp != NULL) child_run(&config, end);
    free(argv);
    free(envp);
    return verdict(e->argv[0], &config, end, why);
}
