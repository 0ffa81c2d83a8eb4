#include "common/hashtable.h"

#include <stdlib.h>

#include "common/check.h"

/* So many are moved before half of the nodes that are left when it shrinks can
 * be removed, and long before it is full again when it grows: there are never
 * three arrays. */
enum { MOVED_AT_ONCE = 16, LEAST = 8, SPARSE = 8 };

void
hashtable_init(struct hashtable *t)
{
    *t = (struct hashtable){ .size = 1 };
    t->buckets = &t->only;
}

static void
free_buckets(const struct hashtable *t, struct hashtable_node **buckets)
{
    if (buckets != &t->only) free(buckets);
}

void
hashtable_fini(struct hashtable *t)
{
    free_buckets(t, t->before);
    free_buckets(t, t->buckets);
    hashtable_init(t);
}

size_t
hashtable_memory(const struct hashtable *t)
{
    return (t->size + t->size_before) * sizeof(struct hashtable_node *);
}

/* ---- moving -------------------------------------------------------------- */

static struct hashtable_node **
bucket_of(const struct hashtable *t, uint64_t hash)
{
    size_t before = t->before != NULL ? hash & (t->size_before - 1) : 0;

    if (t->before != NULL && before >= t->moved) return &t->before[before];
    return &t->buckets[hash & (t->size - 1)];
}

static void
push(struct hashtable_node **bucket, struct hashtable_node *node)
{
    node->next = *bucket;
    *bucket = node;
}

static void
move_some(struct hashtable *t)
{
    for (int i = 0; i < MOVED_AT_ONCE && t->before != NULL; i++) {
        struct hashtable_node *node = t->before[t->moved], *next;
        t->before[t->moved++] = NULL;
        for (; node != NULL; node = next) {
            next = node->next;
            push(&t->buckets[node->hash & (t->size - 1)], node);
        }
        if (t->moved < t->size_before) continue;
        free_buckets(t, t->before);
        t->before = NULL;
        t->size_before = 0;
    }
}

static void
resize(struct hashtable *t, size_t size)
{
    if (t->before != NULL) return;
    struct hashtable_node **buckets =
        calloc(size, sizeof(struct hashtable_node *));
    if (buckets == NULL) return;
    t->before = t->buckets;
    t->size_before = t->size;
    t->moved = 0;
    t->buckets = buckets;
    t->size = size;
}

/* ---- nodes --------------------------------------------------------------- */

void
hashtable_add(struct hashtable *t, struct hashtable_node *node, uint64_t hash)
{
    node->hash = hash;
    push(bucket_of(t, hash), node);
    t->count += 1;
    if (t->count > t->size) resize(t, t->size < LEAST ? LEAST : t->size * 2);
    move_some(t);
}

void
hashtable_remove(struct hashtable *t, struct hashtable_node *node)
{
    struct hashtable_node **at = bucket_of(t, node->hash);

    for (; *at != node; at = &(*at)->next)
        CHECK(*at != NULL);
    *at = node->next;
    node->next = NULL;
    t->count -= 1;
    if (t->size > LEAST && t->count < t->size / SPARSE) resize(t, t->size / 2);
    move_some(t);
}

static struct hashtable_node *
first_of(struct hashtable_node *node, uint64_t hash)
{
    while (node != NULL && node->hash != hash)
        node = node->next;
    return node;
}

struct hashtable_node *
hashtable_find(const struct hashtable *t, uint64_t hash)
{
    return first_of(*bucket_of(t, hash), hash);
}

struct hashtable_node *
hashtable_next(const struct hashtable_node *node)
{
    return first_of(node->next, node->hash);
}

/* ---- checking ------------------------------------------------------------ */

static size_t
check_buckets(const struct hashtable *t, struct hashtable_node *const *buckets,
    size_t size)
{
    size_t count = 0;

    CHECK(size > 0 && (size & (size - 1)) == 0);
    for (size_t i = 0; i < size; i++) {
        for (const struct hashtable_node *n = buckets[i]; n != NULL;
             n = n->next) {
            CHECK(bucket_of(t, n->hash) == &buckets[i]);
            count += 1;
        }
    }
    return count;
}

void
hashtable_check(const struct hashtable *t)
{
    size_t count = check_buckets(t, t->buckets, t->size);

    CHECK((t->before == NULL) == (t->size_before == 0));
    if (t->before != NULL) {
        CHECK(t->moved < t->size_before);
        count += check_buckets(t, t->before, t->size_before);
    }
    CHECK(count == t->count);
}
