#include "master/core/shared/load_objects.h"

#include "common/stint_error.h"
#include "master/core/shared/holds.h"
#include "master/core/shared/objects.h"
#include "master/core/shared/objrow.h"
#include "master/core/shared/shelf.h"
#include "master/core/shared/shelves.h"
#include "master/core/shared/sync_semaphore.h"

/* It stands in the table while its entries are loaded, with nothing in it. */
static bool
is_gone(const struct object *o)
{
    return (o->flags & OBJECT_GONE) != 0;
}

/* ---- objects ------------------------------------------------------------- */

static bool
restore_lock(
    struct core *core, struct object *o, const struct rec_kept_object *row)
{
    o->is.lock.fence = row->fence;
    o->is.lock.died = row->died != 0;
    if (row->fence > core->objects.fence) core->objects.fence = row->fence;
    return true;
}

static bool
restore_condition(
    struct core *core, struct object *o, const struct rec_kept_object *row)
{
    struct object *lock = object_numbered(core, row->lock);

    if (lock == NULL || !object_is_lock(lock)) return false;
    o->is.condition.lock = lock;
    lock->is.lock.conditions += 1;
    return true;
}

/* What the row says of what its kind has; false: that cannot be. */
static bool
restore(struct core *core, struct object *o, const struct rec_kept_object *row)
{
    switch ((enum object_kind)o->kind) {
    case OBJECT_LOCK:
    case OBJECT_RLOCK:
        return restore_lock(core, o, row);
    case OBJECT_CONDITION:
        return restore_condition(core, o, row);
    case OBJECT_SEMAPHORE:
        o->is.semaphore.permits = row->number;
        break;
    case OBJECT_EVENT:
        o->is.event.set = row->number != 0;
        break;
    case OBJECT_BARRIER:
        o->is.barrier.broken = row->number != 0;
        break;
    case OBJECT_DICT:
    case OBJECT_LIST:
    case OBJECT_VALUES:
        o->is.shelf->reversed = row->number != 0;
        o->is.shelf->cleared = row->cleared;
        break;
    case OBJECT_PIPE:
        break;
    }
    return true;
}

int
load_objects_row(struct core *core, uint64_t number,
    const struct rec_kept_object *row, const char **why)
{
    bool hidden = (row->flags & OBJECT_HIDDEN) != 0;

    *why = "an object is there twice, or has no name, or a condition no lock";
    if (number == 0 || number > INT64_MAX || !object_is_name(row->name)
        || object_numbered(core, number) != NULL
        || (!hidden && object_find(core, row->name) != NULL)) {
        return STINT_EDAMAGED;
    }
    struct object *o = object_restore(core, number, row->name,
        (enum object_kind)row->kind, (uint8_t)row->flags);
    if (o == NULL) return STINT_ENOMEM;
    o->durability = (uint8_t)row->durability;
    o->size = row->size;
    o->type = (uint8_t)row->type;
    o->version = row->version;
    if (is_gone(o)) return 0;
    int code = objects_furnish(core, o);
    if (code == 0 && restore(core, o, row)) return 0;
    object_remove(core, o);
    return code == STINT_ENOMEM ? code : STINT_EDAMAGED;
}

/* ---- holds --------------------------------------------------------------- */

/* Who held it is not there any more: as when a session ends. */
static void
give_back(struct core *core, struct object *o, const struct rec_kept_hold *row)
{
    if (object_is_lock(o)) {
        o->is.lock.died = true;
        o->is.lock.fence = row->fence;
    } else if (o->kind == OBJECT_SEMAPHORE) {
        sync_semaphore_return(o, row->count);
    }
    objrow_object(core, o);
}

/* Those who waited for the action have lost their place. */
static int
break_barrier(struct core *core, struct object *o, uint64_t id)
{
    o->is.barrier.broken = true;
    objrow_object(core, o);
    journal_drop(core, ROW_hold, id);
    return 0;
}

static int
restore_hold(struct core *core, struct object *o, struct session *s,
    uint64_t id, const struct rec_kept_hold *row)
{
    struct hold *h = holds_new(core);

    if (h == NULL) return STINT_ENOMEM;
    h->row = id;
    h->holder = row->holder;
    h->count = row->count;
    h->fence = row->fence;
    h->since = row->since;
    holds_restore(h, o, s);
    if (object_is_lock(o)) {
        o->is.lock.owner = h;
        o->is.lock.fence = row->fence;
    } else if (o->kind == OBJECT_SEMAPHORE) {
        o->is.semaphore.held += row->count;
    }
    return 0;
}

int
load_objects_hold(struct core *core, uint64_t id,
    const struct rec_kept_hold *row, struct session *s, const char **why)
{
    struct object *o = object_numbered(core, row->object);

    if (id > core->objects.holds) core->objects.holds = id;
    if (row->fence > core->objects.fence) core->objects.fence = row->fence;
    *why = "something is held that is not there, or that somebody else holds";
    if (o == NULL || (object_is_lock(o) && o->is.lock.owner != NULL)) {
        return STINT_EDAMAGED;
    }
    if (o->kind == OBJECT_BARRIER) return break_barrier(core, o, id);
    if (!object_is_lock(o) && o->kind != OBJECT_SEMAPHORE)
        return STINT_EDAMAGED;
    if (s != NULL) return restore_hold(core, o, s, id, row);
    give_back(core, o, row);
    journal_drop(core, ROW_hold, id);
    return 0;
}

/* ---- entries ------------------------------------------------------------- */

int
load_objects_entry(struct core *core, uint64_t id,
    const struct rec_kept_entry *row, const char **why)
{
    struct object *o = object_numbered(core, row->object);

    if (id > core->objects.entries) core->objects.entries = id;
    *why = "an entry of no dict, list or values, or there twice";
    if (o == NULL || !object_is_shared(o)) {
        return STINT_EDAMAGED;
    }
    if (!is_gone(o)) return shelves_load(core, o, id, row);
    journal_drop(core, ROW_entry, id);
    return 0;
}

/* ---- all ----------------------------------------------------------------- */

static void
forget_gone(struct core *core)
{
    struct object *o = core->objects.by_number, *next;

    for (; o != NULL; o = next) {
        next = o->by_number.next;
        if (!is_gone(o)) continue;
        journal_drop(core, ROW_object, o->number);
        object_remove(core, o);
    }
}

int
load_objects_settle(struct core *core, const char **why)
{
    *why = "two entries of a dict or a list have the same place";
    forget_gone(core);
    return shelves_loaded(core) ? 0 : STINT_EDAMAGED;
}
