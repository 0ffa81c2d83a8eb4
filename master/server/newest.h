/**
 * newest.h - which row of a log is the last one of its key.   [layer: server]
 *
 * A log shows a row as often as it changed.  Read once, this remembers for each
 * key (kind and id) the number of its last row; read again, it says which those
 * are.  About 100 bytes a key.
 */
#ifndef NEWEST_H
#define NEWEST_H

#include <stdbool.h>
#include <stdint.h>

#include "common/row.h"

struct newest_row;

struct newest {
    struct newest_row *rows; /* Owned. */
    uint64_t seen;           /* Rows shown so far. */
};

void newest_init(struct newest *n);
void newest_fini(struct newest *n);

/** The next row of the log; `is_bad`: it cannot be read.  Returns 0 or
 * STINT_ENOMEM; nothing is said. */
int newest_add(struct newest *n, const struct row *row, bool is_bad);

/** Is row number `number` (from 1) the last one of its key, and good? */
bool newest_is(const struct newest *n, const struct row *row, uint64_t number);

/** Show each key that is there, in the order of their first rows. */
void newest_each(const struct newest *n,
    void (*see)(void *arg, unsigned kind, uint64_t id, bool is_bad), void *arg);

#endif
