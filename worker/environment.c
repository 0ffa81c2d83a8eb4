#include "worker/environment.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base.h"
#include "process/spawn.h"

enum {
    OWN_MAX = 8,
    VARIABLE_MAX = 288, /* A queue's name has 255 bytes at most. */
};

static const char *const own_names[OWN_MAX] = { "STINT_TASK_ID=",
    "STINT_ATTEMPT=", "STINT_FENCE=", "STINT_QUEUE=", "STINT_JOB=",
    "STINT_SEQ=", "PARALLEL_SEQ=", "STINT_PROGRESS_FD=" };

struct environment {
    char **vars; /* NULL-terminated; those from `copied` on are owned. */
    size_t count, copied;
    bool has_path;
};

static bool
is_ours(const char *variable)
{
    for (size_t i = 0; i < ARRAY_LEN(own_names); i++) {
        if (strncmp(variable, own_names[i], strlen(own_names[i])) == 0) {
            return true;
        }
    }
    return false;
}

static size_t
count(const char *const *strings)
{
    size_t n = 0;

    while (strings != NULL && strings[n] != NULL) {
        n += 1;
    }
    return n;
}

static struct environment *
allocate(size_t most)
{
    struct environment *e = calloc(1, sizeof *e);

    if (e == NULL) return NULL;
    e->vars = calloc(most + 1, sizeof *e->vars);
    if (e->vars != NULL) return e;
    free(e);
    return NULL;
}

void
environment_free(struct environment *e)
{
    if (e == NULL) return;
    for (size_t i = e->copied; i < e->count; i++) {
        free(e->vars[i]);
    }
    free(e->vars);
    free(e);
}

static bool
add_copy(struct environment *e, const char *variable)
{
    char *copy = strdup(variable);

    if (copy == NULL) return false;
    e->vars[e->count++] = copy;
    return true;
}

struct environment *
environment_new(void)
{
    const char *const *ours = (const char *const *)environ;
    struct environment *e = allocate(count(ours));

    if (e == NULL) return NULL;
    for (; ours != NULL && *ours != NULL; ours++) {
        if (is_ours(*ours) || add_copy(e, *ours)) continue;
        environment_free(e);
        return NULL;
    }
    return e;
}

/* Whether one of `strings` sets the same name. */
static bool
is_set_in(const char *variable, const char *const *strings)
{
    size_t length = strcspn(variable, "=");

    for (; strings != NULL && *strings != NULL; strings++) {
        if (strncmp(variable, *strings, length) == 0
            && (*strings)[length] == '=') {
            return true;
        }
    }
    return false;
}

struct environment *
environment_with(const struct environment *base, const char *const *more)
{
    struct environment *e = allocate(base->count + count(more));

    if (e == NULL) return NULL;
    for (size_t i = 0; i < base->count; i++) {
        if (is_set_in(base->vars[i], more)) continue;
        e->vars[e->count++] = base->vars[i];
    }
    e->copied = e->count;
    e->has_path = is_set_in("PATH=", more);
    for (; more != NULL && *more != NULL; more++) {
        bool counts = strchr(*more, '=') != NULL && !is_ours(*more)
                      && !is_set_in(*more, more + 1);

        if (!counts || add_copy(e, *more)) continue;
        environment_free(e);
        return NULL;
    }
    return e;
}

const char *
environment_path(const struct environment *e)
{
    if (!e->has_path) return NULL;
    for (size_t i = e->copied; i < e->count; i++) {
        if (strncmp(e->vars[i], "PATH=", 5) == 0) return e->vars[i] + 5;
    }
    return NULL;
}

/* ---- for one task -------------------------------------------------------- */

static void
add_number(char **vars, size_t *at, const char *name, uint64_t number)
{
    (void)snprintf(vars[(*at)++], VARIABLE_MAX, "%s%" PRIu64, name, number);
}

static size_t
fill_own(char **vars, const struct run_task *task)
{
    size_t n = 0;

    add_number(vars, &n, own_names[0], task->id);
    add_number(vars, &n, own_names[1], task->attempt);
    add_number(vars, &n, own_names[2], task->fence);
    (void)snprintf(vars[n++], VARIABLE_MAX, "%s%s", own_names[3], task->queue);
    if (task->job != 0) {
        add_number(vars, &n, own_names[4], task->job);
        add_number(vars, &n, own_names[5], task->seq);
        add_number(vars, &n, own_names[6], task->seq);
    }
    if (task->progress != NULL) {
        add_number(vars, &n, own_names[7], SPAWN_PROGRESS_FD);
    }
    return n;
}

char **
environment_for(const struct environment *e, const struct run_task *task)
{
    size_t pointers = e->count + OWN_MAX + 1;
    char **vars =
        malloc(pointers * sizeof *vars + (size_t)OWN_MAX * VARIABLE_MAX);
    if (vars == NULL) return NULL;

    char *text = (char *)(vars + pointers);
    if (e->count > 0) memcpy(vars, e->vars, e->count * sizeof *vars);
    for (size_t i = 0; i < OWN_MAX; i++) {
        vars[e->count + i] = text + i * VARIABLE_MAX;
    }
    vars[e->count + fill_own(vars + e->count, task)] = NULL;
    return vars;
}
