#include "worker/slot.h"
#include "worker/order.h"
#include "worker/wake.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "common/error.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"

enum { RETRY_MS = 200 };
#define LACK_PACE (10 * TICK_S)

/* ---- taking -------------------------------------------------------------- */

static bool
may_ask(struct slot *slot)
{
    struct stint_worker *w = slot->worker;

    (void)pthread_mutex_lock(&w->lock);
    bool may = w->trouble == 0 && agent_ask(&w->agent);
    if (may) slot->state = SLOT_WAITING;
    (void)pthread_mutex_unlock(&w->lock);
    return may;
}

/* What kept us from a task.  True: ask again. */
static bool
is_passing(struct slot *slot, int code)
{
    struct stint_worker *w = slot->worker;

    (void)pthread_mutex_lock(&w->lock);
    agent_leave(&w->agent);
    bool draining = w->agent.draining;
    (void)pthread_mutex_unlock(&w->lock);
    if (draining) return false;
    if (code == STINT_EEMPTY) return true;
    if (!error_can_retry(code)) {
        worker_trouble(w, code);
        return false;
    }
    struct pollfd stop = { .fd = w->stop_fd, .events = POLLIN };
    (void)poll(&stop, 1, RETRY_MS);
    return true;
}

/* NULL: the slot is not needed any more. */
static struct stint_task *
next_task(struct slot *slot)
{
    struct stint_task *task;

    while (may_ask(slot)) {
        int code =
            stint_consumer_next(slot->worker->consumer, &task, STINT_FOREVER);

        if (code == 0) return task;
        if (!is_passing(slot, code)) break;
    }
    return NULL;
}

/* ---- running ------------------------------------------------------------- */

static void
begin(struct slot *slot, struct stint_task *task)
{
    struct stint_worker *w = slot->worker;
    size_t bytes = stint_task_payload(task).size;
    uint64_t old;

    ssize_t n = read(slot->cancel_fd, &old, sizeof old);
    (void)n; /* EAGAIN, but for an order that came too late. */
    (void)pthread_mutex_lock(&w->lock);
    slot->task = task;
    slot->state = SLOT_RUNNING;
    slot->started = clock_now();
    slot->recalled = false;
    if (w->stopping) order_stop(slot);
    if (w->duties.stray_count > 0
        && duties_is_recalled(
            &w->duties, stint_task_id(task), stint_task_fence(task))) {
        order_recall(slot);
    }
    agent_begin(&w->agent, bytes);
    (void)pthread_mutex_unlock(&w->lock);
}

static void
count_end(struct stint_worker_counts *counts, enum run_end end)
{
    switch (end) {
    case RUN_DONE:
        counts->done += 1;
        break;
    case RUN_FAILED:
    case RUN_REFUSED:
        counts->failed += 1;
        break;
    case RUN_GIVEN_BACK:
    case RUN_NOT_NOW:
    default:
        counts->released += 1;
        break;
    }
}

/* The task, to be ended; NULL when the coordinator did that while it ran. */
static struct stint_task *
end(struct slot *slot, enum run_end how)
{
    struct stint_worker *w = slot->worker;
    tick_ns now = clock_now();

    (void)pthread_mutex_lock(&w->lock);
    struct stint_task *task = slot->task;
    slot->task = NULL;
    slot->overdue = false;
    if (slot->state == SLOT_RUNNING) slot->state = SLOT_ENDING;
    if (slot->call.items > 1) agent_more(&w->agent, slot->call.items - 1);
    agent_end(&w->agent, now, now - slot->started);
    if (slot->state != SLOT_LOST) worker_tell_credit(w);
    if (task == NULL || slot->recalled) {
        w->counts.stale += 1;
    } else {
        count_end(&w->counts, how);
    }
    (void)pthread_mutex_unlock(&w->lock);
    return task;
}

/* What a task is given back for counts for nobody, so that only the log can say
 * why nothing runs here. */
static void
say_lack(struct slot *slot, const struct stint_task *task)
{
    struct stint_worker *w = slot->worker;
    char line[REASON_MAX + 64];
    tick_ns now = clock_now();

    (void)pthread_mutex_lock(&w->lock);
    bool due = w->lack_said == 0 || now - w->lack_said >= LACK_PACE;
    if (due) w->lack_said = now;
    (void)pthread_mutex_unlock(&w->lock);
    if (!due || w->log == NULL) return;
    (void)snprintf(line, sizeof line,
        "task %" PRIu64 " is given back, to be tried again soon: %s",
        stint_task_id(task), slot->call.reason.text);
    w->log(w->log_arg, LOG_WARNING, line);
}

static void
report(struct slot *slot, struct stint_task *task, enum run_end how)
{
    if (slot->recalled) {
        stint_task_free(task);
        return;
    }
    if (how == RUN_NOT_NOW) say_lack(slot, task);
    int code = errand_report(slot, task, how);
    if (code != 0 && !error_can_retry(code) && code != STINT_ESTALE) {
        worker_trouble(slot->worker, code);
    }
}

static void
tell_runs(const struct stint_worker *w, const struct stint_task *task)
{
    if (w->runs != NULL) w->runs(w->runs_arg, task);
}

static void
serve(struct slot *slot, struct stint_task *task)
{
    errand_prepare(slot, task);
    tell_runs(slot->worker, task);
    begin(slot, task); /* From here on others may end it. */
    enum run_end how = errand_run(slot, task);
    tell_runs(slot->worker, NULL);
    task = end(slot, how);
    if (task != NULL) report(slot, task, how);
    errand_finish(slot);
}

/* ---- the thread ---------------------------------------------------------- */

static void
leave(struct slot *slot)
{
    struct stint_worker *w = slot->worker;

    (void)pthread_mutex_lock(&w->lock);
    if (slot->state != SLOT_LOST) {
        slot->state = SLOT_OFF;
        w->here -= 1;
    }
    (void)pthread_mutex_unlock(&w->lock);
    wake(w);
    worker_drop(w);
}

static void *
slot_main(void *arg)
{
    struct slot *slot = arg;
    struct stint_task *task;

    while ((task = next_task(slot)) != NULL) {
        serve(slot, task);
    }
    leave(slot);
    return NULL;
}

/* Signals are for the threads of the program around us, and a SIGPIPE of a
 * command's input must not end it; what a fault raises stays as it is. */
static void
signals_to_block(sigset_t *set)
{
    static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP,
        SIGABRT, SIGSYS, SIGPROF };

    (void)sigfillset(set);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        (void)sigdelset(set, faults[i]);
    }
}

int
slot_start(struct slot *slot)
{
    struct stint_worker *w = slot->worker;
    sigset_t ours, before;

    (void)pthread_mutex_lock(&w->lock);
    w->owners += 1;
    w->here += 1;
    slot->state = SLOT_WAITING;
    (void)pthread_mutex_unlock(&w->lock);

    signals_to_block(&ours);
    (void)pthread_sigmask(SIG_SETMASK, &ours, &before);
    int error = pthread_create(&slot->thread, NULL, slot_main, slot);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    slot->joinable = error == 0;
    if (error == 0) return 0;

    leave(slot);
    return say(STINT_ESYSTEM, "cannot start a thread for a slot: %s",
        strerrordesc_np(error));
}
