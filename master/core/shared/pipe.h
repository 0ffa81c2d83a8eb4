/**
 * pipe.h - a pipe: two ends, and messages to each of them.      [layer: core]
 *
 * In memory only, whatever the master.  A message stays here until its
 * receiver's program has it, so that an end can be passed on with all that was
 * handed out ahead; whoever accepts it is handed that again.
 *
 * An end is held by one session, or nobody took it yet, or it is closed.  Each
 * holder has a grip: a number that was never given before, which every request
 * names; so who held an end once has no effect on it any more.
 *
 * Holds always: who waits for room has another's message before him, or none
 * that fits; who waits for a message finds none, unless his session takes
 * nothing just now.
 */
#ifndef PIPE_H
#define PIPE_H

#include "master/core/shared/holds.h"

enum {
    PIPE_WINDOW = 1 << 20,
    PIPE_MESSAGES = 65536, /* However small. */
    PIPE_TICKET_BYTES = 4 + 8 + 8 + 8 + 1,
};

struct pipe_message {
    struct list node;
    size_t length;
    uint8_t bytes[];
};

/* What goes to one end. */
struct pipe_way {
    struct list messages; /* Those not received, in order. */
    struct list *next;    /* The first not handed out; &messages: none. */
    uint64_t received;    /* Number of the last one that was. */
    uint64_t handed;      /* The same: handed out. */
    uint64_t count;
    uint64_t bytes;
    struct list senders, receivers; /* struct wait_object.node */
};

struct pipe_end {
    struct hold *hold; /* NULL: nobody's yet, or closed. */
    bool taken;        /* Somebody held it. */
    uint64_t grip;     /* Of its holder. */
    uint64_t secret;   /* What makes up a ticket. */
};

struct pipe {
    struct object *object;
    struct key *maker; /* Of one with a name. */
    bool one_way;      /* Only to the first end. */
    uint64_t window;
    uint64_t born; /* All grips of it are greater. */
    struct pipe_end ends[2];
    struct pipe_way ways[2]; /* To ends[0], to ends[1]. */
    struct list due;         /* In objects.pipes. */
};

/** Give a new object a pipe without holders; 0 or STINT_ENOMEM. */
int pipe_furnish(struct core *core, struct object *o);

/** Take it away; nobody waits any more. */
void pipe_strip(struct core *core, struct object *o);

static inline bool
pipe_is_closed(const struct pipe_end *e)
{
    return e->taken && e->hold == NULL;
}

/** One message; NULL without memory. */
struct pipe_message *pipe_message_new(struct slice bytes);

/** Bytes it counts against the budget. */
static inline size_t
pipe_message_memory(size_t length)
{
    return sizeof(struct pipe_message) + length;
}

/** Whether a message of `length` bytes may come behind those that are there. */
bool pipe_fits(const struct pipe *p, const struct pipe_way *way, size_t length);

/** Take a message, which counts already. */
void pipe_push(struct pipe_way *way, struct pipe_message *m);

/** Whether one is there that was not handed out. */
static inline bool
pipe_has_more(const struct pipe_way *way)
{
    return way->next != &way->messages;
}

/** The next one to be handed out, which is there. */
const struct pipe_message *pipe_next(const struct pipe_way *way);

/** It was. */
void pipe_advance(struct pipe_way *way);

/** What was handed out and not received is to be handed out again. */
void pipe_rewind(struct pipe_way *way);

/** All up to the number `received` are; false: they were not handed out. */
bool pipe_received(
    struct core *core, struct pipe *p, struct pipe_way *way, uint64_t received);

/** Free messages that nobody will receive. */
void pipe_drop(struct core *core, struct pipe *p, struct list *messages);

/** Aborts where an invariant is broken, for tests.  Returns how many wait. */
uint64_t pipe_check(const struct pipe *p, uint64_t holds);

#endif
