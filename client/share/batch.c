#include <stdlib.h>
#include <string.h>

#include "client/pump.h"
#include "client/share/blame_op.h"
#include "client/share/handles.h"
#include "common/buf.h"
#include "common/sys/say.h"

/* Bytes of an operation, in batch.bytes, which moves as it grows. */
struct span {
    size_t from, length;
};

struct gathered {
    enum shared_verb verb;
    uint64_t kind; /* Of its object. */
    struct span object, key, value;
    int64_t at, only_if;
};

struct stint_batch {
    struct stint *s;
    struct gathered *ops; /* Owned. */
    size_t count, capacity;
    struct buf bytes;
    int error;
    struct shared_answer answer; /* Of the last run. */
    struct rec_op_done *done;    /* The same, read; owned. */
    size_t done_count;
};

struct stint_batch *
stint_batch_new(struct stint *s)
{
    struct stint_batch *b = calloc(1, sizeof *b);

    if (b == NULL) {
        (void)say(STINT_ENOMEM, "no memory for a batch");
        return NULL;
    }
    b->s = s;
    buf_init(&b->bytes);
    (void)pthread_mutex_lock(&s->lock);
    inside_hold(s);
    (void)pthread_mutex_unlock(&s->lock);
    return b;
}

static void
forget_answer(struct stint_batch *b)
{
    shared_end(&b->answer);
    free(b->done);
    b->done = NULL;
    b->done_count = 0;
}

void
stint_batch_free(struct stint_batch *b)
{
    if (b == NULL) return;
    forget_answer(b);
    buf_fini(&b->bytes);
    free(b->ops);
    (void)pthread_mutex_lock(&b->s->lock);
    inside_drop(b->s);
    free(b);
}

/* ---- gathering ----------------------------------------------------------- */

static struct span
keep(struct stint_batch *b, struct slice bytes)
{
    struct span span = { b->bytes.length, bytes.length };

    buf_append(&b->bytes, bytes.bytes, bytes.length);
    return span;
}

static bool
reserve(struct stint_batch *b)
{
    if (b->count < b->capacity) return true;

    size_t want = b->capacity == 0 ? 16 : b->capacity * 2;
    struct gathered *ops = realloc(b->ops, want * sizeof *ops);
    if (ops == NULL) return false;
    b->ops = ops;
    b->capacity = want;
    return true;
}

static int
check(struct stint_batch *b, const struct named *n, const struct rec_op *op)
{
    if (n->s != b->s) {
        return say(STINT_EINVAL, "\"%s\" is not of the batch's own connection",
            n->name);
    }
    if (b->count >= SHARED_OPS_MAX) {
        return say(
            STINT_EINVAL, "a batch has at most %d operations", SHARED_OPS_MAX);
    }
    int rc = shared_check(op->value.bytes, op->value.length);
    if (rc == 0) rc = shared_check_key(op->key.bytes, op->key.length);
    if (rc != 0) return rc;
    return reserve(b) ? 0 : STINT_ENOMEM;
}

static void
add(struct stint_batch *b, const struct named *n, const struct rec_op *op)
{
    if (b->error == 0) b->error = check(b, n, op);
    if (b->error != 0) return;
    b->ops[b->count++] = (struct gathered){
        .verb = (enum shared_verb)op->verb,
        .kind = n->open.kind,
        .object = keep(b, op->object),
        .key = keep(b, op->key),
        .value = keep(b, op->value),
        .at = op->at,
        .only_if = op->only_if,
    };
    if (b->bytes.failed) b->error = STINT_ENOMEM;
}

static struct rec_op
of_key(const struct stint_dict *d, enum shared_verb verb, const void *key,
    size_t key_size)
{
    struct rec_op op = shared_op(&d->n, verb);

    op.key = (struct slice){ key, key_size };
    return op;
}

void
stint_batch_dict_set(struct stint_batch *b, struct stint_dict *d,
    const void *key, size_t key_size, const void *value, size_t size)
{
    struct rec_op op = of_key(d, SHARED_SET, key, key_size);

    op.value = (struct slice){ value, size };
    add(b, &d->n, &op);
}

void
stint_batch_dict_get(struct stint_batch *b, struct stint_dict *d,
    const void *key, size_t key_size)
{
    const struct rec_op op = of_key(d, SHARED_GET, key, key_size);

    add(b, &d->n, &op);
}

void
stint_batch_dict_delete(struct stint_batch *b, struct stint_dict *d,
    const void *key, size_t key_size)
{
    const struct rec_op op = of_key(d, SHARED_DELETE, key, key_size);

    add(b, &d->n, &op);
}

void
stint_batch_dict_add(struct stint_batch *b, struct stint_dict *d,
    const void *key, size_t key_size, int64_t by)
{
    struct rec_op op = of_key(d, SHARED_ADD, key, key_size);
    uint8_t packed[PACK_NUMBER_MAX];

    op.value = shared_int(packed, by);
    add(b, &d->n, &op);
}

void
stint_batch_dict_check(struct stint_batch *b, struct stint_dict *d,
    const void *key, size_t key_size, uint64_t version)
{
    struct rec_op op = of_key(d, SHARED_CHECK, key, key_size);

    op.only_if = version > 0 ? (int64_t)(version & INT64_MAX) : -1;
    add(b, &d->n, &op);
}

void
stint_batch_list_append(
    struct stint_batch *b, struct stint_list *l, const void *value, size_t size)
{
    struct rec_op op = shared_op(&l->n, SHARED_APPEND);

    op.value = (struct slice){ value, size };
    add(b, &l->n, &op);
}

void
stint_batch_list_pop(struct stint_batch *b, struct stint_list *l, int64_t at)
{
    struct rec_op op = shared_op(&l->n, SHARED_POP);

    op.at = at;
    add(b, &l->n, &op);
}

void
stint_batch_value_add(
    struct stint_batch *b, struct stint_value *v, int64_t at, int64_t by)
{
    struct rec_op op = shared_op(&v->n, SHARED_ADD);
    uint8_t packed[PACK_NUMBER_MAX];

    op.at = at;
    op.value = shared_int(packed, by);
    add(b, &v->n, &op);
}

/* ---- running ------------------------------------------------------------- */

static struct slice
slice_at(const struct stint_batch *b, struct span span)
{
    if (span.length == 0) return (struct slice){ NULL, 0 };
    return (struct slice){ b->bytes.bytes + span.from, span.length };
}

/* Its handle may be closed: enough of one for its name to be said. */
static int
blame(const struct stint_batch *b, const struct rec_op *ops, int rc)
{
    uint64_t which = b->answer.failed;
    struct named n = { .s = b->s };

    if (which >= b->count) return rc;
    n.open.kind = b->ops[which].kind;
    memcpy(n.name, ops[which].object.bytes, ops[which].object.length);
    return blame_op(&n, &ops[which], rc);
}

static int
ask(struct stint_batch *b, struct rec_op *ops)
{
    for (size_t i = 0; i < b->count; i++) {
        const struct gathered *g = &b->ops[i];
        ops[i] = (struct rec_op){
            .object = slice_at(b, g->object),
            .verb = g->verb,
            .key = slice_at(b, g->key),
            .at = g->at,
            .value = slice_at(b, g->value),
            .only_if = g->only_if,
        };
    }
    int rc = shared_ask(&b->answer, b->s, ops, b->count);
    return rc != 0 ? blame(b, ops, rc) : 0;
}

static int
read_all(struct stint_batch *b)
{
    b->done = calloc(b->count, sizeof *b->done);
    if (b->done == NULL) return say(STINT_ENOMEM, "no memory for an answer");
    b->done_count = b->count;
    for (size_t i = 0; i < b->count; i++) {
        int rc = shared_next(&b->answer, &b->done[i]);
        if (rc != 0) return rc;
    }
    return 0;
}

int
stint_batch_run(struct stint_batch *b, size_t *which)
{
    forget_answer(b);
    if (which != NULL) *which = b->count;
    if (b->error == STINT_ENOMEM) {
        return say(STINT_ENOMEM, "no memory was left to gather a batch");
    }
    if (b->error != 0) {
        return say(b->error,
            "operation %zu of the batch is none: it has a key of more than "
            "%d bytes, is the %dth, or of another connection",
            b->count, SHARED_KEY_MAX, SHARED_OPS_MAX + 1);
    }
    if (b->count == 0) return 0;
    int rc = shared_check_size(b->s, b->bytes.length);
    if (rc != 0) return rc;
    struct rec_op *ops = calloc(b->count, sizeof *ops);
    if (ops == NULL) return say(STINT_ENOMEM, "no memory for a batch");
    rc = ask(b, ops);
    free(ops);
    if (rc != 0 && which != NULL) *which = (size_t)b->answer.failed;
    if (rc == 0) rc = read_all(b);
    if (rc != 0) forget_answer(b);
    return rc;
}

int
stint_batch_result(const struct stint_batch *b, size_t which,
    struct stint_bytes *value, uint64_t *version)
{
    if (which >= b->done_count) {
        return say(STINT_EINVAL,
            "operation %zu has no result: the last run did %zu", which,
            b->done_count);
    }
    const struct rec_op_done *done = &b->done[which];
    if (value != NULL) {
        *value = (struct stint_bytes){ done->value.bytes, done->value.length };
    }
    if (version != NULL) *version = done->version;
    return 0;
}
