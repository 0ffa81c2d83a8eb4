#include "common/stint_error.h"
#include "master/core/greet.h"
#include "master/core/life.h"
#include "master/core/reply.h"
#include "master/core/verbs.h"

/* The answer to done, fail, release, renew and cancel: what was refused. */
struct verdict {
    struct buf refused; /* Encoded records. */
    uint32_t count;
    uint64_t index;
    bool lazy; /* Nobody waits for it. */
};

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
    buf_fini(&v->refused);
}

/**
 * The task that `s` holds under this fence (I5: id, attempt, nonce, and the key
 * that took it).  Returns 0, STINT_ESTALE, or STINT_ENOTASK.
 */
static int
find_leased(const struct core *core, const struct session *s, uint64_t id,
    uint64_t attempt, uint64_t nonce, struct task **out)
{
    struct task *t = task_table_find(&core->tasks, id);

    if (t == NULL) {
        return id <= core->tasks.last ? STINT_ESTALE : STINT_ENOTASK;
    }
    if (t->state != TASK_LEASED || t->attempts != attempt) return STINT_ESTALE;
    const struct lease *l = t->is.lease;
    if (l->nonce != nonce || l->session->key != s->key) return STINT_ESTALE;
    *out = t;
    return 0;
}

/* I9: a result takes the place of its task.  Where that is too little, what is
 * kept for the dead goes first; then the result is refused, and its task is
 * tried again when its lease is over. */
static int
find_room(struct core *core, tick_ns now, const struct task *t, size_t length)
{
    while (t->ref != 0 && core->slots[t->submitter]->state != SESSION_GHOST
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
        int code = find_leased(core, s, c.task, c.attempt, c.nonce, &t);
        if (code == 0 && c.result.length > core->config.payload_max) {
            code = STINT_ETOOLARGE;
        }
        if (code == 0) code = find_room(core, now, t, c.result.length);
        if (code == 0) code = life_done(core, now, t, c.result);
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

    while (codec_list_next(&list, RECORD_fence, &c)) {
        struct task *t = NULL;
        int code = find_leased(core, s, c.task, c.attempt, c.nonce, &t);
        if (code == 0 && f->final != 0) {
            life_bury(core, now, t, LIFE_FAILED, f->reason);
        } else if (code == 0) {
            life_return(core, now, t, LIFE_FAILED, delay, f->reason);
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
        int code = find_leased(core, s, c.task, c.attempt, c.nonce, &t);
        if (code == 0) {
            life_return(core, now, t, LIFE_RELEASED,
                (tick_ns)m->as.release.delay_ns, slice_of(""));
        }
        judge(core, &v, code);
    }
    pronounce(core, now, s, m->as.release.request, &v);
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
        int code = find_leased(core, s, c.task, c.attempt, c.nonce, &t);
        if (code == 0) {
            struct lease *l = t->is.lease;
            lease_renew(&core->leases, l, now, asked > 0 ? asked : l->length);
        }
        judge(core, &v, code);
    }
    pronounce(core, now, s, m->as.renew.request, &v);
}

/* I14: one may cancel what one's own key submitted; an admin may all. */
static bool
may_cancel(
    const struct core *core, const struct session *s, const struct task *t)
{
    if ((s->key->role & ROLE_ADMIN) != 0) return true;
    return t->ref != 0 && core->slots[t->submitter]->key == s->key;
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
        } else if (!may_cancel(core, s, t)) {
            code = STINT_EROLE;
        } else {
            life_cancel(core, now, t);
        }
        judge(core, &v, code);
    }
    pronounce(core, now, s, m->as.cancel.request, &v);
}
