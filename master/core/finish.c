#include "master/core/finish.h"

#include "common/base.h"
#include "common/stint_error.h"
#include "master/core/ahead.h"
#include "master/core/greet.h"
#include "master/core/life.h"
#include "master/core/owner.h"
#include "master/core/receipt.h"
#include "master/core/reply.h"
#include "master/core/verbs.h"

/* The answer to done, fail, release, renew and cancel: what was refused. */
struct verdict {
    struct buf refused; /* Encoded records. */
    uint32_t count;
    uint64_t index;
    bool lazy;   /* Nobody waits for it. */
    bool kept;   /* It changed what the store keeps, */
    bool synced; /* and somebody waits for the disk. */
};

/* `t` is about to change: its answer is kept as its queue is. */
static void
note(const struct core *core, struct verdict *v, const struct task *t)
{
    if (!journal_keeps(core, t->queue)) return;
    v->kept = true;
    if (t->queue->policy.durability == QUEUE_SYNCED) v->synced = true;
}

static void
judge(struct core *core, struct verdict *v, int code)
{
    if (code != 0) {
        codec_record(&v->refused, RECORD_refusal,
            &(struct rec_refusal){ .index = v->index, .code = code });
        v->count += 1;
        if (code == STINT_ESTALE) core->stale += 1;
    }
    v->index += 1;
}

static void
pronounce(struct core *core, tick_ns now, struct session *s, uint64_t request,
    struct verdict *v)
{
    const struct msg m = {
        .type = MSG_outcome,
        .as.outcome = {
            .request = request,
            .refused = {
                .bytes = { v->refused.bytes, v->refused.length },
                .count = v->count,
            },
        },
    };

    if (v->refused.failed) {
        reply_broken(core, s);
    } else if (v->lazy) {
        reply_lazily(core, now, s, &m);
    } else {
        reply(core, s, &m);
    }
    if (v->kept && !v->refused.failed) {
        struct rec_kept_receipt row = {
            .request = request,
            .refusals = v->count,
            .refused = { v->refused.bytes, v->refused.length },
        };
        receipt_until_heard(
            core, s, ROW_receipt, journal_receipt(core, s, &row, v->synced));
    }
    buf_fini(&v->refused);
}

/* A task that was granted just before the last end of the master, too late for
 * the disk: who shows the nonce of that grant was given it.  Not of an earlier
 * start: what that one granted may be older than what the store has. */
static bool
was_granted(const struct core *core, const struct task *t, uint64_t attempt,
    uint64_t nonce)
{
    return t->state == TASK_READY && t->is_recovered
           && attempt == (uint64_t)t->attempts + 1
           && nonce
                  == journal_nonce(core, t->id, attempt, core->journal.before);
}

int
finish_leased(struct core *core, tick_ns now, struct session *s, uint64_t id,
    uint64_t attempt, uint64_t nonce, struct task **out)
{
    struct task *t = task_table_find(&core->tasks, id);

    if (t == NULL) {
        return id <= core->tasks.last ? STINT_ESTALE : STINT_ENOTASK;
    }
    if (was_granted(core, t, attempt, nonce)
        && !life_adopt(core, now, t, s, core->journal.before)) {
        return STINT_ENOMEM;
    }
    if (t->state != TASK_LEASED || t->attempts != attempt) return STINT_ESTALE;
    const struct lease *l = t->is.lease;
    if (l->nonce != nonce || l->session->key != s->key) return STINT_ESTALE;
    *out = t;
    return 0;
}

static bool
is_wanted(const struct core *core, const struct task *t)
{
    if (t->queue->job != NULL) return true;
    return t->ref != 0 && core->slots[t->submitter]->state != SESSION_GHOST;
}

/* I9: a result takes the place of its task.  Where that is too little, what is
 * kept for the dead goes first; then the result is refused, and its task is
 * tried again when its lease is over. */
static int
find_room(struct core *core, tick_ns now, const struct task *t, size_t length)
{
    if (t->queue->job != NULL && length > ENDS_COLD
        && core->config.fetch != NULL && journal_keeps(core, t->queue)) {
        length = 0; /* It goes to the store only. */
    }
    while (is_wanted(core, t)
           && core->memory + core->out + length
                  > core->config.memory_max + task_memory(t)) {
        if (!greet_relieve(core, now)) return STINT_EBUDGET;
    }
    return 0;
}

void
finish_done(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    struct verdict v = { .lazy = m->as.done.lazy != 0 };
    struct proto_list list = m->as.done.tasks;
    struct rec_completion c;

    while (codec_list_next(&list, RECORD_completion, &c)) {
        struct task *t = NULL;
        int code = finish_leased(core, now, s, c.task, c.attempt, c.nonce, &t);
        if (code == 0 && c.result.length > core->config.payload_max) {
            code = STINT_ETOOLARGE;
        }
        if (code == 0) code = find_room(core, now, t, c.result.length);
        if (code == 0) note(core, &v, t);
        if (code == 0) code = life_done(core, now, t, c.result, c.note);
        judge(core, &v, code);
    }
    pronounce(core, now, s, m->as.done.request, &v);
}

void
finish_fail(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    const struct msg_fail *f = &m->as.fail;
    struct verdict v = { .count = 0 };
    struct proto_list list = f->tasks;
    struct rec_fence c;
    tick_ns delay = f->retry_ns != 0 ? (tick_ns)f->retry_ns : -1;
    bool alone = f->tasks.count == 1;
    const struct life_words said = {
        .reason = f->reason,
        .note = alone ? f->note : slice_of(""),
        .output = alone ? f->output : slice_of(""),
    };

    while (codec_list_next(&list, RECORD_fence, &c)) {
        struct task *t = NULL;
        int code = finish_leased(core, now, s, c.task, c.attempt, c.nonce, &t);
        if (code == 0) note(core, &v, t);
        if (code == 0 && f->final != 0) {
            life_bury(core, now, t, LIFE_FAILED, &said);
        } else if (code == 0) {
            life_return(core, now, t, LIFE_FAILED, delay, &said);
        }
        judge(core, &v, code);
    }
    pronounce(core, now, s, f->request, &v);
}

void
finish_release(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    struct verdict v = { .count = 0 };
    struct proto_list list = m->as.release.tasks;
    struct rec_fence c;

    while (codec_list_next(&list, RECORD_fence, &c)) {
        struct task *t = NULL;
        int code = finish_leased(core, now, s, c.task, c.attempt, c.nonce, &t);
        if (code == 0) {
            note(core, &v, t);
            life_return(core, now, t,
                m->as.release.begun != 0 ? LIFE_RELEASED : LIFE_UNTRIED,
                (tick_ns)m->as.release.delay_ns, &life_wordless);
        }
        judge(core, &v, code);
    }
    pronounce(core, now, s, m->as.release.request, &v);
}

/* After a restart `s` has shown what it holds: what else was granted to it, it
 * never got; or gave up, which is no matter unless it must not run twice. */
static void
give_back_unshown(struct core *core, tick_ns now, struct session *s)
{
    LIST_FOREACH (node, after, &s->leases) {
        const struct lease *l = CONTAINER_OF(node, struct lease, of_session);
        if (!l->recovered) continue;
        enum life_cause cause =
            job_is_once(l->task) ? LIFE_LOST : LIFE_UNDELIVERED;
        life_return(core, now, l->task, cause, 0, &life_wordless);
    }
}

void
finish_renew(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    struct verdict v = { .count = 0 };
    struct proto_list list = m->as.renew.tasks;
    tick_ns asked = (tick_ns)m->as.renew.lease_ns;
    struct rec_fence c;

    while (codec_list_next(&list, RECORD_fence, &c)) {
        struct task *t = NULL;
        int code = finish_leased(core, now, s, c.task, c.attempt, c.nonce, &t);
        if (code == 0) {
            struct lease *l = t->is.lease;
            lease_renew(&core->leases, l, now, asked > 0 ? asked : l->length);
            if (l->recovered) ahead_shown(l);
            l->recovered = false;
        }
        judge(core, &v, code);
    }
    if (m->as.renew.all != 0) {
        give_back_unshown(core, now, s);
        receipt_forget_loaded(core, s, m->as.renew.request);
    }
    pronounce(core, now, s, m->as.renew.request, &v);
}

void
finish_cancel(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    struct verdict v = { .count = 0 };
    struct proto_list list = m->as.cancel.tasks;
    struct rec_fence c;

    while (codec_list_next(&list, RECORD_fence, &c)) {
        struct task *t = task_table_find(&core->tasks, c.task);
        int code = 0;
        if (t == NULL || t->state == TASK_DEAD) {
            code = STINT_ENOTASK;
        } else if (!owner_may(core, s, t)) {
            code = STINT_EROLE;
        } else {
            note(core, &v, t);
            life_cancel(core, now, t);
        }
        judge(core, &v, code);
    }
    pronounce(core, now, s, m->as.cancel.request, &v);
}
