#include "common/table.h"

#include <stdlib.h>

#include "common/check.h"

/* So many are moved before half of the nodes that are left when it shrinks can
 * be removed, and long before it is full again when it grows: there are never
 * three arrays. */
enum { MOVED_AT_ONCE = 16, LEAST = 8, SPARSE = 8 };

void
table_init(struct table *t)
{
    *t = (struct table){ .size = 1 };
    t->buckets = &t->only;
}

static void
free_buckets(const struct table *t, struct table_node **buckets)
{
    if (buckets != &t->only) free(buckets);
}

void
table_fini(struct table *t)
{
    free_buckets(t, t->before);
    free_buckets(t, t->buckets);
    table_init(t);
}

size_t
table_memory(const struct table *t)
{
    return (t->size + t->size_before) * sizeof(struct table_node *);
}

/* ---- moving -------------------------------------------------------------- */

static struct table_node **
bucket_of(const struct table *t, uint64_t hash)
{
    size_t before = t->before != NULL ? hash & (t->size_before - 1) : 0;

    if (t->before != NULL && before >= t->moved) return &t->before[before];
    return &t->buckets[hash & (t->size - 1)];
}

static void
push(struct table_node **bucket, struct table_node *node)
{
    node->next = *bucket;
    *bucket = node;
}

static void
move_some(struct table *t)
{
    for (int i = 0; i < MOVED_AT_ONCE && t->before != NULL; i++) {
        struct table_node *node = t->before[t->moved], *next;
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
resize(struct table *t, size_t size)
{
    if (t->before != NULL) return;
    struct table_node **buckets = calloc(size, sizeof(struct table_node *));
    if (buckets == NULL) return;
    t->before = t->buckets;
    t->size_before = t->size;
    t->moved = 0;
    t->buckets = buckets;
    t->size = size;
}

/* ---- nodes --------------------------------------------------------------- */

void
table_add(struct table *t, struct table_node *node, uint64_t hash)
{
    node->hash = hash;
    push(bucket_of(t, hash), node);
    t->count += 1;
    if (t->count > t->size) resize(t, t->size < LEAST ? LEAST : t->size * 2);
    move_some(t);
}

void
table_remove(struct table *t, struct table_node *node)
{
    struct table_node **at = bucket_of(t, node->hash);

    for (; *at != node; at = &(*at)->next)
        CHECK(*at != NULL);
    *at = node->next;
    node->next = NULL;
    t->count -= 1;
    if (t->size > LEAST && t->count < t->size / SPARSE) resize(t, t->size / 2);
    move_some(t);
}

static struct table_node *
first_of(struct table_node *node, uint64_t hash)
{
    while (node != NULL && node->hash != hash)
        node = node->next;
    return node;
}

struct table_node *
table_find(const struct table *t, uint64_t hash)
{
    return first_of(*bucket_of(t, hash), hash);
}

struct table_node *
table_next(const struct table_node *node)
{
    return first_of(node->next, node->hash);
}

/* ---- checking ------------------------------------------------------------ */

static size_t
check_buckets(
    const struct table *t, struct table_node *const *buckets, size_t size)
{
    size_t count = 0;

    CHECK(size > 0 && (size & (size - 1)) == 0);
    for (size_t i = 0; i < size; i++) {
        for (const struct table_node *n = buckets[i]; n != NULL; n = n->next) {
            CHECK(bucket_of(t, n->hash) == &buckets[i]);
            count += 1;
        }
    }
    return count;
}

void
table_check(const struct table *t)
{
    size_t count = check_buckets(t, t->buckets, t->size);

    CHECK((t->before == NULL) == (t->size_before == 0));
    if (t->before != NULL) {
        CHECK(t->moved < t->size_before);
        count += check_buckets(t, t->before, t->size_before);
    }
    CHECK(count == t->count);
}
