/* Inside a function: its argument and its result, typed.        [layer: pool]
 */
#include <string.h>

#include "client/stint_pool.h"

static int
complain(struct stint_call *c, int rc, const char *what)
{
    const char *why = rc == STINT_EOVERFLOW ? "it does not fit"
                      : rc == STINT_ETYPE   ? "it is of another type"
                                            : "it is not one packed value";

    return stint_call_fail(c, "the argument is to be %s: %s", what, why);
}

int
stint_call_int(struct stint_call *c, int64_t *out)
{
    const struct stint_bytes argument = stint_call_payload(c);
    int rc = stint_unpack_int(&argument, out);

    return rc == 0 ? 0 : complain(c, rc, "an integer");
}

int
stint_call_double(struct stint_call *c, double *out)
{
    const struct stint_bytes argument = stint_call_payload(c);
    int rc = stint_unpack_double(&argument, out);

    return rc == 0 ? 0 : complain(c, rc, "a double");
}

int
stint_call_ints(struct stint_call *c, int64_t *out, size_t count)
{
    const struct stint_bytes argument = stint_call_payload(c);
    size_t there = 0;
    int rc = stint_unpack_ints(&argument, out, count, &there);

    if (rc == 0 && there == count) return 0;
    if (rc == 0 || (rc == STINT_EOVERFLOW && there != count)) {
        return stint_call_fail(c,
            "the argument is to be an array of %zu integers: it has %zu", count,
            there);
    }
    return complain(c, rc, "an array of integers");
}

/* ---- results ------------------------------------------------------------- */

static int
give(struct stint_call *c, int rc, struct stint_bytes *packed)
{
    if (rc == 0) rc = stint_call_result(c, packed->data, packed->size);
    stint_bytes_free(packed);
    if (rc == 0) return 0;
    return stint_call_fail(c, "no memory for the result");
}

int
stint_call_return_int(struct stint_call *c, int64_t number)
{
    struct stint_bytes packed;
    int rc = stint_pack_int(&packed, number);

    return give(c, rc, &packed);
}

int
stint_call_return_double(struct stint_call *c, double number)
{
    struct stint_bytes packed;
    int rc = stint_pack_double(&packed, number);

    return give(c, rc, &packed);
}

int
stint_call_return_text(struct stint_call *c, const char *text)
{
    struct stint_bytes packed;
    int rc = stint_pack_string(&packed, text);

    return give(c, rc, &packed);
}
