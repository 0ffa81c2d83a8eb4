/* What there is to do with every named object.               [layer: client] */
#include "client/call.h"
#include "client/pump.h"
#include "client/stint_objects.h"
#include "client/sync/named.h"
#include "common/sys/say.h"

enum { CALL_BYTES = 320 };

static int
forget(struct stint *s, const char *name, bool idle)
{
    struct msg m = { .type = MSG_object_delete };
    struct call call;
    uint64_t unused;

    int rc = named_check(name, NULL, &unused);
    if (rc != 0) return rc;
    m.as.object_delete.object = slice_of(name);
    m.as.object_delete.idle = idle;
    pump_enter(s);
    rc = call_begin(&call, s, 1, CALL_BYTES);
    if (rc == 0) rc = call_send(&call, &m, call_deadline(s));
    if (rc == 0) call_end(&call);
    pump_leave(s);
    if (rc != STINT_ENOOBJECT) return rc;
    return say(rc, "there is no object \"%s\": see stint objects", name);
}

int
stint_object_delete(struct stint *s, const char *name)
{
    return forget(s, name, false);
}

int
stint_object_delete_idle(struct stint *s, const char *name)
{
    return forget(s, name, true);
}
