#include "client/sync/ask.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "client/call.h"
#include "client/pump.h"
#include "client/sync/blame.h"
#include "common/base.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"

enum { ASK_BYTES = PROTO_NAME_MAX + 96 };

struct asked {
    struct rpc_request r;
    struct stint *s;
    struct msg_sync m; /* As it was asked; its text is `name`. */
    struct msg_synced answer;
    struct slice text; /* Of an error; in `in`. */
    struct inbound *in;
    int code;
    bool over;
    bool left; /* Nobody waits for the answer. */
    enum named_kind kind;
    char name[];
};

uint64_t
ask_thread(void)
{
    static atomic_uint_fast64_t last;
    static _Thread_local uint64_t number;

    if (number == 0) number = atomic_fetch_add(&last, 1) + 1;
    return number;
}

static void
drop(struct asked *a)
{
    inbound_drop(a->in);
    free(a);
}

static struct asked *begin(struct stint *s, const char *name,
    enum named_kind kind, const struct msg_sync *m);

static void
leave(struct stint *s, const char *name, const struct msg_sync *m)
{
    struct asked *a = begin(s, name, NAMED_LOCK, m);

    if (a == NULL) return;
    a->left = true;
    a->r.once = m->verb == ASK_ABORT; /* A new session waits for nobody. */
}

/* The lock of a condition is held again, for nobody; and if we were notified,
 * that was meant for somebody who waits. */
static void
undo_wait(const struct asked *a)
{
    const struct msg_sync pass = {
        .verb = ASK_NOTIFY, .holder = a->m.holder, .number = 1
    };
    const struct msg_sync back = {
        .verb = ASK_RELEASE, .holder = a->m.holder, .number = a->answer.fence
    };
    uint64_t depth = a->answer.number > 0 ? a->answer.number : 1;

    if (a->answer.late == 0) leave(a->s, a->name, &pass);
    for (; depth > 0; depth--)
        leave(a->s, a->name, &back);
}

/* What came too late is given back. */
static void
undo(const struct asked *a)
{
    struct msg_sync back = { .holder = a->m.holder, .verb = ASK_RELEASE };

    if (a->code != 0) return;
    if (a->m.verb == ASK_ACQUIRE) {
        back.number = a->answer.fence;
        leave(a->s, a->name, &back);
    } else if (a->answer.act != 0) {
        back.verb = ASK_ACTED;
        back.number = 1;
        leave(a->s, a->name, &back);
    } else if (a->m.verb == ASK_WAIT && a->kind == NAMED_CONDITION) {
        undo_wait(a);
    }
}

static void
take_answer(struct rpc_request *r, int code, const struct msg *m, bool last)
{
    struct asked *a = r->arg;

    (void)last; /* One answer is all. */
    a->over = true;
    a->code = code;
    if (m != NULL && m->type == MSG_synced) a->answer = m->as.synced;
    if (m != NULL && m->type == MSG_error && !a->left) {
        a->text = m->as.error.text;
        a->in = inbound_hold(a->s->current);
    }
    if (!a->left) return;
    if (m != NULL) undo(a);
    drop(a);
}

/* NULL without memory. */
static struct asked *
begin(struct stint *s, const char *name, enum named_kind kind,
    const struct msg_sync *m)
{
    size_t length = strlen(name);
    struct asked *a = calloc(1, sizeof(*a) + length + 1);

    if (a == NULL) return NULL;
    memcpy(a->name, name, length);
    a->s = s;
    a->m = *m;
    a->kind = kind;
    a->r = (struct rpc_request){ .answered = take_answer,
        .arg = a,
        .slow = m->wait_ns > 0,
        .asked_at = clock_now() };
    if (rpc_begin(s->rpc, &a->r, 1, ASK_BYTES) != 0) {
        drop(a);
        return NULL;
    }
    struct msg message = { .type = MSG_sync, .as.sync = *m };
    message.as.sync.request = a->r.number;
    message.as.sync.object = (struct slice){ (const uint8_t *)a->name, length };
    codec_message(rpc_message(s->rpc), &message);
    return a;
}

static bool
is_over(const void *arg)
{
    const struct asked *a = arg;

    return a->over;
}

/* Who waits at a barrier no more breaks it for the others, unless they all have
 * met meanwhile: then the next ones are not his. */
static void
leave_barrier(struct asked *a)
{
    const struct msg_sync m = { .verb = ASK_ABORT, .number = a->r.number };

    a->r.once = true;
    leave(a->s, a->name, &m);
    if (!a->s->closed) pump_push(a->s, true);
}

static int
finish(struct asked *a, int rc, struct msg_synced *answer)
{
    if (!a->over) {
        a->left = true;
        if (a->kind == NAMED_BARRIER && a->m.verb == ASK_WAIT
            && pump_obstacle(a->s) == 0) {
            leave_barrier(a);
        }
        return rc;
    }
    if (rc == 0) rc = a->code;
    if (rc == 0 && answer != NULL) *answer = a->answer;
    if (rc != 0 && a->code == rc && pump_obstacle(a->s) == 0) {
        rc = call_say(rc, a->text);
    }
    drop(a);
    return rc;
}

static int
once(struct named *n, const struct msg_sync *m, tick_ns patience,
    struct msg_synced *answer)
{
    int rc = pump_obstacle(n->s);

    if (rc != 0) return rc;
    struct asked *a = begin(n->s, n->name, (enum named_kind)n->open.kind, m);
    if (a == NULL) return say(STINT_ENOMEM, "no memory for a request");
    return finish(a, pump_wait(n->s, is_over, a, patience), answer);
}

int
ask_and_wait(struct named *n, const struct msg_sync *m, tick_ns deadline,
    struct msg_synced *answer)
{
    struct msg_sync want = *m;
    tick_ns patience = pump_grace(tick_after(deadline, (tick_ns)want.again_ns));
    tick_ns wait = (tick_ns)pump_remaining(deadline);
    int rc;

    do {
        want.wait_ns = pump_remaining(deadline);
        rc = once(n, &want, patience, answer);
    } while (named_is_back(n, rc));
    return rc < 0 ? blame_sync(n, m, wait, rc) : rc;
}

int
ask(struct named *n, const struct msg_sync *m, struct msg_synced *answer)
{
    int rc;

    pump_enter(n->s);
    do {
        rc = once(n, m, call_deadline(n->s), answer);
    } while (named_is_back(n, rc));
    pump_leave(n->s);
    return rc < 0 ? blame_sync(n, m, 0, rc) : rc;
}

void
ask_nothing(const struct named *n, const struct msg_sync *m)
{
    if (pump_obstacle(n->s) == 0) leave(n->s, n->name, m);
}
