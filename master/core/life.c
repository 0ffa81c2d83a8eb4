#include "master/core/life.h"

#include "common/base.h"
#include "common/check.h"
#include "common/stint_error.h"
#include "master/core/ahead.h"
#include "master/core/job.h"
#include "master/core/jobs.h"
#include "master/core/notes.h"
#include "master/core/place.h"
#include "master/core/show.h"
#include "master/core/tell.h"

const struct life_words life_wordless = { .reason = { NULL, 0 } };

static bool
due_sooner(const struct heap_node *a, const struct heap_node *b)
{
    const struct task *x = CONTAINER_OF_CONST(a, struct task, at.node);
    const struct task *y = CONTAINER_OF_CONST(b, struct task, at.node);

    if (x->is.due != y->is.due) return x->is.due < y->is.due;
    return x->id < y->id;
}

static bool
expires_sooner(const struct heap_node *a, const struct heap_node *b)
{
    return CONTAINER_OF_CONST(a, struct task_more, expiry)->expires
           < CONTAINER_OF_CONST(b, struct task_more, expiry)->expires;
}

void
life_init(struct core *core)
{
    heap_init(&core->delays, due_sooner);
    heap_init(&core->expiries, expires_sooner);
}

/* ---- into and out of the open states ------------------------------------ */

static bool
can_expire(const struct task *t)
{
    return t->more != NULL && t->more->expires != TICK_NEVER;
}

/* As queue_count(), and in sum for the queue that a job belongs to. */
static void
count(struct queue *q, enum task_state from, enum task_state to,
    const struct task *t)
{
    struct queue_sum *sum = job_sum(q);

    queue_count(q, from, to, t);
    if (sum == NULL) return;
    if (from == TASK_STATES) {
        sum->accepted += 1;
    } else {
        sum->now[from] -= 1;
    }
    sum->now[to] += 1;
}

static void
add_open(struct core *core, tick_ns now, struct task *t, enum task_state from,
    tick_ns delay)
{
    struct queue *q = t->queue;

    if (delay > 0) {
        t->state = TASK_DELAYED;
        t->is.due = tick_after(now, delay);
        heap_add(&core->delays, &t->at.node);
    } else {
        queue_push(q, t, from == TASK_STATES);
    }
    count(q, from, (enum task_state)t->state, t);
    if (can_expire(t)) heap_add(&core->expiries, &t->more->expiry);
    life_touch(core, q);
}

static void
remove_open(struct core *core, struct task *t)
{
    if (t->state == TASK_DELAYED) {
        heap_remove(&core->delays, &t->at.node);
    } else {
        queue_take(t->queue, t);
    }
    if (can_expire(t)) heap_remove(&core->expiries, &t->more->expiry);
}

void
life_accept(struct core *core, tick_ns now, struct queue *q, struct task *t,
    tick_ns delay)
{
    t->queue = q;
    t->born = now;
    task_table_add(&core->tasks, t);
    if (q->job != NULL) {
        t->seq = q->accepted + 1;
        jobs_accepted(core, q->job, t);
    }
    add_open(core, now, t, TASK_STATES, delay);
    journal_task(core, t);
}

/* Hand `t`, which is in no list, to `s`, as `start` of the master does. */
static void
hold(const struct core *core, struct task *t, struct session *s,
    struct lease *l, uint64_t start)
{
    l->task = t;
    l->session = s;
    l->nonce = journal_nonce(core, t->id, t->attempts, start);
    l->start = start;
    l->frame = 0;
    l->recovered = false;
    list_push(&s->leases, &l->of_session);
    s->leased += 1;
    t->state = TASK_LEASED;
    t->is.lease = l;
    ahead_hold(l);
}

/* Returns NULL, changing nothing, without memory. */
static struct lease *
grant(struct core *core, tick_ns now, struct task *t, struct session *s,
    tick_ns length, uint64_t start)
{
    struct lease *l = lease_grant(&core->leases, now, length);

    if (l == NULL) return NULL;
    remove_open(core, t);
    t->attempts += 1;
    t->is_recovered = false;
    hold(core, t, s, l, start);
    place_take(l);
    count(t->queue, TASK_READY, TASK_LEASED, t);
    metrics_granted(&core->metrics, now, t);
    journal_state(core, t);
    life_touch(core, t->queue);
    return l;
}

bool
life_grant(struct core *core, tick_ns now, struct task *t, struct session *s,
    tick_ns length)
{
    struct lease *l = grant(core, now, t, s, length, core->journal.start);

    if (l != NULL) l->frame = s->stream.sent + 1;
    return l != NULL;
}

bool
life_adopt(struct core *core, tick_ns now, struct task *t, struct session *s,
    uint64_t start)
{
    return grant(core, now, t, s, t->queue->policy.lease, start) != NULL;
}

/* ---- from the store ------------------------------------------------------ */

bool
life_restore_lease(struct core *core, tick_ns now, struct task *t,
    struct session *s, uint64_t start, tick_ns length)
{
    tick_ns least = core->config.silence;
    /* A short one lasts until its holder had time to come back. */
    struct lease *l =
        lease_grant(&core->leases, now, length > least ? length : least);

    if (l == NULL) return false;
    l->length = length;
    hold(core, t, s, l, start);
    l->recovered = true;
    return true;
}

void
life_restore(struct core *core, struct task *t)
{
    struct queue *q = t->queue;
    enum task_state state = (enum task_state)t->state;

    if (state == TASK_READY) {
        queue_push(q, t, t->attempts == 0);
    } else if (state == TASK_DELAYED) {
        heap_add(&core->delays, &t->at.node);
    } else if (state == TASK_DEAD) {
        list_push(&q->dead, &t->at.in_list);
    }
    if (can_expire(t) && (state == TASK_READY || state == TASK_DELAYED)) {
        heap_add(&core->expiries, &t->more->expiry);
    }
    count(q, TASK_STATES, state, t);
    life_touch(core, q);
}

/* ---- ends ---------------------------------------------------------------- */

static void
leave(struct core *core, tick_ns now, struct task *t, enum task_state state,
    const char *worker)
{
    count(t->queue, (enum task_state)t->state, state, t);
    journal_gone(core, t);
    if (t->queue->job == NULL) tell_people(core, now, t, state, worker);
    life_touch(core, t->queue);
    if (t->is_watched) show_left(core, t);
    task_table_remove(&core->tasks, t);
    core->memory -= task_memory(t);
    task_free(t);
}

static void
end_lease(struct core *core, struct task *t)
{
    struct lease *l = t->is.lease;

    place_give(core, l);
    show_forget(core, l);
    if (t->queue->job != NULL) files_left(core, t->queue->job, t->seq);
    if (t->is_watched) show_left(core, t);
    ahead_end(l);
    l->session->leased -= 1;
    lease_end(&core->leases, l);
    t->is.lease = NULL;
}

int
life_done(struct core *core, tick_ns now, struct task *t, struct slice result,
    struct slice note)
{
    struct session *holder = t->is.lease->session;
    struct slice worker = slice_of(holder->name);

    if (tell_done(core, now, t, worker, result, note) != 0) return STINT_ENOMEM;
    holder->done += 1;
    metrics_done(&core->metrics, now, t, core->journal.start);
    if (t->queue->job != NULL) {
        files_done(core, t->queue->job, t->seq, t->attempts);
    }
    end_lease(core, t);
    leave(core, now, t, TASK_DONE, holder->name);
    return 0;
}

static void
bump(uint16_t *count)
{
    if (*count < UINT16_MAX) *count += 1;
}

void
life_cancel(struct core *core, tick_ns now, struct task *t)
{
    if (t->state == TASK_LEASED) {
        show_recall(core, t);
        if (t->is.lease->ahead) bump(&t->unbegun);
        end_lease(core, t);
    } else {
        remove_open(core, t);
    }
    tell_end(core, t, STINT_ECANCELLED, slice_of("cancelled"), slice_of(""));
    leave(core, now, t, TASK_CANCELLED, "");
}

static void
expire(struct core *core, tick_ns now, struct task *t)
{
    remove_open(core, t);
    tell_end(core, t, STINT_EEXPIRED, slice_of("expired"), slice_of(""));
    leave(core, now, t, TASK_EXPIRED, "");
}

/* ---- leases that end without a result ------------------------------------ */

/* No attempt is used up. */
static bool
is_free(enum life_cause cause)
{
    return cause == LIFE_UNTRIED || cause == LIFE_RELEASED
           || cause == LIFE_UNDELIVERED;
}

static void
sum_return(struct queue_sum *sum, enum life_cause cause)
{
    switch (cause) {
    case LIFE_UNTRIED:
    case LIFE_RELEASED:
        sum->released += 1;
        break;
    case LIFE_UNDELIVERED:
        break;
    case LIFE_FAILED:
        sum->failures += 1;
        break;
    case LIFE_LOST:
        sum->lost += 1;
        break;
    case LIFE_TIMEOUT:
        sum->timeouts += 1;
        break;
    }
}

static void
count_return(struct task *t, struct session *holder, enum life_cause cause)
{
    struct queue *q = t->queue;

    if (job_sum(q) != NULL) sum_return(job_sum(q), cause);

    switch (cause) {
    case LIFE_UNTRIED:
        bump(&t->unbegun);
        bump(&t->released);
        q->released += 1;
        break;
    case LIFE_RELEASED:
        bump(&t->released);
        q->released += 1;
        break;
    case LIFE_UNDELIVERED:
        bump(&t->unbegun);
        t->undelivered += 1;
        break;
    case LIFE_FAILED:
        bump(&t->failures);
        q->failures += 1;
        holder->failed += 1;
        break;
    case LIFE_LOST:
        bump(&t->lost);
        q->lost += 1;
        break;
    case LIFE_TIMEOUT:
        bump(&t->timeouts);
        q->timeouts += 1;
        break;
    }
}

static const char *
words(enum life_cause cause)
{
    switch (cause) {
    case LIFE_LOST:
        return "the worker was lost";
    case LIFE_TIMEOUT:
        return "the lease ran out";
    case LIFE_UNTRIED:
    case LIFE_RELEASED:
    case LIFE_UNDELIVERED:
    case LIFE_FAILED:
        break;
    }
    return "failed";
}

static void
bury(struct core *core, tick_ns now, struct task *t, enum life_cause cause,
    struct slice output)
{
    int code = cause == LIFE_FAILED ? STINT_EDEAD : STINT_EWORKERLOST;
    struct slice worker = tell_worker(t);
    struct slice reason = slice_of(words(cause));

    if (t->more != NULL) {
        if (t->more->reason != NULL) reason = slice_of(t->more->reason);
        t->more->ended = now;
    }
    tell_end(core, t, code, reason, output);
    /* Not the reason: it may have a part of the payload in it. */
    news_add(&core->news,
        &(struct news_item){
            .kind = NEWS_DEAD, .task = t->id, .count = task_tries(t) },
        worker, slice_of(t->queue->name), slice_of(""));
    t->ref = 0;
    count(t->queue, TASK_LEASED, TASK_DEAD, t);
    t->state = TASK_DEAD;
    list_push(&t->queue->dead, &t->at.in_list);
    journal_state(core, t);
    if (t->queue->job != NULL) jobs_died(core, t->queue->job);
    life_touch(core, t->queue);
}

static uint32_t
attempts_max(const struct task *t)
{
    if (t->more != NULL && t->more->attempts_max != 0) {
        return t->more->attempts_max;
    }
    return t->queue->policy.retry.attempts_max;
}

/* What is common to all ways back: counts, words, the lease. */
static void
take_back(struct core *core, tick_ns now, struct task *t, enum life_cause cause,
    const struct life_words *said)
{
    struct session *holder = t->is.lease->session;
    struct slice reason = said->reason;

    count_return(t, holder, cause);
    if (!is_free(cause)) {
        if (reason.length == 0) reason = slice_of(words(cause));
        notes_failed(core, t, holder->name, reason);
        if (t->queue->job != NULL) {
            const struct rec_attempt mine = {
                .cause = cause == LIFE_LOST      ? NOTES_LOST
                         : cause == LIFE_TIMEOUT ? NOTES_LEASE
                                                 : NOTES_ENDED,
                .code = cause == LIFE_FAILED,
                .reason = said->reason,
            };
            notes_add(core, now, t, said->note, &mine);
        }
    }
    end_lease(core, t);
}

static tick_ns
backoff(struct core *core, const struct task *t)
{
    struct retry_policy policy = t->queue->policy.retry;

    policy.attempts_max = UINT32_MAX; /* The caller has looked at it. */
    /* Those before it was tried again by hand do not count. */
    uint32_t tries = task_tries(t);
    if (tries > t->failures || tries == 0) tries = t->failures;
    return retry_delay(&policy, tries, chance_draw(&core->chance));
}

/* It may have begun, and nobody knows how far it came. */
static bool
is_broken_off(enum life_cause cause)
{
    return cause == LIFE_LOST || cause == LIFE_TIMEOUT
           || cause == LIFE_RELEASED;
}

/* What must not run twice is not tried again, whatever attempts are left. */
static void
break_off(struct core *core, tick_ns now, struct task *t, enum life_cause cause,
    struct slice how)
{
    static const char stopped[] =
        "the worker stopped before it had ended, and it must not run twice";
    static const char lost[] =
        "the worker was lost; it may have run, and must not run twice";
    static const char late[] =
        "the lease ran out; it may have run, and must not run twice";
    const char *why = cause == LIFE_RELEASED  ? stopped
                      : cause == LIFE_TIMEOUT ? late
                                              : lost;

    if (how.length == 0) how = slice_of(why);
    if (cause == LIFE_RELEASED) cause = LIFE_LOST;
    life_bury(core, now, t, cause, &(struct life_words){ .reason = how });
}

void
life_return(struct core *core, tick_ns now, struct task *t,
    enum life_cause cause, tick_ns delay, const struct life_words *said)
{
    if (cause == LIFE_UNDELIVERED && t->undelivered >= TASK_UNDELIVERED_FREE) {
        cause = LIFE_LOST;
    }
    if (job_is_once(t) && is_broken_off(cause)) {
        break_off(core, now, t, cause, said->reason);
        return;
    }
    take_back(core, now, t, cause, said);
    if (!is_free(cause) && task_tries(t) >= attempts_max(t)) {
        bury(core, now, t, cause, said->output);
        return;
    }
    if (delay < 0) delay = cause == LIFE_FAILED ? backoff(core, t) : 0;
    add_open(core, now, t, TASK_LEASED, delay);
    journal_state(core, t);
    if (t->queue->emptied) life_cancel(core, now, t);
}

void
life_bury(struct core *core, tick_ns now, struct task *t, enum life_cause cause,
    const struct life_words *said)
{
    take_back(core, now, t, cause, said);
    bury(core, now, t, cause, said->output);
}

/* ---- what has ended ------------------------------------------------------ */

void
life_reopen(
    struct core *core, tick_ns now, struct task *t, enum task_state from)
{
    add_open(core, now, t, from, 0);
}

void
life_drop(struct core *core, tick_ns now, struct task *t)
{
    list_remove(&t->at.in_list);
    leave(core, now, t, TASK_CANCELLED, "");
}

/* ---- time ---------------------------------------------------------------- */

static void
tick_delays(struct core *core, tick_ns now)
{
    for (;;) {
        struct heap_node *node = heap_peek(&core->delays);
        if (node == NULL) return;
        struct task *t = CONTAINER_OF(node, struct task, at.node);
        if (t->is.due > now) return;
        heap_remove(&core->delays, node);
        queue_push(t->queue, t, false);
        count(t->queue, TASK_DELAYED, TASK_READY, t);
        life_touch(core, t->queue);
    }
}

void
life_expire(struct core *core, tick_ns now)
{
    for (;;) {
        struct heap_node *node = heap_peek(&core->expiries);
        if (node == NULL) return;
        struct task_more *more = CONTAINER_OF(node, struct task_more, expiry);
        if (more->expires > now) return;
        expire(core, now, more->task);
    }
}

bool
life_is_undelivered(const struct lease *l)
{
    if (job_is_once(l->task)) return false;
    return l->session->stream.acked < l->frame;
}

/* Its frame has not left: it waits behind answers that a stuck disk keeps back,
 * or for a connection.  Of one that left a short lease may end before it is
 * acknowledged. */
static bool
is_kept_back(const struct lease *l)
{
    const struct stream *out = &l->session->stream;
    const struct frame *next = stream_peek(out);

    /* It still leaves when it can. */
    if (job_is_once(l->task)) return false;
    return l->frame > out->sent || (next != NULL && next->number <= l->frame);
}

void
life_tick(struct core *core, tick_ns now)
{
    for (;;) {
        struct lease *l = lease_peek_broken(&core->leases, now);
        if (l == NULL) break;
        enum life_cause cause =
            is_kept_back(l) ? LIFE_UNDELIVERED : LIFE_TIMEOUT;
        show_recall(core, l->task);
        life_return(core, now, l->task, cause, 0, &life_wordless);
    }
    tick_delays(core, now);
    life_expire(core, now);
}

tick_ns
life_next_deadline(const struct core *core)
{
    tick_ns next = lease_next_deadline(&core->leases);
    const struct heap_node *node = heap_peek(&core->delays);

    if (node != NULL) {
        next = tick_min(
            next, CONTAINER_OF_CONST(node, struct task, at.node)->is.due);
    }
    node = heap_peek(&core->expiries);
    if (node != NULL) {
        next = tick_min(
            next, CONTAINER_OF_CONST(node, struct task_more, expiry)->expires);
    }
    return next;
}
