#include "master/server/webmetrics.h"

#include <inttypes.h>

#include "common/base.h"
#include "master/core/view.h"
#include "master/server/webtext.h"

/* ---- lines --------------------------------------------------------------- */

static void
put_head(struct buf *out, const char *name, const char *type, const char *help)
{
    webtext_put(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
put_one(struct buf *out, const char *name, const char *type, const char *help,
    uint64_t value)
{
    put_head(out, name, type, help);
    webtext_put(out, "%s %" PRIu64 "\n", name, value);
}

static void
put_histogram(struct buf *out, const char *name, const char *help,
    const struct histogram *h)
{
    uint64_t count = 0;

    put_head(out, name, "histogram", help);
    for (unsigned i = 0; i < HISTOGRAM_BOUNDS; i++) {
        count += h->counts[i];
        webtext_put(out, "%s_bucket{le=\"", name);
        webtext_seconds(out, histogram_bound(i));
        webtext_put(out, "\"} %" PRIu64 "\n", count);
    }
    count += h->counts[HISTOGRAM_BOUNDS];
    webtext_put(
        out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum ", name, count, name);
    webtext_seconds(out, h->sum);
    webtext_put(out, "\n%s_count %" PRIu64 "\n", name, count);
}

/* ---- queues -------------------------------------------------------------- */

/* A number of a queue, and the value of the label that tells it from others of
 * its family. */
struct part {
    const char *value; /* NULL: the family has this one alone. */
    uint64_t (*get)(const struct rec_queue_row *row);
};

struct family {
    const char *name, *type, *help;
    const char *label;
    struct part parts[4]; /* Those with a getter. */
};

#define GETTER(field)                                            \
    static uint64_t get_##field(const struct rec_queue_row *row) \
    {                                                            \
        return row->field;                                       \
    }
GETTER(ready)
GETTER(delayed)
GETTER(leased)
GETTER(dead)
GETTER(done)
GETTER(cancelled)
GETTER(expired)
GETTER(failures)
GETTER(lost)
GETTER(timeouts)
GETTER(released)
GETTER(bytes)
GETTER(accepted)
GETTER(getters)
GETTER(putters)
GETTER(workers)
GETTER(jobs_ready)
GETTER(jobs_delayed)
GETTER(jobs_leased)
GETTER(jobs_dead)

static uint64_t
get_backlog(const struct rec_queue_row *row)
{
    return row->ready + row->leased;
}

/* clang-format off */
static const struct family families[] = {
    { "stint_queue_tasks", "gauge", "Tasks that are held, of the queue and of its jobs, by state.",
        "state", { { "ready", get_ready }, { "delayed", get_delayed },
            { "leased", get_leased }, { "dead", get_dead } } },
    { "stint_queue_jobs_tasks", "gauge", "Of them those of its jobs.",
        "state", { { "ready", get_jobs_ready },
            { "delayed", get_jobs_delayed }, { "leased", get_jobs_leased },
            { "dead", get_jobs_dead } } },
    { "stint_queue_backlog", "gauge",
        "Tasks that are ready or leased: what workers are needed for.",
        NULL, { { NULL, get_backlog } } },
    { "stint_queue_bytes", "gauge", "Payload bytes of its own that are held.",
        NULL, { { NULL, get_bytes } } },
    { "stint_queue_workers", "gauge",
        "Live workers that take its tasks and are not draining.",
        NULL, { { NULL, get_workers } } },
    { "stint_queue_waiting_gets", "gauge", "Gets that wait for a task.",
        NULL, { { NULL, get_getters } } },
    { "stint_queue_waiting_puts", "gauge", "Puts that wait for room.",
        NULL, { { NULL, get_putters } } },
    { "stint_tasks_put_total", "counter", "Tasks that were accepted.",
        NULL, { { NULL, get_accepted } } },
    { "stint_tasks_ended_total", "counter", "Tasks that ended, by outcome.",
        "outcome", { { "done", get_done }, { "dead", get_dead },
            { "cancelled", get_cancelled }, { "expired", get_expired } } },
    { "stint_attempts_returned_total", "counter",
        "Attempts that ended without a result, by cause.",
        "cause", { { "failed", get_failures }, { "lost", get_lost },
            { "timeout", get_timeouts }, { "released", get_released } } },
};
/* clang-format on */

static void
put_part(struct buf *out, const struct family *f, const struct part *part,
    const struct rec_queue_row *row)
{
    webtext_put(out, "%s{queue=", f->name);
    webtext_quote(out, row->queue);
    if (part->value != NULL) {
        webtext_put(out, ",%s=\"%s\"", f->label, part->value);
    }
    webtext_put(out, "} %" PRIu64 "\n", part->get(row));
}

static void
put_family(struct buf *out, const struct core *core, const struct family *f)
{
    put_head(out, f->name, f->type, f->help);
    for (uint64_t i = 0; i < WEBMETRICS_QUEUES; i++) {
        const struct queue *q = view_queue(core, i);
        if (q == NULL) break;
        const struct rec_queue_row row = view_queue_whole(q);
        for (size_t k = 0; k < ARRAY_LEN(f->parts); k++) {
            if (f->parts[k].get == NULL) break;
            put_part(out, f, &f->parts[k], &row);
        }
    }
}

static void
put_ages(struct buf *out, const struct webview *view)
{
    static const char name[] = "stint_queue_next_task_age_seconds";

    put_head(out, name, "gauge", "Since the task that is next was put.");
    for (uint64_t i = 0; i < WEBMETRICS_QUEUES; i++) {
        const struct queue *q = view_queue(view->core, i);
        if (q == NULL) break;
        webtext_put(out, "%s{queue=", name);
        webtext_quote(out, view_queue_row(q).queue);
        webtext_put(out, "} ");
        webtext_seconds(out, view_next_age(q, view->now));
        webtext_put(out, "\n");
    }
}

static uint64_t
count_timeouts(const struct core *core)
{
    uint64_t sum = 0;

    for (uint64_t i = 0;; i++) {
        const struct queue *q = view_queue(core, i);
        if (q == NULL) return sum;
        sum += view_queue_whole(q).timeouts;
    }
}

static void
put_jobs(struct buf *out, const struct core *core)
{
    static const char name[] = "stint_jobs";
    static const char *const states[] = { "open", "running", "done", "halted",
        "cancelled", "orphaned" };
    uint64_t counts[ARRAY_LEN(states)] = { 0 };

    for (struct job *job = view_job(core, 0); job != NULL;
         job = view_job_behind(core, job)) {
        counts[view_job_state(core, job)] += 1;
    }
    put_head(out, name, "gauge", "Jobs that are kept, by state.");
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        webtext_put(
            out, "%s{state=\"%s\"} %" PRIu64 "\n", name, states[i], counts[i]);
    }
}

static void
put_queues(struct buf *out, const struct webview *view)
{
    view_count_workers(view->core, view->now);
    for (size_t i = 0; i < ARRAY_LEN(families); i++) {
        put_family(out, view->core, &families[i]);
    }
    put_ages(out, view);
    put_one(out, "stint_leases_expired_total", "counter",
        "Leases that ran out, of all queues.", count_timeouts(view->core));
}

/* ---- the master ---------------------------------------------------------- */

static void
put_sums(struct buf *out, const struct msg_master_row *m)
{
    static const char name[] = "stint_tasks";

    put_head(out, name, "gauge", "Tasks that are held, of all queues.");
    webtext_put(out, "%s{state=\"ready\"} %" PRIu64 "\n", name, m->ready);
    webtext_put(out, "%s{state=\"delayed\"} %" PRIu64 "\n", name, m->delayed);
    webtext_put(out, "%s{state=\"leased\"} %" PRIu64 "\n", name, m->leased);
    webtext_put(out, "%s{state=\"dead\"} %" PRIu64 "\n", name, m->dead);
}

static void
put_master(struct buf *out, const struct webview *view)
{
    const struct msg_master_row m = view_master_row(view->core, view->now);
    const struct core_totals totals = core_totals(view->core);
    uint64_t shown =
        m.queues < WEBMETRICS_QUEUES ? m.queues : WEBMETRICS_QUEUES;

    put_head(out, "stint_info", "gauge", "What runs here.");
    webtext_put(out, "stint_info{software=");
    webtext_quote(out, m.software);
    webtext_put(out, ",durability=");
    webtext_quote(out, m.durability);
    webtext_put(out, "} 1\n");
    put_head(out, "stint_uptime_seconds", "gauge", "Since the master's start.");
    webtext_put(out, "stint_uptime_seconds ");
    webtext_seconds(out, (tick_ns)m.uptime_ns);
    webtext_put(out, "\n");
    put_one(out, "stint_queues", "gauge", "Queues there are.", m.queues);
    put_one(out, "stint_queues_hidden", "gauge",
        "Queues that have no series of their own here.", m.queues - shown);
    put_sums(out, &m);
    put_one(out, "stint_workers", "gauge", "Workers that are connected.",
        m.workers);
    put_one(
        out, "stint_slots", "gauge", "Tasks they run side by side.", m.slots);
    put_one(out, "stint_clients", "gauge",
        "Sessions that are connected and no workers.", m.clients);
    put_one(out, "stint_memory_used_bytes", "gauge",
        "Tasks, results and unsent answers.", m.memory);
    put_one(out, "stint_memory_limit_bytes", "gauge", "Their budget.",
        m.memory_max);
    put_one(out, "stint_completions_refused_total", "counter",
        "Completions by workers that had lost the task.", totals.stale);
    put_one(out, "stint_requests_refused_total", "counter",
        "Frames and messages that were refused: key, role or protocol.",
        totals.refused);
}

/* ---- the loop ------------------------------------------------------------ */

static void
put_loop(struct buf *out, const struct webview *view)
{
    const struct metrics *core = view_metrics(view->core);
    const struct meters *loop = view->meters;

    put_histogram(out, "stint_task_wait_seconds",
        "From a put to the first hand-out, since the master's start.",
        &core->waits);
    put_histogram(out, "stint_task_run_seconds",
        "From the hand-out of a task to its result, since the master's start.",
        &core->runs);
    put_histogram(out, "stint_loop_lag_seconds",
        "How long a turn of the loop took, in which whoever came had to wait.",
        &loop->turns);
    put_histogram(out, "stint_store_commit_seconds",
        "From giving a batch to the store to knowing it is kept.",
        &loop->commits);
    put_one(out, "stint_store_pending_bytes", "gauge",
        "Changes that the store has yet to be given.",
        core_untaken(view->core));
    put_one(out, "stint_disk_full", "gauge",
        "1: no new work is taken in until there is room.",
        view_master_row(view->core, view->now).disk_full);
    put_one(out, "stint_stopping", "gauge", "1: the master is about to stop.",
        loop->stopping);
    put_one(out, "stint_connections_refused_total", "counter",
        "Connections whose key is not known or was revoked.", view->strangers);
    put_one(out, "stint_frames_ignored_total", "counter",
        "Frames of peers that do not speak as ours do.", loop->ignored);
}

unsigned
webmetrics_show(
    struct buf *out, const struct webview *view, const struct webquery *query)
{
    (void)query;
    put_master(out, view);
    put_queues(out, view);
    put_jobs(out, view->core);
    put_loop(out, view);
    return 200;
}
