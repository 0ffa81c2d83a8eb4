/**
 * object.h - one named object, and the table of them.           [layer: core]
 *
 * Locks, semaphores, conditions, events, barriers, dicts, lists, values, pipes:
 * one namespace, and a head that all of them share.  What a kind has of its own
 * is in the union; who works on it is the file of that kind.
 *
 * This is the table only.  What it means to open and to delete one is in
 * objects.h, which knows all kinds.
 */
#ifndef OBJECT_H
#define OBJECT_H

#include "common/hash.h"

#include <stdbool.h>
#include <stdint.h>

#include "common/hashtable.h"
#include "common/list.h"
#include "common/slice.h"

struct core;
struct hold;
struct key;
struct pipe;
struct shelf;

/* The numbers are those of object_open.kind. */
enum object_kind {
    OBJECT_LOCK = 1,
    OBJECT_RLOCK = 2,
    OBJECT_SEMAPHORE = 3,
    OBJECT_CONDITION = 4,
    OBJECT_EVENT = 5,
    OBJECT_BARRIER = 6,
    OBJECT_DICT = 7,
    OBJECT_LIST = 8,
    OBJECT_VALUES = 9,
    OBJECT_PIPE = 10,
};

/* The numbers are those of object_open.type. */
enum values_type {
    VALUES_WHOLE = 1, /* int64 */
    VALUES_REAL = 2,  /* double */
    VALUES_BYTES = 3,
};

/* The bits are those of object_open.flags. */
enum {
    OBJECT_BOUNDED = 1,
    OBJECT_NO_RETURN = 2,
    OBJECT_ACTS = 4,
    OBJECT_FLAGS = 7,    /* All that a client may set. */
    OBJECT_GONE = 64,    /* Only in its row: it is deleted, and entries of it
                            still have theirs. */
    OBJECT_HIDDEN = 128, /* In no name: a lock that a condition has for itself,
                            a pipe without a name, what is gone. */
};

struct object {
    struct hashtable_node by_name;
    UT_hash_handle by_number;
    uint64_t number;    /* Grows; the id of its row. */
    uint8_t kind;       /* enum object_kind */
    uint8_t durability; /* enum queue_durability */
    uint8_t flags, type;
    uint64_t size;    /* As in object_open. */
    uint64_t version; /* Grows with each change of what it has. */
    size_t memory;    /* Of its own and of what it has; see object_memory(). */

    struct list line;  /* struct wait_object: who waits, first come first. */
    struct list holds; /* struct hold, in the order of their taking. */
    uint64_t waiting;  /* How many wait, in whichever line. */

    union {
        struct {
            struct hold *owner;  /* NULL: free. */
            struct list first;   /* Who was notified goes before the line. */
            uint64_t fence;      /* Of the last acquisition. */
            bool died;           /* The last owner did, while it held. */
            uint64_t conditions; /* That use it. */
        } lock;
        struct {
            uint64_t permits; /* That are free. */
            uint64_t held;    /* And not free; both together <= INT64_MAX. */
        } semaphore;
        struct {
            struct object *lock;
        } condition;
        struct {
            bool set;
        } event;
        struct {
            struct list passing; /* Who goes on when the action is done. */
            uint64_t passing_count;
            bool broken; /* Until it is reset. */
        } barrier;
        struct shelf *shelf; /* Of a dict, a list, values. */
        struct pipe *pipe;
    } is;
    size_t name_length;
    char name[];
};

struct objects {
    struct hashtable by_name; /* Without the hidden ones. */
    struct object *by_number; /* uthash; all of them, in that order. */
    uint64_t last;            /* Number given last. */
    uint64_t holds;           /* Id of the row of a hold given last. */
    uint64_t entries;         /* The same, of an entry of a shelf. */
    uint64_t fence;           /* Given last, of all objects. */
    struct list graves;       /* struct grave: being freed. */
    struct list pipes;   /* struct pipe.due: whose receivers have room again. */
    struct list watched; /* struct shelf.watched: to be told in this turn. */
};

/** The object `name`, or NULL. */
struct object *object_find(const struct core *core, struct slice name);

/** The object of this number, or NULL. */
struct object *object_numbered(const struct core *core, uint64_t number);

/** Whether it can be owned by one alone. */
static inline bool
object_is_lock(const struct object *o)
{
    return o->kind == OBJECT_LOCK || o->kind == OBJECT_RLOCK;
}

/** Whether it has a shelf, with what is shared. */
static inline bool
object_is_shared(const struct object *o)
{
    return o->kind == OBJECT_DICT || o->kind == OBJECT_LIST
           || o->kind == OBJECT_VALUES;
}

/** Whether it may be a name: 1 to 255 bytes of plain text. */
bool object_is_name(struct slice name);

/** Whether it has made as many objects with names as it may: a key with the
 * role work 256. */
bool object_made_enough(const struct key *key);

/** Whether `size` more bytes fit: as of a put, an eighth is left for what ends
 * something. */
bool object_has_room(const struct core *core, size_t size);

/** Whether a hold of so many bytes fits, which is small, and without which
 * nobody would get on: as of a result, up to the whole budget. */
bool object_has_room_to_hold(const struct core *core, size_t size);

/** Whether rows are written of it. */
bool object_is_kept(const struct core *core, const struct object *o);

/**
 * Make an object and put it into the table, under the next number; with the
 * flag OBJECT_HIDDEN under no name.  The caller gives it what its kind has, and
 * writes its row.
 *
 * Returns NULL, nothing changed, without memory.
 */
struct object *object_add(
    struct core *core, struct slice name, enum object_kind kind, uint8_t flags);

/** The same under a number that the store has; it must not be there. */
struct object *object_restore(struct core *core, uint64_t number,
    struct slice name, enum object_kind kind, uint8_t flags);

/** Out of the table, and free it.  Nobody waits for it or holds it, and what
 * its kind had is gone. */
void object_remove(struct core *core, struct object *o);

/** It has `more` bytes more, or as many fewer if `more` is negative. */
void object_grow(struct core *core, struct object *o, int64_t more);

#endif
