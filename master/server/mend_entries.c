#include "master/server/mend_entries.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { HASH_BYTES = 16 };

struct mend_entry {
    uint64_t object, id, version;
    int64_t rank;
    bool keyed, dropped;
    uint8_t key[HASH_BYTES];
};

void
mend_entries_init(struct mend_entries *m)
{
    *m = (struct mend_entries){ .all = NULL };
    randombytes_buf(m->secret, sizeof m->secret);
}

void
mend_entries_fini(struct mend_entries *m)
{
    free(m->all);
}

bool
mend_entries_see(struct mend_entries *m, uint64_t id,
    const struct rec_kept_entry *row, bool keyed)
{
    if (m->count == m->room) {
        size_t room = m->room == 0 ? 256 : m->room * 2;
        struct mend_entry *grown = realloc(m->all, room * sizeof *grown);
        if (grown == NULL) return false;
        m->all = grown;
        m->room = room;
    }
    struct mend_entry *e = &m->all[m->count++];
    *e = (struct mend_entry){ .object = row->object,
        .id = id,
        .version = row->version,
        .rank = row->rank,
        .keyed = keyed };
    (void)crypto_generichash(e->key, sizeof e->key, row->key.bytes,
        row->key.length, m->secret, sizeof m->secret);
    return true;
}

/* ---- those that cannot be there together --------------------------------- */

/* The one that was changed last comes first, and what is dropped last. */
static int
by_version(const struct mend_entry *a, const struct mend_entry *b)
{
    if (a->version != b->version) return a->version > b->version ? -1 : 1;
    return a->id > b->id ? -1 : a->id < b->id;
}

static int
by_object(const struct mend_entry *a, const struct mend_entry *b)
{
    if (a->dropped != b->dropped) return a->dropped ? 1 : -1;
    if (a->object != b->object) return a->object < b->object ? -1 : 1;
    return 0;
}

static int
compare_keys(const struct mend_entry *a, const struct mend_entry *b)
{
    if (a->keyed != b->keyed) return a->keyed ? -1 : 1;
    return a->keyed ? memcmp(a->key, b->key, sizeof a->key) : 0;
}

static int
compare_ranks(const struct mend_entry *a, const struct mend_entry *b)
{
    return a->rank < b->rank ? -1 : a->rank > b->rank;
}

static int
by_key(const void *a, const void *b)
{
    int order = by_object(a, b);

    if (order == 0) order = compare_keys(a, b);
    return order != 0 ? order : by_version(a, b);
}

static int
by_rank(const void *a, const void *b)
{
    int order = by_object(a, b);

    if (order == 0) order = compare_ranks(a, b);
    return order != 0 ? order : by_version(a, b);
}

static bool
have_one_key(const struct mend_entry *a, const struct mend_entry *b)
{
    return a->keyed && b->keyed && compare_keys(a, b) == 0;
}

static bool
have_one_rank(const struct mend_entry *a, const struct mend_entry *b)
{
    return a->rank == b->rank;
}

/* Of each run of the same, which stand side by side, the first one stays. */
static void
drop_doubles(struct mend_entries *m,
    bool (*are_one)(const struct mend_entry *a, const struct mend_entry *b),
    void (*superfluous)(void *arg, uint64_t object, uint64_t id), void *arg)
{
    size_t stays = 0;

    for (size_t i = 1; i < m->count && !m->all[i].dropped; i++) {
        struct mend_entry *e = &m->all[i];
        if (e->object != m->all[stays].object || !are_one(&m->all[stays], e)) {
            stays = i;
            continue;
        }
        e->dropped = true;
        superfluous(arg, e->object, e->id);
    }
}

void
mend_entries(struct mend_entries *m,
    void (*superfluous)(void *arg, uint64_t object, uint64_t id), void *arg)
{
    if (m->count == 0) return;
    qsort(m->all, m->count, sizeof m->all[0], by_key);
    drop_doubles(m, have_one_key, superfluous, arg);
    qsort(m->all, m->count, sizeof m->all[0], by_rank);
    drop_doubles(m, have_one_rank, superfluous, arg);
}
