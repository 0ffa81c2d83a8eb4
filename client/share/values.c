#include <stdlib.h>

#include "client/share/handles.h"
#include "common/sys/say.h"

/* ---- opening ------------------------------------------------------------- */

static int
read_length(struct stint_value *v)
{
    const struct rec_op op = shared_op(&v->n, SHARED_LENGTH);
    struct rec_op_done done;
    int rc = shared_do(&v->n, &op, &done);

    if (rc == 0) v->length = (uint64_t)done.number;
    return rc;
}

static int
open_it(struct stint_value *v, struct stint *s, const char *name,
    const struct stint_value_options *o)
{
    struct msg_object_open open = { .kind = SHARED_VALUES,
        .only_open = o->only_open,
        .size = o->length,
        .type = o->type != 0 ? (uint64_t)o->type : STINT_INT64 };

    if (o->type > STINT_BYTES || o->length > INT64_MAX) {
        return say(STINT_EINVAL,
            "the type of a value is STINT_INT64, STINT_DOUBLE or STINT_BYTES, "
            "and its length below 2^63");
    }
    int rc = named_check(name, o->durability, &open.durability);
    if (rc == 0) rc = named_open(&v->n, s, name, NULL, &open);
    if (rc != 0) return rc;
    v->length = o->length > 0 ? o->length : 1;
    if (v->n.open.only_open != 0) rc = read_length(v);
    if (rc != 0) named_close(&v->n);
    return rc;
}

int
stint_value_open(struct stint *s, const char *name,
    const struct stint_value_options *options, struct stint_value **out)
{
    static const struct stint_value_options none;

    *out = NULL;
    struct stint_value *v = calloc(1, sizeof *v);
    if (v == NULL) {
        return say(STINT_ENOMEM, "no memory for the handle of a value");
    }
    v->n.as_it_is = options == NULL;
    int rc = open_it(v, s, name, options != NULL ? options : &none);
    if (rc != 0) {
        free(v);
        return rc;
    }
    *out = v;
    return 0;
}

void
stint_value_close(struct stint_value *v)
{
    if (v == NULL) return;
    named_close(&v->n);
    free(v);
}

uint64_t
stint_value_length(const struct stint_value *v)
{
    return v->length;
}

/* ---- one of them --------------------------------------------------------- */

static struct rec_op
op_at(const struct stint_value *v, enum shared_verb verb, int64_t at,
    enum stint_value_type type)
{
    struct rec_op op = shared_op(&v->n, verb);

    op.at = at;
    op.to = type;
    return op;
}

int
stint_value_get_int(struct stint_value *v, int64_t at, int64_t *out)
{
    const struct rec_op op = op_at(v, SHARED_GET, at, STINT_INT64);

    return shared_sum(&v->n, &op, out, NULL);
}

int
stint_value_get_double(struct stint_value *v, int64_t at, double *out)
{
    const struct rec_op op = op_at(v, SHARED_GET, at, STINT_DOUBLE);

    return shared_sum(&v->n, &op, NULL, out);
}

int
stint_value_get_bytes(
    struct stint_value *v, int64_t at, struct stint_bytes *out)
{
    const struct rec_op op = op_at(v, SHARED_GET, at, STINT_BYTES);

    return shared_fetch(&v->n, &op, NULL, out);
}

int
stint_value_set_int(struct stint_value *v, int64_t at, int64_t number)
{
    struct rec_op op = op_at(v, SHARED_SET, at, STINT_INT64);
    uint8_t packed[PACK_NUMBER_MAX];

    op.value = shared_int(packed, number);
    return shared_do(&v->n, &op, NULL);
}

int
stint_value_set_double(struct stint_value *v, int64_t at, double number)
{
    struct rec_op op = op_at(v, SHARED_SET, at, STINT_DOUBLE);
    uint8_t packed[PACK_NUMBER_MAX];

    op.value = shared_double(packed, number);
    return shared_do(&v->n, &op, NULL);
}

int
stint_value_set_bytes(
    struct stint_value *v, int64_t at, const void *value, size_t size)
{
    struct rec_op op = op_at(v, SHARED_SET, at, STINT_BYTES);

    op.value = (struct slice){ value, size };
    return shared_do(&v->n, &op, NULL);
}

int
stint_value_add(struct stint_value *v, int64_t at, int64_t by, int64_t *sum)
{
    struct rec_op op = op_at(v, SHARED_ADD, at, STINT_INT64);
    uint8_t packed[PACK_NUMBER_MAX];

    op.value = shared_int(packed, by);
    return shared_sum(&v->n, &op, sum, NULL);
}

int
stint_value_add_double(
    struct stint_value *v, int64_t at, double by, double *sum)
{
    struct rec_op op = op_at(v, SHARED_ADD, at, STINT_DOUBLE);
    uint8_t packed[PACK_NUMBER_MAX];

    op.value = shared_double(packed, by);
    return shared_sum(&v->n, &op, NULL, sum);
}

/* What it is now is asked for by itself: it may be newer than what was in the
 * way. */
int
stint_value_compare_and_set(struct stint_value *v, int64_t at, int64_t expected,
    int64_t number, int64_t *now)
{
    struct rec_op ops[] = { op_at(v, SHARED_CHECK, at, STINT_INT64),
        op_at(v, SHARED_SET, at, STINT_INT64) };
    uint8_t old[PACK_NUMBER_MAX], packed[PACK_NUMBER_MAX];
    struct shared_answer a;

    ops[0].value = shared_int(old, expected);
    ops[1].value = shared_int(packed, number);
    int rc = shared_ask_of(&a, &v->n, ops, 2);
    if (rc == 0) {
        shared_end(&a);
        *now = number;
    } else if (rc == STINT_ECHANGED) {
        rc = stint_value_get_int(v, at, now);
        if (rc == 0) {
            rc = say(STINT_ECHANGED, "place %lld of value \"%s\" is %lld",
                (long long)at, v->n.name, (long long)*now);
        }
    }
    return rc;
}

int
stint_value_watch(struct stint_value *v, uint64_t *version, int64_t timeout_ms)
{
    return shared_watch(&v->n, NULL, 0, version, timeout_ms);
}
