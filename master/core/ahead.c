#include "master/core/ahead.h"

#include "common/base.h"
#include "common/check.h"
#include "master/core/job.h"

static struct lease *
lease_of(struct list *node)
{
    return CONTAINER_OF(node, struct lease, of_session);
}

bool
ahead_has_slot(const struct session *s)
{
    enum { WORKER = 1 };

    return s->kind != WORKER || s->slots == 0 || s->begun < s->slots;
}

/* Of the queue, and in sum for the one that a job belongs to. */
static void
count(const struct lease *l, int by)
{
    struct queue *q = l->task->queue;
    struct queue_sum *sum = job_sum(q);

    q->ahead += (uint64_t)by;
    if (sum != NULL) sum->ahead += (uint64_t)by;
}

void
ahead_hold(struct lease *l)
{
    struct session *s = l->session;

    l->ahead = !ahead_has_slot(s);
    if (!l->ahead) {
        s->begun += 1;
        return;
    }
    count(l, 1);
    if (s->ahead == NULL) s->ahead = &l->of_session;
}

static void
step(struct session *s)
{
    s->ahead = s->ahead->next == &s->leases ? NULL : s->ahead->next;
}

void
ahead_end(struct lease *l)
{
    struct session *s = l->session;

    if (l->ahead) {
        count(l, -1);
        if (s->ahead == &l->of_session) step(s);
        return;
    }
    s->begun -= 1;
    if (s->ahead == NULL || !ahead_has_slot(s)) return;
    struct lease *next = lease_of(s->ahead);
    next->ahead = false;
    count(next, -1);
    s->begun += 1;
    step(s);
}

void
ahead_freeze(struct session *s)
{
    s->ahead = NULL;
}

void
ahead_slots(struct session *s, uint8_t kind, uint32_t slots)
{
    if (s->kind == kind && s->slots == slots) return;
    s->kind = kind;
    s->slots = slots;
    s->begun = 0;
    s->ahead = NULL;
    LIST_FOREACH (node, after, &s->leases) {
        struct lease *l = lease_of(node);
        if (l->ahead) count(l, -1);
        ahead_hold(l);
    }
}

void
ahead_shown(struct lease *l)
{
    ahead_end(l);
    list_remove(&l->of_session);
    list_push(&l->session->leases, &l->of_session);
    ahead_hold(l);
}

uint32_t
ahead_begun(const struct task *t)
{
    uint32_t number = task_number(t);
    bool waits = t->state == TASK_LEASED && t->is.lease->ahead;

    return waits && number > 0 ? number - 1 : number;
}

void
ahead_check(const struct session *s)
{
    const struct list *first = NULL;
    uint64_t begun = 0;

    LIST_FOREACH (node, after, &s->leases) {
        const struct lease *l = lease_of(node);
        if (l->ahead && first == NULL) first = node;
        CHECK(l->ahead == (first != NULL));
        if (!l->ahead) begun += 1;
    }
    CHECK(first == s->ahead);
    CHECK(begun == s->begun);
    CHECK(first == NULL || !ahead_has_slot(s));
}
