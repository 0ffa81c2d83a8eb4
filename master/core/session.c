#include "master/core/session.h"

#include <stdlib.h>

#include "common/check.h"

struct session *
session_new(const uint8_t id[PROTO_SESSION_BYTES], struct key *key, tick_ns now)
{
    struct session *s = calloc(1, sizeof *s);

    if (s == NULL) return NULL;
    memcpy(s->id, id, PROTO_SESSION_BYTES);
    s->state = SESSION_LIVE;
    s->key = key;
    s->window = SESSION_WINDOW;
    s->since = s->heard = now;
    stream_init(&s->stream);
    list_init(&s->leases);
    list_init(&s->holds);
    list_init(&s->waits);
    list_init(&s->jobs);
    list_init(&s->results);
    list_init(&s->receipts);
    list_init(&s->asks);
    list_init(&s->backlog);
    list_init(&s->behind);
    list_init(&s->sending);
    list_init(&s->lazy);
    list_init(&s->starved);
    return s;
}

void
session_free(struct session *s)
{
    CHECK(list_is_empty(&s->leases) && list_is_empty(&s->waits));
    CHECK(list_is_empty(&s->results) && list_is_empty(&s->receipts));
    CHECK(list_is_empty(&s->asks) && list_is_empty(&s->holds));
    CHECK(list_is_empty(&s->backlog));
    list_remove(&s->sending);
    list_remove(&s->lazy);
    list_remove(&s->starved);
    stream_fini(&s->stream);
    free(s->unheard.rows);
    needs_fini(&s->traits);
    free(s);
}

size_t
session_out_bytes(const struct session *s)
{
    return s->stream.kept_bytes + stream_open_bytes(&s->stream);
}

unsigned
session_out_frames(const struct session *s)
{
    return s->stream.kept_count + (stream_open_bytes(&s->stream) > 0);
}

bool
session_has_window(const struct session *s)
{
    return s->state == SESSION_LIVE && s->conn != 0
           && s->stream.kept_count < SESSION_FRAMES_MAX
           && session_out_bytes(s) < s->window;
}
