#include <stdlib.h>
#include <string.h>

#include "client/share/blame_op.h"
#include "client/share/handles.h"
#include "client/stint_objects.h"
#include "common/sys/say.h"

int
stint_dict_open(struct stint *s, const char *name,
    const struct stint_object_options *options, struct stint_dict **out)
{
    *out = NULL;
    struct stint_dict *d = calloc(1, sizeof *d);
    if (d == NULL)
        return say(STINT_ENOMEM, "no memory for the handle of a dict");
    int rc = shared_open(&d->n, s, name, options, SHARED_DICT);
    if (rc != 0) {
        free(d);
        return rc;
    }
    *out = d;
    return 0;
}

void
stint_dict_close(struct stint_dict *d)
{
    if (d == NULL) return;
    named_close(&d->n);
    free(d);
}

static struct rec_op
op_on(const struct stint_dict *d, enum shared_verb verb, const void *key,
    size_t key_size)
{
    struct rec_op op = shared_op(&d->n, verb);

    op.key = (struct slice){ key, key_size };
    return op;
}

int
stint_dict_get(struct stint_dict *d, const void *key, size_t key_size,
    struct stint_bytes *value)
{
    const struct rec_op op = op_on(d, SHARED_GET, key, key_size);

    return shared_fetch(&d->n, &op, NULL, value);
}

int
stint_dict_set(struct stint_dict *d, const void *key, size_t key_size,
    const void *value, size_t size)
{
    struct rec_op op = op_on(d, SHARED_SET, key, key_size);

    op.value = (struct slice){ value, size };
    return shared_do(&d->n, &op, NULL);
}

int
stint_dict_delete(struct stint_dict *d, const void *key, size_t key_size)
{
    const struct rec_op op = op_on(d, SHARED_DELETE, key, key_size);

    return shared_do(&d->n, &op, NULL);
}

int
stint_dict_pop(struct stint_dict *d, const void *key, size_t key_size,
    struct stint_bytes *value)
{
    const struct rec_op op = op_on(d, SHARED_POP, key, key_size);

    return shared_fetch(&d->n, &op, NULL, value);
}

int
stint_dict_setdefault(struct stint_dict *d, const void *key, size_t key_size,
    const void *value, size_t size, struct stint_bytes *out)
{
    struct rec_op op = op_on(d, SHARED_SET_DEFAULT, key, key_size);

    op.value = (struct slice){ value, size };
    return shared_fetch(&d->n, &op, NULL, out);
}

int
stint_dict_contains(struct stint_dict *d, const void *key, size_t key_size)
{
    const struct rec_op op = op_on(d, SHARED_CONTAINS, key, key_size);
    struct rec_op_done done;
    int rc = shared_do(&d->n, &op, &done);

    return rc != 0 ? rc : done.number != 0;
}

int
stint_dict_len(struct stint_dict *d, uint64_t *length)
{
    const struct rec_op op = shared_op(&d->n, SHARED_LENGTH);
    struct rec_op_done done;
    int rc = shared_do(&d->n, &op, &done);

    if (rc == 0) *length = (uint64_t)done.number;
    return rc;
}

int
stint_dict_clear(struct stint_dict *d)
{
    const struct rec_op op = shared_op(&d->n, SHARED_CLEAR);

    return shared_do(&d->n, &op, NULL);
}

int
stint_dict_add(struct stint_dict *d, const void *key, size_t key_size,
    int64_t by, int64_t *sum)
{
    struct rec_op op = op_on(d, SHARED_ADD, key, key_size);
    uint8_t packed[PACK_NUMBER_MAX];
    int rc = shared_check_key(key, key_size);

    if (rc != 0) return rc;
    op.value = shared_int(packed, by);
    return shared_sum(&d->n, &op, sum, NULL);
}

/* ---- versions ------------------------------------------------------------ */

int
stint_dict_get_version(struct stint_dict *d, const void *key, size_t key_size,
    struct stint_bytes *value, uint64_t *version)
{
    const struct rec_op op = op_on(d, SHARED_GET, key, key_size);
    struct rec_op_done done;
    int rc = shared_fetch(&d->n, &op, &done, value);

    if (rc == 0) *version = done.version;
    return rc;
}

/* What it is now is asked for by itself: it may be newer than what was in the
 * way. */
static int
version_now(
    struct stint_dict *d, const void *key, size_t key_size, uint64_t *version)
{
    const struct rec_op op = op_on(d, SHARED_CONTAINS, key, key_size);
    struct rec_op_done done;
    int rc = shared_do(&d->n, &op, &done);

    if (rc != 0) return rc;
    *version = done.version;
    (void)say(STINT_ECHANGED, "it was changed meanwhile");
    return blame_op(&d->n, &op, STINT_ECHANGED);
}

int
stint_dict_compare_and_set(struct stint_dict *d, const void *key,
    size_t key_size, const void *value, size_t size, uint64_t *version)
{
    struct rec_op op = op_on(d, SHARED_SET, key, key_size);
    struct rec_op_done done;

    if (*version > INT64_MAX) {
        return say(
            STINT_EINVAL, "%llu is no version", (unsigned long long)*version);
    }
    op.value = (struct slice){ value, size };
    op.only_if = *version > 0 ? (int64_t)*version : -1;
    int rc = shared_do(&d->n, &op, &done);
    if (rc == STINT_ECHANGED) return version_now(d, key, key_size, version);
    if (rc == 0) *version = done.version;
    return rc;
}

int
stint_dict_watch(struct stint_dict *d, const void *key, size_t key_size,
    uint64_t *version, int64_t timeout_ms)
{
    return shared_watch(&d->n, key, key_size, version, timeout_ms);
}

/* ---- going through ------------------------------------------------------- */

int
stint_dict_each(struct stint_dict *d,
    int (*see)(void *arg, const struct stint_entry *entry), void *arg)
{
    return stint_object_each(d->n.s, d->n.name, see, arg);
}

/* ---- names --------------------------------------------------------------- */

int
stint_namespace_set(
    struct stint_dict *d, const char *name, const void *value, size_t size)
{
    return stint_dict_set(d, name, strlen(name), value, size);
}

int
stint_namespace_get(
    struct stint_dict *d, const char *name, struct stint_bytes *value)
{
    return stint_dict_get(d, name, strlen(name), value);
}

int
stint_namespace_delete(struct stint_dict *d, const char *name)
{
    return stint_dict_delete(d, name, strlen(name));
}
