#include "master/core/jobs.h"
#include "master/core/life.h"
#include "master/core/match.h"
#include "master/core/queues.h"
#include "master/core/receipt.h"
#include "master/core/reply.h"
#include "master/core/spare.h"
#include "master/core/verbs.h"

#include "common/error.h"
#include "common/text.h"

static void
refuse(struct core *core, struct session *s, uint64_t request, uint32_t count,
    int code, const char *text)
{
    if (text == NULL) text = spare_advice(code);
    reply(core, s,
        &(struct msg){
            .type = MSG_error,
            .as.error = {
                .request = request,
                .code = code,
                .text = slice_of(text != NULL ? text : error_text(code)),
                .count = count,
            },
        });
}

/* What most tasks do not have.  Returns false without memory. */
static bool
add_more(
    struct task *t, tick_ns now, const struct job *job, const struct msg_put *p)
{
    tick_ns expires = job != NULL ? job->expires : TICK_NEVER;

    if (p->expires_ns != 0) {
        expires = tick_min(expires, tick_after(now, (tick_ns)p->expires_ns));
    }
    if (expires == TICK_NEVER && p->attempts_max == 0 && p->once == 0
        && p->handler.length == 0) {
        return true;
    }
    struct task_more *more = task_more(t);
    if (more == NULL) return false;
    more->expires = expires;
    more->attempts_max = (uint32_t)p->attempts_max;
    more->once = p->once != 0;
    if (p->handler.length > 0) {
        memcpy(more->handler, p->handler.bytes, p->handler.length);
    }
    return true;
}

static struct task *
make_task(const struct session *s, tick_ns now, const struct job *job,
    const struct msg_put *p, struct slice payload, uint32_t index)
{
    struct task *t = task_new(payload);

    if (t == NULL) return NULL;
    t->priority = (int32_t)p->priority;
    if (p->result != 0 && job == NULL) {
        t->ref = p->request + index;
        t->submitter = s->slot;
    }
    if (!add_more(t, now, job, p)) {
        task_free(t);
        return NULL;
    }
    return t;
}

/* All tasks of the put, in memory and within the budget, or none. */
static int
make_batch(struct core *core, tick_ns now, struct session *s,
    const struct job *job, const struct msg_put *p, struct wait_batch *batch)
{
    struct proto_list list = p->payloads;
    struct rec_payload record;
    /* An eighth is left for results, or a master full of tasks could not take
     * one that is larger than its task. */
    size_t budget = core->config.memory_max - core->config.memory_max / 8;

    *batch = (struct wait_batch){
        .request = p->request,
        .delay = (tick_ns)p->delay_ns,
        .lazy = p->lazy != 0,
    };
    list_init(&batch->tasks);
    while (codec_list_next(&list, RECORD_payload, &record)) {
        int code = 0;
        struct task *t = NULL;
        if (record.payload.length > core->config.payload_max) {
            code = STINT_ETOOLARGE;
        } else if (core->memory + core->out + record.payload.length > budget) {
            code = STINT_EBUDGET;
        } else {
            t = make_task(s, now, job, p, record.payload, batch->count);
            if (t == NULL) code = STINT_ENOMEM;
        }
        if (code != 0) {
            match_drop(core, batch);
            return code;
        }
        list_push(&batch->tasks, &t->at.in_list);
        batch->count += 1;
        core->memory += task_memory(t);
        if (t->ref != 0) s->owed += 1;
    }
    return 0;
}

/* What found no room waits for it, or is refused. */
static void
park(struct core *core, tick_ns now, struct session *s, struct queue *q,
    const struct msg_put *p, struct wait_batch *batch)
{
    struct wait *w = NULL;
    int code = STINT_EFULL;

    if (p->wait_ns > 0) {
        code = wait_check(&core->waits, s, p->wait_ns);
        if (code == 0) {
            w = wait_new(WAIT_PUT, 1);
            code = STINT_ENOMEM;
        }
    }
    if (w == NULL) {
        refuse(core, s, batch->request, batch->count, code, NULL);
        match_drop(core, batch);
        return;
    }
    w->as.put = *batch;
    list_init(&w->as.put.tasks);
    for (;;) {
        struct list *node = list_pop(&batch->tasks);
        if (node == NULL) break;
        list_push(&w->as.put.tasks, node);
    }
    wait_begin(
        &core->waits, w, s, p->request, tick_after(now, (tick_ns)p->wait_ns));
    wait_line_up(w, 0, q);
}

/* The queue of a job takes what its submitter puts. */
static int
queue_of_job(const struct core *core, const struct session *s,
    const struct msg_put *p, struct queue **out)
{
    struct job *job = jobs_find(core, p->job);

    if (job == NULL) return STINT_ENOJOB;
    if (!jobs_may(s, job)) return STINT_EROLE;
    if (!slice_equal(slice_of(job->parent->name), p->queue)) {
        return STINT_EINVAL;
    }
    if (job->end == JOB_HALTED || job->end == JOB_CANCELLED) {
        return STINT_ECANCELLED;
    }
    *out = job->queue;
    return job->end == JOB_OPEN ? 0 : STINT_ESHUTDOWN;
}

void
put_tasks(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    struct msg_put rest = m->as.put;
    const struct msg_put *p = &rest;
    struct queue *q;
    struct wait_batch batch;

    receipt_skip(core, s, &rest);
    if (rest.payloads.count == 0) return;
    int code = p->job != 0 ? queue_of_job(core, s, p, &q)
                           : queues_open(core, s, p->queue, &q);
    if (code == 0 && !text_is_plain(p->handler)) code = STINT_EINVAL;
    if (code == 0 && q->shut) code = STINT_ESHUTDOWN;
    if (code == 0 && core->disk_full && journal_keeps(core, q)) {
        code = STINT_ENOSPACE;
    }
    if (code == 0) code = make_batch(core, now, s, q->job, p, &batch);
    if (code != 0) {
        refuse(core, s, p->request, p->payloads.count, code, NULL);
        return;
    }
    if (list_is_empty(&q->putters)) {
        (void)match_accept(core, now, q, s, &batch);
    }
    if (batch.count > 0) park(core, now, s, q, p, &batch);
}
