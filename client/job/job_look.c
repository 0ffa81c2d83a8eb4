/* Looking at jobs.                                           [layer: client] */
#include "client/call.h"
#include "client/inspect.h"
#include "client/job/job.h"
#include "client/pump.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"

enum { LIST_JOBS = 4, CALL_BYTES = 96, COMMAND_MAX = 1024 };

/* ---- rows ---------------------------------------------------------------- */

/* All but its texts. */
static struct stint_job_row
row_of(const struct rec_job_row *r)
{
    return (struct stint_job_row){ .job = r->job,
        .state = (enum stint_job_state)r->state,
        .program = (enum stint_program)r->program,
        .paused = r->paused != 0,
        .tasks = r->tasks,
        .ready = r->ready,
        .delayed = r->delayed,
        .running = r->running,
        .ahead = r->ahead,
        .done = r->done,
        .failed = r->failed,
        .cancelled = r->cancelled,
        .ends = r->ends,
        .workers = r->workers,
        .running_max = (unsigned)r->running_max,
        .priority = (int)r->priority,
        .age_ns = (int64_t)r->age_ns,
        .ended_ns = (int64_t)r->ended_ns,
        .keep_ns = (int64_t)r->keep_ns };
}

struct jobs_view {
    int (*see)(void *arg, const struct stint_job_row *row);
    void *arg;
};

static int
show_job(const void *arg, const void *record)
{
    const struct jobs_view *view = arg;
    const struct rec_job_row *r = record;
    char names[6][PROTO_NAME_MAX + 1];
    char command[COMMAND_MAX + 1];
    struct stint_job_row row = row_of(r);

    row.queue = inspect_text(names[0], sizeof(names[0]), r->queue);
    row.name = inspect_text(names[1], sizeof(names[1]), r->name);
    row.owner = inspect_text(names[2], sizeof(names[2]), r->owner);
    row.key = inspect_text(names[3], sizeof(names[3]), r->key);
    row.handler = inspect_text(names[4], sizeof(names[4]), r->handler);
    row.halt = inspect_text(names[5], sizeof(names[5]), r->halt);
    row.command = inspect_text(command, sizeof(command), r->command);
    return view->see(view->arg, &row);
}

int
stint_list_jobs(struct stint *s, uint64_t only,
    int (*see)(void *arg, const struct stint_job_row *row), void *arg,
    int64_t timeout_ms)
{
    const struct jobs_view seen = { see, arg };
    const struct inspect_view view = { RECORD_job_row, show_job, &seen };
    struct msg m = { .type = MSG_list };

    m.as.list.what = LIST_JOBS;
    m.as.list.job = only;
    return inspect_list(s, &m, &view, 0, timeout_ms);
}

struct look {
    struct stint_job_row *out;
    bool found;
};

static int
keep_row(const void *arg, const void *record)
{
    struct look *look = *(struct look *const *)arg;

    *look->out = row_of(record);
    look->found = true;
    return 0;
}

int
stint_job_look(
    struct stint_job *job, struct stint_job_row *out, int64_t timeout_ms)
{
    struct look look = { .out = out };
    struct look *at = &look;
    const struct inspect_view view = { RECORD_job_row, keep_row, &at };
    struct msg m = { .type = MSG_list };

    m.as.list.what = LIST_JOBS;
    m.as.list.job = job->number;
    int rc = inspect_list(job->s, &m, &view, 1, timeout_ms);
    if (rc != 0 || look.found) return rc;
    return say(STINT_ENOJOB, "job %llu is not there any more",
        (unsigned long long)job->number);
}

/* ---- waiting for its end ------------------------------------------------- */

static int
ask_over(
    struct stint_job *job, tick_ns deadline, tick_ns patience, bool *is_over)
{
    struct msg m = { .type = MSG_job_ends };
    struct call call;

    m.as.job_ends = job_ask_over(job, pump_remaining(deadline));
    int rc = call_begin_slow(&call, job->s, 1, CALL_BYTES);
    if (rc == 0) rc = call_send(&call, &m, patience);
    if (rc != 0) return rc;
    *is_over = call.m.type == MSG_job_ended && call.m.as.job_ended.over != 0;
    call_end(&call);
    return 0;
}

int
stint_job_wait(struct stint_job *job, int64_t timeout_ms)
{
    bool is_over = false;
    int rc = pump_check_timeout(timeout_ms);

    if (rc != 0) return rc;
    tick_ns deadline = pump_deadline(timeout_ms);
    pump_enter(job->s);
    do {
        rc = ask_over(job, deadline, pump_grace(deadline), &is_over);
    } while (rc == 0 && !is_over && clock_now() < deadline);
    pump_leave(job->s);
    if (rc != 0 || is_over) return rc;
    return say(STINT_ETIMEOUT, "job %llu has not ended after %lld ms",
        (unsigned long long)job->number, (long long)timeout_ms);
}

/* ---- reasons ------------------------------------------------------------- */

static int
show_reasons(const struct call *call,
    int (*see)(void *arg, const struct stint_because *why), void *arg)
{
    struct proto_list reasons = call->m.as.explained.reasons;
    char text[PROTO_REASON_MAX + 1];
    struct rec_because r;

    if (call->m.type != MSG_explained) {
        return say(STINT_EPROTO, "the master did not answer with reasons");
    }
    while (codec_list_next(&reasons, RECORD_because, &r)) {
        const struct stint_because why = { .code = (unsigned)r.code,
            .text = inspect_text(text, sizeof(text), r.text) };
        int rc = see(arg, &why);
        if (rc != 0) return rc;
    }
    return 0;
}

int
stint_explain(struct stint *s, uint64_t task, uint64_t job,
    int (*see)(void *arg, const struct stint_because *why), void *arg,
    int64_t timeout_ms)
{
    struct msg m = { .type = MSG_explain };
    struct call call;

    int rc = pump_check_timeout(timeout_ms);
    if (rc != 0) return rc;
    m.as.explain.task = task;
    m.as.explain.job = job;
    pump_enter(s);
    rc = call_begin(&call, s, 1, CALL_BYTES);
    if (rc == 0) rc = call_send(&call, &m, pump_deadline(timeout_ms));
    pump_leave(s);
    if (rc != 0) return rc;
    rc = show_reasons(&call, see, arg);
    call_end(&call);
    return rc;
}
