/**
 * shared.h - operations on shared objects, and their answers. [layer: client]
 *
 *     shared_ask(&a, s, ops, count)   sends, waits; takes the connection's lock
 *     shared_next(&a, &done)          in order; lends until
 *     shared_end(&a)
 *
 * The answer belongs to the caller; only asking takes the lock.
 */
#ifndef SHARED_H
#define SHARED_H

#include "client/call.h"
#include "client/stint_shared.h"
#include "client/sync/named.h"

/* The numbers are those of op.verb. */
enum shared_verb {
    SHARED_GET = 0,
    SHARED_SET = 1,
    SHARED_DELETE = 2,
    SHARED_POP = 3,
    SHARED_SET_DEFAULT = 4,
    SHARED_ADD = 5,
    SHARED_CONTAINS = 6,
    SHARED_CHECK = 7,
    SHARED_LENGTH = 8,
    SHARED_CLEAR = 9,
    SHARED_PAGE = 10,
    SHARED_APPEND = 11,
    SHARED_INSERT = 12,
    SHARED_REMOVE = 13,
    SHARED_INDEX = 14,
    SHARED_COUNT = 15,
    SHARED_REVERSE = 16,
    SHARED_VERSION = 17,
};

/* So much of values goes in one step of a call that may take several. */
enum { SHARED_STEP_BYTES = 1 << 20 };

enum { SHARED_OPS_MAX = 4096, SHARED_KEY_MAX = 4096 };

/* The numbers are those of object_open.kind. */
enum shared_kind { SHARED_DICT = 7, SHARED_LIST = 8, SHARED_VALUES = 9 };

struct shared_answer {
    struct inbound *in;
    struct proto_list done;
    uint64_t failed; /* After an error: which operation. */
};

/** Open an object of a kind; as named_open(). */
int shared_open(struct named *n, struct stint *s, const char *name,
    const struct stint_object_options *options, enum shared_kind kind);

/** An operation on `n` as yet without anything else. */
struct rec_op shared_op(const struct named *n, enum shared_verb verb);

/** 0, or STINT_EINVAL with a sentence: a key or a value that is none. */
int shared_check(const void *bytes, size_t size);
int shared_check_key(const void *key, size_t size);

/** 0, or STINT_ETOOLARGE with a sentence: the master takes no more than its
 * largest payload in one request. */
int shared_check_size(struct stint *s, size_t size);

/** Do `count` operations.  After 0 shared_end() is due. */
int shared_ask(struct shared_answer *a, struct stint *s,
    const struct rec_op *ops, size_t count);

/** The same of operations on one object: an error names it. */
int shared_ask_of(struct shared_answer *a, const struct named *n,
    const struct rec_op *ops, size_t count);

/** What the next operation gave; 0, or STINT_EMALFORMED with a sentence. */
int shared_next(struct shared_answer *a, struct rec_op_done *done);

void shared_end(struct shared_answer *a);

/** Ask for one operation of which only numbers are of interest; `done` has no
 * bytes afterwards.  May be NULL. */
int shared_do(
    const struct named *n, const struct rec_op *op, struct rec_op_done *done);

/** Ask for one operation whose value is given in *out. */
int shared_fetch(const struct named *n, const struct rec_op *op,
    struct rec_op_done *done, struct stint_bytes *out);

/** The same of an add; `sum` and `real` may be NULL. */
int shared_sum(
    const struct named *n, const struct rec_op *op, int64_t *sum, double *real);

/** Copy; 0 or STINT_ENOMEM with a sentence.  Of no bytes there is memory, too.
 */
int shared_copy(struct slice from, struct stint_bytes *out);

/** A number packed into `out`, of PACK_NUMBER_MAX bytes; lends them. */
struct slice shared_int(uint8_t *out, int64_t number);
struct slice shared_double(uint8_t *out, double number);

/** Wait for a change; `key` may be NULL. */
int shared_watch(struct named *n, const void *key, size_t key_size,
    uint64_t *version, int64_t timeout_ms);

#endif
