#include "client/inside.h"

#include <stdlib.h>

#include "client/forked.h"

void
inside_hold(struct stint *s)
{
    s->refs++;
}

bool
inside_has_duties(const struct stint *s)
{
    return (s->duties.recalled != NULL || s->duties.show != NULL)
           && !list_is_empty(&s->held);
}

void
inside_drop(struct stint *s)
{
    bool last = --s->refs == 0;

    (void)pthread_mutex_unlock(&s->lock);
    if (!last || s->is_copy) return;
    forked_remove(s);
    numbers_fini(&s->futures);
    buf_fini(&s->traits);
    while (s->chunks != NULL) {
        void *next = *(void **)(void *)s->chunks;
        free(s->chunks);
        s->chunks = next;
    }
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}
