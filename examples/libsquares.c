/*
 * libsquares.c - a plug-in with two handlers.
 *
 *     cc -shared -fPIC examples/libsquares.c -o libsquares.so
 *     stint worker --plugin ./libsquares.so
 *
 * Only the names in the table can be called from outside; the first one runs
 * the tasks that name none.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <stint.h>
#include <string.h>

/* "12" becomes "144". */
static int
square(struct stint_call *call)
{
    struct stint_bytes payload = stint_call_payload(call);
    char text[32] = "", *end;

    if (payload.size == 0 || payload.size >= sizeof text)
        return stint_call_fail(
            call, "%zu bytes are not a number", payload.size);
    memcpy(text, payload.data, payload.size);

    int64_t n = strtoll(text, &end, 10);
    end += strspn(end, " \r\n");
    if (end == text || *end != '\0')
        return stint_call_fail(call, "\"%s\" is not a number", text);

    int64_t product;
    if (__builtin_mul_overflow(n, n, &product))
        return stint_call_fail(call, "the square of %" PRId64 " is too big", n);

    char out[32];
    int length = snprintf(out, sizeof out, "%" PRId64, product);
    return stint_call_result(call, out, (size_t)length);
}

/* What went in comes out. */
static int
echo(struct stint_call *call)
{
    struct stint_bytes payload = stint_call_payload(call);

    return stint_call_result(call, payload.data, payload.size);
}

const struct stint_handler stint_handlers[] = {
    { "square", square },
    { "echo", echo },
    { 0 },
};
