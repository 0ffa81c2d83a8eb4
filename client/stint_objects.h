/**
 * stint_objects.h - which named objects a master has, who holds them, what is in
 * them.
 *
 * For programs that look after locks, dicts and pipes that others made, as
 * `stint objects` does: no kind has to be known, and nothing is opened or made.
 * Rows are not of one instant.
 *
 * What their texts and bytes point to is lent for the call of `see`; another value
 * than 0 from it ends the list and is returned.
 */
#ifndef STINT_OBJECTS_H
#define STINT_OBJECTS_H

#include <stint_shared.h>

#ifdef __cplusplus
extern "C" {
#endif

enum stint_object_kind {
    STINT_OBJECT_LOCK = 1,
    STINT_OBJECT_RLOCK = 2,
    STINT_OBJECT_SEMAPHORE = 3,
    STINT_OBJECT_CONDITION = 4,
    STINT_OBJECT_EVENT = 5,
    STINT_OBJECT_BARRIER = 6,
    STINT_OBJECT_DICT = 7,
    STINT_OBJECT_LIST = 8,
    STINT_OBJECT_VALUES = 9, /* A Value or an Array. */
    STINT_OBJECT_PIPE = 10
};

enum stint_object_how {
    STINT_HOLDS = 0,
    STINT_WAITS = 1,       /* To acquire it, or for what it tells. */
    STINT_WAITS_AGAIN = 2, /* Was notified by a condition, or waited long enough:
                              for its lock. */
    STINT_WATCHES = 3,
    STINT_SENDS = 4,       /* Into a pipe that is full. */
    STINT_RECEIVES = 5,
    STINT_PASSES = 6       /* Until another one has run the barrier's action. */
};

/** A session that holds an object, or a request that waits for it. */
struct stint_object_user {
    enum stint_object_how how;
    const char *name, *host, *key; /* As it calls itself and its host; its key. */
    int64_t pid;                   /* 0: not known. */
    bool away;                     /* It has no connection now. */
    uint64_t holder;  /* Which thread of it; of a pipe which end, 0 or 1. */
    uint64_t count;   /* Holds: how often, or how many permits. */
    uint64_t fence;   /* Holds: of the acquisition. */
    int64_t held_ns;  /* Holds: for so long; 0: not known. */
    int64_t left_ns;  /* Waits: for so much longer; INT64_MAX: for ever. */
};

struct stint_object_row {
    const char *name; /* Empty: a pipe that has none. */
    uint64_t number;
    enum stint_object_kind kind;
    const char *durability;
    const char *lock; /* Of a condition: the name of its lock, or empty. */
    enum stint_value_type type; /* Of values. */
    uint64_t size;  /* Permits at the beginning; parties; how many values, 0: one
                       that is no array; the window of a pipe. */
    uint64_t count; /* Entries; permits that are free; parties that are there;
                       messages of a pipe; 1: the event is set. */
    uint64_t bytes; /* Memory of the master that it takes. */
    uint64_t version; /* How often it was changed. */
    uint64_t waiting; /* Who waits for it or watches it: how many requests. */
    bool bounded, no_return; /* Of a semaphore, as it was opened. */
    bool owner_died;  /* The last owner of the lock did, while it held. */
    bool broken;      /* The barrier is. */
    bool one_way;     /* The pipe's first end only reads. */
    bool closed[2];   /* Ends of a pipe. */
    struct {
        uint64_t messages, bytes; /* That are not received. */
    } to[2];          /* To the ends of a pipe. */
    bool held;        /* Somebody holds it; of a condition: its lock. */
    struct stint_object_user holder; /* The first of them. */
};

/**
 * The named objects, or the one that is called `only` (NULL: all), in the order in
 * which they were made.
 *
 * Returns: 0, STINT_ENOOBJECT (there is none of this name), and what every call may
 *          return.
 */
STINT_CHECK int stint_list_objects(struct stint *s, const char *only,
    int (*see)(void *arg, const struct stint_object_row *row), void *arg,
    int64_t timeout_ms);

/** Who holds the object `name`, then who waits for it, first come first; 10,000 of
 * them at most.  STINT_ENOOBJECT. */
STINT_CHECK int stint_list_object_users(struct stint *s, const char *name,
    int (*see)(void *arg, const struct stint_object_user *user), void *arg,
    int64_t timeout_ms);

/** What is in a dict, a list or values, in its order, read in pages as by
 * stint_dict_each(); only entries of a dict have a key.  Returns 0, STINT_ENOOBJECT,
 * or STINT_ETYPE (it is of another kind). */
STINT_CHECK int stint_object_each(struct stint *s, const char *name,
    int (*see)(void *arg, const struct stint_entry *entry), void *arg);

/** As stint_object_delete(), unless somebody holds it, waits for it or watches it:
 * STINT_EBUSY, and it is as it was. */
STINT_CHECK int stint_object_delete_idle(struct stint *s, const char *name);

#ifdef __cplusplus
}
#endif

#endif
