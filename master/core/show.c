#include "master/core/show.h"

#include <stdlib.h>

#include "common/base.h"
#include "common/stint_error.h"
#include "common/text.h"
#include "master/core/reply.h"
#include "master/core/verbs.h"

void
show_init(struct core *core)
{
    list_init(&core->shows.peeks);
}

/* ---- who looks ----------------------------------------------------------- */

bool
show_has_room(const struct core *core)
{
    return core->shows.count < SHOW_PEEKS_MAX;
}

static struct wait *
wait_of(struct list *node)
{
    return CONTAINER_OF(node, struct wait, as.peek.node);
}

static void
end(struct core *core, struct wait *w)
{
    list_remove(&w->as.peek.node);
    core->shows.count -= 1;
    wait_end(&core->waits, w);
}

static void
answer(struct core *core, struct wait *w, struct msg_peeked peeked)
{
    peeked.request = w->request;
    reply(core, w->session,
        &(struct msg){ .type = MSG_peeked, .as.peeked = peeked });
    end(core, w);
}

/* Nothing new, but where it stands. */
static struct msg_peeked
standing(const struct wait *w, const struct task *t)
{
    return (struct msg_peeked){
        .attempt = w->as.peek.attempt,
        .state = t->state,
        .out_from = w->as.peek.out_from,
        .err_from = w->as.peek.err_from,
    };
}

static void
ask(struct core *core, tick_ns now, struct wait *w, const struct task *t)
{
    struct wait_peek *p = &w->as.peek;
    const struct lease *l = t->is.lease;

    /* Numbers of another start of the master mean nothing to this one. */
    if (core->shows.last == 0) {
        core->shows.last = chance_draw(&core->chance) >> 2;
    }
    uint32_t number = task_number(t);
    if (p->attempt != number) p->out_from = p->err_from = 0;
    p->attempt = number;
    p->number = ++core->shows.last;
    reply(core, l->session,
        &(struct msg){
            .type = MSG_show,
            .as.show = {
                .number = p->number,
                .task = t->id,
                .attempt = t->attempts,
                .nonce = l->nonce,
                .out_from = p->out_from,
                .err_from = p->err_from,
                .wait_ns = p->until > now ? (uint64_t)(p->until - now) : 0,
            },
        });
}

void
show_wait(struct core *core, tick_ns now, struct wait *w, struct task *t)
{
    w->as.peek.task = t->id;
    t->is_watched = true;
    list_push(&core->shows.peeks, &w->as.peek.node);
    core->shows.count += 1;
    if (t->state == TASK_LEASED) ask(core, now, w, t);
}

void
show_begun(struct core *core, tick_ns now, const struct task *t)
{
    LIST_FOREACH (node, after, &core->shows.peeks) {
        struct wait *w = wait_of(node);
        if (w->as.peek.task == t->id) ask(core, now, w, t);
    }
}

void
show_left(struct core *core, struct task *t)
{
    t->is_watched = false;
    LIST_FOREACH (node, after, &core->shows.peeks) {
        struct wait *w = wait_of(node);
        if (w->as.peek.task != t->id) continue;
        struct msg_peeked peeked = standing(w, t);
        peeked.more = 1;
        answer(core, w, peeked);
    }
}

void
show_give_up(struct core *core, struct wait *w, int code)
{
    const struct task *t = task_table_find(&core->tasks, w->as.peek.task);

    if (t != NULL && code == STINT_ETIMEOUT) {
        answer(core, w, standing(w, t));
    } else {
        reply_error(core, w->session, w->request, code, NULL);
        end(core, w);
    }
}

/* ---- who is asked -------------------------------------------------------- */

/* Whoever does not hold the task any more speaks of what is over: the wait that
 * is meant has ended with the lease. */
static struct wait *
find_asking(const struct core *core, const struct session *s, uint64_t number)
{
    LIST_FOREACH (node, after, &core->shows.peeks) {
        struct wait *w = wait_of(node);
        if (w->as.peek.number != number) continue;
        const struct task *t = task_table_find(&core->tasks, w->as.peek.task);
        bool holds =
            t != NULL && t->state == TASK_LEASED && t->is.lease->session == s;
        return holds ? w : NULL;
    }
    return NULL;
}

void
show_shown(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    const struct msg_shown *shown = &m->as.shown;
    struct wait *w = find_asking(core, s, shown->number);

    (void)now;
    if (w == NULL) return;
    answer(core, w,
        (struct msg_peeked){
            .attempt = w->as.peek.attempt,
            .state = TASK_LEASED,
            .out_from = shown->out_from,
            .out = shown->out,
            .err_from = shown->err_from,
            .err = shown->err,
            .worker = slice_of(s->name),
            .more = shown->more,
        });
}

void
show_recall(struct core *core, const struct task *t)
{
    const struct msg head = { .type = MSG_recall };
    const struct lease *l = t->is.lease;

    reply_record(core, l->session, &head, RECORD_fence,
        &(struct rec_fence){ t->id, t->attempts, l->nonce });
}

/* ---- progress ------------------------------------------------------------ */

static struct lease *
find_lease(const struct core *core, const struct session *s,
    const struct rec_progress *r)
{
    struct task *t = task_table_find(&core->tasks, r->task);

    if (t == NULL || t->state != TASK_LEASED || t->attempts != r->attempt) {
        return NULL;
    }
    struct lease *l = t->is.lease;
    return l->nonce == r->nonce && l->session == s ? l : NULL;
}

/* Without memory, or where too many speak, nothing is kept: it is told again.
 */
static struct progress *
room(struct core *core, struct lease *l)
{
    if (l->progress == NULL && core->shows.progresses < SHOW_PROGRESS_MAX) {
        l->progress = calloc(1, sizeof *l->progress);
        if (l->progress != NULL) core->shows.progresses += 1;
    }
    return l->progress;
}

void
show_progress(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    struct proto_list list = m->as.progress.tasks;
    struct rec_progress r;

    (void)now;
    while (codec_list_next(&list, RECORD_progress, &r)) {
        struct lease *l = find_lease(core, s, &r);
        struct progress *p = l != NULL ? room(core, l) : NULL;
        if (p == NULL) continue;
        p->done = r.done;
        p->total = r.total;
        if (r.text.length > 0) memcpy(p->text, r.text.bytes, r.text.length);
        text_clean((uint8_t *)p->text, r.text.length);
        p->text[r.text.length] = '\0';
    }
}

void
show_forget(struct core *core, struct lease *l)
{
    if (l->progress == NULL) return;
    free(l->progress);
    l->progress = NULL;
    core->shows.progresses -= 1;
}
