/* One call: apply and its like.                                 [layer: pool]
 */
#include <stdlib.h>
#include <string.h>

#include "client/pool/async.h"
#include "common/sys/say.h"

int
stint_pool_apply_async(struct stint_pool *pool, const char *function,
    const void *argument, size_t size, const struct stint_callbacks *callbacks,
    struct stint_async **out)
{
    const struct stint_bytes item = { argument, size };

    return async_start(pool, function, &item, 1, 1, callbacks, out);
}

int
stint_pool_apply_async_int(struct stint_pool *pool, const char *function,
    int64_t argument, const struct stint_callbacks *callbacks,
    struct stint_async **out)
{
    struct stint_bytes packed;

    if (out != NULL) *out = NULL;
    int rc = stint_pack_int(&packed, argument);
    if (rc != 0) return rc;
    rc = async_start(pool, function, &packed, 1, 1, callbacks, out);
    stint_bytes_free(&packed);
    return rc;
}

/* ---- and wait ------------------------------------------------------------ */

/* Gives what is freed with stint_bytes_free(). */
static int
copy(const struct stint_bytes *from, struct stint_bytes *to)
{
    void *bytes = malloc(from->size > 0 ? from->size : 1);

    if (bytes == NULL) {
        return say(
            STINT_ENOMEM, "no memory for a result of %zu bytes", from->size);
    }
    if (from->size > 0) memcpy(bytes, from->data, from->size);
    to->data = bytes;
    to->size = from->size;
    return 0;
}

/* The caller may not want the number, but that it is one. */
static int
unpack_int(const struct stint_bytes *packed, int64_t *out)
{
    int64_t unwanted;

    return stint_unpack_int(packed, out != NULL ? out : &unwanted);
}

static int
unpack_double(const struct stint_bytes *packed, double *out)
{
    double unwanted;

    return stint_unpack_double(packed, out != NULL ? out : &unwanted);
}

/* Start and wait; then `a` is to be freed in any case. */
static int
call(struct stint_pool *pool, const char *function,
    const struct stint_bytes *argument, struct stint_async **a,
    const struct stint_bytes **result)
{
    if (pool_is_inside(pool)) {
        *a = NULL;
        return say(
            STINT_EBUSY, "a callback cannot wait for a result of its own pool");
    }
    int rc = async_start(pool, function, argument, 1, 1, NULL, a);
    if (rc == 0) rc = stint_async_get(*a, result, NULL, STINT_FOREVER);
    return rc;
}

int
stint_pool_apply(struct stint_pool *pool, const char *function,
    const void *argument, size_t size, struct stint_bytes *result)
{
    const struct stint_bytes item = { argument, size };
    const struct stint_bytes *got;
    struct stint_async *a;

    if (result != NULL) *result = (struct stint_bytes){ NULL, 0 };
    int rc = call(pool, function, &item, &a, &got);
    if (rc == 0 && result != NULL) rc = copy(got, result);
    stint_async_free(a);
    return rc;
}

static int
say_type(const char *function, int rc, const char *what)
{
    return say(rc, "the result of \"%s\" is not one packed %s", function, what);
}

int
stint_pool_apply_int(struct stint_pool *pool, const char *function,
    int64_t argument, int64_t *result)
{
    const struct stint_bytes *got;
    struct stint_bytes packed;
    struct stint_async *a;

    int rc = stint_pack_int(&packed, argument);
    if (rc != 0) return rc;
    rc = call(pool, function, &packed, &a, &got);
    if (rc == 0) {
        rc = unpack_int(got, result);
        if (rc != 0) rc = say_type(function, rc, "integer");
    }
    stint_async_free(a);
    stint_bytes_free(&packed);
    return rc;
}

int
stint_pool_apply_double(struct stint_pool *pool, const char *function,
    double argument, double *result)
{
    const struct stint_bytes *got;
    struct stint_bytes packed;
    struct stint_async *a;

    int rc = stint_pack_double(&packed, argument);
    if (rc != 0) return rc;
    rc = call(pool, function, &packed, &a, &got);
    if (rc == 0) {
        rc = unpack_double(got, result);
        if (rc != 0) rc = say_type(function, rc, "double");
    }
    stint_async_free(a);
    stint_bytes_free(&packed);
    return rc;
}

int
stint_async_get_int(struct stint_async *a, int64_t *result, int64_t timeout_ms)
{
    const struct stint_bytes *got;
    size_t count;

    int rc = stint_async_get(a, &got, &count, timeout_ms);
    if (rc != 0) return rc;
    if (count != 1) {
        return say(STINT_ETYPE, "there are %zu results, not one", count);
    }
    rc = unpack_int(got, result);
    return rc == 0 ? 0 : say(rc, "the result is not one packed integer");
}
