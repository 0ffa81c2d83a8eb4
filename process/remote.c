#include "process/remote.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/sys/say.h"

enum {
    HOLES_MAX = 4096,
    HOLE = 8, /* "{4096}" and its NUL. */
    PUT_MS = 20000,
};

struct remote {
    struct stint *s;
    struct stint_job *job;
    pthread_mutex_t lock; /* Of what follows. */
    bool has_ended;       /* And is read. */
    int code, error;      /* Then; `error` 0: it ran to its end. */
    struct stint_usage usage;
    char why[512];
};

/* ---- starting ------------------------------------------------------------ */

/* Its words as a job has them.  A brace might be a hole, so then all words are
 * values, and the command is holes only. */
struct words {
    const char **holes; /* Owned, with what they point at; or NULL. */
    struct buf values;  /* With a NUL between each. */
};

static bool
has_brace(const char *const *argv)
{
    for (; *argv != NULL; argv++) {
        if (strchr(*argv, '{') != NULL) return true;
    }
    return false;
}

static int
make_holes(struct words *w, const char *const *argv)
{
    size_t n = 0;

    while (argv[n] != NULL) {
        buf_append(&w->values, argv[n], strlen(argv[n]) + 1);
        n += 1;
    }
    if (n > HOLES_MAX) {
        return say(STINT_EINVAL, "%zu words with braces in them: at most %d", n,
            HOLES_MAX);
    }
    w->holes = calloc(1, (n + 1) * sizeof *w->holes + n * HOLE);
    if (w->holes == NULL || w->values.failed) {
        return say(STINT_ENOMEM, "no memory for a process");
    }
    char *text = (char *)(w->holes + n + 1);
    for (size_t i = 0; i < n; i++, text += HOLE) {
        (void)snprintf(text, HOLE, "{%zu}", i + 1);
        w->holes[i] = text;
    }
    w->values.length -= 1;
    return 0;
}

static struct stint_job_options
job_of(const struct stint_process_options *o, const struct words *w,
    const char *name)
{
    struct stint_job_options job = {
        .queue = o->queue, .name = name, .attempts_max = 1, .needs = o->needs
    };

    if (o->handler != NULL) {
        job.program = STINT_PROGRAM_HANDLER;
        job.handler = o->handler;
        return job;
    }
    job.program = STINT_PROGRAM_COMMAND;
    job.command = (struct stint_command){
        .argv = w->holes != NULL ? w->holes : o->argv,
        .env = o->env,
        .cwd = o->cwd,
        .cwd_must = o->cwd != NULL,
        .input = w->holes == NULL,
        .grace_ms = o->grace_ms,
    };
    return job;
}

static int
put(struct stint_job *job, const struct stint_process_options *o,
    const struct words *w)
{
    const void *value = o->handler != NULL ? o->payload : w->values.bytes;
    size_t size = o->handler != NULL ? o->payload_size : w->values.length;
    int rc = stint_job_put(job, value, size, PUT_MS);

    return rc == 0 ? stint_job_close_input(job, PUT_MS) : rc;
}

/* The sentence is that of what failed first. */
static int
take_back(struct remote *r, int rc)
{
    char why[512];

    (void)snprintf(why, sizeof why, "%s", stint_error_message());
    (void)remote_cancel(r);
    return say(rc, "%s", why);
}

static int
open_job(
    struct remote *r, const struct stint_process_options *o, const char *name)
{
    struct words w = { .holes = NULL };

    buf_init(&w.values);
    int rc = 0;
    if (o->argv != NULL && has_brace(o->argv)) rc = make_holes(&w, o->argv);
    if (rc == 0) {
        const struct stint_job_options job = job_of(o, &w, name);
        rc = stint_job_open(o->on, &job, &r->job);
    }
    if (rc == 0) {
        rc = put(r->job, o, &w);
        if (rc != 0) rc = take_back(r, rc);
    }
    free(w.holes);
    buf_fini(&w.values);
    return rc;
}

int
remote_start(const struct stint_process_options *options, const char *name,
    struct remote **out)
{
    struct remote *r = calloc(1, sizeof *r);

    *out = NULL;
    if (r == NULL) return say(STINT_ENOMEM, "no memory for a process");
    (void)pthread_mutex_init(&r->lock, NULL);
    r->s = options->on;
    int rc = open_job(r, options, name);
    if (rc == 0) {
        *out = r;
    } else {
        remote_free(r);
    }
    return rc;
}

/* ---- its end ------------------------------------------------------------- */

static void
note(struct remote *r, const struct stint_end *end)
{
    const struct stint_attempt *last =
        end->tries_count > 0 ? &end->tries[end->tries_count - 1] : NULL;

    r->has_ended = true;
    r->code = 1;
    r->error = end->code != 0 ? end->code : 0;
    (void)snprintf(
        r->why, sizeof r->why, "%s", end->reason != NULL ? end->reason : "");
    if (end->code == 0) r->code = 0;
    if (last == NULL) return;
    r->usage = (struct stint_usage){ .wall_ns = last->wall_ns,
        .user_ns = last->user_ns,
        .system_ns = last->system_ns,
        .memory = last->memory };
    bool has_code = last->code != 0 || last->signal != 0;
    if (last->cause == STINT_CAUSE_ENDED
        || (last->cause == STINT_CAUSE_CANCELLED && has_code)) {
        /* A handler that failed has no code of its own: 1, as an exception. */
        if (has_code) r->code = last->signal != 0 ? -last->signal : last->code;
        r->error = 0;
    }
}

/* Under the lock, when the job has ended. */
static int
read_end(struct remote *r)
{
    const struct stint_read_options from_first = { .bare = true };
    struct stint_end end;

    if (r->has_ended) return 0;
    stint_job_read(r->job, &from_first);
    int rc = stint_job_next(r->job, &end, PUT_MS);
    if (rc != 0) return rc;
    note(r, &end);
    return 0;
}

int
remote_join(struct remote *r, int64_t timeout_ms)
{
    int rc = stint_job_wait(r->job, timeout_ms);

    if (rc != 0) return rc;
    (void)pthread_mutex_lock(&r->lock);
    rc = read_end(r);
    (void)pthread_mutex_unlock(&r->lock);
    return rc;
}

/* Whether it has ended, which is known already or asked for. */
static int
look(struct remote *r)
{
    (void)pthread_mutex_lock(&r->lock);
    bool is_known = r->has_ended;
    (void)pthread_mutex_unlock(&r->lock);
    if (is_known) return 0;
    int rc = remote_join(r, 0);
    if (rc != STINT_ETIMEOUT) return rc;
    return say(STINT_ENOTREADY, "job %llu has not ended yet",
        (unsigned long long)stint_job_number(r->job));
}

int
remote_exitcode(struct remote *r, int *code)
{
    int rc = look(r);

    if (rc != 0) return rc;
    *code = r->code;
    return r->error == 0 ? 0 : say(r->error, "%s", r->why);
}

int
remote_usage(struct remote *r, struct stint_usage *out)
{
    int rc = look(r);

    if (rc == 0) *out = r->usage;
    return rc;
}

int
remote_cancel(struct remote *r)
{
    const struct stint_selection all = { .job = stint_job_number(r->job) };

    return stint_cancel(r->s, &all, NULL);
}

struct stint_job *
remote_job(const struct remote *r)
{
    return r->job;
}

/* ---- the rest ------------------------------------------------------------ */

int
remote_sentinel(struct remote *r)
{
    return stint_job_sentinel(r->job);
}

void
remote_free(struct remote *r)
{
    stint_job_free(r->job);
    (void)pthread_mutex_destroy(&r->lock);
    free(r);
}
