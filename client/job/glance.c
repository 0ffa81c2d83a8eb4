/* Looking at what a task writes.                             [layer: client] */
#include <stdlib.h>

#include "client/call.h"
#include "client/inspect.h"
#include "client/job/job.h"
#include "client/pump.h"
#include "common/sys/say.h"

enum { PEEK_BYTES = 96 };

static int
check_offsets(const struct stint_glance *g)
{
    if (g->out_from <= INT64_MAX && g->err_from <= INT64_MAX) return 0;
    return say(STINT_EINVAL, "an offset of the glance is out of its bounds");
}

/* Both outputs in one allocation. */
static int
keep(struct stint_glance *g, const struct msg_peeked *m)
{
    size_t size = m->out.length + m->err.length;
    char *copy = malloc(size > 0 ? size : 1);

    if (copy == NULL) return say(STINT_ENOMEM, "no memory for %zu bytes", size);
    free(g->owned);
    g->owned = copy;
    if (m->out.length > 0) memcpy(copy, m->out.bytes, m->out.length);
    g->out = (struct stint_bytes){ copy, m->out.length };
    copy += m->out.length;
    if (m->err.length > 0) memcpy(copy, m->err.bytes, m->err.length);
    g->err = (struct stint_bytes){ copy, m->err.length };
    g->out_from = m->out_from + m->out.length;
    g->err_from = m->err_from + m->err.length;
    g->attempt = (unsigned)m->attempt;
    g->state = (enum stint_task_state)m->state;
    g->more = m->more != 0;
    (void)inspect_text(g->worker, sizeof(g->worker), m->worker);
    return 0;
}

static int
peek(struct stint *s, struct msg *m, struct stint_glance *g, tick_ns deadline)
{
    struct call call;

    m->as.peek.wait_ns = pump_remaining(deadline);
    int rc = call_begin_slow(&call, s, 1, PEEK_BYTES);
    if (rc == 0) rc = call_send(&call, m, pump_grace(deadline));
    if (rc != 0) return rc;
    rc = call.m.type == MSG_peeked
             ? keep(g, &call.m.as.peeked)
             : say(STINT_EPROTO, "the master did not show the task");
    call_end(&call);
    return rc;
}

int
stint_task_glance(struct stint *s, uint64_t task, struct stint_glance *glance,
    int64_t timeout_ms)
{
    struct msg m = { .type = MSG_peek };

    int rc = pump_check_timeout(timeout_ms);
    if (rc == 0) rc = check_offsets(glance);
    glance->out.size = glance->err.size = 0; /* They have been seen. */
    if (rc != 0) return rc;
    m.as.peek.task = task;
    m.as.peek.attempt = glance->attempt;
    m.as.peek.out_from = glance->out_from;
    m.as.peek.err_from = glance->err_from;
    pump_enter(s);
    rc = peek(s, &m, glance, pump_deadline(timeout_ms));
    pump_leave(s);
    return rc;
}

void
stint_glance_free(struct stint_glance *glance)
{
    free(glance->owned);
    glance->owned = NULL;
    glance->out = glance->err = (struct stint_bytes){ NULL, 0 };
}
