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

/* ---- finding ------------------------------------------------------------- */

/* Also one that is only expected. */
static struct owner *
row_of(const struct owning *o, uint64_t thread, const void *handle)
{
    for (size_t i = 0; i < o->count; i++) {
        struct owner *at = &o->owners[i];
        if (at->thread == thread && at->handle == handle) return at;
    }
    return NULL;
}

struct owner *
owning_find(const struct owning *o, uint64_t thread, const void *handle)
{
    struct owner *found = row_of(o, thread, handle);

    if (found != NULL && found->depth > 0) return found;
    for (size_t i = 0; i < o->count; i++) {
        struct owner *at = &o->owners[i];
        if (at->thread == thread && at->depth > 0) return at;
    }
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

/* ---- changing ------------------------------------------------------------ */

static void
remove_at(struct owning *o, size_t i)
{
    o->owners[i] = o->owners[--o->count];
}

int
owning_expect(struct owning *o, uint64_t thread, const void *handle)
{
    if (row_of(o, thread, handle) != NULL) return 0;
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
owning_took(
    struct owning *o, uint64_t thread, const void *handle, uint64_t fence)
{
    o->fence = fence;
    /* With another fence than before, what was before is lost. */
    for (size_t i = o->count; i-- > 0;) {
        const struct owner *at = &o->owners[i];
        if (at->thread == thread && at->depth > 0 && at->fence != fence
            && at->handle != handle) {
            remove_at(o, i);
        }
    }
    struct owner *owner = row_of(o, thread, handle);
    if (owner == NULL) return;
    owner->depth = owner->fence == fence ? owner->depth + 1 : 1;
    owner->fence = fence;
}

void
owning_regained(
    struct owning *o, uint64_t thread, uint64_t before, uint64_t fence)
{
    o->fence = fence;
    for (size_t i = 0; i < o->count; i++) {
        struct owner *at = &o->owners[i];
        if (at->thread == thread && at->fence == before) at->fence = fence;
    }
}

void
owning_drop(struct owning *o, uint64_t thread, uint64_t fence)
{
    for (size_t i = o->count; i-- > 0;) {
        const struct owner *at = &o->owners[i];
        if (at->thread == thread && at->fence == fence) remove_at(o, i);
    }
}

void
owning_gave(struct owning *o, const struct owner *which)
{
    struct owner *owner = row_of(o, which->thread, which->handle);

    if (owner == NULL || owner->fence != which->fence) return;
    owner->depth -= owner->depth > 0;
    if (owner->depth == 0) remove_at(o, (size_t)(owner - o->owners));
}

bool
owning_leave(struct owning *o, const void *handle, struct owner *out)
{
    for (size_t i = 0; i < o->count; i++) {
        if (o->owners[i].handle != handle) continue;
        *out = o->owners[i];
        remove_at(o, i);
        return true;
    }
    return false;
}
