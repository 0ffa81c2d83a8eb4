/**
 * numbers.h - from request numbers to pointers.                    [layer: rpc]
 *
 * Numbers are given out in a row and forgotten in about the same order, so this
 * is a ring of chunks indexed by the number: no hashing, no moving, and a chunk
 * goes as soon as nothing is left in it.
 */
#ifndef NUMBERS_H
#define NUMBERS_H

#include <stddef.h>
#include <stdint.h>

struct numbers_chunk;

struct numbers {
    struct numbers_chunk *
        *ring;       /* Chunk c is at ring[c % capacity], or NULL. */
    size_t capacity; /* A power of two, or 0. */
    uint64_t first;  /* First chunk that may be there. */
    uint64_t end;    /* Behind the last one. */
    struct numbers_chunk *spare; /* An empty one, to use again. */
};

/** An empty one that owns nothing. */
void numbers_init(struct numbers *t);

/** Free it; the pointers are not its own. */
void numbers_fini(struct numbers *t);

/** Set `count` numbers from `first` on, which are all unset and not below any
 * chunk that was dropped, to `value` (not NULL).
 * Returns 0, or STINT_ENOMEM, nothing changed. */
int numbers_add(struct numbers *t, uint64_t first, uint32_t count, void *value);

/** What `number` is set to, or NULL. */
void *numbers_find(const struct numbers *t, uint64_t number);

/** Unset `count` numbers from `first` on; harmless for those that are not. */
void numbers_remove(struct numbers *t, uint64_t first, uint32_t count);

/** Call `see` for every number that is set; it may remove that one. */
void numbers_each(struct numbers *t,
    void (*see)(void *arg, uint64_t number, void *value), void *arg);

#endif
