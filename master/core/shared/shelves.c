#include "master/core/shared/shelves.h"

#include <stdlib.h>

#include "common/stint_error.h"
#include "master/core/shared/graves.h"
#include "master/core/shared/shelf.h"
#include "master/core/shared/shelfrow.h"

int
shelves_furnish(struct core *core, struct object *o)
{
    size_t size = o->kind == OBJECT_VALUES ? shelf_size(o->size) : 0;

    if (core->load == NULL && size > 0
        && (size > core->config.memory_max || !object_has_room(core, size))) {
        return STINT_EBUDGET;
    }
    o->is.shelf = shelf_new(o, object_is_kept(core, o), core->journal.secret);
    if (o->is.shelf == NULL) return STINT_ENOMEM;
    o->is.shelf->lost = o->version; /* For all that is known. */
    o->is.shelf->counted = shelf_memory(o->is.shelf);
    object_grow(core, o, (int64_t)o->is.shelf->counted);
    return 0;
}

bool
shelves_gone(struct core *core, struct object *o)
{
    struct shelf *shelf = o->is.shelf;
    bool kept = shelf->kept;

    object_grow(core, o, -(int64_t)shelf->counted);
    bool later = graves_bury(core, shelf, shelf->content, o->number);
    shelf->content = NULL;
    shelf_free(shelf);
    o->is.shelf = NULL;
    return later && kept;
}

void
shelves_strip(struct core *core, struct object *o)
{
    if (o->is.shelf == NULL) return;
    object_grow(core, o, -(int64_t)o->is.shelf->counted);
    shelf_free(o->is.shelf);
    o->is.shelf = NULL;
}

/* ---- loading ------------------------------------------------------------- */

static int
load_place(struct sequence *q, struct entry *e)
{
    if (e->rank < 0 || (uint64_t)e->rank >= q->count) return STINT_EDAMAGED;
    if (sequence_at(q, (size_t)e->rank) != NULL) return STINT_EDAMAGED;
    (void)sequence_set(q, (size_t)e->rank, e);
    return 0;
}

static int
load_last(struct sequence *q, struct entry *e)
{
    if (!sequence_reserve(q)) return STINT_ENOMEM;
    sequence_insert(q, q->count, e);
    return 0;
}

static int
load_key(struct dict *d, struct slice key, struct entry *e)
{
    if (dict_find(d, key) != NULL) return STINT_EDAMAGED;
    return dict_load(d, key, e) != NULL ? 0 : STINT_ENOMEM;
}

int
shelves_load(struct core *core, struct object *o, uint64_t id,
    const struct rec_kept_entry *row)
{
    struct shelf *shelf = o->is.shelf;
    int rc;

    if (row->version < shelf->cleared) {
        journal_drop(core, ROW_entry, id);
        return 0;
    }
    struct entry *e = entry_new(row->value);
    if (e == NULL) return STINT_ENOMEM;
    e->row = id;
    e->version = row->version;
    e->rank = shelf->reversed ? -row->rank : row->rank;
    if (e->version > o->version) {
        rc = STINT_EDAMAGED;
    } else if (o->kind == OBJECT_DICT) {
        rc = load_key(&shelf->content->in.dict, row->key, e);
    } else if (o->kind == OBJECT_LIST) {
        rc = load_last(&shelf->content->in.sequence, e);
    } else {
        rc = load_place(&shelf->content->in.sequence, e);
    }
    if (rc != 0) entry_free(e);
    return rc;
}

static int
by_rank(const void *a, const void *b)
{
    const struct entry *x = *(struct entry *const *)a;
    const struct entry *y = *(struct entry *const *)b;

    return x->rank < y->rank ? -1 : x->rank > y->rank;
}

static bool
sort(struct sequence *q)
{
    if (q->count == 0) return true;
    qsort(q->all + q->first, q->count, sizeof(struct entry *), by_rank);
    for (size_t i = 1; i < q->count; i++) {
        if (sequence_at(q, i - 1)->rank == sequence_at(q, i)->rank) {
            return false;
        }
    }
    return true;
}

static bool
put_in_order(struct core *core, struct object *o)
{
    struct shelf *shelf = o->is.shelf;
    size_t memory = shelf_memory(shelf);

    object_grow(core, o, (int64_t)memory - (int64_t)shelf->counted);
    shelf->counted = memory;
    if (o->kind == OBJECT_DICT) return dict_sort(&shelf->content->in.dict);
    return o->kind != OBJECT_LIST || sort(&shelf->content->in.sequence);
}

bool
shelves_loaded(struct core *core)
{
    for (struct object *o = core->objects.by_number; o != NULL;
         o = o->by_number.next) {
        if (object_is_shared(o) && !put_in_order(core, o)) return false;
    }
    return true;
}
