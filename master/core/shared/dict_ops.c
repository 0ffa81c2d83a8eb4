#include "master/core/shared/dict_ops.h"

#include "common/stint_error.h"
#include "master/core/shared/number.h"
#include "master/core/shared/page.h"

static struct entry *
find(const struct step *step)
{
    return shelf_find(step->shelf, step->op->key);
}

/* Whether the entry is as op.only_if wants it. */
static int
compare(const struct step *step, const struct entry *e)
{
    int64_t want = step->op->only_if;

    if (want == 0) return 0;
    if (want < 0) return e == NULL ? 0 : STINT_ECHANGED;
    if (e == NULL) return STINT_ECHANGED;
    return e->version == (uint64_t)want ? 0 : STINT_ECHANGED;
}

static void
tell(struct step *step, const struct entry *e)
{
    step->done.value = entry_value(e);
    step->done.version = e->version;
}

static int
get(struct step *step)
{
    const struct entry *e = find(step);

    if (e == NULL) return STINT_ENOENTRY;
    tell(step, e);
    return compare(step, e);
}

static int
put(struct step *step, struct slice value)
{
    int rc = shelf_put(step->shelf, step->changes, step->op->key, value);

    step->done.version = step->shelf->object->version;
    return rc;
}

static int
set(struct step *step)
{
    int rc = step->op->only_if != 0 ? compare(step, find(step)) : 0;

    return rc != 0 ? rc : put(step, step->op->value);
}

static int
set_default(struct step *step)
{
    const struct entry *e = find(step);

    if (e != NULL) {
        tell(step, e);
        return 0;
    }
    step->done.number = 1;
    step->done.value = step->op->value;
    return put(step, step->op->value);
}

static int
take(struct step *step)
{
    struct entry *e = find(step);

    if (e == NULL) return STINT_ENOENTRY;
    int rc = compare(step, e);
    if (rc == 0) rc = shelf_take(step->shelf, step->changes, e);
    if (rc != 0) return rc;
    if (step->op->verb == OP_POP) step->done.value = entry_value(e);
    step->done.version = step->shelf->object->version;
    return 0;
}

static int
add(struct step *step)
{
    const struct entry *e = find(step);
    struct number by, sum;

    int rc = number_read(step->op->value, &by);
    if (rc == 0) rc = compare(step, e);
    sum = (struct number){ .is_double = by.is_double };
    if (rc == 0 && e != NULL) rc = number_read(entry_value(e), &sum);
    if (rc == 0) rc = number_add(&sum, &by);
    if (rc != 0) return rc;
    step->done.value = number_write(&sum, step->sum);
    return put(step, step->done.value);
}

static int
look(struct step *step)
{
    const struct entry *e = find(step);

    step->done.number = e != NULL;
    step->done.version = e != NULL ? e->version : 0;
    return step->op->verb == OP_CHECK ? compare(step, e) : 0;
}

static int
whole(struct step *step)
{
    int rc = 0;

    if (step->op->verb == OP_CLEAR && shelf_count(step->shelf) > 0) {
        step->looked += shelf_count(step->shelf);
        rc = shelf_clear(step->shelf, step->changes);
    }
    step->done.number = (int64_t)shelf_count(step->shelf);
    step->done.version = step->shelf->object->version;
    return rc;
}

int
dict_ops(struct step *step)
{
    switch ((enum op_verb)step->op->verb) {
    case OP_GET:
        return get(step);
    case OP_SET:
        return set(step);
    case OP_DELETE:
    case OP_POP:
        return take(step);
    case OP_SET_DEFAULT:
        return set_default(step);
    case OP_ADD:
        return add(step);
    case OP_CONTAINS:
    case OP_CHECK:
        return look(step);
    case OP_LENGTH:
    case OP_CLEAR:
    case OP_VERSION:
        return whole(step);
    case OP_PAGE:
        return page_dict(step);
    case OP_APPEND:
    case OP_INSERT:
    case OP_REMOVE:
    case OP_INDEX:
    case OP_COUNT:
    case OP_REVERSE:
        break;
    }
    return STINT_ETYPE;
}
