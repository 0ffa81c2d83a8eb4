/**
 * future.h - results that are on their way.                   [layer: client]
 *
 * A future is found by the request number that put its task.  All under the
 * lock of the connection.
 */
#ifndef FUTURE_H
#define FUTURE_H

#include "client/inside.h"

/* Where futures go that somebody wants to see in the order of their ends. */
struct future_ends {
    struct list list; /* Of those that ended and were not taken. */
};

struct stint_future {
    struct list node; /* Among the free ones, or in `ends`. */
    struct stint *s;
    uint64_t number;    /* Request that put it. */
    uint64_t task;      /* 0: not accepted yet. */
    bool fleeting;      /* It ends with this start of the master. */
    char *block;        /* Owned: the worker's name, then a small result. */
    struct inbound *in; /* Keeps a large result alive, or NULL. */
    struct stint_bytes result;
    int code;
    unsigned attempts;
    bool ready;
    struct future_ends *ends; /* NULL: nobody asks for an order. */
    void *tag;                /* Of whom asks. */
};

/** One that belongs to no number yet; NULL without memory. */
struct stint_future *future_new(struct stint *s);

/** Its memory is free for another one; it is in no table. */
void future_recycle(struct stint_future *f);

/** `count` puts from request `number` on were accepted, as tasks from `task`;
 * `fleeting`: by a master that forgets them when it is started again. */
void future_accepted(struct stint *s, uint64_t number, uint64_t count,
    uint64_t task, bool fleeting);

/** They were not. */
void future_refused(struct stint *s, uint64_t number, uint64_t count, int code,
    struct slice text);

/** One ended. */
void future_ended(struct stint *s, const struct rec_result *result);

/** The master kept nothing of the session: no result comes for what was
 * accepted. */
void future_lose_accepted(struct stint *s);

/** The master was started again and knows our session: what it had in memory
 * only is gone. */
void future_lose_fleeting(struct stint *s);

/** Those that are open and go to `ends` end with `code`. */
void future_fail_ends(struct stint *s, const struct future_ends *ends, int code,
    const char *text);

/** All that are open end with `code`. */
void future_fail_all(struct stint *s, int code, const char *text);

#endif
