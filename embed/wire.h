/**
 * wire.h - what befalls frames between a master and its peers. [layer: embed]
 *
 * Knows each connection (line) and whose it is (peer: a session, from its
 * hello), draws for each frame what happens to it, holds frames back and breaks
 * connections.  A broken one is dark from then on: what still comes on it is
 * swallowed, and its socket is shut down under libzmq, which tells both ends.
 * The lines of a dead peer are dark too, but stay open.
 *
 * Lines and peers are kept until the end: some hundred bytes each.
 * Of the loop's thread.
 */
#ifndef WIRE_H
#define WIRE_H

#include "client/stint_test.h"
#include "common/list.h"
#include "master/server/loop.h"

struct wire_peer;
struct wire_line;

struct wire {
    struct stint_test_fault fault;
    char only[PROTO_NAME_MAX + 1]; /* fault.peer; "": all. */
    struct stint_test_count count;
    uint8_t draws[16];       /* Key of all draws, from the seed. */
    unsigned kills;          /* By chance, since the faults were set. */
    struct list peers;       /* In the order in which they came. */
    struct wire_line *lines; /* By number. */
    uint32_t held;           /* Frames on their way, in all. */
};

/** No peer, no fault. */
void wire_init(struct wire *w);

/** Drop what is held and all that is known. */
void wire_fini(struct wire *w);

/** Set what goes wrong from now on. */
void wire_set(struct wire *w, const struct stint_test_fault *fault);

/** Deliver what has been held back long enough. */
void wire_turn(struct wire *w, struct loop *l);

/** As loop_seam.arrived and loop_seam.leaves. */
bool wire_arrived(struct wire *w, struct loop *l, uint64_t conn,
    const uint8_t key[PROTO_KEY_BYTES], void *message);
bool wire_leaves(
    struct wire *w, struct loop *l, uint64_t conn, struct frame *frame);

/** How long until wire_turn() has something to do; TICK_NEVER. */
tick_ns wire_left(const struct wire *w);

/** Kill the peers of this name; NULL: all workers.  Returns how many. */
int wire_kill(struct wire *w, struct loop *l, const char *name);

#endif
