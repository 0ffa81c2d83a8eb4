#include <stdlib.h>

#include "client/share/handles.h"
#include "common/sys/say.h"

int
stint_list_open(struct stint *s, const char *name,
    const struct stint_object_options *options, struct stint_list **out)
{
    *out = NULL;
    struct stint_list *l = calloc(1, sizeof *l);
    if (l == NULL)
        return say(STINT_ENOMEM, "no memory for the handle of a list");
    int rc = shared_open(&l->n, s, name, options, SHARED_LIST);
    if (rc != 0) {
        free(l);
        return rc;
    }
    *out = l;
    return 0;
}

void
stint_list_close(struct stint_list *l)
{
    if (l == NULL) return;
    named_close(&l->n);
    free(l);
}

/* ---- one place ----------------------------------------------------------- */

static struct rec_op
op_at(const struct stint_list *l, enum shared_verb verb, int64_t at)
{
    struct rec_op op = shared_op(&l->n, verb);

    op.at = at;
    return op;
}

static struct rec_op
op_of(const struct stint_list *l, enum shared_verb verb, const void *value,
    size_t size)
{
    struct rec_op op = shared_op(&l->n, verb);

    op.value = (struct slice){ value, size };
    return op;
}

int
stint_list_append(struct stint_list *l, const void *value, size_t size)
{
    const struct rec_op op = op_of(l, SHARED_APPEND, value, size);

    return shared_do(&l->n, &op, NULL);
}

int
stint_list_insert(
    struct stint_list *l, int64_t at, const void *value, size_t size)
{
    struct rec_op op = op_of(l, SHARED_INSERT, value, size);

    op.at = at;
    return shared_do(&l->n, &op, NULL);
}

int
stint_list_get(struct stint_list *l, int64_t at, struct stint_bytes *value)
{
    const struct rec_op op = op_at(l, SHARED_GET, at);

    return shared_fetch(&l->n, &op, NULL, value);
}

int
stint_list_set(struct stint_list *l, int64_t at, const void *value, size_t size)
{
    struct rec_op op = op_of(l, SHARED_SET, value, size);

    op.at = at;
    return shared_do(&l->n, &op, NULL);
}

int
stint_list_delete(struct stint_list *l, int64_t at)
{
    const struct rec_op op = op_at(l, SHARED_DELETE, at);

    return shared_do(&l->n, &op, NULL);
}

int
stint_list_pop(struct stint_list *l, int64_t at, struct stint_bytes *value)
{
    const struct rec_op op = op_at(l, SHARED_POP, at);

    return shared_fetch(&l->n, &op, NULL, value);
}

/* ---- one value ----------------------------------------------------------- */

int
stint_list_remove(struct stint_list *l, const void *value, size_t size)
{
    const struct rec_op op = op_of(l, SHARED_REMOVE, value, size);

    return shared_do(&l->n, &op, NULL);
}

static int
number_of(struct stint_list *l, const struct rec_op *op, uint64_t *out)
{
    struct rec_op_done done;
    int rc = shared_do(&l->n, op, &done);

    if (rc == 0) *out = (uint64_t)done.number;
    return rc;
}

int
stint_list_index(
    struct stint_list *l, const void *value, size_t size, uint64_t *at)
{
    const struct rec_op op = op_of(l, SHARED_INDEX, value, size);

    return number_of(l, &op, at);
}

int
stint_list_count(
    struct stint_list *l, const void *value, size_t size, uint64_t *count)
{
    const struct rec_op op = op_of(l, SHARED_COUNT, value, size);

    return number_of(l, &op, count);
}

/* ---- the whole ----------------------------------------------------------- */

int
stint_list_len(struct stint_list *l, uint64_t *length)
{
    const struct rec_op op = shared_op(&l->n, SHARED_LENGTH);

    return number_of(l, &op, length);
}

int
stint_list_reverse(struct stint_list *l)
{
    const struct rec_op op = shared_op(&l->n, SHARED_REVERSE);

    return shared_do(&l->n, &op, NULL);
}

int
stint_list_clear(struct stint_list *l)
{
    const struct rec_op op = shared_op(&l->n, SHARED_CLEAR);

    return shared_do(&l->n, &op, NULL);
}

int
stint_list_watch(struct stint_list *l, uint64_t *version, int64_t timeout_ms)
{
    return shared_watch(&l->n, NULL, 0, version, timeout_ms);
}

/* ---- many values --------------------------------------------------------- */

/* As many of `values` as one step takes. */
static int
some(const struct stint_list *l, const struct stint_bytes *values, size_t count,
    struct rec_op *ops, size_t *taken)
{
    size_t size = 0;

    for (*taken = 0; *taken < count && *taken < SHARED_OPS_MAX; ++*taken) {
        const struct stint_bytes *value = &values[*taken];
        int rc = shared_check(value->data, value->size);
        if (rc != 0) return rc;
        rc = shared_check_size(l->n.s, value->size);
        if (rc != 0) return rc;
        if (*taken > 0 && size + value->size > SHARED_STEP_BYTES) return 0;
        size += value->size;
        ops[*taken] = op_of(l, SHARED_APPEND, value->data, value->size);
    }
    return 0;
}

int
stint_list_extend(
    struct stint_list *l, const struct stint_bytes *values, size_t count)
{
    size_t most = count < SHARED_OPS_MAX ? count : SHARED_OPS_MAX, taken;
    struct shared_answer a;
    int rc = 0;

    if (count == 0) return 0;
    struct rec_op *ops = calloc(most, sizeof *ops);
    if (ops == NULL) return say(STINT_ENOMEM, "no memory for a request");
    for (size_t i = 0; rc == 0 && i < count; i += taken) {
        rc = some(l, values + i, count - i, ops, &taken);
        if (rc == 0) rc = shared_ask_of(&a, &l->n, ops, taken);
        if (rc == 0) shared_end(&a);
    }
    free(ops);
    return rc;
}

/* A page and the length in one step: where the page begins is known then. */
struct slice_page {
    uint64_t at;  /* Place of its first. */
    int64_t to;   /* Up to before here. */
    int64_t next; /* 0: that was all. */
    struct slice bytes;
};

static uint64_t
cut(int64_t at, int64_t length)
{
    if (at < 0) at += length;
    if (at < 0) at = 0;
    return (uint64_t)(at < length ? at : length);
}

static int
read_page(
    struct shared_answer *a, int64_t from, int64_t to, struct slice_page *page)
{
    struct rec_op_done length, done;
    int rc = shared_next(a, &length);

    if (rc == 0) rc = shared_next(a, &done);
    if (rc != 0) return rc;
    page->at = cut(from, length.number);
    page->to = (int64_t)cut(to, length.number);
    page->next = done.number;
    page->bytes = done.value;
    return 0;
}

static int
see_page(const struct slice_page *page,
    int (*see)(void *, uint64_t, const struct stint_bytes *), void *arg)
{
    struct cursor c = { page->bytes.bytes, page->bytes.bytes };
    struct rec_entry e;
    const char *where;
    int rc = 0;

    if (page->bytes.length > 0) c.end += page->bytes.length;
    for (uint64_t at = page->at; rc == 0 && c.at < c.end; at++) {
        if (record_read(&c, RECORD_entry, &e, &where) != 0) {
            return say(STINT_EMALFORMED, "the master's page does not read");
        }
        const struct stint_bytes value = { e.value.bytes, e.value.length };
        rc = see(arg, at, &value);
    }
    return rc;
}

int
stint_list_slice(struct stint_list *l, int64_t first, int64_t last,
    int (*see)(void *arg, uint64_t at, const struct stint_bytes *value),
    void *arg)
{
    struct rec_op ops[] = { shared_op(&l->n, SHARED_LENGTH),
        shared_op(&l->n, SHARED_PAGE) };
    struct slice_page page = { .next = 0 };
    struct shared_answer a;

    ops[1].at = first;
    ops[1].to = last;
    for (;;) {
        int rc = shared_ask_of(&a, &l->n, ops, 2);
        if (rc != 0) return rc;
        rc = read_page(&a, ops[1].at, ops[1].to, &page);
        if (rc == 0) rc = see_page(&page, see, arg);
        shared_end(&a);
        if (rc != 0 || page.next == 0) return rc;
        /* What was meant by the first length goes on being meant. */
        ops[1].at = page.next;
        if (last != INT64_MAX) ops[1].to = page.to;
    }
}
