#include "master/core/shared/objrow.h"

#include "master/core/shared/holds.h"
#include "master/core/shared/shelf.h"

/* What a kind has that is one number. */
static uint64_t
number_of(const struct object *o)
{
    switch ((enum object_kind)o->kind) {
    case OBJECT_SEMAPHORE:
        return o->is.semaphore.permits;
    case OBJECT_EVENT:
        return o->is.event.set;
    case OBJECT_BARRIER:
        return o->is.barrier.broken;
    case OBJECT_LIST:
        return o->is.shelf->reversed;
    case OBJECT_LOCK:
    case OBJECT_RLOCK:
    case OBJECT_CONDITION:
    case OBJECT_DICT:
    case OBJECT_VALUES:
    case OBJECT_PIPE:
        break;
    }
    return 0;
}

void
objrow_object(struct core *core, const struct object *o)
{
    bool is_lock = object_is_lock(o);

    if (!object_is_kept(core, o)) return;
    journal_put(core, ROW_object, o->number, RECORD_kept_object,
        &(struct rec_kept_object){
            .name = { (const uint8_t *)o->name, o->name_length },
            .kind = o->kind,
            .durability = o->durability,
            .size = o->size,
            .flags = o->flags,
            .type = o->type,
            .lock =
                o->kind == OBJECT_CONDITION ? o->is.condition.lock->number : 0,
            .number = number_of(o),
            .fence = is_lock ? o->is.lock.fence : 0,
            .died = is_lock && o->is.lock.died,
            .version = o->version,
            .cleared = object_is_shared(o) ? o->is.shelf->cleared : 0,
        },
        o->durability == QUEUE_SYNCED);
}

void
objrow_gone(struct core *core, const struct object *o)
{
    if (object_is_kept(core, o)) journal_drop(core, ROW_object, o->number);
}

void
objrow_dying(struct core *core, const struct object *o)
{
    journal_put(core, ROW_object, o->number, RECORD_kept_object,
        &(struct rec_kept_object){
            .name = { (const uint8_t *)o->name, o->name_length },
            .kind = o->kind,
            .durability = o->durability,
            .flags = OBJECT_HIDDEN | OBJECT_GONE,
            .version = o->version,
        },
        o->durability == QUEUE_SYNCED);
}

void
objrow_hold(struct core *core, struct hold *h)
{
    const struct object *o = h->object;

    if (!object_is_kept(core, o)) return;
    if (h->row == 0) h->row = ++core->objects.holds;
    journal_put(core, ROW_hold, h->row, RECORD_kept_hold,
        &(struct rec_kept_hold){
            .object = o->number,
            .session = journal_serial(core, h->session),
            .holder = h->holder,
            .count = h->count,
            .fence = h->fence,
            .since = h->since,
        },
        o->durability == QUEUE_SYNCED);
}

void
objrow_hold_gone(struct core *core, struct hold *h)
{
    if (h->row != 0) journal_drop(core, ROW_hold, h->row);
    h->row = 0;
}
