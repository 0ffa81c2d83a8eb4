#include "master/core/shared/changes.h"

#include <stdlib.h>

#include "common/check.h"

void
changes_init(struct changes *c)
{
    *c = (struct changes){ .all = NULL };
    list_init(&c->touched);
}

void
changes_fini(struct changes *c)
{
    CHECK(c->count == 0 && list_is_empty(&c->touched));
    free(c->all);
}

bool
changes_reserve(struct changes *c)
{
    if (c->count < c->capacity) return true;

    size_t want = c->capacity == 0 ? 4 : c->capacity * 2;
    struct change *all = realloc(c->all, want * sizeof *all);
    if (all == NULL) return false;
    c->all = all;
    c->capacity = want;
    return true;
}

void
changes_note(struct changes *c, const struct change *change)
{
    CHECK(c->count < c->capacity);
    c->all[c->count++] = *change;
}
