#include "master/core/file_order.h"

#include <stdlib.h>

#include "common/check.h"

enum { FIRST = 16 };

void
file_order_fini(struct file_order *o)
{
    free(o->slots);
    *o = (struct file_order){ .slots = NULL };
}

static bool
resize(struct file_order *o, size_t capacity)
{
    struct file_slot *slots = realloc(o->slots, capacity * sizeof *slots);

    if (slots == NULL) return false;
    o->slots = slots;
    o->capacity = capacity;
    return true;
}

bool
file_order_reserve(struct file_order *o)
{
    if (o->count < o->capacity) return true;
    return resize(o, o->capacity == 0 ? FIRST : o->capacity * 2);
}

void
file_order_add(struct file_order *o, uint64_t serial, struct file *f)
{
    CHECK(o->count < o->capacity);
    CHECK(o->count == 0 || o->slots[o->count - 1].serial < serial);
    o->slots[o->count++] = (struct file_slot){ serial, f };
}

/* The first slot behind `serial`. */
static size_t
place_behind(const struct file_order *o, uint64_t serial)
{
    size_t low = 0, high = o->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (o->slots[middle].serial <= serial) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void
close_up(struct file_order *o)
{
    size_t kept = 0;

    for (size_t i = 0; i < o->count; i++) {
        if (o->slots[i].file != NULL) o->slots[kept++] = o->slots[i];
    }
    o->count = kept;
    o->holes = 0;
    /* What cannot be given back stays. */
    if (o->capacity > FIRST && kept < o->capacity / 4) {
        (void)resize(o, o->capacity / 2);
    }
}

void
file_order_remove(struct file_order *o, uint64_t serial)
{
    size_t at = place_behind(o, serial - 1);

    CHECK(at < o->count && o->slots[at].serial == serial);
    CHECK(o->slots[at].file != NULL);
    o->slots[at].file = NULL;
    o->holes += 1;
    if (o->holes * 2 > o->count) close_up(o);
}

struct file *
file_order_next(const struct file_order *o, uint64_t serial)
{
    for (size_t i = place_behind(o, serial); i < o->count; i++) {
        if (o->slots[i].file != NULL) return o->slots[i].file;
    }
    return NULL;
}

size_t
file_order_memory(const struct file_order *o)
{
    return o->capacity * sizeof o->slots[0];
}
