#include "master/core/needs.h"

#include <stdlib.h>

#include "common/check.h"
#include "common/hash.h"
#include "common/stint_error.h"
#include "common/text.h"
#include "proto/record.h"

/* ---- reading ------------------------------------------------------------- */

/* Traits as they were sent, before they are known to be good. */
struct draft {
    struct rec_trait traits[NEEDS_MAX];
    uint32_t count;
};

static int
compare_text(struct slice a, struct slice b)
{
    size_t least = a.length < b.length ? a.length : b.length;
    int rc = least > 0 ? memcmp(a.bytes, b.bytes, least) : 0;

    if (rc != 0) return rc;
    return (a.length > b.length) - (a.length < b.length);
}

static int
compare(const void *left, const void *right)
{
    const struct rec_trait *a = left, *b = right;
    int rc = compare_text(a->name, b->name);

    if (rc != 0) return rc;
    /* The resource of a name stands before its labels. */
    if ((a->count > 0) != (b->count > 0)) return a->count > 0 ? -1 : 1;
    return compare_text(a->value, b->value);
}

static int
check(const struct draft *d, const char **why)
{
    size_t text = 0;

    for (uint32_t i = 0; i < d->count; i++) {
        const struct rec_trait *t = &d->traits[i];
        text += t->name.length + t->value.length + 2;
        *why = "names and values of labels are plain text";
        if (!text_is_plain(t->name) || !text_is_plain(t->value)) {
            return STINT_EINVAL;
        }
        *why = "a resource is a name and a count, a label a name and a value";
        if (t->count > 0 && t->value.length > 0) return STINT_EINVAL;
        *why = "each resource stands there once, with its whole count";
        if (i > 0 && t->count > 0 && d->traits[i - 1].count > 0
            && slice_equal(t->name, d->traits[i - 1].name)) {
            return STINT_EINVAL;
        }
    }
    *why = "labels and resources take 16 KiB at most: give fewer of them";
    return text > NEEDS_TEXT_MAX ? STINT_ELIMIT : 0;
}

static const char *
copy(char **at, struct slice text)
{
    char *begin = *at;

    if (text.length > 0) memcpy(begin, text.bytes, text.length);
    begin[text.length] = '\0';
    *at += text.length + 1;
    return begin;
}

static void
mark(struct needs_marks *marks, unsigned hash)
{
    unsigned bit = hash % (64 * NEEDS_MARKS);

    marks->bits[bit / 64] |= UINT64_C(1) << bit % 64;
}

/* A trait that has a value has its name, too; one that is needed with a value
 * is looked for by both. */
static void
mark_trait(struct needs_marks *marks, const struct trait *t)
{
    unsigned name = hash_bytes(t->name, strlen(t->name));

    mark(marks, name);
    if (t->value[0] == '\0') return;
    mark(marks, name * 31 + hash_bytes(t->value, strlen(t->value)));
}

static int
finish(struct draft *d, struct needs *out, const char **why)
{
    size_t size = d->count * sizeof(struct trait);

    *out = (struct needs){ .count = 0 };
    qsort(d->traits, d->count, sizeof d->traits[0], compare);
    int rc = check(d, why);
    if (rc != 0 || d->count == 0) return rc;
    for (uint32_t i = 0; i < d->count; i++)
        size += d->traits[i].name.length + d->traits[i].value.length + 2;
    struct trait *traits = malloc(size);
    *why = NULL;
    if (traits == NULL) return STINT_ENOMEM;
    char *at = (char *)(traits + d->count);
    for (uint32_t i = 0; i < d->count; i++) {
        const struct rec_trait *t = &d->traits[i];
        if (i > 0 && compare(t, t - 1) == 0) continue;
        traits[out->count++] = (struct trait){
            .name = copy(&at, t->name),
            .value = copy(&at, t->value),
            .count = t->count,
        };
        mark_trait(&out->marks, &traits[out->count - 1]);
    }
    out->traits = traits;
    return 0;
}

static void
gather(struct draft *d, struct proto_list list)
{
    d->count = 0;
    while (d->count < NEEDS_MAX
           && codec_list_next(&list, RECORD_trait, &d->traits[d->count])) {
        d->count += 1;
    }
}

int
needs_read(struct proto_list list, struct needs *out, const char **why)
{
    struct draft d;

    gather(&d, list);
    return finish(&d, out, why);
}

int
needs_of_job(struct proto_list list, unsigned program, struct slice handler,
    struct needs *out, const char **why)
{
    struct draft d;

    gather(&d, list);
    CHECK(d.count < NEEDS_MAX);
    if (program == 1) {
        d.traits[d.count++] = (struct rec_trait){ .name = slice_of("exec") };
    } else if (program == 2) {
        d.traits[d.count++] =
            (struct rec_trait){ .name = slice_of("handler"), .value = handler };
    }
    return finish(&d, out, why);
}

void
needs_write(const struct needs *n, struct buf *b)
{
    for (uint32_t i = 0; i < n->count; i++) {
        const struct trait *t = &n->traits[i];
        record_write(b, RECORD_trait,
            &(struct rec_trait){
                slice_of(t->name), slice_of(t->value), t->count });
    }
}

int
needs_load(struct slice bytes, struct needs *out)
{
    struct cursor c = { bytes.bytes, bytes.bytes };
    struct draft d = { .count = 0 };
    const char *why;

    if (bytes.length > 0) c.end += bytes.length;
    while (c.at < c.end) {
        if (d.count == NEEDS_MAX
            || record_read(&c, RECORD_trait, &d.traits[d.count], &why) != 0) {
            return STINT_EDAMAGED;
        }
        d.count += 1;
    }
    int rc = finish(&d, out, &why);
    return rc == 0 || rc == STINT_ENOMEM ? rc : STINT_EDAMAGED;
}

void
needs_fini(struct needs *n)
{
    free(n->traits);
    *n = (struct needs){ .count = 0 };
}

size_t
needs_memory(const struct needs *n)
{
    size_t size = n->count * sizeof *n->traits;

    for (uint32_t i = 0; i < n->count; i++)
        size += strlen(n->traits[i].name) + strlen(n->traits[i].value) + 2;
    return size;
}

bool
needs_equal(const struct needs *a, const struct needs *b)
{
    if (a->count != b->count) return false;
    for (uint32_t i = 0; i < a->count; i++) {
        const struct trait *x = &a->traits[i], *y = &b->traits[i];
        if (x->count != y->count || strcmp(x->name, y->name) != 0
            || strcmp(x->value, y->value) != 0) {
            return false;
        }
    }
    return true;
}

bool
needs_counts(const struct needs *n)
{
    for (uint32_t i = 0; i < n->count; i++) {
        if (n->traits[i].count > 0) return true;
    }
    return false;
}

/* ---- suiting ------------------------------------------------------------- */

static bool
is_met(const struct trait *need, const struct trait *has, bool now)
{
    if (need->count > 0) {
        uint64_t used = now ? has->used : 0;
        return has->count > used && has->count - used >= need->count;
    }
    return need->value[0] == '\0' || strcmp(need->value, has->value) == 0;
}

const struct trait *
needs_lack(const struct needs *n, const struct needs *traits, bool now)
{
    uint32_t at = 0;

    for (uint32_t i = 0; i < n->count; i++) {
        const struct trait *need = &n->traits[i];
        bool met = false;
        /* Both are sorted by name; needs may share one. */
        while (at < traits->count
               && strcmp(traits->traits[at].name, need->name) < 0) {
            at++;
        }
        for (uint32_t k = at; !met && k < traits->count; k++) {
            if (strcmp(traits->traits[k].name, need->name) != 0) break;
            met = is_met(need, &traits->traits[k], now);
        }
        if (!met) return need;
    }
    return NULL;
}
