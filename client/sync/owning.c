#include "client/sync/owning.h"

#include <stdlib.h>
#include <string.h>

#include "common/base.h"
#include "common/sys/say.h"

struct owning *
owning_open(struct stint *s, const char *name)
{
    size_t length = strlen(name);

    LIST_FOREACH (node, after, &s->ownings) {
        struct owning *o = CONTAINER_OF(node, struct owning, node);
        if (strcmp(o->name, name) != 0) continue;
        o->refs++;
        return o;
    }
    struct owning *o = calloc(1, sizeof(*o) + length + 1);
    if (o == NULL) {
        (void)say(STINT_ENOMEM, "no memory for a lock");
        return NULL;
    }
    o->refs = 1;
    memcpy(o->name, name, length);
    list_push(&s->ownings, &o->node);
    return o;
}

void
owning_close(struct owning *o)
{
    if (o == NULL || --o->refs > 0) return;
    list_remove(&o->node);
    free(o->owners);
    free(o);
}

struct owner *
owning_find(const struct owning *o, uint64_t thread)
{
    for (size_t i = 0; i < o->count; i++)
        if (o->owners[i].thread == thread) return &o->owners[i];
    return NULL;
}

struct owner *
owning_last(const struct owning *o)
{
    struct owner *last = NULL;

    for (size_t i = 0; i < o->count; i++) {
        struct owner *at = &o->owners[i];
        if (at->depth == 0) continue;
        if (last == NULL || at->fence > last->fence) last = at;
    }
    return last;
}

int
owning_expect(struct owning *o, uint64_t thread, const void *handle)
{
    if (owning_find(o, thread) != NULL) return 0;
    if (o->count == o->capacity) {
        size_t want = o->capacity == 0 ? 4 : o->capacity * 2;
        struct owner *grown = realloc(o->owners, want * sizeof(*grown));
        if (grown == NULL) {
            return say(STINT_ENOMEM, "no memory for an owner of a lock");
        }
        o->owners = grown;
        o->capacity = want;
    }
    o->owners[o->count++] =
        (struct owner){ .thread = thread, .handle = handle };
    return 0;
}

void
owning_took(struct owning *o, uint64_t thread, uint64_t fence)
{
    struct owner *owner = owning_find(o, thread);

    o->fence = fence;
    if (owner == NULL) return;
    /* With another fence than before, what was before is lost. */
    owner->depth = owner->fence == fence ? owner->depth + 1 : 1;
    owner->fence = fence;
}

void
owning_drop(struct owning *o, uint64_t thread, uint64_t fence)
{
    struct owner *owner = owning_find(o, thread);

    if (owner == NULL || owner->fence != fence) return;
    *owner = o->owners[--o->count];
}

void
owning_gave(struct owning *o, uint64_t thread, uint64_t fence)
{
    struct owner *owner = owning_find(o, thread);

    if (owner == NULL || owner->fence != fence) return;
    if (owner->depth > 1) {
        owner->depth--;
    } else {
        owning_drop(o, thread, fence);
    }
}
