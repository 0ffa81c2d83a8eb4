/* Event.                                                     [layer: client] */
#include <stdlib.h>

#include "client/pump.h"
#include "client/stint_sync.h"
#include "client/sync/ask.h"
#include "common/sys/say.h"

struct stint_event {
    struct named named;
};

int
stint_event_open(struct stint *s, const char *name,
    const struct stint_object_options *options, struct stint_event **out)
{
    static const struct stint_object_options none;
    const struct stint_object_options *o = options != NULL ? options : &none;
    struct msg_object_open open = { .kind = NAMED_EVENT,
        .only_open = o->only_open };

    *out = NULL;
    int rc = named_check(name, o->durability, &open.durability);
    if (rc != 0) return rc;
    struct stint_event *e = calloc(1, sizeof(*e));
    if (e == NULL) return say(STINT_ENOMEM, "no memory for an event");
    rc = named_open(&e->named, s, name, NULL, &open);
    if (rc != 0) {
        free(e);
        return rc;
    }
    *out = e;
    return 0;
}

void
stint_event_close(struct stint_event *e)
{
    if (e == NULL) return;
    named_close(&e->named);
    free(e);
}

int
stint_event_set(struct stint_event *e)
{
    const struct msg_sync m = { .verb = ASK_SET };

    return ask(&e->named, &m, NULL);
}

int
stint_event_clear(struct stint_event *e)
{
    const struct msg_sync m = { .verb = ASK_CLEAR };

    return ask(&e->named, &m, NULL);
}

int
stint_event_is_set(struct stint_event *e)
{
    const struct msg_sync m = { .verb = ASK_LOOK };
    struct msg_synced answer;
    int rc = ask(&e->named, &m, &answer);

    return rc != 0 ? rc : answer.number != 0;
}

int
stint_event_wait(struct stint_event *e, int64_t timeout_ms)
{
    const struct msg_sync m = { .verb = ASK_WAIT };
    int rc = pump_check_timeout(timeout_ms);

    if (rc != 0) return rc;
    pump_enter(e->named.s);
    rc = ask_and_wait(&e->named, &m, pump_deadline(timeout_ms), NULL);
    pump_leave(e->named.s);
    return rc;
}
