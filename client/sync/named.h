/**
 * named.h - what all handles of named objects share.          [layer: client]
 *
 * A handle counts among the `refs` of its connection, so that it may outlive
 * stint_close(); its calls then say STINT_ECLOSED.
 *
 * An object that lives in memory is gone when its master was started anew.  Who
 * made it then makes it again, as it was made: a lock is a lock after a
 * restart, too, and who held it is told STINT_ESTALE by his release.
 */
#ifndef NAMED_H
#define NAMED_H

#include "client/inside.h"

/* The numbers are those of object_open.kind. */
enum named_kind {
    NAMED_LOCK = 1,
    NAMED_RLOCK = 2,
    NAMED_SEMAPHORE = 3,
    NAMED_CONDITION = 4,
    NAMED_EVENT = 5,
    NAMED_BARRIER = 6,
    NAMED_DICT = 7,
    NAMED_LIST = 8,
    NAMED_VALUES = 9,
    NAMED_PIPE = 10,
};

struct named {
    struct stint *s;
    struct msg_object_open open; /* As it was opened; names are those below. */
    bool as_it_is;   /* Opened without options: what is there is meant. */
    unsigned starts; /* Of the session's beginnings: when it was opened. */
    char name[PROTO_NAME_MAX + 1];
    char lock[PROTO_NAME_MAX + 1];
};

/** 0, or STINT_EINVAL with a sentence, for names and words of a caller; *out:
 * object_open.durability. */
int named_check(const char *name, const char *durability, uint64_t *out);

/**
 * Open what `open` says, under `name`, with the lock `lock` (or NULL); its
 * texts and request need not be set.  Enters the connection.
 *
 * Returns 0, or what the opens of stint_sync.h return, and a sentence is said.
 */
int named_open(struct named *n, struct stint *s, const char *name,
    const char *lock, const struct msg_object_open *open);

/** The handle is gone; enters the connection. */
void named_close(struct named *n);

/** After `code`: whether the object went with an old start of its master and is
 * there again now, so that it is worth asking once more.  Under the lock. */
bool named_is_back(struct named *n, int code);

#endif
