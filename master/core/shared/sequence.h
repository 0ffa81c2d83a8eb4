/**
 * sequence.h - entries by their places.                         [layer: core]
 *
 * An array with room at both ends, so that taking the first, or putting one
 * before it, costs no more than at the end.  Of values some may be NULL: never
 * set, zero.
 */
#ifndef SEQUENCE_H
#define SEQUENCE_H

#include <stdbool.h>

#include "master/core/shared/entry.h"

struct sequence {
    struct entry **all; /* Owned. */
    size_t first, count, capacity;
    size_t memory;  /* Of the entries, but not of the array. */
    uint64_t moved; /* How many places were, so far: what it all cost. */
};

void sequence_init(struct sequence *q);

/** Free all that it has. */
void sequence_fini(struct sequence *q);

/** Take out the last place, and give its entry, or NULL, in *last; false when
 * nothing is left.  It is not looked into any more. */
bool sequence_scrap_last(struct sequence *q, struct entry **last);

/** Make room for one more; false without memory. */
bool sequence_reserve(struct sequence *q);

/** Make it `count` of nothing; false without memory. */
bool sequence_fill(struct sequence *q, size_t count);

static inline struct entry *
sequence_at(const struct sequence *q, size_t at)
{
    return q->all[q->first + at];
}

/** Put `e` (may be NULL) at place `at`, which is there.  Gives what was there.
 */
struct entry *sequence_set(struct sequence *q, size_t at, struct entry *e);

/** Put `e` before place `at` <= count.  There must be room: reserved, or left
 * by a sequence_take(). */
void sequence_insert(struct sequence *q, size_t at, struct entry *e);

/** Take out and give the entry at `at`. */
struct entry *sequence_take(struct sequence *q, size_t at);

void sequence_reverse(struct sequence *q);

/** Let go of room that is not needed. */
void sequence_settle(struct sequence *q);

/** Bytes in all. */
size_t sequence_memory(const struct sequence *q);

/** Aborts where an invariant is broken: for tests. */
void sequence_check(const struct sequence *q);

#endif
