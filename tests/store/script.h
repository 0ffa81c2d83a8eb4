/**
 * script.h - a run of a store that is known beforehand.                [tests]
 *
 * Batches 1 … count of puts, replacements and deletes, all drawn from a seed:
 * mostly small rows, now and then one larger than a segment; most rows die
 * young, one stays for ever.  Each batch also writes the marker row, which says
 * how far the run has come: so whatever a store holds after a crash can be
 * compared with the one state it may be.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/row.h"

/* Kinds of rows that a script writes; the marker's comes first in a scan. */
enum { SCRIPT_MARKER = 3, SCRIPT_TASK = 7, SCRIPT_STATE = 8 };

enum { SCRIPT_CHANGES = 12 }; /* At most, in one batch. */

struct script_change {
    unsigned kind;
    uint64_t id;
    bool deleted;
};

struct script_batch {
    struct script_change changes[SCRIPT_CHANGES];
    unsigned count;
    bool sync;
    bool reopen; /* The store is closed and opened behind it. */
};

struct script {
    uint64_t seed;
    unsigned count;               /* Of batches. */
    bool keeps;                   /* It deletes nothing. */
    uint32_t segment, large;      /* Bytes: of a segment, of the largest row. */
    struct script_batch *batches; /* Owned; [0] is not used. */
    uint16_t *writers;            /* Owned: see script_writer(). */
    uint32_t *rows;               /* Owned: rows after each batch. */
    uint64_t ids;                 /* 1 … ids - 1 of tasks and of states. */
};

/** `large`: 0 for none.  `keeps`: nothing is ever deleted. */
void script_init(struct script *s, uint64_t seed, unsigned count,
    uint32_t segment, uint32_t large, bool keeps);
void script_fini(struct script *s);

/** Append the changes of a batch as store_commit() takes them. */
void script_ops(const struct script *s, unsigned batch, struct buf *out);

/** The batch that wrote what the row is once batch `n` is done; 0: there is no
 * such row then. */
unsigned script_writer(
    const struct script *s, unsigned n, unsigned kind, uint64_t id);

/** How many rows there are once batch `n` is done. */
uint32_t script_rows(const struct script *s, unsigned n);

/** Append the value that `batch` gave to a row. */
void script_value(const struct script *s, unsigned kind, uint64_t id,
    unsigned batch, struct buf *out);

/** The batch that a value of the marker row is of; 0: it is none. */
unsigned script_marked(struct slice value);

#endif
