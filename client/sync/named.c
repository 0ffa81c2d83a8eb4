#include "client/sync/named.h"

#include <stdio.h>
#include <string.h>

#include "client/call.h"
#include "client/pump.h"
#include "client/queue.h"
#include "client/sync/blame.h"
#include "common/base.h"
#include "common/sys/say.h"

enum { CALL_BYTES = 640 };

int
named_check(const char *name, const char *durability, uint64_t *out)
{
    size_t length = name != NULL ? strlen(name) : 0;
    int word = queue_durability(durability);

    if (length < 1 || length > PROTO_NAME_MAX) {
        return say(STINT_EINVAL,
            "an object's name has 1 to %d bytes, this one has %zu",
            PROTO_NAME_MAX, length);
    }
    if (word < 0) {
        return say(STINT_EINVAL,
            "the durability of an object is synced, written or memory, not "
            "\"%.64s\"",
            durability);
    }
    *out = (uint64_t)word;
    return 0;
}

static int
ask(struct named *n)
{
    struct msg m = { .type = MSG_object_open, .as.object_open = n->open };
    struct call call;

    n->starts = n->s->starts;
    m.as.object_open.object = slice_of(n->name);
    m.as.object_open.lock = slice_of(n->lock);
    int rc = call_begin(&call, n->s, 1, CALL_BYTES);
    if (rc == 0) rc = call_send(&call, &m, call_deadline(n->s));
    if (rc == 0) call_end(&call);
    return rc;
}

int
named_open(struct named *n, struct stint *s, const char *name, const char *lock,
    const struct msg_object_open *open)
{
    n->s = s;
    n->open = *open;
    (void)snprintf(n->name, sizeof(n->name), "%s", name);
    (void)snprintf(n->lock, sizeof(n->lock), "%s", lock != NULL ? lock : "");
    pump_enter(s);
    int rc = ask(n);
    if (rc == STINT_EEXISTS && n->as_it_is) {
        n->open.only_open = 1;
        rc = ask(n);
    }
    if (rc == 0) inside_hold(s);
    pump_leave(s);
    return rc != 0 ? blame_open(n, rc) : 0;
}

void
named_close(struct named *n)
{
    (void)pthread_mutex_lock(&n->s->lock);
    inside_drop(n->s);
}

bool
named_is_back(struct named *n, int code)
{
    if (code != STINT_ENOOBJECT || n->open.only_open != 0) return false;
    return n->starts != n->s->starts && ask(n) == 0;
}
