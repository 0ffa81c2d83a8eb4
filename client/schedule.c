/* Schedules: tasks that the master puts by itself.           [layer: client] */
#include "client/stint_schedule.h"

#include <string.h>

#include "client/call.h"
#include "client/inspect.h"
#include "client/post.h"
#include "client/pump.h"
#include "client/queue.h"
#include "common/cron.h"
#include "common/sys/say.h"

enum { SET_BYTES = 2048, REMOVE_BYTES = 512, HANDLER_MAX = 64 };
enum { LIST_SCHEDULES = 5 };

/* ---- making -------------------------------------------------------------- */

static int
check_name(const char *name)
{
    size_t length = name != NULL ? strlen(name) : 0;

    if (length >= 1 && length <= PROTO_NAME_MAX) return 0;
    return say(STINT_EINVAL,
        "the name of a schedule has 1 to %d bytes, this one has %zu",
        PROTO_NAME_MAX, length);
}

static struct slice
text_of(const char *text)
{
    return text != NULL ? slice_of(text) : (struct slice){ NULL, 0 };
}

/* The master says what does not fit together. */
static int
fill_time(struct msg_schedule_set *m, const struct stint_schedule_options *o)
{
    if (!pump_is_ms(o->at_ms) || !pump_is_ms(o->every_ms)) {
        return say(STINT_EINVAL,
            "a schedule at %lld ms or every %lld ms: neither may be negative, "
            "nor later than the year 2262",
            (long long)o->at_ms, (long long)o->every_ms);
    }
    m->at = (uint64_t)(o->at_ms * TICK_MS);
    m->every_ns = (uint64_t)(o->every_ms * TICK_MS);
    m->cron = text_of(o->cron);
    m->missed = o->missed == STINT_MISSED_NONE;
    m->skip_if_open = o->skip_if_open;
    if (m->cron.length <= CRON_LINE_MAX) return 0;
    return say(STINT_EINVAL, "a line of cron has up to %d bytes, this has %zu",
        CRON_LINE_MAX, m->cron.length);
}

static int
fill_task(struct msg_schedule_set *m, const struct stint_put_options *o)
{
    m->priority = o->priority;
    m->attempts_max = o->attempts_max;
    m->handler = text_of(o->handler);
    if (m->handler.length > HANDLER_MAX) {
        return say(STINT_EINVAL, "the handler's name is longer than %d bytes",
            HANDLER_MAX);
    }
    if (o->once) {
        return say(STINT_EINVAL,
            "a schedule does not know `once`: put such tasks yourself");
    }
    if (!pump_is_ms(o->delay_ms) || !pump_is_ms(o->expires_ms)
        || o->attempts_max > UINT16_MAX) {
        return say(STINT_EINVAL,
            "delay %lld ms, expires %lld ms, attempts %u: 0 or more is meant, "
            "and at most 65535 attempts",
            (long long)o->delay_ms, (long long)o->expires_ms, o->attempts_max);
    }
    m->delay_ns = (uint64_t)(o->delay_ms * TICK_MS);
    m->expires_ns = (uint64_t)(o->expires_ms * TICK_MS);
    return 0;
}

static int
ask(struct stint *s, struct msg *m, size_t bytes)
{
    struct call call;
    int rc = call_begin(&call, s, 1, bytes);

    if (rc == 0) rc = call_send(&call, m, call_deadline(s));
    if (rc == 0) call_end(&call);
    return rc;
}

int
stint_schedule_set(struct stint *s, const char *name, const char *queue,
    const void *data, size_t size, const struct stint_schedule_options *options)
{
    static const struct stint_schedule_options none;
    const struct stint_schedule_options *o = options != NULL ? options : &none;
    struct msg m = { .type = MSG_schedule_set };
    struct msg_schedule_set *set = &m.as.schedule_set;

    int rc = check_name(name);
    if (rc == 0) rc = queue_check_name(queue);
    if (rc == 0) rc = fill_time(set, o);
    if (rc == 0) rc = fill_task(set, &o->put);
    if (rc != 0) return rc;
    if (data == NULL && size > 0) {
        return say(STINT_EINVAL, "%zu bytes at NULL are no task", size);
    }
    set->schedule = slice_of(name);
    set->queue = slice_of(queue);
    set->payload = (struct slice){ data, size };
    pump_enter(s);
    rc = pump_obstacle(s);
    if (rc == 0) rc = post_check_size(s, size);
    if (rc == 0) rc = ask(s, &m, SET_BYTES + size);
    pump_leave(s);
    return rc;
}

int
stint_schedule_remove(struct stint *s, const char *name)
{
    struct msg m = { .type = MSG_schedule_remove };

    int rc = check_name(name);
    if (rc != 0) return rc;
    m.as.schedule_remove.schedule = slice_of(name);
    pump_enter(s);
    rc = ask(s, &m, REMOVE_BYTES);
    pump_leave(s);
    if (rc != STINT_ENOENTRY) return rc;
    return say(
        rc, "there is no schedule \"%s\": see `stint schedule list`", name);
}

/* ---- looking ------------------------------------------------------------- */

struct schedules_view {
    int (*see)(void *arg, const struct stint_schedule_row *row);
    void *arg;
};

static int
show(const void *arg, const void *record)
{
    const struct schedules_view *view = arg;
    const struct rec_schedule_row *r = record;
    char name[PROTO_NAME_MAX + 1], queue[PROTO_NAME_MAX + 1];
    char line[CRON_LINE_MAX + 1];
    const struct stint_schedule_row row = {
        .name = inspect_text(name, sizeof name, r->schedule),
        .queue = inspect_text(queue, sizeof queue, r->queue),
        .cron = r->cron.length > 0 ? inspect_text(line, sizeof line, r->cron)
                                   : NULL,
        .at_ms = (int64_t)(r->at / TICK_MS),
        .every_ms = (int64_t)(r->every_ns / TICK_MS),
        .next_ms = (int64_t)(r->next / TICK_MS),
        .last_ms = (int64_t)(r->last / TICK_MS),
        .put = r->put,
        .skipped = r->skipped,
        .task = r->task,
    };

    return view->see(view->arg, &row);
}

int
stint_list_schedules(struct stint *s,
    int (*see)(void *arg, const struct stint_schedule_row *row), void *arg,
    int64_t timeout_ms)
{
    const struct schedules_view seen = { see, arg };
    const struct inspect_view view = { RECORD_schedule_row, show, &seen };
    struct msg m = { .type = MSG_list };

    m.as.list.what = LIST_SCHEDULES;
    return inspect_list(s, &m, &view, 0, timeout_ms);
}
