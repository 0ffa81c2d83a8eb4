/*
 * echo.c - the plug-in of the benchmarks: the least a handler can do.
 */
#include <stint.h>

static int
echo(struct stint_call *call)
{
    struct stint_bytes payload = stint_call_payload(call);
    return stint_call_result(call, payload.data, payload.size);
}

/* The first 64 bytes, so that a big task has a small result. */
static int
head(struct stint_call *call)
{
    struct stint_bytes payload = stint_call_payload(call);
    size_t size = payload.size < 64 ? payload.size : 64;
    return stint_call_result(call, payload.data, size);
}

const struct stint_handler stint_handlers[] = { { "echo", echo },
    { "head", head }, { 0 } };
