#include "master/server/mend_objects.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/row.h"
#include "master/core/shared/object.h"
#include "master/server/storerow.h"
#include "proto/cursor.h"

struct mend_object {
    uint64_t number;
    struct rec_kept_object row; /* Its name is `name`. */
    uint64_t users;             /* Conditions that have this lock. */
    uint64_t held;              /* Permits, or how often. */
    bool lost;                  /* It is left out. */
    bool changed;               /* Its row is to be written. */
    char name[PROTO_NAME_MAX + 1];
};

void
mend_objects_init(struct mend_objects *m, struct buf *ops,
    void (*told)(void *arg, const char *what), void *arg)
{
    *m = (struct mend_objects){ .ops = ops, .told = told, .arg = arg };
    mend_entries_init(&m->entries);
}

void
mend_objects_fini(struct mend_objects *m)
{
    free(m->objects);
    mend_entries_fini(&m->entries);
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
    if (low == m->count || m->objects[low].number != number) return NULL;
    return m->objects[low].lost ? NULL : &m->objects[low];
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

/* ---- permits -------------------------------------------------------------- */

bool
mend_objects_permits(const struct row *row, struct buf *mended)
{
    enum { NUMBER = 7, WIDTH = 8 }; /* Which item it is; its bytes. */
    struct cursor c = { row->value.bytes,
        row->value.bytes + row->value.length };
    struct cursor_node node;
    union storerow_record record;

    if (row->kind != ROW_object || row->value.length == 0) return false;
    if (!cursor_node(&c, &node) || node.kind != CURSOR_ARRAY) return false;
    if (node.number <= NUMBER) return false;
    for (unsigned i = 0; i < NUMBER; i++)
        if (!cursor_skip(&c)) return false;
    if (!cursor_node(&c, &node) || node.kind != CURSOR_UINT) return false;
    if (node.number <= INT64_MAX) return false;
    size_t end = mended->length + (size_t)(c.at - row->value.bytes);
    size_t begun = mended->length;
    buf_append(mended, row->value.bytes, row->value.length);
    if (mended->failed) return false;
    memset(mended->bytes + end - WIDTH, 0xff, WIDTH);
    mended->bytes[end - WIDTH] = 0x7f;
    const struct row fine = { .kind = row->kind,
        .id = row->id,
        .value = { mended->bytes + begun, mended->length - begun } };
    return storerow_read(&fine, &record) == 0;
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

/* ---- names --------------------------------------------------------------- */

static void
leave_out(struct mend_objects *m, struct mend_object *o, const char *why)
{
    row_delete(m->ops, ROW_object, o->number);
    tell(m, o->name, why);
    o->lost = true;
    if (o->row.kind != OBJECT_CONDITION) return;
    struct mend_object *lock = find(m, o->row.lock);
    if (lock != NULL) lock->users -= 1;
}

static bool
has_name(const struct mend_object *o)
{
    return (o->row.flags & OBJECT_HIDDEN) == 0;
}

/* The newer one first. */
static int
by_name(const void *a, const void *b)
{
    const struct mend_object *x = *(struct mend_object *const *)a;
    const struct mend_object *y = *(struct mend_object *const *)b;
    int order = strcmp(x->name, y->name);

    return order != 0 ? order : x->number > y->number ? -1 : 1;
}

/* What had been deleted, and whose end is lost, has maybe a successor. */
static bool
clear_names(struct mend_objects *m)
{
    if (m->names_are_clear || m->count == 0) return true;
    struct mend_object **all = malloc(m->count * sizeof *all);
    size_t count = 0;

    if (all == NULL) return false;
    for (size_t i = 0; i < m->count; i++)
        if (has_name(&m->objects[i])) all[count++] = &m->objects[i];
    if (count > 0) qsort(all, count, sizeof(struct mend_object *), by_name);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(all[i]->name, all[i - 1]->name) != 0) continue;
        leave_out(m, all[i], "there are two of this name: the newer one stays");
    }
    free(all);
    for (size_t i = 0; i < m->count; i++) {
        struct mend_object *o = &m->objects[i];
        if (o->row.kind != OBJECT_CONDITION || o->lost) continue;
        if (find(m, o->row.lock) != NULL) continue;
        leave_out(m, o, "its lock is left out, and so is the condition");
    }
    m->names_are_clear = true;
    return true;
}

/* ---- what is of them ----------------------------------------------------- */

static bool
may_be_held(const struct mend_object *o)
{
    if (is_lock(o->row.kind)) return o->held == 0 && !is_orphan(o);
    return o->row.kind == OBJECT_SEMAPHORE || o->row.kind == OBJECT_BARRIER;
}

bool
mend_objects_see_hold(
    struct mend_objects *m, uint64_t id, const struct rec_kept_hold *row)
{
    if (!clear_names(m)) return false;
    struct mend_object *o = find(m, row->object);
    if (o == NULL || !may_be_held(o)) {
        row_delete(m->ops, ROW_hold, id);
        tell(m, o != NULL ? o->name : "an object that is lost",
            "what was held of it is left out");
        return true;
    }
    o->held += row->count;
    return true;
}

static bool
may_have(const struct mend_object *o, const struct rec_kept_entry *row)
{
    bool is_inside =
        row->rank >= 0
        && (uint64_t)row->rank < (o->row.size > 0 ? o->row.size : 1);

    if (o->row.kind == OBJECT_VALUES) return is_inside;
    return o->row.kind == OBJECT_DICT || o->row.kind == OBJECT_LIST;
}

bool
mend_objects_see_entry(
    struct mend_objects *m, uint64_t id, const struct rec_kept_entry *row)
{
    if (!clear_names(m)) return false;
    struct mend_object *o = find(m, row->object);
    bool is_gone = o != NULL && (o->row.flags & OBJECT_GONE) != 0;
    if (o == NULL || (!is_gone && !may_have(o, row))) {
        row_delete(m->ops, ROW_entry, id);
        tell(m, o != NULL ? o->name : "a dict, list or values that are lost",
            "an entry is left out");
        return true;
    }
    /* These the master drops. */
    if (is_gone || row->version < o->row.cleared) return true;
    if (row->version > o->row.version) {
        o->row.version = row->version;
        o->changed = true;
    }
    return mend_entries_see(&m->entries, id, row, o->row.kind == OBJECT_DICT);
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
    o->changed = true;
    tell(m, o->name, "permits that nobody holds are free");
}

static void
drop_entry(void *arg, uint64_t object, uint64_t id)
{
    struct mend_objects *m = arg;
    const struct mend_object *o = find(m, object);

    row_delete(m->ops, ROW_entry, id);
    if (o == NULL) return;
    tell(m, o->name, "an entry that had been replaced is left out");
}

bool
mend_objects(struct mend_objects *m)
{
    if (!clear_names(m)) return false;
    mend_entries(&m->entries, drop_entry, m);
    for (size_t i = 0; i < m->count; i++) {
        struct mend_object *o = &m->objects[i];
        if (o->lost) continue;
        if (is_orphan(o)) {
            leave_out(m, o, "its condition is lost: its lock is left out");
            continue;
        }
        free_permits(m, o);
        if (!o->changed) continue;
        o->row.name = slice_of(o->name);
        storerow_write(m->ops, ROW_object, o->number, &o->row);
    }
    return true;
}
