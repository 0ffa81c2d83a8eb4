#include "master/server/webjson.h"

#include <inttypes.h>

#include "common/base.h"
#include "master/core/job.h"
#include "master/core/queue.h"
#include "master/core/view.h"
#include "master/server/webtext.h"

/* A page is at most about so long, and looks at so many tasks: rows cost some
 * microseconds each, and for a millisecond the loop may be held up. */
enum { PAGE_BYTES = 48 << 10, LOOK_MAX = 5000 };
/* Ids that are no task's any more are passed over, at a cost. */
enum { IDS_A_LOOK = 64 };

/* ---- values -------------------------------------------------------------- */

static void
put_name(struct buf *out, const char *name)
{
    bool first = out->length == 0 || out->bytes[out->length - 1] == '{';

    webtext_put(out, "%s\"%s\":", first ? "" : ",", name);
}

static void
put_text(struct buf *out, const char *name, struct slice value)
{
    put_name(out, name);
    webtext_quote(out, value);
}

static void
put_nothing(struct buf *out, const char *name)
{
    put_name(out, name);
    webtext_put(out, "null");
}

/* What has no name is null. */
static void
put_known(struct buf *out, const char *name, struct slice value)
{
    if (value.length > 0) {
        put_text(out, name, value);
    } else {
        put_nothing(out, name);
    }
}

static void
put_number(struct buf *out, const char *name, uint64_t value)
{
    put_name(out, name);
    webtext_put(out, "%" PRIu64, value);
}

static void
put_flag(struct buf *out, const char *name, bool value)
{
    put_name(out, name);
    webtext_put(out, value ? "true" : "false");
}

static void
put_seconds(struct buf *out, const char *name, uint64_t ns)
{
    put_name(out, name);
    webtext_seconds(out, ns > INT64_MAX ? INT64_MAX : (tick_ns)ns);
}

/* What does not hold has no time. */
static void
put_time(struct buf *out, const char *name, bool holds, uint64_t ns)
{
    if (holds) {
        put_seconds(out, name, ns);
    } else {
        put_nothing(out, name);
    }
}

/* ---- lists --------------------------------------------------------------- */

struct list_page {
    struct buf *out;
    uint64_t left;
};

static struct list_page
begin_list(struct buf *out, const char *name, const struct webquery *query)
{
    webtext_put(out, "{\"%s\":[", name);
    return (struct list_page){ .out = out,
        .left = query->limit != 0 ? query->limit : WEBPAGE_LIMIT };
}

static bool
has_room(const struct list_page *page)
{
    return page->left > 0 && page->out->length < PAGE_BYTES
           && !page->out->failed;
}

static void
begin_row(struct list_page *page)
{
    bool first = page->out->bytes[page->out->length - 1] == '[';

    webtext_put(page->out, first ? "\n{" : ",\n{");
    page->left -= 1;
}

static unsigned
end_list(struct list_page *page, uint64_t next)
{
    if (next != 0) {
        webtext_put(page->out, "\n],\"next\":%" PRIu64 "}\n", next);
    } else {
        webtext_put(page->out, "\n],\"next\":null}\n");
    }
    return 200;
}

void
webjson_error(struct buf *out, const char *sentence)
{
    webtext_put(out, "{\"error\":");
    webtext_quote(out, slice_of(sentence));
    webtext_put(out, "}\n");
}

static unsigned
refuse_queue(struct buf *out)
{
    webjson_error(out, "no such queue");
    return 404;
}

/* ---- the master ---------------------------------------------------------- */

unsigned
webjson_master(
    struct buf *out, const struct webview *view, const struct webquery *query)
{
    const struct msg_master_row m = view_master_row(view->core, view->now);

    (void)query;
    webtext_put(out, "{");
    put_text(out, "software", m.software);
    put_text(out, "durability", m.durability);
    put_flag(out, "disk_full", m.disk_full != 0);
    put_flag(out, "stopping", view->meters->stopping);
    put_seconds(out, "up", m.uptime_ns);
    put_number(out, "memory", m.memory);
    put_number(out, "memory_max", m.memory_max);
    put_number(out, "queues", m.queues);
    put_number(out, "clients", m.clients);
    put_number(out, "workers", m.workers);
    put_number(out, "slots", m.slots);
    put_number(out, "backlog", m.ready + m.leased);
    put_number(out, "ready", m.ready);
    put_number(out, "delayed", m.delayed);
    put_number(out, "leased", m.leased);
    put_number(out, "accepted", m.accepted);
    put_number(out, "done", m.done);
    put_number(out, "dead", m.dead);
    put_number(out, "cancelled", m.cancelled);
    put_number(out, "expired", m.expired);
    webtext_put(out, "}\n");
    return 200;
}

/* ---- queues -------------------------------------------------------------- */

static void
put_queue(struct list_page *page, const struct queue *q, tick_ns now)
{
    const struct rec_queue_row r = view_queue_whole(q);
    struct buf *out = page->out;

    begin_row(page);
    put_text(out, "queue", r.queue);
    put_text(out, "kind", slice_of(queue_kind_word((enum queue_kind)r.kind)));
    put_number(out, "backlog", r.ready + r.leased);
    put_number(out, "ready", r.ready);
    put_number(out, "delayed", r.delayed);
    put_number(out, "leased", r.leased);
    put_number(out, "done", r.done);
    put_number(out, "dead", r.dead);
    put_number(out, "bytes", r.bytes);
    put_number(out, "max_tasks", r.max_tasks);
    put_number(out, "max_bytes", r.max_bytes);
    put_number(out, "accepted", r.accepted);
    put_number(out, "cancelled", r.cancelled);
    put_number(out, "expired", r.expired);
    put_number(out, "failures", r.failures);
    put_number(out, "lost", r.lost);
    put_number(out, "timeouts", r.timeouts);
    put_number(out, "released", r.released);
    put_number(out, "getters", r.getters);
    put_number(out, "putters", r.putters);
    put_seconds(out, "lease", r.lease_ns);
    put_number(out, "attempts_max", r.attempts_max);
    put_flag(out, "shut", r.shut != 0);
    put_text(out, "durability",
        slice_of(queue_durability_word((enum queue_durability)r.durability)));
    put_number(out, "workers", r.workers);
    put_seconds(out, "next_age", (uint64_t)view_next_age(q, now));
    put_number(out, "jobs_ready", r.jobs_ready);
    put_number(out, "jobs_delayed", r.jobs_delayed);
    put_number(out, "jobs_leased", r.jobs_leased);
    put_number(out, "jobs_dead", r.jobs_dead);
    webtext_put(out, "}");
}

static uint64_t
put_queues(struct list_page *page, const struct webview *view, uint64_t after)
{
    for (uint64_t i = after;; i++) {
        const struct queue *q = view_queue(view->core, i);
        if (q == NULL) return 0;
        if (!has_room(page)) return i;
        put_queue(page, q, view->now);
    }
}

unsigned
webjson_queues(
    struct buf *out, const struct webview *view, const struct webquery *query)
{
    bool is_one = query->queue.length > 0;
    const struct queue *q =
        is_one ? view_queue_named(view->core, query->queue) : NULL;
    uint64_t next = 0;

    if (is_one && q == NULL) return refuse_queue(out);
    view_count_workers(view->core, view->now);
    struct list_page page = begin_list(out, "queues", query);
    if (!is_one) {
        next = put_queues(&page, view, query->after);
    } else if (has_room(&page)) {
        put_queue(&page, q, view->now);
    }
    return end_list(&page, next);
}

/* ---- workers ------------------------------------------------------------- */

static void
put_worker(struct list_page *page, const struct rec_peer_row *r)
{
    struct buf *out = page->out;

    begin_row(page);
    put_known(out, "worker", r->name);
    put_known(out, "host", r->host);
    put_number(out, "pid", r->pid);
    put_known(out, "key", r->key);
    put_flag(out, "alive", r->alive != 0);
    put_number(out, "slots", r->slots);
    put_number(out, "leased", r->leased);
    put_number(out, "done", r->done);
    put_number(out, "failed", r->failed);
    put_seconds(out, "silent", r->silent_ns);
    put_seconds(out, "age", r->age_ns);
    put_flag(out, "draining", r->draining != 0);
    put_known(out, "traits", r->traits);
    webtext_put(out, "}");
}

static uint64_t
put_workers(struct list_page *page, const struct webview *view, uint64_t after)
{
    char words[VIEW_WORDS_MAX];

    for (uint64_t i = after;; i++) {
        const struct session *s = view_peer(view->core, &i);
        if (s == NULL) return 0;
        const struct rec_peer_row row =
            view_peer_row(view->core, view->now, s, words);
        if (row.kind != 1) continue;
        if (!has_room(page)) return i;
        put_worker(page, &row);
    }
}

unsigned
webjson_workers(
    struct buf *out, const struct webview *view, const struct webquery *query)
{
    struct list_page page = begin_list(out, "workers", query);

    return end_list(&page, put_workers(&page, view, query->after));
}

/* ---- jobs ---------------------------------------------------------------- */

static void
put_job_counts(struct buf *out, const struct rec_job_row *r)
{
    put_number(out, "tasks", r->tasks);
    put_number(out, "done", r->done);
    put_number(out, "failed", r->failed);
    put_number(out, "cancelled", r->cancelled);
    put_number(out, "running", r->running);
    put_number(out, "ready", r->ready);
    put_number(out, "delayed", r->delayed);
    put_number(out, "workers", r->workers);
    put_number(out, "running_max", r->running_max);
}

static void
put_job(struct list_page *page, const struct webview *view, struct job *job)
{
    static const char *const states[] = { "open", "running", "done", "halted",
        "cancelled", "orphaned" };
    char words[VIEW_WORDS_MAX];
    const struct rec_job_row r =
        view_job_row(view->core, view->now, job, words);
    struct buf *out = page->out;
    bool ended = r.ended_ns != 0;

    begin_row(page);
    put_number(out, "job", r.job);
    put_known(out, "name", r.name);
    put_text(out, "queue", r.queue);
    put_text(out, "state", slice_of(states[r.state]));
    put_job_counts(out, &r);
    put_flag(out, "paused", r.paused != 0);
    put_known(out, "halted", r.halt);
    put_seconds(out, "age", r.age_ns);
    put_time(out, "took", ended, r.age_ns - (ended ? r.ended_ns : 0));
    put_known(out, "handler", r.handler);
    if (view->is_trusted) put_known(out, "command", r.command);
    webtext_put(out, "}");
}

unsigned
webjson_jobs(
    struct buf *out, const struct webview *view, const struct webquery *query)
{
    struct list_page page = begin_list(out, "jobs", query);
    struct job *job = view_job(view->core, query->after);
    uint64_t last = query->after;

    for (; job != NULL && has_room(&page);
         job = view_job_behind(view->core, job)) {
        put_job(&page, view, job);
        last = job->number;
    }
    return end_list(&page, job != NULL ? last : 0);
}

/* ---- tasks --------------------------------------------------------------- */

static bool
is_wanted(const struct webquery *query, const struct rec_task_row *row)
{
    if (query->state != 0 && query->state != row->state + 1) return false;
    return query->queue.length == 0 || slice_equal(query->queue, row->queue);
}

/* As `stint tasks` calls them. */
static const char *
state_word(const struct rec_task_row *r)
{
    if (r->state == TASK_LEASED) return r->running != 0 ? "running" : "taken";
    return r->state == TASK_DEAD ? "failed" : webtext_state((unsigned)r->state);
}

static void
put_task(struct list_page *page, const struct webview *view,
    const struct rec_task_row *r)
{
    struct buf *out = page->out;

    begin_row(page);
    put_number(out, "task", r->task);
    put_text(out, "queue", r->queue);
    put_text(out, "state", slice_of(state_word(r)));
    put_name(out, "priority");
    webtext_put(out, "%" PRId64, (int64_t)r->priority);
    put_number(out, "attempts", r->attempts);
    put_number(out, "failures", r->failures);
    put_number(out, "lost", r->lost);
    put_number(out, "timeouts", r->timeouts);
    put_number(out, "released", r->released);
    put_known(out, "handler", r->handler);
    put_known(out, "worker", r->worker);
    put_seconds(out, "age", r->age_ns);
    put_time(out, "wait", r->state == TASK_DELAYED, r->wait_ns);
    put_time(out, "lease_left", r->state == TASK_LEASED, r->wait_ns);
    put_time(out, "ended", r->state >= TASK_DONE, r->ended_ns);
    put_number(out, "bytes", r->bytes);
    /* It may have a part of the payload in it. */
    if (view->is_trusted) put_known(out, "reason", r->reason);
    webtext_put(out, "}");
}

static uint64_t
put_held(struct list_page *page, const struct webview *view,
    const struct webquery *query)
{
    uint64_t looked = 0, before = query->after;

    for (;;) {
        const struct task *t = view_task(view->core, before);
        if (t == NULL) return 0;
        if (looked >= LOOK_MAX || !has_room(page)) return before;
        const struct rec_task_row row = view_task_row(view->now, t);
        looked += 1 + (row.task - before) / IDS_A_LOOK;
        before = row.task;
        if (is_wanted(query, &row)) put_task(page, view, &row);
    }
}

static uint64_t
put_ended(struct list_page *page, const struct webview *view,
    const struct webquery *query)
{
    for (uint64_t i = query->after;; i++) {
        const struct ended *e = view_ended(view->core, i);
        if (e == NULL) return 0;
        if (!has_room(page)) return i;
        const struct rec_task_row row = view_ended_row(view->now, e);
        if (is_wanted(query, &row)) put_task(page, view, &row);
    }
}

unsigned
webjson_tasks(
    struct buf *out, const struct webview *view, const struct webquery *query)
{
    bool ended = query->state == TASK_DONE + 1 || query->state > TASK_DEAD + 1;

    if (query->queue.length > 0
        && view_queue_named(view->core, query->queue) == NULL) {
        return refuse_queue(out);
    }
    struct list_page page = begin_list(out, "tasks", query);

    return end_list(&page,
        ended ? put_ended(&page, view, query) : put_held(&page, view, query));
}
