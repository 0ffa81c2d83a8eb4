/* Barrier.                                                   [layer: client] */
#include <stdlib.h>

#include "client/call.h"
#include "client/pump.h"
#include "client/stint_sync.h"
#include "client/sync/ask.h"
#include "common/sys/say.h"

enum { PARTIES_MAX = 65535, ACTS = 4 };

struct stint_barrier {
    struct named named;
    int (*action)(void *arg);
    void *arg;
};

static int
describe(const struct stint_barrier_options *o, struct msg_object_open *open)
{
    if (!o->only_open && (o->parties < 1 || o->parties > PARTIES_MAX)) {
        return say(STINT_EINVAL,
            "a barrier has 1 to %d .parties, not %llu; NULL for the options "
            "opens one that is there",
            PARTIES_MAX, (unsigned long long)o->parties);
    }
    open->kind = NAMED_BARRIER;
    open->only_open = o->only_open;
    open->size = o->parties;
    open->flags = o->action != NULL ? ACTS : 0;
    return 0;
}

int
stint_barrier_open(struct stint *s, const char *name,
    const struct stint_barrier_options *options, struct stint_barrier **out)
{
    static const struct stint_barrier_options there = { .only_open = true };
    const struct stint_barrier_options *o = options != NULL ? options : &there;
    struct msg_object_open open = { 0 };

    *out = NULL;
    int rc = named_check(name, o->durability, &open.durability);
    if (rc == 0) rc = describe(o, &open);
    if (rc != 0) return rc;
    struct stint_barrier *b = calloc(1, sizeof(*b));
    if (b == NULL) return say(STINT_ENOMEM, "no memory for a barrier");
    b->action = o->action;
    b->arg = o->arg;
    rc = named_open(&b->named, s, name, NULL, &open);
    if (rc != 0) {
        free(b);
        return rc;
    }
    *out = b;
    return 0;
}

void
stint_barrier_close(struct stint_barrier *b)
{
    if (b == NULL) return;
    named_close(&b->named);
    free(b);
}

/* ---- waiting ------------------------------------------------------------- */

/* Whoever opened it without an action has none to run. */
static int
act(struct stint_barrier *b)
{
    struct msg_sync m = { .verb = ASK_ACTED, .holder = ask_thread() };
    bool failed = b->action != NULL && b->action(b->arg) != 0;

    m.number = failed;
    int rc = ask(&b->named, &m, NULL);
    if (rc != 0 || !failed) return rc;
    return say(
        STINT_EBROKEN, "the action of barrier \"%s\" failed", b->named.name);
}

int
stint_barrier_wait(struct stint_barrier *b, unsigned *index, int64_t timeout_ms)
{
    const struct msg_sync m = { .verb = ASK_WAIT, .holder = ask_thread() };
    struct msg_synced answer;
    int rc = pump_check_timeout(timeout_ms);

    if (rc != 0) return rc;
    pump_enter(b->named.s);
    rc = ask_and_wait(&b->named, &m, pump_deadline(timeout_ms), &answer);
    pump_leave(b->named.s);
    if (rc != 0) return rc;
    if (index != NULL) *index = (unsigned)answer.number;
    return answer.act != 0 ? act(b) : 0;
}

/* ---- all else ------------------------------------------------------------ */

int
stint_barrier_reset(struct stint_barrier *b)
{
    const struct msg_sync m = { .verb = ASK_RESET };

    return ask(&b->named, &m, NULL);
}

int
stint_barrier_abort(struct stint_barrier *b)
{
    const struct msg_sync m = { .verb = ASK_ABORT };

    return ask(&b->named, &m, NULL);
}

int
stint_barrier_look(struct stint_barrier *b, struct stint_barrier_state *out)
{
    const struct msg_sync m = { .verb = ASK_LOOK };
    struct msg_synced answer;
    int rc = ask(&b->named, &m, &answer);

    if (rc != 0) return rc;
    *out = (struct stint_barrier_state){ .parties = answer.number,
        .waiting = answer.waiting,
        .broken = answer.broken != 0 };
    return 0;
}
