#include "master/server/newest.h"

#include <stdlib.h>

#include "common/hash.h"
#include "common/stint_error.h"

struct key {
    uint64_t kind, id;
};

struct newest_row {
    UT_hash_handle hh;
    struct key key;
    uint64_t number;
    bool is_bad;
};

void
newest_init(struct newest *n)
{
    memset(n, 0, sizeof *n);
}

void
newest_fini(struct newest *n)
{
    struct newest_row *row, *next;

    HASH_ITER(hh, n->rows, row, next)
    {
        HASH_DEL(n->rows, row);
        free(row);
    }
}

static struct newest_row *
find(const struct newest *n, const struct row *row)
{
    const struct key key = { row->kind, row->id };
    struct newest_row *found;

    HASH_FIND(hh, n->rows, &key, sizeof key, found);
    return found;
}

static struct newest_row *
make(struct newest *n, const struct row *row)
{
    struct newest_row *made = calloc(1, sizeof *made);

    if (made == NULL) return NULL;
    made->key = (struct key){ row->kind, row->id };
    HASH_ADD(hh, n->rows, key, sizeof made->key, made);
    if (HASH_IS_IN(hh, made)) return made;
    free(made);
    return NULL;
}

int
newest_add(struct newest *n, const struct row *row, bool is_bad)
{
    struct newest_row *found = find(n, row);

    n->seen += 1;
    if (row->deleted) {
        if (found == NULL) return 0;
        HASH_DEL(n->rows, found);
        free(found);
        return 0;
    }
    if (found == NULL) found = make(n, row);
    if (found == NULL) return STINT_ENOMEM;
    found->number = n->seen;
    found->is_bad = is_bad;
    return 0;
}

bool
newest_is(const struct newest *n, const struct row *row, uint64_t number)
{
    const struct newest_row *found = find(n, row);

    return found != NULL && found->number == number && !found->is_bad;
}

void
newest_each(const struct newest *n,
    void (*see)(void *arg, unsigned kind, uint64_t id, bool is_bad), void *arg)
{
    for (struct newest_row *row = n->rows; row != NULL; row = row->hh.next)
        see(arg, (unsigned)row->key.kind, row->key.id, row->is_bad);
}
