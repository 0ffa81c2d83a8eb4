/* Changing jobs, and many tasks at once.                     [layer: client] */
#include "client/call.h"
#include "client/job/job.h"
#include "client/pump.h"
#include "client/queue.h"
#include "common/sys/say.h"

enum { CALL_BYTES = 384 };
enum verb { VERB_CANCEL = 0, VERB_RETRY = 1, VERB_DROP = 2 };
enum { SET_RUNNING_MAX = 1, SET_PRIORITY = 2 };

/* Ask what is answered with ok; *value: what it counted. */
static int
ask(struct stint *s, struct msg *m, uint64_t *value)
{
    struct call call;

    pump_enter(s);
    int rc = call_begin(&call, s, 1, CALL_BYTES);
    if (rc == 0) rc = call_send(&call, m, call_deadline(s));
    if (rc == 0) {
        if (value != NULL) *value = call.m.as.ok.value;
        call_end(&call);
    }
    pump_leave(s);
    return rc;
}

/* ---- many tasks ---------------------------------------------------------- */

static int
check_selection(const struct stint_selection *w, enum verb verb)
{
    if (w->queue != NULL) {
        int rc = queue_check_name(w->queue);
        if (rc != 0) return rc;
    }
    if (w->job > INT64_MAX || w->first > INT64_MAX || w->last > INT64_MAX
        || (w->last != 0 && w->last < w->first)) {
        return say(STINT_EINVAL, "ids from %llu to %llu: the first comes first",
            (unsigned long long)w->first, (unsigned long long)w->last);
    }
    if (w->state_plus_one < 0 || w->state_plus_one > STINT_EXPIRED + 1
        || (w->state_plus_one != 0 && verb != VERB_CANCEL)) {
        return say(STINT_EINVAL,
            "a state is for a cancel only, and one of a task's plus one");
    }
    if (w->cancelled && (verb != VERB_RETRY || w->job == 0)) {
        return say(STINT_EINVAL,
            "what was cancelled can be tried again, and by its job: say which");
    }
    return 0;
}

static int
end_tasks(struct stint *s, const struct stint_selection *which, enum verb verb,
    uint64_t *count)
{
    struct msg m = { .type = MSG_end_tasks };

    if (count != NULL) *count = 0;
    int rc = check_selection(which, verb);
    if (rc != 0) return rc;
    m.as.end_tasks.verb = (uint64_t)verb;
    if (which->queue != NULL) m.as.end_tasks.queue = slice_of(which->queue);
    m.as.end_tasks.job = which->job;
    m.as.end_tasks.first = which->first;
    m.as.end_tasks.last = which->last;
    m.as.end_tasks.state = (uint64_t)which->state_plus_one;
    m.as.end_tasks.cancelled = which->cancelled;
    return ask(s, &m, count);
}

int
stint_cancel(
    struct stint *s, const struct stint_selection *which, uint64_t *count)
{
    return end_tasks(s, which, VERB_CANCEL, count);
}

int
stint_retry(
    struct stint *s, const struct stint_selection *which, uint64_t *count)
{
    return end_tasks(s, which, VERB_RETRY, count);
}

int
stint_drop(
    struct stint *s, const struct stint_selection *which, uint64_t *count)
{
    return end_tasks(s, which, VERB_DROP, count);
}

/* ---- one job ------------------------------------------------------------- */

int
stint_pause(struct stint *s, const char *queue, uint64_t job, bool undo)
{
    struct msg m = { .type = MSG_pause };

    if ((queue != NULL) == (job != 0) || job > INT64_MAX) {
        return say(STINT_EINVAL, "either a queue or a job is meant");
    }
    if (queue != NULL) {
        int rc = queue_check_name(queue);
        if (rc != 0) return rc;
        m.as.pause.queue = slice_of(queue);
    }
    m.as.pause.job = job;
    m.as.pause.undo = undo;
    return ask(s, &m, NULL);
}

static int
check_job(uint64_t job)
{
    if (job != 0 && job <= INT64_MAX) return 0;
    return say(
        STINT_EINVAL, "%llu is no number of a job", (unsigned long long)job);
}

int
stint_job_change(struct stint *s, uint64_t job, const unsigned *running_max,
    const int *priority)
{
    struct msg m = { .type = MSG_job_change };
    struct msg_job_change *change = &m.as.job_change;

    int rc = check_job(job);
    if (rc != 0) return rc;
    change->job = job;
    if (running_max != NULL) {
        change->set |= SET_RUNNING_MAX;
        change->running_max = *running_max;
    }
    if (priority != NULL) {
        change->set |= SET_PRIORITY;
        change->priority = *priority;
    }
    if (change->set == 0) return say(STINT_EINVAL, "nothing is to be changed");
    return ask(s, &m, NULL);
}

int
stint_job_forget(struct stint *s, uint64_t job)
{
    struct msg m = { .type = MSG_job_forget };

    int rc = check_job(job);
    if (rc != 0) return rc;
    m.as.job_forget.job = job;
    return ask(s, &m, NULL);
}
