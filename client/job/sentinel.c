#include "client/job/sentinel.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "client/pump.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"

enum { ASK_BYTES = 64 };

struct sentinel {
    struct rpc_request r;
    bool asked;
    int fd; /* An eventfd. */
};

/* ---- asking -------------------------------------------------------------- */

static int ask(struct stint_job *job);

static void
tell(const struct sentinel *t)
{
    const uint64_t one = 1;

    ssize_t n = write(t->fd, &one, sizeof one);
    (void)n; /* It can take more than ever comes. */
}

/* What keeps us from an answer for good is for who looks: it tells, too. */
static void
take_answer(struct rpc_request *r, int code, const struct msg *m, bool last)
{
    struct stint_job *job = r->arg;
    bool goes_on = code == 0 && m != NULL && m->type == MSG_job_ended
                   && m->as.job_ended.over == 0;

    if (!last) return;
    job->sentinel->asked = false;
    if (!goes_on || ask(job) != 0) tell(job->sentinel);
}

static int
ask(struct stint_job *job)
{
    struct sentinel *t = job->sentinel;
    struct msg m = { .type = MSG_job_ends };

    t->r = (struct rpc_request){ .answered = take_answer,
        .arg = job,
        .slow = true,
        .asked_at = clock_now() };
    if (rpc_begin(job->s->rpc, &t->r, 1, ASK_BYTES) != 0) {
        return say(STINT_ENOMEM, "no memory for a request");
    }
    m.as.job_ends = job_ask_over(job, INT64_MAX);
    m.as.job_ends.request = t->r.number;
    codec_message(rpc_message(job->s->rpc), &m);
    t->asked = true;
    return 0;
}

/* ---- its life ------------------------------------------------------------ */

static int
make(struct stint_job *job)
{
    int rc = pump_obstacle(job->s);

    if (rc != 0) return rc;
    struct sentinel *t = calloc(1, sizeof *t);
    if (t == NULL) return say(STINT_ENOMEM, "no memory for a sentinel");
    t->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (t->fd < 0) {
        rc = say(STINT_ESYSTEM, "no descriptor is left for a sentinel: %s",
            strerrordesc_np(errno));
        free(t);
        return rc;
    }
    job->sentinel = t;
    rc = ask(job);
    if (rc != 0) sentinel_fini(job);
    return rc;
}

int
stint_job_sentinel(struct stint_job *job)
{
    int rc = 0;

    pump_enter(job->s);
    if (job->sentinel == NULL) {
        rc = make(job);
        if (rc == 0) pump_push(job->s, true);
    }
    int fd = rc == 0 ? job->sentinel->fd : rc;
    pump_leave(job->s);
    return fd;
}

void
sentinel_fini(struct stint_job *job)
{
    struct sentinel *t = job->sentinel;

    if (t == NULL) return;
    if (t->asked) rpc_forget(job->s->rpc, &t->r);
    (void)close(t->fd);
    free(t);
    job->sentinel = NULL;
}
