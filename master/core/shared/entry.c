#include "master/core/shared/entry.h"

#include <stdlib.h>

struct entry *
entry_new(struct slice value)
{
    struct entry *e = malloc(sizeof *e + value.length);

    if (e == NULL) return NULL;
    *e = (struct entry){ .length = value.length };
    if (value.length > 0) memcpy(e->bytes, value.bytes, value.length);
    return e;
}

void
entry_free(struct entry *e)
{
    free(e);
}
