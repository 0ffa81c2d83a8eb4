#include "master/core/shared/object_check.h"

#include "common/base.h"
#include "common/check.h"
#include "master/core/shared/graves.h"
#include "master/core/shared/holds.h"
#include "master/core/shared/pipe.h"
#include "master/core/shared/shelf.h"

static uint64_t
length_of(const struct list *line, const struct object *o)
{
    uint64_t length = 0;

    LIST_FOREACH (node, after, line) {
        const struct wait *w = CONTAINER_OF(node, struct wait, as.object.node);
        CHECK(w->as.object.object == o);
        CHECK(w->session->state == SESSION_LIVE);
        length += 1;
    }
    return length;
}

/* Mutual exclusion: a lock has one hold, its owner's, or none; and nobody waits
 * for one that is free. */
static uint64_t
check_lock(const struct core *core, const struct object *o, uint64_t holds)
{
    const struct hold *owner = o->is.lock.owner;

    CHECK(holds == (owner != NULL));
    CHECK(o->is.lock.fence <= core->objects.fence);
    if (owner != NULL) {
        CHECK(owner->object == o && owner->fence == o->is.lock.fence);
        CHECK(o->kind == OBJECT_RLOCK || owner->count == 1);
    } else {
        CHECK(o->waiting == 0);
    }
    return length_of(&o->is.lock.first, o);
}

/* Permits are conserved, and nobody waits while one is free. */
static void
check_semaphore(const struct object *o, uint64_t permits)
{
    bool no_return = (o->flags & OBJECT_NO_RETURN) != 0;

    if ((o->flags & OBJECT_BOUNDED) != 0) {
        CHECK(o->is.semaphore.permits + permits <= o->size);
        CHECK(no_return || o->is.semaphore.permits + permits == o->size);
    }
    CHECK(!no_return || permits == 0);
    CHECK(o->is.semaphore.held == permits);
    CHECK(o->is.semaphore.permits <= INT64_MAX - permits);
    CHECK(o->is.semaphore.permits == 0 || o->waiting == 0);
}

static uint64_t
check_barrier(const struct object *o, uint64_t holds)
{
    uint64_t passing = length_of(&o->is.barrier.passing, o);

    CHECK(passing == o->is.barrier.passing_count);
    CHECK(holds <= 1 && (passing == 0 || passing == o->size - 1));
    CHECK(passing == 0 || holds == 1);
    CHECK(holds == 1 || o->waiting < o->size);
    CHECK(!o->is.barrier.broken || (holds == 0 && o->waiting == 0));
    return passing;
}

static uint64_t
check_kind(const struct core *core, const struct object *o, uint64_t holds,
    uint64_t permits)
{
    switch ((enum object_kind)o->kind) {
    case OBJECT_LOCK:
    case OBJECT_RLOCK:
        return check_lock(core, o, holds);
    case OBJECT_BARRIER:
        return check_barrier(o, holds);
    case OBJECT_SEMAPHORE:
        check_semaphore(o, permits);
        break;
    case OBJECT_EVENT:
        CHECK(!o->is.event.set || o->waiting == 0);
        break;
    case OBJECT_CONDITION:
        CHECK(o->is.condition.lock->is.lock.conditions > 0);
        break;
    case OBJECT_DICT:
    case OBJECT_LIST:
    case OBJECT_VALUES:
        CHECK(holds == 0);
        shelf_check(o->is.shelf);
        break;
    case OBJECT_PIPE:
        return pipe_check(o->is.pipe, holds);
    }
    return 0;
}

/* Returns how many bytes of holds there are. */
static size_t
check_object(const struct core *core, const struct object *o)
{
    uint64_t holds = 0, permits = 0;

    LIST_FOREACH (node, after, &o->holds) {
        const struct hold *h = CONTAINER_OF(node, struct hold, of_object);
        CHECK(h->object == o && h->count > 0);
        CHECK(h->session->state != SESSION_GHOST);
        holds += 1;
        permits += h->count;
    }
    uint64_t other = check_kind(core, o, holds, permits);
    CHECK(length_of(&o->line, o) + other == o->waiting);
    return holds * sizeof(struct hold);
}

/* Those that are brought along by who waits. */
static size_t
spare_holds(const struct session *s)
{
    size_t count = 0;

    LIST_FOREACH (node, after, &s->waits) {
        const struct wait *w = CONTAINER_OF(node, struct wait, of_session);
        count += w->kind == WAIT_SYNC && w->as.sync.hold != NULL;
    }
    return count * sizeof(struct hold);
}

size_t
object_check(const struct core *core)
{
    size_t memory = 0;

    for (const struct object *o = core->objects.by_number; o != NULL;
         o = o->by_number.next) {
        memory += o->memory + check_object(core, o);
    }
    for (const struct session *s = core->by_id; s != NULL; s = s->by_id.next)
        memory += spare_holds(s);
    return memory + graves_memory(core);
}
