#include "master/core/outcome.h"

#include <stdlib.h>

#include "common/base.h"
#include "common/stint_error.h"
#include "master/core/receipt.h"
#include "master/core/reply.h"
#include "master/core/slots.h"

static struct session *
submitter_of(const struct core *core, const struct task *t)
{
    return t->ref != 0 ? core->slots[t->submitter] : NULL;
}

/* `kept`: the store has it, until it is heard of. */
static void
send_result(
    struct core *core, struct session *s, const struct rec_result *r, bool kept)
{
    static const struct msg head = { .type = MSG_results };

    reply_fact(core, s, &head, RECORD_result, r);
    if (kept) receipt_until_heard(core, s, ROW_result, r->task);
}

/* Whether a result for `s` has to wait: others do, or its window is closed. */
static bool
must_wait(struct core *core, struct session *s)
{
    return !list_is_empty(&s->results) || !reply_has_window(core, s);
}

static struct outcome *
make(const struct rec_result *r, bool kept)
{
    bool cold = r->result.bytes == NULL && r->result.length > 0;
    struct outcome *o = malloc(sizeof *o + (cold ? 0 : r->result.length));

    if (o == NULL) return NULL;
    list_init(&o->node);
    o->kept = kept;
    o->cold = cold;
    o->ref = r->ref;
    o->task = r->task;
    o->code = (int)r->code;
    o->attempts = (uint32_t)r->attempts;
    size_t worker = r->worker.length < sizeof o->worker ? r->worker.length
                                                        : sizeof o->worker - 1;
    if (worker > 0) memcpy(o->worker, r->worker.bytes, worker);
    o->worker[worker] = '\0';
    o->length = r->result.length;
    if (o->length > 0 && !cold) memcpy(o->bytes, r->result.bytes, o->length);
    return o;
}

bool
outcome_restore(
    struct core *core, struct session *s, const struct rec_result *r)
{
    struct outcome *o = make(r, true);

    if (o == NULL) return false;
    list_push(&s->results, &o->node);
    core->memory += outcome_memory(o);
    return true;
}

void
outcome_send_all(struct core *core, struct session *s)
{
    for (;;) {
        struct list *node = list_first(&s->results);
        if (node == NULL || !reply_has_window(core, s)) return;
        struct outcome *o = CONTAINER_OF(node, struct outcome, node);
        struct slice bytes = { o->bytes, o->length };
        if (o->cold && !journal_fetch(core, ROW_result, o->task, &bytes)) {
            return;
        }
        list_remove(node);
        send_result(core, s,
            &(struct rec_result){
                .ref = o->ref,
                .task = o->task,
                .code = o->code,
                .attempts = o->attempts,
                .worker = slice_of(o->worker),
                .result = bytes,
            },
            o->kept);
        core->memory -= outcome_memory(o);
        free(o);
    }
}

int
outcome_tell(struct core *core, const struct task *t, int code,
    struct slice worker, struct slice bytes)
{
    struct session *s = submitter_of(core, t);
    if (s == NULL) return 0;
    if (s->state == SESSION_GHOST) {
        slots_repaid(core, s);
        return 0;
    }

    struct rec_result r = {
        .ref = t->ref,
        .task = t->id,
        .code = code,
        .attempts = task_number(t),
        .worker = worker,
        .result = bytes,
    };
    bool kept = journal_keeps(core, t->queue);
    struct outcome *waiting = NULL;
    if (must_wait(core, s)) {
        waiting = make(&r, kept);
        if (waiting == NULL) return STINT_ENOMEM;
    }
    if (kept) journal_result(core, t->queue, s, &r);
    if (waiting == NULL) {
        send_result(core, s, &r, kept);
    } else {
        list_push(&s->results, &waiting->node);
        core->memory += outcome_memory(waiting);
    }
    slots_repaid(core, s);
    return 0;
}

void
outcome_must_tell(struct core *core, const struct task *t, int code,
    struct slice worker, struct slice bytes)
{
    struct session *s = submitter_of(core, t);

    if (s == NULL || outcome_tell(core, t, code, worker, bytes) == 0) return;
    slots_repaid(core, s);
    reply_broken(core, s);
}

void
outcome_drop_all(struct core *core, struct session *s)
{
    for (;;) {
        struct list *node = list_pop(&s->results);
        if (node == NULL) return;
        struct outcome *o = CONTAINER_OF(node, struct outcome, node);
        core->memory -= outcome_memory(o);
        if (o->kept) journal_drop(core, ROW_result, o->task);
        free(o);
    }
}
