#include "master/core/shared/list_ops.h"

#include "common/stint_error.h"
#include "master/core/shared/number.h"
#include "master/core/shared/page.h"

static bool
is_values(const struct step *step)
{
    return step->shelf->object->kind == OBJECT_VALUES;
}

static struct slice
value_of(const struct step *step, const struct entry *e)
{
    return e != NULL ? entry_value(e) : page_zero(step->shelf->object);
}

/* Places count from 0, negative ones from the end. */
static int
place(const struct step *step, size_t *at)
{
    size_t count = shelf_count(step->shelf);
    int64_t want = step->op->at;

    if (want < 0) want += (int64_t)count;
    if (want < 0 || (uint64_t)want >= count) return STINT_ENOENTRY;
    *at = (size_t)want;
    return 0;
}

/* Values take what is of their type; a list takes anything. */
static int
check_type(const struct step *step, struct slice value)
{
    const struct object *o = step->shelf->object;
    struct number n;

    if (!is_values(step) || o->type == VALUES_BYTES) return 0;
    int rc = number_read(value, &n);
    if (rc != 0) return rc;
    return n.is_double == (o->type == VALUES_REAL) ? 0 : STINT_ETYPE;
}

/* Whether the entry has the version and, of a check, the value that is meant.
 */
static int
compare(const struct step *step, const struct entry *e)
{
    uint64_t version = e != NULL ? e->version : 0;
    int64_t want = step->op->only_if;
    struct number a, b;

    if (want != 0 && (want < 0 ? version != 0 : version != (uint64_t)want)) {
        return STINT_ECHANGED;
    }
    if (step->op->verb != OP_CHECK || step->op->value.length == 0) return 0;
    struct slice value = value_of(step, e);
    if (slice_equal(value, step->op->value)) return 0;
    if (number_read(value, &a) != 0 || number_read(step->op->value, &b) != 0) {
        return STINT_ECHANGED;
    }
    return number_equal(&a, &b) ? 0 : STINT_ECHANGED;
}

static int
get(struct step *step)
{
    size_t at;
    int rc = place(step, &at);

    if (rc != 0) return rc;
    const struct entry *e = shelf_at(step->shelf, at);
    if (step->op->verb == OP_GET) step->done.value = value_of(step, e);
    step->done.version = e != NULL ? e->version : 0;
    return compare(step, e);
}

static int
put(struct step *step, size_t at, struct slice value)
{
    int rc = shelf_put_at(step->shelf, step->changes, at, value);

    step->done.version = step->shelf->object->version;
    return rc;
}

static int
set(struct step *step)
{
    size_t at;
    int rc = place(step, &at);

    if (rc == 0) rc = compare(step, shelf_at(step->shelf, at));
    if (rc == 0) rc = check_type(step, step->op->value);
    return rc != 0 ? rc : put(step, at, step->op->value);
}

static int
add(struct step *step)
{
    struct number by, sum;
    size_t at;

    int rc = place(step, &at);
    if (rc == 0) rc = number_read(step->op->value, &by);
    if (rc != 0) return rc;
    const struct entry *e = shelf_at(step->shelf, at);
    rc = compare(step, e);
    if (rc == 0) rc = number_read(value_of(step, e), &sum);
    if (rc == 0) rc = number_add(&sum, &by);
    if (rc != 0) return rc;
    step->done.value = number_write(&sum, step->sum);
    return put(step, at, step->done.value);
}

/* ---- of lists only ------------------------------------------------------- */

/* What is changed in the middle moves places of eight bytes each. */
static uint64_t
moved(const struct step *step)
{
    return step->shelf->content->in.sequence.moved / 64;
}

static int
take_at(struct step *step, size_t at)
{
    const struct entry *e = shelf_at(step->shelf, at);
    uint64_t before = moved(step);
    int rc = compare(step, e);

    if (rc == 0) rc = shelf_take_at(step->shelf, step->changes, at);
    if (rc != 0) return rc;
    step->looked += moved(step) - before;
    if (step->op->verb == OP_POP) step->done.value = entry_value(e);
    step->done.number = (int64_t)at;
    step->done.version = step->shelf->object->version;
    return 0;
}

static int
take(struct step *step)
{
    size_t at;
    int rc = place(step, &at);

    return rc != 0 ? rc : take_at(step, at);
}

/* As Python's insert cuts the place. */
static int
insert(struct step *step)
{
    size_t count = shelf_count(step->shelf), to = count;
    int64_t at = step->op->at;

    if (step->op->verb == OP_INSERT) {
        if (at < 0) at += (int64_t)count;
        if (at < 0) at = 0;
        if ((uint64_t)at < count) to = (size_t)at;
    }
    uint64_t before = moved(step);
    size_t ranked = step->changes->count;
    int rc = shelf_insert(step->shelf, step->changes, to, step->op->value);
    step->looked += moved(step) - before + step->changes->count - ranked;
    step->done.number = (int64_t)to;
    step->done.version = step->shelf->object->version;
    return rc;
}

/* Find the first place from *at on that has this value; the count if none has.
 * `most` is when to give up. */
static int
seek(struct step *step, uint64_t most, size_t *at)
{
    size_t count = shelf_count(step->shelf);

    for (; *at < count; *at += 1) {
        struct slice value = value_of(step, shelf_at(step->shelf, *at));
        if (step->looked >= most) return STINT_ELIMIT;
        step->looked += 1;
        if (value.length == step->op->value.length) {
            step->looked += value.length / 64;
            if (slice_equal(value, step->op->value)) return 0;
        }
    }
    return 0;
}

static int
find(struct step *step)
{
    size_t count = shelf_count(step->shelf), at = 0;
    int rc = seek(step, step->looked + OPS_LOOKED_MAX, &at);

    if (rc != 0) return rc;
    step->done.version = step->shelf->object->version;
    if (step->op->verb == OP_CONTAINS) {
        step->done.number = at < count;
        return 0;
    }
    if (at == count) return STINT_ENOENTRY;
    step->done.number = (int64_t)at;
    return step->op->verb == OP_REMOVE ? take_at(step, at) : 0;
}

static int
count_equal(struct step *step)
{
    size_t count = shelf_count(step->shelf), at = 0;
    uint64_t most = step->looked + OPS_LOOKED_MAX;
    int rc = seek(step, most, &at);

    for (; rc == 0 && at < count; rc = seek(step, most, &at)) {
        step->done.number += 1;
        at += 1;
    }
    step->done.version = step->shelf->object->version;
    return rc;
}

/* ---- of the whole -------------------------------------------------------- */

static int
whole(struct step *step)
{
    size_t count = shelf_count(step->shelf);
    int rc = 0;

    if (step->op->verb == OP_CLEAR && count > 0) {
        rc = shelf_clear(step->shelf, step->changes);
        step->looked += count;
    } else if (step->op->verb == OP_REVERSE && count > OPS_LOOKED_MAX) {
        rc = STINT_ELIMIT;
    } else if (step->op->verb == OP_REVERSE && count > 1) {
        rc = shelf_reverse(step->shelf, step->changes);
        step->looked += count;
    }
    step->done.number = (int64_t)shelf_count(step->shelf);
    step->done.version = step->shelf->object->version;
    return rc;
}

static int
list_only(struct step *step)
{
    switch ((unsigned)step->op->verb) {
    case OP_DELETE:
    case OP_POP:
        return take(step);
    case OP_APPEND:
    case OP_INSERT:
        return insert(step);
    case OP_REMOVE:
        return find(step);
    case OP_REVERSE:
        return whole(step);
    default:
        return STINT_ETYPE;
    }
}

/* What is meant for values of one type is not done with those of another. */
static bool
is_of_type(const struct step *step)
{
    int64_t want = step->op->to;

    if (!is_values(step) || step->op->verb == OP_PAGE) return true;
    return want == 0 || want == step->shelf->object->type;
}

int
list_ops(struct step *step)
{
    if (!is_of_type(step)) return STINT_ETYPE;
    switch ((unsigned)step->op->verb) {
    case OP_GET:
    case OP_CHECK:
        return get(step);
    case OP_SET:
        return set(step);
    case OP_ADD:
        return add(step);
    case OP_LENGTH:
    case OP_CLEAR:
    case OP_VERSION:
        return whole(step);
    case OP_PAGE:
        return page_places(step);
    case OP_CONTAINS:
    case OP_INDEX:
        return find(step);
    case OP_COUNT:
        return count_equal(step);
    default:
        return is_values(step) ? STINT_ETYPE : list_only(step);
    }
}
