/**
 * flight.h - pieces of a file under way, a few at a time.     [layer: client]
 *
 * A ring of requests that are answered in the order in which they were asked.
 * The connection's lock is taken inside, for a moment each: files are read and
 * written without it.
 *
 *     flight_begin(&f, s, -1)
 *     while there are more:  if (flight_is_full(&f)) flight_next(&f, …)
 *                            flight_ask(&f, &m, bytes)
 *     while (flight_left(&f) > 0)  flight_next(&f, …)
 *     flight_end(&f)                      at any time
 */
#ifndef FLIGHT_H
#define FLIGHT_H

#include "client/call.h"

/* So many pieces of so many bytes: 2 MiB, half of the window that a master
 * grants. */
enum { FLIGHT_PIECES = 8, FLIGHT_BYTES = 256 << 10 };

struct flight {
    struct stint *s;
    struct call calls[FLIGHT_PIECES];
    unsigned first, count;
    bool shown;    /* An answer is lent. */
    int cancel_fd; /* Readable: no answer is waited for any more.  -1: none. */
};

void flight_begin(struct flight *f, struct stint *s, int cancel_fd);

/** Give up what is under way, and the answer that is lent. */
void flight_end(struct flight *f);

/** How many are not answered. */
static inline unsigned
flight_left(const struct flight *f)
{
    return f->shown ? f->count - 1 : f->count;
}

static inline bool
flight_is_full(const struct flight *f)
{
    return flight_left(f) == FLIGHT_PIECES;
}

/** Ask one more; there is room.  `m` gets the number of its request, and has
 * about `bytes` bytes. */
int flight_ask(struct flight *f, struct msg *m, size_t bytes);

/** Wait for the answer to the oldest request, of which there is one.  Lends
 * *answer until the next call.  Returns 0, or an error, which is said. */
int flight_next(struct flight *f, tick_ns deadline, const struct msg **answer);

/** How long a piece may be: FLIGHT_BYTES, or what the master takes. */
size_t flight_piece(struct stint *s);

#endif
