/**
 * ops.h - one operation on a dict, a list or values.            [layer: core]
 */
#ifndef OPS_H
#define OPS_H

#include "master/core/shared/changes.h"
#include "proto/proto.h"

/* The numbers are those of op.verb. */
enum op_verb {
    OP_GET = 0,
    OP_SET = 1,
    OP_DELETE = 2,
    OP_POP = 3,
    OP_SET_DEFAULT = 4,
    OP_ADD = 5,
    OP_CONTAINS = 6,
    OP_CHECK = 7,
    OP_LENGTH = 8,
    OP_CLEAR = 9,
    OP_PAGE = 10,
    OP_APPEND = 11,
    OP_INSERT = 12,
    OP_REMOVE = 13,
    OP_INDEX = 14,
    OP_COUNT = 15,
    OP_REVERSE = 16,
    OP_VERSION = 17,
};

/* One operation goes through so many entries at most, of 64 bytes or less: some
 * ten milliseconds.  So does all before it in its request. */
enum { OPS_LOOKED_MAX = 1 << 20 };

/* What an operation works with. */
struct step {
    struct shelf *shelf;
    struct changes *changes;
    const struct rec_op *op;
    struct rec_op_done done; /* What it gave; lends until all is settled. */
    struct buf *page;        /* Room for what was read. */
    uint64_t looked;         /* Entries that were gone through. */
    uint8_t sum[16];         /* Of an add. */
};

/** Do it.  Returns 0, or why it cannot be done, nothing changed. */
int ops_run(struct step *step);

#endif
