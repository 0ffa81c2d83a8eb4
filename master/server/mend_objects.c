#include "master/server/mend_objects.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/row.h"
#include "master/core/shared/object.h"
#include "master/server/storerow.h"

struct mend_object {
    uint64_t number;
    struct rec_kept_object row; /* Its name is `name`. */
    uint64_t users;             /* Conditions that have this lock. */
    uint64_t held;              /* Permits, or how often. */
    char name[PROTO_NAME_MAX + 1];
};

void
mend_objects_init(struct mend_objects *m, struct buf *ops,
    void (*told)(void *arg, const char *what), void *arg)
{
    *m = (struct mend_objects){ .ops = ops, .told = told, .arg = arg };
}

void
mend_objects_fini(struct mend_objects *m)
{
    free(m->objects);
}

static void
tell(const struct mend_objects *m, const char *name, const char *what)
{
    char line[512];

    if (m->told == NULL) return;
    (void)snprintf(line, sizeof line, "\"%s\": %s", name, what);
    m->told(m->arg, line);
}

static struct mend_object *
find(const struct mend_objects *m, uint64_t number)
{
    size_t low = 0, high = m->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (m->objects[middle].number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < m->count && m->objects[low].number == number ? &m->objects[low]
                                                              : NULL;
}

static bool
is_lock(uint64_t kind)
{
    return kind == OBJECT_LOCK || kind == OBJECT_RLOCK;
}

/* A lock that a condition had for itself is of no use without it. */
static bool
is_orphan(const struct mend_object *o)
{
    return is_lock(o->row.kind) && (o->row.flags & OBJECT_HIDDEN) != 0
           && o->users == 0;
}

/* ---- objects ------------------------------------------------------------- */

bool
mend_objects_see(
    struct mend_objects *m, uint64_t number, const struct rec_kept_object *row)
{
    if (row->kind == OBJECT_CONDITION) {
        struct mend_object *lock = find(m, row->lock);
        if (lock == NULL || !is_lock(lock->row.kind)) {
            row_delete(m->ops, ROW_object, number);
            tell(m, "a condition", "its lock is lost: it is left out");
            return true;
        }
        lock->users += 1;
    }
    if (m->count == m->room) {
        size_t room = m->room == 0 ? 64 : m->room * 2;
        struct mend_object *grown = realloc(m->objects, room * sizeof *grown);
        if (grown == NULL) return false;
        m->objects = grown;
        m->room = room;
    }
    struct mend_object *o = &m->objects[m->count++];
    *o = (struct mend_object){ .number = number, .row = *row };
    memcpy(o->name, row->name.bytes, row->name.length);
    return true;
}

/* ---- what is of them ----------------------------------------------------- */

static bool
may_be_held(const struct mend_object *o)
{
    if (is_lock(o->row.kind)) return o->held == 0 && !is_orphan(o);
    return o->row.kind == OBJECT_SEMAPHORE || o->row.kind == OBJECT_BARRIER;
}

void
mend_objects_see_hold(
    struct mend_objects *m, uint64_t id, const struct rec_kept_hold *row)
{
    struct mend_object *o = find(m, row->object);

    if (o == NULL || !may_be_held(o)) {
        row_delete(m->ops, ROW_hold, id);
        tell(m, o != NULL ? o->name : "an object that is lost",
            "what was held of it is left out");
        return;
    }
    o->held += row->count;
}

void
mend_objects_see_entry(
    struct mend_objects *m, uint64_t id, const struct rec_kept_entry *row)
{
    const struct mend_object *o = find(m, row->object);

    if (o != NULL && o->row.kind >= OBJECT_DICT
        && o->row.kind <= OBJECT_VALUES) {
        return;
    }
    row_delete(m->ops, ROW_entry, id);
    tell(m, o != NULL ? o->name : "a dict, list or values that are lost",
        "an entry is left out");
}

/* ---- all ----------------------------------------------------------------- */

static void
free_permits(struct mend_objects *m, struct mend_object *o)
{
    bool counts = (o->row.flags & OBJECT_BOUNDED) != 0
                  && (o->row.flags & OBJECT_NO_RETURN) == 0;
    uint64_t free = o->held < o->row.size ? o->row.size - o->held : 0;

    if (o->row.kind != OBJECT_SEMAPHORE || !counts || free == o->row.number) {
        return;
    }
    o->row.number = free;
    o->row.name = slice_of(o->name);
    storerow_write(m->ops, ROW_object, o->number, &o->row);
    tell(m, o->name, "permits that nobody holds are free");
}

void
mend_objects(struct mend_objects *m)
{
    for (size_t i = 0; i < m->count; i++) {
        struct mend_object *o = &m->objects[i];
        if (is_orphan(o)) {
            row_delete(m->ops, ROW_object, o->number);
            tell(m, o->name, "its condition is lost: its lock is left out");
        } else {
            free_permits(m, o);
        }
    }
}
