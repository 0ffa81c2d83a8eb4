/* Why a task does not run, in sentences: the facts, and what to do. */
#include <inttypes.h>
#include <stdio.h>

#include "common/base.h"
#include "common/stint_error.h"
#include "master/core/because.h"
#include "master/core/jobs.h"
#include "master/core/lane.h"
#include "master/core/place.h"
#include "master/core/reply.h"
#include "master/core/seek.h"
#include "master/core/survey.h"
#include "master/core/verbs.h"
#include "master/core/view.h"
#include "master/core/words.h"

/* So many tasks before it are counted. */
enum { BEFORE_MAX = 50000 };

/* What is asked about. */
struct subject {
    struct core *core;
    tick_ns now;
    const struct task *task;
    const struct job *job;      /* NULL: it is of none. */
    const struct queue *parent; /* Whose workers it waits for. */
};

/* ---- it does not wait ---------------------------------------------------- */

static uint32_t
attempts_max(const struct task *t)
{
    if (t->more != NULL && t->more->attempts_max != 0) {
        return t->more->attempts_max;
    }
    return t->queue->policy.retry.attempts_max;
}

/* Some attempts are free of charge, and some were forgiven. */
static struct words
attempt_of(const struct task *t)
{
    uint32_t number = task_number(t), tries = task_tries(t);
    struct words w;

    if (number == tries + 1) {
        (void)snprintf(w.text, sizeof w.text, "attempt %" PRIu32 " of %" PRIu32,
            number, attempts_max(t));
    } else {
        (void)snprintf(w.text, sizeof w.text,
            "attempt %" PRIu32 ", %" PRIu32 " of %" PRIu32 " used up", number,
            tries, attempts_max(t));
    }
    return w;
}

/* Tasks that its worker holds and was given before. */
static uint64_t
before_on_worker(const struct lease *l)
{
    const struct list *node = &l->of_session;
    uint64_t count = 0;

    for (node = node->prev; node != &l->session->leases; node = node->prev)
        count += 1;
    return count;
}

static void
say_leased(struct because *b, const struct subject *at)
{
    const struct task *t = at->task;
    const struct lease *l = t->is.lease;
    const struct session *s = l->session;
    const char *name = s->name[0] != '\0' ? s->name : "?";
    const char *host = s->host[0] != '\0' ? s->host : "?";
    struct words age = words_time(at->now - l->since);

    if (l->ahead) {
        because(b, BECAUSE_TAKEN,
            "worker %s on host %s took it ahead %s ago and has not begun it: "
            "%s %s before it in %s slot%s",
            name, host, age.text, words_count(before_on_worker(l)).text,
            before_on_worker(l) == 1 ? "stands" : "stand",
            words_count(s->slots).text, s->slots == 1 ? "" : "s");
        return;
    }
    because(b, BECAUSE_RUNS, "worker %s on host %s has had it for %s (%s)",
        name, host, age.text, attempt_of(t).text);
}

static void
say_dead(struct because *b, const struct subject *at)
{
    const struct task *t = at->task;
    const char *reason = "";

    if (t->more != NULL && t->more->reason != NULL) reason = t->more->reason;
    because(b, BECAUSE_ENDED,
        "it failed for good after %" PRIu32 " attempt%s%s%s (try it again: "
        "stint retry %" PRIu64 ")",
        task_number(t), task_number(t) == 1 ? "" : "s",
        reason[0] != '\0' ? ": " : "", reason, t->id);
}

static void
say_delayed(struct because *b, const struct subject *at)
{
    const struct task *t = at->task;
    struct words left = words_time(t->is.due - at->now);

    if (t->failures == 0) {
        because(b, BECAUSE_DELAYED,
            "it is not to be handed out before %s have "
            "passed",
            left.text);
        return;
    }
    const char *reason = t->more != NULL && t->more->reason != NULL
                             ? t->more->reason
                             : "it failed";
    because(b, BECAUSE_RETRY,
        "retry %" PRIu32 " of %" PRIu32 " in %s, as the "
        "last attempt failed: %s",
        task_tries(t), attempts_max(t) - 1, left.text, reason);
}

/* ---- it waits ------------------------------------------------------------ */

static void
say_paused(struct because *b, const struct subject *at)
{
    if (at->parent->paused) {
        because(b, BECAUSE_PAUSED, "queue %s is paused: stint resume %s",
            at->parent->name, words_quote(at->parent->name).text);
    }
    if (at->job != NULL && at->job->queue->paused) {
        because(b, BECAUSE_PAUSED,
            "job %" PRIu64 " is paused: stint resume --job %" PRIu64,
            at->job->number, at->job->number);
    }
}

static void
say_bound(struct because *b, const struct subject *at)
{
    const struct job *job = at->job;

    if (job == NULL || job->running_max == 0
        || job->queue->now[TASK_LEASED] < job->running_max) {
        return;
    }
    because(b, BECAUSE_BOUND, "job %" PRIu64 " runs %s at a time, and %s run",
        job->number, words_count(job->running_max).text,
        words_count(job->queue->now[TASK_LEASED]).text);
}

/* Tasks of others that go first. */
static uint64_t
others_before(const struct subject *at)
{
    uint64_t count = 0;

    if (at->job != NULL && at->job->priority >= 0) {
        count = at->parent->now[TASK_READY];
    }
    LIST_FOREACH (node, after, &at->parent->jobs) {
        at->core->spent += 1;
        count += lane_before(CONTAINER_OF(node, struct lane, active), at->job);
    }
    return count;
}

static void
say_before(struct because *b, const struct subject *at)
{
    uint64_t own = queue_before(at->task->queue, at->task, BEFORE_MAX);
    uint64_t others = others_before(at);
    uint64_t all = own + others;

    at->core->spent +=
        (own + HASH_CNT(by_number, at->core->jobs.by_number)) / PASSED_A_STEP;
    const char *least = own == BEFORE_MAX ? "at least " : "";

    if (all == 0) return;
    if (others == 0 || own == 0) {
        because(b, BECAUSE_BEFORE, "%s%s task%s %s before it%s", least,
            words_count(all).text, all == 1 ? "" : "s",
            all == 1 ? "stands" : "stand",
            own == 0 && at->job != NULL ? ", of other jobs" : "");
    } else {
        because(b, BECAUSE_BEFORE,
            "%s%s tasks stand before it, %s of them of others than its job",
            least, words_count(all).text, words_count(others).text);
    }
}

static void
say_ready(struct because *b, const struct subject *at)
{
    say_paused(b, at);
    at->core->spent += HASH_CNT(by_id, at->core->by_id) / PASSED_A_STEP;
    survey_workers(b, at->core, at->parent, at->job);
    say_bound(b, at);
    say_before(b, at);
    if (b->count == 0) {
        because(b, BECAUSE_SOON,
            "nothing holds it up: it goes to the next "
            "worker of queue %s that asks",
            at->parent->name);
    }
}

static void
explain_task(struct because *b, const struct subject *at)
{
    switch ((enum task_state)at->task->state) {
    case TASK_LEASED:
        say_leased(b, at);
        break;
    case TASK_DEAD:
        say_dead(b, at);
        break;
    case TASK_DELAYED:
        say_delayed(b, at);
        say_paused(b, at);
        break;
    case TASK_READY:
    case TASK_DONE:
    case TASK_CANCELLED:
    case TASK_EXPIRED:
    case TASK_STATES:
        say_ready(b, at);
        break;
    }
}

/* ---- it is gone ---------------------------------------------------------- */

static const char *
word_of(enum task_state state)
{
    if (state == TASK_DONE) return "it is done";
    if (state == TASK_CANCELLED) return "it was cancelled";
    return state == TASK_EXPIRED ? "it expired before it ran" : "it failed";
}

/* Returns false when nothing is known of it. */
static bool
explain_gone(struct because *b, struct core *core, tick_ns now, uint64_t id)
{
    const struct ended *e;
    const struct job *job;

    core->spent += ENDED_MAX / PASSED_A_STEP;
    for (uint64_t i = 0; (e = view_ended(core, i)) != NULL; i++) {
        if (e->task != id) continue;
        because(b, BECAUSE_ENDED, "%s, %s ago",
            word_of((enum task_state)e->state), words_time(now - e->at).text);
        return true;
    }
    const struct end *end = seek_end(core, id, &job);
    if (end != NULL) {
        because(b, BECAUSE_ENDED, "%s: it is task %" PRIu64 " of job %" PRIu64,
            word_of(seek_state(end->code)), end->seq, job->number);
    }
    return end != NULL;
}

/* ---- jobs ---------------------------------------------------------------- */

/* No task of it is ready. */
static void
explain_idle(struct because *b, const struct job *job)
{
    const struct queue *q = job->queue;

    if (job->ended != 0) {
        because(b, BECAUSE_ENDED,
            "the job has ended: %s done, %s failed, %s cancelled",
            words_count(q->now[TASK_DONE]).text,
            words_count(q->now[TASK_DEAD]).text,
            words_count(q->now[TASK_CANCELLED] + q->now[TASK_EXPIRED]).text);
        return;
    }
    if (q->now[TASK_LEASED] > q->ahead) {
        because(b, BECAUSE_RUNS,
            "%s of its tasks run, and none waits for a "
            "worker",
            words_count(q->now[TASK_LEASED] - q->ahead).text);
    }
    if (q->ahead > 0) {
        because(b, BECAUSE_TAKEN,
            "%s of its tasks were taken ahead by workers that have not begun "
            "them",
            words_count(q->ahead).text);
    }
    if (q->now[TASK_DELAYED] > 0) {
        because(b, BECAUSE_RETRY,
            "%s of its tasks wait for a time, mostly to "
            "be tried again (stint tasks --job %" PRIu64 " --state delayed)",
            words_count(q->now[TASK_DELAYED]).text, job->number);
    }
    if (b->count == 0) {
        because(b, BECAUSE_SOON,
            "it has no task that waits: it is open, and "
            "more may come");
    }
}

/* ---- the request --------------------------------------------------------- */

static void
answer(
    struct core *core, struct session *s, uint64_t request, struct because *b)
{
    const struct msg m = {
        .type = MSG_explained,
        .as.explained = {
            .request = request,
            .reasons = {
                .bytes = { b->rows.bytes, b->rows.length },
                .count = b->count,
            },
        },
    };

    if (b->rows.failed) {
        reply_error(core, s, request, STINT_ENOMEM, NULL);
    } else {
        reply(core, s, &m);
    }
}

/* 0, or why there is nothing to say. */
static int
explain_any(struct because *b, struct core *core, tick_ns now,
    const struct msg_explain *x)
{
    struct subject at = { .core = core, .now = now };

    if (x->task == 0) {
        const struct job *job = jobs_find(core, x->job);
        if (job == NULL) return STINT_ENOJOB;
        at.task = queue_peek(job->queue);
        if (at.task == NULL) {
            explain_idle(b, job);
            return 0;
        }
    } else {
        at.task = task_table_find(&core->tasks, x->task);
        if (at.task == NULL) {
            return explain_gone(b, core, now, x->task) ? 0 : STINT_ENOTASK;
        }
    }
    at.job = at.task->queue->job;
    at.parent = at.job != NULL ? at.job->parent : at.task->queue;
    explain_task(b, &at);
    return 0;
}

void
explain(struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    const struct msg_explain *x = &m->as.explain;
    struct because b;

    because_init(&b);
    int code = explain_any(&b, core, now, x);
    if (code == 0) {
        answer(core, s, x->request, &b);
    } else {
        reply_error(core, s, x->request, code,
            code == STINT_ENOTASK && x->task <= core->tasks.last
                ? "the task has ended, and nothing of it is kept"
                : NULL);
    }
    buf_fini(&b.rows);
}
