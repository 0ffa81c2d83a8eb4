#include "master/core/shared/object.h"

#include <stdlib.h>

#include "common/base.h"
#include "common/check.h"
#include "common/text.h"
#include "master/core/inside.h"
#include "master/core/keyed_hash.h"

enum { OBJECTS_OF_A_WORKER = 256 };

static uint64_t
hash_of(const struct core *core, struct slice name)
{
    return keyed_hash(name, core->journal.secret);
}

static struct slice
name_of(const struct object *o)
{
    return (struct slice){ (const uint8_t *)o->name, o->name_length };
}

struct object *
object_find(const struct core *core, struct slice name)
{
    struct hashtable_node *node =
        hashtable_find(&core->objects.by_name, hash_of(core, name));

    for (; node != NULL; node = hashtable_next(node)) {
        struct object *o = CONTAINER_OF(node, struct object, by_name);
        if (slice_equal(name_of(o), name)) return o;
    }
    return NULL;
}

struct object *
object_numbered(const struct core *core, uint64_t number)
{
    struct object *found;

    HASH_FIND(
        by_number, core->objects.by_number, &number, sizeof number, found);
    return found;
}

bool
object_is_name(struct slice name)
{
    return name.length >= 1 && name.length <= PROTO_NAME_MAX
           && text_is_plain(name);
}

bool
object_made_enough(const struct key *key)
{
    return !key_may_submit(key)
           && key->objects + key->pipes >= OBJECTS_OF_A_WORKER;
}

bool
object_has_room(const struct core *core, size_t size)
{
    size_t budget = core->config.memory_max - core->config.memory_max / 8;

    return core->memory + core->out + size <= budget;
}

bool
object_has_room_to_hold(const struct core *core, size_t size)
{
    return core->memory + core->out + size <= core->config.memory_max;
}

bool
object_is_kept(const struct core *core, const struct object *o)
{
    return core->config.durable && o->durability != QUEUE_MEMORY;
}

static struct object *
make(uint64_t number, struct slice name, enum object_kind kind, uint8_t flags)
{
    size_t size = sizeof(struct object) + name.length + 1;
    struct object *o = calloc(1, size);

    if (o == NULL) return NULL;
    o->number = number;
    o->kind = (uint8_t)kind;
    o->flags = flags;
    o->memory = size;
    o->name_length = name.length;
    memcpy(o->name, name.bytes, name.length);
    list_init(&o->line);
    list_init(&o->holds);
    return o;
}

struct object *
object_restore(struct core *core, uint64_t number, struct slice name,
    enum object_kind kind, uint8_t flags)
{
    struct objects *table = &core->objects;
    struct object *o = make(number, name, kind, flags);

    if (o == NULL) return NULL;
    HASH_ADD(by_number, table->by_number, number, sizeof o->number, o);
    if (!HASH_IS_IN(by_number, o)) {
        free(o);
        return NULL;
    }
    if ((flags & OBJECT_HIDDEN) == 0) {
        hashtable_add(&table->by_name, &o->by_name, hash_of(core, name_of(o)));
    }
    if (number > table->last) table->last = number;
    core->memory += o->memory;
    return o;
}

struct object *
object_add(
    struct core *core, struct slice name, enum object_kind kind, uint8_t flags)
{
    return object_restore(core, core->objects.last + 1, name, kind, flags);
}

void
object_remove(struct core *core, struct object *o)
{
    CHECK(o->waiting == 0 && list_is_empty(&o->holds));
    if ((o->flags & OBJECT_HIDDEN) == 0) {
        hashtable_remove(&core->objects.by_name, &o->by_name);
    }
    HASH_DELETE(by_number, core->objects.by_number, o);
    core->memory -= o->memory;
    free(o);
}

void
object_grow(struct core *core, struct object *o, int64_t more)
{
    /* Unsigned, a negative one is taken away. */
    o->memory += (size_t)more;
    core->memory += (size_t)more;
}
