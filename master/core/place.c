#include "master/core/place.h"

#include <string.h>

#include "common/base.h"
#include "common/check.h"
#include "master/core/ahead.h"
#include "master/core/job.h"
#include "master/core/lane.h"

bool
place_is_open(const struct core *core, const struct session *s)
{
    return s->state == SESSION_LIVE && !s->restored && !s->leaving
           && s->kind == 1 && !s->draining && !core->drains_all;
}

bool
place_serves(
    const struct core *core, const struct session *s, const struct queue *q)
{
    if (!place_is_open(core, s)) return false;
    for (uint32_t i = 0; i < s->serves_count; i++) {
        if (s->serves[i] == q->index) return true;
    }
    return false;
}

bool
place_suits(const struct session *s, const struct job *job)
{
    return needs_lack(&job->needs, &s->traits, false) == NULL;
}

static bool
has_what_it_needs(const struct session *s, const struct job *job)
{
    bool full = s->slots != 0 && s->strict >= s->slots;

    if (job->lane->strict && full) return false;
    return needs_lack(&job->needs, &s->traits, true) == NULL;
}

static bool
begins_at_once(const struct session *s)
{
    return s->conn != 0 && ahead_has_slot(s);
}

bool
place_may(const struct session *s, const struct job *job)
{
    if (job->losses == 0 && !begins_at_once(s)) return false;
    return has_what_it_needs(s, job);
}

bool
place_may_own(const struct session *s, const struct task *t)
{
    return !job_is_once(t) || begins_at_once(s);
}

bool
place_comes(const struct session *s, const struct job *job)
{
    return job->losses == 0 && !ahead_has_slot(s) && has_what_it_needs(s, job);
}

/* The trait of `s` that has the resource `need`; NULL if there is none (any
 * more: its worker came back with less). */
static struct trait *
resource(const struct session *s, const struct trait *need)
{
    for (uint32_t i = 0; i < s->traits.count; i++) {
        struct trait *t = &s->traits.traits[i];
        if (t->count > 0 && strcmp(t->name, need->name) == 0) return t;
    }
    return NULL;
}

static void
use(const struct lease *l, bool take)
{
    const struct needs *n = &l->task->queue->job->needs;

    for (uint32_t i = 0; i < n->count; i++) {
        const struct trait *need = &n->traits[i];
        if (need->count == 0) continue;
        struct trait *has = resource(l->session, need);
        if (has == NULL) continue;
        CHECK(take || has->used >= need->count);
        has->used += take ? need->count : (uint64_t)0 - need->count;
    }
}

void
place_take(struct lease *l)
{
    const struct job *job = l->task->queue->job;

    if (job == NULL || !job->lane->strict) return;
    l->placed = true;
    l->session->strict += 1;
    use(l, true);
}

void
place_give(struct core *core, struct lease *l)
{
    struct session *s = l->session;

    if (!l->placed && !s->awaits_slot) return;
    if (l->placed) {
        use(l, false);
        s->strict -= 1;
    }
    l->placed = s->awaits_slot = false;
    /* The turn looks again what its gets may have. */
    if (list_is_empty(&s->starved)) list_push(&core->starved, &s->starved);
}

void
place_greet(struct session *s, struct needs *traits)
{
    needs_fini(&s->traits);
    s->traits = *traits;
    *traits = (struct needs){ .count = 0 };
    s->strict = 0;
    LIST_FOREACH (node, after, &s->leases) {
        struct lease *l = CONTAINER_OF(node, struct lease, of_session);
        l->placed = false;
        place_take(l);
    }
}

void
place_check(const struct session *s)
{
    uint64_t strict = 0, used = 0, counted = 0;

    LIST_FOREACH (node, after, &s->leases) {
        const struct lease *l = CONTAINER_OF(node, struct lease, of_session);
        if (!l->placed) continue;
        const struct needs *n = &l->task->queue->job->needs;
        strict += 1;
        for (uint32_t i = 0; i < n->count; i++) {
            if (resource(s, &n->traits[i]) != NULL) used += n->traits[i].count;
        }
    }
    for (uint32_t i = 0; i < s->traits.count; i++)
        counted += s->traits.traits[i].used;
    CHECK(strict == s->strict);
    CHECK(used == counted);
}
