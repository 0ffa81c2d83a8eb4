/**
 * needs.h - what a worker has, and what a job needs.            [layer: core]
 *
 * Labels and resources.  A label is there or not, with a value or any; of a
 * resource a worker has so many, and a task needs so many.
 */
#ifndef NEEDS_H
#define NEEDS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/slice.h"
#include "proto/codec.h"

enum {
    NEEDS_MAX = 128 + 2,       /* Those of a message, and the program's. */
    NEEDS_TEXT_MAX = 16 << 10, /* All names and values together. */
};

struct trait {
    const char *name;  /* Behind the array, in the same allocation. */
    const char *value; /* "": any, or none. */
    uint64_t count;    /* 0: a label. */
    uint64_t used;     /* Of a worker's resource: taken by what it holds. */
};

/* One bit for each name, and for each name with its value, by hash: who lacks
 * a bit lacks the trait. */
enum { NEEDS_MARKS = 4 };
struct needs_marks {
    uint64_t bits[NEEDS_MARKS];
};

/* By name; the resource of a name before its labels. */
struct needs {
    struct trait *traits; /* Owned, one allocation; NULL: none. */
    uint32_t count;
    struct needs_marks marks;
};

/**
 * Read a list of records `trait`, checked: plain names, no resource twice, no
 * count with a value, within NEEDS_TEXT_MAX.
 * Gives *out (needs_fini() it).  Returns 0, STINT_EINVAL or STINT_ELIMIT (*why
 * says what to change; lends for ever), or STINT_ENOMEM (NULL).
 */
int needs_read(struct proto_list list, struct needs *out, const char **why);

/** The same for a job, whose program asks for more: 1, a command, for the label
 * `exec`; 2 for the label `handler` with that value. */
int needs_of_job(struct proto_list list, unsigned program, struct slice handler,
    struct needs *out, const char **why);

/** As records `trait`, one behind the other. */
void needs_write(const struct needs *n, struct buf *b);

/** And back: 0, STINT_EDAMAGED, STINT_ENOMEM. */
int needs_load(struct slice bytes, struct needs *out);

/** Free what it owns; none is left. */
void needs_fini(struct needs *n);

/** Bytes that it owns. */
size_t needs_memory(const struct needs *n);

bool needs_equal(const struct needs *a, const struct needs *b);

/** Whether a count of something is among them. */
bool needs_counts(const struct needs *n);

/** Whether the marks alone say that `has` lacks something of `need`: most
 * that do not suit are told by that. */
static inline bool
needs_miss(const struct needs_marks *need, const struct needs_marks *has)
{
    uint64_t missing = 0;

    for (int i = 0; i < NEEDS_MARKS; i++)
        missing |= need->bits[i] & ~has->bits[i];
    return missing != 0;
}

/** The first of `n` that one with `traits` has not, were it idle (`now`: as it
 * is now); NULL if it has all. */
const struct trait *needs_lack(
    const struct needs *n, const struct needs *traits, bool now);

#endif
