/* Ends of tasks with how the attempt went.                   [layer: client] */
#include "client/job/encode.h"
#include "client/post.h"
#include "client/pump.h"
#include "client/task.h"
#include "common/sys/say.h"

/* What goes with the end of one task. */
struct note {
    struct buf record;
    struct buf joined; /* Both outputs, where there are two. */
    struct slice note, output;
};

static struct slice
join(struct note *n, struct stint_bytes out, struct stint_bytes err)
{
    if (err.size == 0) return (struct slice){ out.data, out.size };
    if (out.size == 0) return (struct slice){ err.data, err.size };
    buf_append(&n->joined, out.data, out.size);
    buf_append(&n->joined, err.data, err.size);
    return (struct slice){ n->joined.bytes, n->joined.length };
}

static int
prepare(struct note *n, const struct stint_task *t,
    const struct stint_attempt *how, struct stint_bytes out,
    struct stint_bytes err)
{
    struct stint_attempt one = { .attempt = 0 };

    if (how != NULL) one = *how;
    /* Who ran it is told with it: others may run the next one. */
    if (one.worker == NULL) one.worker = t->s->name;
    *n = (struct note){ .note.length = 0 };
    buf_init(&n->record);
    buf_init(&n->joined);
    n->output = join(n, out, err);
    if (t->job != 0) {
        encode_note(&n->record, &one, t->number, out.size);
        n->note = (struct slice){ n->record.bytes, n->record.length };
    }
    if (!n->record.failed && !n->joined.failed) return 0;
    return say(STINT_ENOMEM, "no memory for the output of a task");
}

static void
forget(struct note *n)
{
    buf_fini(&n->record);
    buf_fini(&n->joined);
}

static int
post_with(struct stint_task *t, const struct note *n, struct msg *fail)
{
    struct rec_completion c = task_completion(t, n->output);
    struct rec_fence fence = hold_fence(&t->hold);
    int rc;

    if (fail == NULL) {
        c.note = n->note;
        rc = post_done(t->s, &c);
    } else {
        fail->as.fail.note = n->note;
        if (t->job != 0) fail->as.fail.output = n->output;
        rc = post_fences(t->s, fail, &fence, 1, false);
    }
    if (rc == 0) pump_push(t->s, false);
    return rc;
}

/* Takes the task but for STINT_ETOOLARGE. */
static int
end_with(struct stint_task *t, const struct stint_attempt *how,
    struct stint_bytes out, struct stint_bytes err, struct msg *fail)
{
    struct stint *s = t->s;
    struct note n;

    int prepared = prepare(&n, t, how, out, err);
    pump_enter(s);
    int rc = pump_obstacle(s);
    if (rc == 0) {
        rc = post_check_size(s, out.size + err.size);
        if (rc != 0) {
            pump_leave(s);
            forget(&n);
            return rc;
        }
    }
    if (rc == 0) rc = prepared;
    if (rc == 0) rc = post_with(t, &n, fail);
    rc = task_leave(t, rc);
    forget(&n);
    return rc;
}

int
stint_task_post_done_with(struct stint_task *t, const struct stint_attempt *how,
    struct stint_bytes out, struct stint_bytes err)
{
    return end_with(t, how, out, err, NULL);
}

int
stint_task_post_fail_with(struct stint_task *t, const char *reason,
    int64_t retry_ms, const struct stint_attempt *how, struct stint_bytes out,
    struct stint_bytes err)
{
    struct msg m = task_failure(reason, retry_ms);
    int rc = task_check_delay(retry_ms, STINT_FOREVER);

    if (rc != 0) return rc;
    return end_with(t, how, out, err, &m);
}
