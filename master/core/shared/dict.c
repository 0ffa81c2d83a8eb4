#include "master/core/shared/dict.h"

#include <stdlib.h>

#include "common/base.h"
#include "common/check.h"
#include "master/core/keyed_hash.h"

enum { HOLES_MIN = 16 };

void
dict_init(struct dict *d, const uint8_t secret[16])
{
    *d = (struct dict){ .slots = NULL };
    hashtable_init(&d->keys);
    list_init(&d->vacant);
    memcpy(d->secret, secret, sizeof d->secret);
}

void
dict_fini(struct dict *d)
{
    struct entry *last;

    dict_scrap(d);
    while (dict_scrap_last(d, &last))
        entry_free(last);
    free(d->slots);
}

static size_t
item_memory(const struct dict_item *item)
{
    return sizeof *item + item->length;
}

size_t
dict_memory(const struct dict *d)
{
    return d->memory + d->capacity * sizeof d->slots[0]
           + hashtable_memory(&d->keys);
}

/* ---- keys ---------------------------------------------------------------- */

static struct dict_item *
look_up(const struct dict *d, struct slice key, uint64_t hash)
{
    struct hashtable_node *node = hashtable_find(&d->keys, hash);

    for (; node != NULL; node = hashtable_next(node)) {
        struct dict_item *item = CONTAINER_OF(node, struct dict_item, node);
        if (slice_equal((struct slice){ item->key, item->length }, key)) {
            return item;
        }
    }
    return NULL;
}

struct dict_item *
dict_find(const struct dict *d, struct slice key)
{
    return look_up(d, key, keyed_hash(key, d->secret));
}

static void
drop_item(struct dict *d, struct dict_item *item)
{
    list_remove(&item->vacant);
    hashtable_remove(&d->keys, &item->node);
    d->memory -= item_memory(item);
    free(item);
}

/* Vacant until it gets an entry. */
static struct dict_item *
make_item(struct dict *d, struct slice key, uint64_t hash)
{
    struct dict_item *item = calloc(1, sizeof *item + key.length);

    if (item == NULL) return NULL;
    item->length = key.length;
    if (key.length > 0) memcpy(item->key, key.bytes, key.length);
    hashtable_add(&d->keys, &item->node, hash);
    list_init(&item->vacant);
    list_push(&d->vacant, &item->vacant);
    d->memory += item_memory(item);
    return item;
}

/* ---- order --------------------------------------------------------------- */

size_t
dict_behind(const struct dict *d, int64_t rank)
{
    size_t low = 0, high = d->used;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (d->slots[middle].rank <= rank) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct dict_slot *
slot_of(struct dict *d, int64_t rank)
{
    size_t behind = dict_behind(d, rank);

    CHECK(behind > 0 && d->slots[behind - 1].rank == rank);
    return &d->slots[behind - 1];
}

static bool
reserve(struct dict *d)
{
    if (d->used < d->capacity) return true;

    size_t want = d->capacity == 0 ? 8 : d->capacity * 2;
    struct dict_slot *slots = realloc(d->slots, want * sizeof *slots);
    if (slots == NULL) return false;
    d->slots = slots;
    d->capacity = want;
    return true;
}

static void
make_dense(struct dict *d)
{
    size_t to = 0;

    for (size_t i = 0; i < d->used; i++) {
        if (d->slots[i].entry != NULL) d->slots[to++] = d->slots[i];
    }
    d->used = to;
    if (d->capacity < 64 || to > d->capacity / 4) return;
    size_t want = d->capacity / 2;
    struct dict_slot *slots = realloc(d->slots, want * sizeof *slots);
    if (slots == NULL) return;
    d->slots = slots;
    d->capacity = want;
}

/* ---- changes ------------------------------------------------------------- */

/* `item` has `e`, or nothing any more. */
static void
set(struct dict *d, struct dict_item *item, struct entry *e)
{
    if (item->entry != NULL) {
        d->memory -= entry_memory(item->entry);
        d->count -= 1;
    }
    list_remove(&item->vacant);
    item->entry = e;
    if (e == NULL) {
        list_push(&d->vacant, &item->vacant);
        return;
    }
    e->item = item;
    d->memory += entry_memory(e);
    d->count += 1;
}

struct dict_item *
dict_put(
    struct dict *d, struct slice key, struct entry *e, struct entry **before)
{
    uint64_t hash = keyed_hash(key, d->secret);
    struct dict_item *item = look_up(d, key, hash);

    *before = item != NULL ? item->entry : NULL;
    if (*before != NULL) {
        e->rank = (*before)->rank;
        slot_of(d, e->rank)->entry = e;
        set(d, item, e);
        return item;
    }
    if (!reserve(d)) return NULL;
    if (item == NULL) item = make_item(d, key, hash);
    if (item == NULL) return NULL;
    e->rank = ++d->ranks;
    d->slots[d->used++] = (struct dict_slot){ e->rank, e };
    set(d, item, e);
    return item;
}

struct entry *
dict_take(struct dict *d, struct dict_item *item)
{
    struct entry *e = item->entry;

    slot_of(d, e->rank)->entry = NULL;
    set(d, item, NULL);
    return e;
}

void
dict_undo(struct dict *d, struct dict_item *item, struct entry *before,
    struct entry *after)
{
    if (before != NULL) {
        slot_of(d, before->rank)->entry = before;
    } else if (after != NULL) {
        CHECK(d->slots[d->used - 1].entry == after);
        d->used -= 1;
    }
    set(d, item, before);
}

static void
drop_vacant(struct dict *d)
{
    LIST_FOREACH (node, after, &d->vacant) {
        drop_item(d, CONTAINER_OF(node, struct dict_item, vacant));
    }
}

void
dict_settle(struct dict *d)
{
    drop_vacant(d);
    if (d->used >= HOLES_MIN && d->count < d->used / 2) make_dense(d);
}

/* ---- the end ------------------------------------------------------------- */

/* The table goes at once, the items one by one. */
void
dict_scrap(struct dict *d)
{
    drop_vacant(d);
    hashtable_fini(&d->keys);
}

bool
dict_scrap_last(struct dict *d, struct entry **last)
{
    if (d->used == 0) return false;
    struct entry *e = d->slots[--d->used].entry;
    *last = e;
    if (e == NULL) return true;
    d->memory -= entry_memory(e) + item_memory(e->item);
    free(e->item);
    e->item = NULL;
    return true;
}

/* ---- loading ------------------------------------------------------------- */

struct dict_item *
dict_load(struct dict *d, struct slice key, struct entry *e)
{
    uint64_t hash = keyed_hash(key, d->secret);

    if (look_up(d, key, hash) != NULL) return NULL;
    if (!reserve(d)) return NULL;
    struct dict_item *item = make_item(d, key, hash);
    if (item == NULL) return NULL;
    d->slots[d->used++] = (struct dict_slot){ e->rank, e };
    if (e->rank > d->ranks) d->ranks = e->rank;
    set(d, item, e);
    return item;
}

static int
by_rank(const void *a, const void *b)
{
    const struct dict_slot *x = a, *y = b;

    return x->rank < y->rank ? -1 : x->rank > y->rank;
}

bool
dict_sort(struct dict *d)
{
    if (d->used == 0) return true;
    qsort(d->slots, d->used, sizeof d->slots[0], by_rank);
    for (size_t i = 1; i < d->used; i++) {
        if (d->slots[i].rank == d->slots[i - 1].rank) return false;
    }
    return d->slots[0].rank > 0;
}

/* ---- checking ------------------------------------------------------------ */

void
dict_check(const struct dict *d)
{
    size_t count = 0, memory = 0;

    CHECK(d->used <= d->capacity);
    CHECK(list_is_empty(&d->vacant));
    for (size_t i = 0; i < d->used; i++) {
        const struct entry *e = d->slots[i].entry;
        CHECK(i == 0 || d->slots[i].rank > d->slots[i - 1].rank);
        CHECK(d->slots[i].rank <= d->ranks);
        if (e == NULL) continue;
        CHECK(e->rank == d->slots[i].rank);
        CHECK(e->item->entry == e);
        count += 1;
        memory += entry_memory(e) + item_memory(e->item);
    }
    CHECK(count == d->count && count == d->keys.count);
    hashtable_check(&d->keys);
    CHECK(memory == d->memory);
}
