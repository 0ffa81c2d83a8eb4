/* The same call for many items: map, starmap.                   [layer: pool]
 */
#include <stdlib.h>
#include <string.h>

#include "client/pool/async.h"
#include "common/sys/say.h"
#include "proto/pack.h"

enum { INT_BYTES = 9 };

/* ---- starting ------------------------------------------------------------ */

static int
check_star(const struct stint_bytes *items, size_t count)
{
    struct stint_unpack u;

    for (size_t i = 0; i < count; i++) {
        stint_unpack_begin(&u, &items[i]);
        if (stint_unpack_peek(&u) == STINT_PACKED_ARRAY
            && stint_unpack_skip(&u) == 0 && stint_unpack_end(&u) == 0) {
            continue;
        }
        return say(STINT_EINVAL,
            "item %zu of a starmap is not one packed array of arguments", i);
    }
    return 0;
}

int
stint_pool_map_async(struct stint_pool *pool, const char *function,
    const struct stint_bytes *items, size_t count,
    const struct stint_map_options *options,
    const struct stint_callbacks *callbacks, struct stint_async **out)
{
    static const struct stint_map_options none = { .chunk = 0 };
    const struct stint_map_options *o = options != NULL ? options : &none;

    if (out != NULL) *out = NULL;
    int rc = o->starmap ? check_star(items, count) : 0;
    if (rc != 0) return rc;
    size_t chunk = count > 0 ? pool_chunk(pool, o->chunk, count) : 1;
    return async_start(pool, function, items, count, chunk, callbacks, out);
}

/* ---- and waiting --------------------------------------------------------- */

static int
map(struct stint_pool *pool, const char *function,
    const struct stint_bytes *items, size_t count,
    const struct stint_map_options *options, struct stint_async **a,
    const struct stint_bytes **results)
{
    *a = NULL;
    if (pool_is_inside(pool)) {
        return say(
            STINT_EBUSY, "a callback cannot wait for a result of its own pool");
    }
    int rc =
        stint_pool_map_async(pool, function, items, count, options, NULL, a);
    if (rc == 0) rc = stint_async_get(*a, results, NULL, STINT_FOREVER);
    return rc;
}

/* One block: the array, and the bytes behind it. */
static struct stint_bytes *
copy(const struct stint_bytes *from, size_t count)
{
    size_t bytes = 1;

    for (size_t i = 0; i < count; i++)
        bytes += from[i].size;
    struct stint_bytes *to = malloc(count * sizeof *to + bytes);
    if (to == NULL) return NULL;
    char *at = (char *)(to + count);
    for (size_t i = 0; i < count; i++) {
        bool failed = from[i].data == NULL;
        to[i] = (struct stint_bytes){ failed ? NULL : at, from[i].size };
        if (from[i].size > 0) memcpy(at, from[i].data, from[i].size);
        at += from[i].size;
    }
    return to;
}

int
stint_pool_map(struct stint_pool *pool, const char *function,
    const struct stint_bytes *items, size_t count,
    const struct stint_map_options *options, struct stint_bytes **results)
{
    const struct stint_bytes *got;
    struct stint_async *a;

    if (results != NULL) *results = NULL;
    int rc = map(pool, function, items, count, options, &a, &got);
    if (a != NULL && results != NULL) {
        /* The sentence is that of the call: nothing below may say another. */
        *results = copy(a->results, count);
        if (*results == NULL && rc == 0)
            rc = say(STINT_ENOMEM, "no memory for %zu results", count);
    }
    stint_async_free(a);
    return rc;
}

void
stint_results_free(struct stint_bytes *results, size_t count)
{
    (void)count; /* They are one block. */
    free(results);
}

/* ---- integers ------------------------------------------------------------ */

/* In one block, as copy(). */
static struct stint_bytes *
pack_ints(const int64_t *items, size_t count)
{
    struct stint_bytes *to = calloc(count + 1, sizeof *to + INT_BYTES);

    if (to == NULL) return NULL;
    uint8_t *at = (uint8_t *)(to + count);
    for (size_t i = 0; i < count; i++) {
        uint8_t *end = pack_sint(at, items[i]);
        to[i] = (struct stint_bytes){ at, (size_t)(end - at) };
        at = end;
    }
    return to;
}

/* What is none is 0. */
static int
unpack_ints(const struct stint_bytes *from, size_t count, int64_t *to)
{
    int rc = 0;

    for (size_t i = 0; i < count; i++) {
        int64_t n = 0;
        int code = from[i].data != NULL ? stint_unpack_int(&from[i], &n) : 0;
        if (to != NULL) to[i] = n;
        if (code != 0 && rc == 0)
            rc = say(code, "result %zu is not one packed integer", i);
    }
    return rc;
}

int
stint_pool_map_ints(struct stint_pool *pool, const char *function,
    const int64_t *items, size_t count, const struct stint_map_options *options,
    int64_t *results)
{
    const struct stint_bytes *got;
    struct stint_async *a;

    struct stint_bytes *packed = pack_ints(items, count);
    if (packed == NULL) {
        return say(STINT_ENOMEM, "no memory for %zu items", count);
    }
    int rc = map(pool, function, packed, count, options, &a, &got);
    if (a != NULL) {
        int code = unpack_ints(a->results, count, results);
        /* What failed is said before what is no integer. */
        rc = stint_async_get(a, NULL, NULL, 0);
        if (rc == 0) rc = code;
    }
    stint_async_free(a);
    free(packed);
    return rc;
}
