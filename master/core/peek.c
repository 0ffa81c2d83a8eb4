/* What a task has written: of one that runs its holder knows it (show.c), of
 * one that has ended it is kept, and one that waits has written nothing yet. */
#include "common/base.h"
#include "common/error.h"
#include "master/core/jobs.h"
#include "master/core/owner.h"
#include "master/core/reply.h"
#include "master/core/seek.h"
#include "master/core/show.h"
#include "master/core/verbs.h"
#include "proto/attempts.h"

enum { PIECE_BYTES = 64 << 10 };

static void
answer(struct core *core, struct session *s, struct msg_peeked peeked)
{
    reply(core, s, &(struct msg){ .type = MSG_peeked, .as.peeked = peeked });
}

/* ---- ended --------------------------------------------------------------- */

/* A piece of `whole` from *from on, which is moved back to its end if need be.
 * Returns whether there is more. */
static bool
piece(struct slice whole, uint64_t *from, struct slice *out)
{
    if (*from > whole.length) *from = whole.length;
    size_t left = whole.length - (size_t)*from;
    size_t length = left < PIECE_BYTES ? left : PIECE_BYTES;

    *out = (struct slice){ length > 0 ? whole.bytes + *from : NULL, length };
    return left > length;
}

static void
answer_ended(struct core *core, struct session *s, const struct msg_peek *p,
    const struct end *e)
{
    struct rec_end r = ends_record(e);
    bool same = p->attempt == r.attempts;
    bool there = journal_has_end(core, e);
    struct slice payload = slice_of("");
    struct msg_peeked peeked = {
        .request = p->request,
        .attempt = r.attempts,
        .state = seek_state(r.code),
        .out_from = same ? p->out_from : 0,
        .err_from = same ? p->err_from : 0,
        .worker = r.worker,
    };

    if (e->cold && there
        && !journal_fetch_end(core, e->task, &payload, &r.output)) {
        there = false;
    }
    if (!there) {
        peeked.state = TASK_LEASED; /* It is about to be there. */
        r.output = slice_of("");
    }
    struct slice outs, errs;
    attempts_split(&r, &outs, &errs);
    bool more = piece(outs, &peeked.out_from, &peeked.out);
    if (piece(errs, &peeked.err_from, &peeked.err)) more = true;
    peeked.more = more;
    answer(core, s, peeked);
}

static void
peek_gone(struct core *core, struct session *s, const struct msg_peek *p)
{
    const struct job *job;
    const struct end *e = seek_end(core, p->task, &job);

    if (e == NULL) {
        reply_error(core, s, p->request, STINT_ENOTASK,
            p->task <= core->tasks.last
                ? "the task has ended, and what it wrote is not kept"
                : NULL);
    } else if (!jobs_may(s, job)) {
        reply_error(core, s, p->request, STINT_EROLE, NULL);
    } else {
        answer_ended(core, s, p, e);
    }
}

/* ---- still there --------------------------------------------------------- */

/* Where the task stands, and nothing new. */
static void
answer_empty(struct core *core, struct session *s, const struct msg_peek *p,
    const struct task *t)
{
    uint32_t number = task_number(t);

    answer(core, s,
        (struct msg_peeked){
            .request = p->request,
            .attempt = number,
            .state = t->state,
            .out_from = p->attempt == number ? p->out_from : 0,
            .err_from = p->attempt == number ? p->err_from : 0,
        });
}

/* The holder is given a little longer than the looker waits: what it says with
 * its last breath is to be heard. */
static void
park(struct core *core, tick_ns now, struct session *s,
    const struct msg_peek *p, struct task *t)
{
    static const tick_ns answer_time = 250 * TICK_MS;
    int code = wait_check(&core->waits, s, (uint64_t)answer_time);

    if (code == 0 && !show_has_room(core)) code = STINT_ELIMIT;
    struct wait *w = code == 0 ? wait_new(WAIT_PEEK, 0) : NULL;
    if (w == NULL) {
        reply_error(core, s, p->request, code != 0 ? code : STINT_ENOMEM, NULL);
        return;
    }
    w->as.peek.attempt = (uint32_t)p->attempt;
    w->as.peek.out_from = p->out_from;
    w->as.peek.err_from = p->err_from;
    w->as.peek.until = tick_after(now, (tick_ns)p->wait_ns);
    wait_begin(&core->waits, w, s, p->request,
        tick_after(w->as.peek.until, answer_time));
    show_wait(core, now, w, t);
}

void
peek_task(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    const struct msg_peek *p = &m->as.peek;
    struct task *t = task_table_find(&core->tasks, p->task);

    if (t == NULL) {
        peek_gone(core, s, p);
    } else if (!owner_may(core, s, t)) {
        reply_error(core, s, p->request, STINT_EROLE,
            "the task was submitted with another key: use that one, or an "
            "admin key");
    } else if (t->state == TASK_DEAD && t->queue->job != NULL) {
        peek_gone(core, s, p);
    } else if (t->state == TASK_DEAD
               || (t->state != TASK_LEASED && p->wait_ns == 0)) {
        answer_empty(core, s, p, t);
    } else {
        park(core, now, s, p, t);
    }
}
