/* One value that is all of its bytes. */
#include <stdlib.h>

#include "client/stint_value.h"
#include "common/sys/say.h"

int
stint_unpack_bool(const struct stint_bytes *packed, bool *out)
{
    struct stint_unpack u;
    bool value;

    stint_unpack_begin(&u, packed);
    int rc = stint_unpack_next_bool(&u, &value);
    if (rc == 0) rc = stint_unpack_end(&u);
    if (rc == 0) *out = value;
    return rc;
}

int
stint_unpack_int(const struct stint_bytes *packed, int64_t *out)
{
    struct stint_unpack u;
    int64_t value;

    stint_unpack_begin(&u, packed);
    int rc = stint_unpack_next_int(&u, &value);
    if (rc == 0) rc = stint_unpack_end(&u);
    if (rc == 0) *out = value;
    return rc;
}

int
stint_unpack_double(const struct stint_bytes *packed, double *out)
{
    struct stint_unpack u;
    double value;

    stint_unpack_begin(&u, packed);
    int rc = stint_unpack_next_double(&u, &value);
    if (rc == 0) rc = stint_unpack_end(&u);
    if (rc == 0) *out = value;
    return rc;
}

int
stint_unpack_string(const struct stint_bytes *packed, struct stint_bytes *out)
{
    struct stint_unpack u;
    struct stint_bytes value;

    stint_unpack_begin(&u, packed);
    int rc = stint_unpack_next_string(&u, &value);
    if (rc == 0) rc = stint_unpack_end(&u);
    if (rc == 0) *out = value;
    return rc;
}

int
stint_unpack_bytes(const struct stint_bytes *packed, struct stint_bytes *out)
{
    struct stint_unpack u;
    struct stint_bytes value;

    stint_unpack_begin(&u, packed);
    int rc = stint_unpack_next_bytes(&u, &value);
    if (rc == 0) rc = stint_unpack_end(&u);
    if (rc == 0) *out = value;
    return rc;
}

/* ---- arrays -------------------------------------------------------------- */

static int
begin(struct stint_unpack *u, const struct stint_bytes *packed, size_t max,
    size_t *count)
{
    size_t found;

    stint_unpack_begin(u, packed);
    int rc = stint_unpack_next_array(u, &found);
    if (rc != 0) return rc;
    *count = found;
    if (found <= max) return 0;
    return say(STINT_EOVERFLOW, "the array has %zu elements, not at most %zu",
        found, max);
}

int
stint_unpack_ints(const struct stint_bytes *packed, int64_t *values, size_t max,
    size_t *count)
{
    struct stint_unpack u, first;
    int64_t ignored;

    int rc = begin(&u, packed, max, count);
    if (rc != 0) return rc;
    first = u;
    for (size_t i = 0; rc == 0 && i < *count; i++)
        rc = stint_unpack_next_int(&u, &ignored);
    if (rc == 0) rc = stint_unpack_end(&u);
    for (size_t i = 0; rc == 0 && i < *count; i++)
        rc = stint_unpack_next_int(&first, &values[i]);
    return rc;
}

int
stint_unpack_doubles(
    const struct stint_bytes *packed, double *values, size_t max, size_t *count)
{
    struct stint_unpack u, first;
    double ignored;

    int rc = begin(&u, packed, max, count);
    if (rc != 0) return rc;
    first = u;
    for (size_t i = 0; rc == 0 && i < *count; i++)
        rc = stint_unpack_next_double(&u, &ignored);
    if (rc == 0) rc = stint_unpack_end(&u);
    for (size_t i = 0; rc == 0 && i < *count; i++)
        rc = stint_unpack_next_double(&first, &values[i]);
    return rc;
}
