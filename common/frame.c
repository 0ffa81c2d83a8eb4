#include "common/frame.h"

#include <stdlib.h>

struct frame *
frame_new(uint8_t *bytes, size_t length, uint64_t number)
{
    struct frame *f = malloc(sizeof *f);

    if (f == NULL) return NULL;
    list_init(&f->node);
    f->number = number;
    f->gate = 0;
    atomic_init(&f->owners, 1);
    f->length = length;
    f->bytes = bytes;
    return f;
}

struct frame *
frame_hold(struct frame *f)
{
    (void)atomic_fetch_add_explicit(&f->owners, 1, memory_order_relaxed);
    return f;
}

void
frame_drop(struct frame *f)
{
    if (f == NULL) return;
    if (atomic_fetch_sub_explicit(&f->owners, 1, memory_order_acq_rel) != 1) {
        return;
    }
    free(f->bytes);
    free(f);
}
