#include "worker/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/sys/say.h"
#include "worker/map.h"

enum { KEEP_MAX = 1 << 18 };

void
call_init(struct stint_call *c)
{
    memset(c, 0, sizeof *c);
    buf_init(&c->payload);
    buf_init(&c->result);
    buf_init(&c->answers);
    atomic_init(&c->cancelled, false);
    progress_init(&c->progress);
}

void
call_fini(struct stint_call *c)
{
    buf_fini(&c->payload);
    buf_fini(&c->result);
    buf_fini(&c->answers);
    progress_fini(&c->progress);
}

/* Names of tasks are bounded by the protocol; this is the hot path. */
static void
copy_name(char *to, size_t size, const char *name)
{
    size_t length = strnlen(name, size - 1);

    memcpy(to, name, length);
    to[length] = '\0';
}

void
call_begin(struct stint_call *c)
{
    c->reason.text[0] = '\0';
    c->items = 0;
    atomic_store(&c->cancelled, false);
    progress_begin(&c->progress);
}

bool
call_load(struct stint_call *c, const struct stint_task *t, const char *handler)
{
    struct stint_bytes payload = stint_task_payload(t);

    buf_clear(&c->payload);
    buf_clear(&c->result);
    c->task = stint_task_id(t);
    c->fence = stint_task_fence(t);
    c->attempt = stint_task_attempt(t);
    copy_name(c->queue, sizeof c->queue, stint_task_queue(t));
    copy_name(c->handler, sizeof c->handler, handler);
    c->job = stint_task_job(t);
    c->seq = stint_task_seq(t);
    if (buf_reserve(&c->payload, payload.size + 1) != NULL) {
        if (payload.size > 0)
            buf_append(&c->payload, payload.data, payload.size);
        /* Who reads it as a text must not go on into what was here before. */
        c->payload.bytes[c->payload.length] = '\0';
    }
    c->given = (struct stint_bytes){ c->payload.bytes, c->payload.length };
    return !c->payload.failed;
}

/* Another worker of the queue may have it, so not for good. */
static enum run_end
lack(struct stint_call *c, const struct handlers *h, const char *name)
{
    char names[256];

    handlers_names(h, names, sizeof names);
    reason_set(&c->reason, "this worker has no handler \"%s\"%s%s", name,
        names[0] != '\0' ? ", but: " : "", names);
    return RUN_FAILED;
}

/* A handler may be called "map:…" itself. */
enum run_end
call_run(struct stint_call *c, const struct handlers *h)
{
    const struct stint_handler *handler = handlers_find(h, c->handler);
    const char *function = map_function(c->handler);

    if (handler == NULL && function != NULL && function[0] != '\0') {
        handler = handlers_find(h, function);
        if (handler != NULL) return map_run(c, handler);
        return lack(c, h, function);
    }
    if (handler == NULL) return lack(c, h, c->handler);
    int code = handler->run(c);
    if (code == 0 && !c->result.failed) return RUN_DONE;
    if (c->reason.text[0] == '\0') {
        reason_set(&c->reason,
            code == 0 ? "handler \"%s\": no memory for the result"
                      : "handler \"%s\" returned %d without saying why with "
                        "stint_call_fail()",
            handler->name, code);
    }
    return RUN_FAILED;
}

static void
shrink(struct buf *b)
{
    if (b->capacity > KEEP_MAX) buf_fini(b);
}

void
call_unload(struct stint_call *c)
{
    shrink(&c->payload);
    shrink(&c->result);
    shrink(&c->answers);
}

/* ---- the handler's side -------------------------------------------------- */

struct stint_bytes
stint_call_payload(const struct stint_call *c)
{
    return c->given;
}

uint64_t
stint_call_task(const struct stint_call *c)
{
    return c->task;
}

unsigned
stint_call_attempt(const struct stint_call *c)
{
    return c->attempt;
}

uint64_t
stint_call_fence(const struct stint_call *c)
{
    return c->fence;
}

const char *
stint_call_queue(const struct stint_call *c)
{
    return c->queue;
}

int
stint_call_result(struct stint_call *c, const void *data, size_t size)
{
    buf_clear(&c->result);
    if (size > 0) buf_append(&c->result, data, size);
    if (!c->result.failed) return 0;
    return say(STINT_ENOMEM, "no memory for a result of %zu bytes", size);
}

int
stint_call_fail(struct stint_call *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(c->reason.text, sizeof c->reason.text, format, args);
    va_end(args);
    reason_clean(c->reason.text);
    return -1;
}

bool
stint_call_cancelled(const struct stint_call *c)
{
    return atomic_load(&c->cancelled);
}

uint64_t
stint_call_job(const struct stint_call *c)
{
    return c->job;
}

uint64_t
stint_call_seq(const struct stint_call *c)
{
    return c->seq;
}

void
stint_call_progress(
    struct stint_call *c, uint64_t done, uint64_t total, const char *text)
{
    progress_set(&c->progress, done, total, text);
}
