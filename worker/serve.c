/*
 * serve.c - the coordinator: drains, stops, watches.
 *
 *     serving --drain, tasks_max, idle, trouble--> draining --grace, stop-->
 *     stopping --patience--> over;  and over as soon as no slot is left
 *
 * It looks every so often, and at once when it is woken.
 *
 * A handler that runs past task_timeout, or does not return from a stop, loses
 * its task: what it says later does not count, and its slot is busy until it
 * returns.  A handler whose lease is lost is told so (stint_call_cancelled),
 * but not while the master is only away: what runs goes on, its result waits
 * for the master, and that decides what it is worth.  A command runs on in any
 * case.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <syslog.h>
#include <unistd.h>

#include "common/sys/clock.h"
#include "common/sys/say.h"
#include "process/family.h"
#include "process/guard.h"
#include "worker/map.h"
#include "worker/order.h"
#include "worker/slot.h"
#include "worker/worker.h"

#define PACE (250 * TICK_MS)
#define PACE_LEAST (5 * TICK_MS)
#define PATIENCE TICK_S      /* For handlers, to leave when they are stopped. */
#define AWAY (500 * TICK_MS) /* Shorter breaks of the line are not told. */

enum { FLUSH_MS = 10000 };

struct watch {
    struct stint_worker *w;
    bool draining;
    bool stopping;
    tick_ns stop_at;     /* End of the grace. */
    tick_ns lose_at;     /* End of the patience. */
    tick_ns stuck_since; /* All slots are overdue; TICK_NEVER: not so. */
    tick_ns away_since;  /* No session stands; TICK_NEVER: one does. */
    bool said_away;
};

/* ---- what a slot needs --------------------------------------------------- */

/* End the task of a running handler over its head: it goes on, but what it
 * says will not count. */
static struct stint_task *
take_away(struct slot *slot)
{
    struct stint_task *task = slot->task;

    slot->task = NULL;
    atomic_store(&slot->call.cancelled, true);
    return task;
}

static void
fail_overdue(struct stint_task *task, tick_ns timeout, tick_ns ran)
{
    char length[REASON_LENGTH];
    struct reason why;
    static const struct stint_bytes nothing;
    int code;

    reason_duration(length, timeout);
    reason_set(&why, "timed out after %s", length);
    if (stint_task_job(task) == 0) {
        /* A function that takes too long would do so again. */
        bool is_map = map_function(stint_task_handler(task)) != NULL;
        code = stint_task_post_fail(task, why.text, is_map ? STINT_FOREVER : 0);
    } else {
        const struct stint_attempt how = { .attempt = stint_task_attempt(task),
            .cause = STINT_CAUSE_TIMEOUT,
            .wall_ns = ran,
            .began_ns = clock_wall() - ran,
            .reason = why.text };
        code = stint_task_post_fail_with(
            task, why.text, 0, &how, nothing, nothing);
    }
    (void)code; /* The task is gone in any case; a slot meets it again. */
}

static bool
runs_handler(const struct slot *slot)
{
    return slot->state == SLOT_RUNNING && slot->errand.kind == ERRAND_HANDLER;
}

static void
look_at_handler(struct slot *slot, tick_ns now)
{
    struct stint_worker *w = slot->worker;
    struct stint_task *late = NULL;
    tick_ns timeout = 0, ran = 0;

    (void)pthread_mutex_lock(&w->lock);
    if (runs_handler(slot) && slot->task != NULL) {
        timeout = slot->errand.timeout;
        ran = now - slot->started;
        if (timeout > 0 && ran >= timeout) {
            slot->overdue = true;
            if (!slot->recalled) { /* Else nothing is reported of it. */
                late = take_away(slot);
                w->counts.failed += 1;
            }
        } else if (stint_task_remaining_ms(slot->task) < 0) {
            atomic_store(&slot->call.cancelled, true);
        }
    }
    (void)pthread_mutex_unlock(&w->lock);
    if (late != NULL) fail_overdue(late, timeout, ran);
}

/* ---- the master ---------------------------------------------------------- */

static void
tell(const struct stint_worker *w, int level, const char *line)
{
    if (w->log != NULL) w->log(w->log_arg, level, line);
}

static void
welcome_back(struct watch *watch, tick_ns now)
{
    char line[96];

    if (watch->said_away) {
        (void)snprintf(line, sizeof line,
            "the master is back after %" PRId64 " s",
            (now - watch->away_since + TICK_S / 2) / TICK_S);
        tell(watch->w, LOG_NOTICE, line);
    }
    watch->away_since = TICK_NEVER;
    watch->said_away = false;
}

static void
look_for_master(struct watch *watch, tick_ns now)
{
    const struct stint_worker *w = watch->w;

    if (stint_is_connected(w->s)) {
        if (w->beats != NULL) w->beats(w->beats_arg);
        welcome_back(watch, now);
        return;
    }
    watch->away_since = tick_min(watch->away_since, now);
    if (watch->said_away || now - watch->away_since < AWAY) return;
    watch->said_away = true;
    tell(watch->w, LOG_WARNING,
        "the master is gone: what runs goes on, and is delivered when it is "
        "back");
}

/* ---- the whole ----------------------------------------------------------- */

static void
drain(struct watch *watch)
{
    struct stint_worker *w = watch->w;

    (void)pthread_mutex_lock(&w->lock);
    agent_drain(&w->agent);
    (void)pthread_mutex_unlock(&w->lock);
    stint_consumer_drain(w->consumer);
    watch->draining = true;
}

static void
stop(struct watch *watch, tick_ns now)
{
    static const uint64_t one = 1;
    struct stint_worker *w = watch->w;

    (void)pthread_mutex_lock(&w->lock);
    w->stopping = true;
    for (unsigned i = 0; i < w->slot_count; i++) {
        order_stop(&w->slots[i]);
    }
    (void)pthread_mutex_unlock(&w->lock);
    ssize_t n = write(w->stop_fd, &one, sizeof one);
    (void)n; /* The counter was 0: there is room. */
    watch->stopping = true;
    watch->lose_at = tick_after(now, PATIENCE);
}

/* Leave behind the handlers that do not return. */
static void
lose_handlers(struct stint_worker *w)
{
    for (unsigned i = 0; i < w->slot_count; i++) {
        struct slot *slot = &w->slots[i];
        struct stint_task *task = NULL;

        (void)pthread_mutex_lock(&w->lock);
        if (runs_handler(slot)) {
            task = take_away(slot);
            if (task != NULL) w->counts.released += 1;
            slot->state = SLOT_LOST;
            slot->joinable = false;
            (void)pthread_detach(slot->thread);
            w->here -= 1;
        }
        (void)pthread_mutex_unlock(&w->lock);
        stint_task_free(task);
    }
}

/* For how long no slot has become free; 0 if one is, or all are hopeless. */
static tick_ns
time_stuck(const struct stint_worker *w, tick_ns now)
{
    tick_ns last = 0;

    for (unsigned i = 0; i < w->slot_count; i++) {
        const struct slot *slot = &w->slots[i];

        if (slot->state != SLOT_RUNNING) return 0;
        if (slot->started > last) last = slot->started;
    }
    return now > last ? now - last : 0;
}

/* Others should have what would wait too long behind what runs. */
static void
give_back_excess(struct stint_worker *w, tick_ns now)
{
    unsigned ready = stint_consumer_ready(w->consumer);

    (void)pthread_mutex_lock(&w->lock);
    agent_observe(&w->agent, time_stuck(w, now));
    worker_tell_credit(w);
    unsigned excess = agent_excess(&w->agent, ready);
    (void)pthread_mutex_unlock(&w->lock);

    for (; excess > 0; excess--) {
        struct stint_task *task;

        if (stint_consumer_next(w->consumer, &task, 0) != 0) break;
        stint_task_free(task);
        (void)pthread_mutex_lock(&w->lock);
        w->counts.released += 1;
        (void)pthread_mutex_unlock(&w->lock);
    }
}

/* A worker whose every slot hangs is of no use: end it, so that whoever started
 * it starts another. */
static void
look_for_hopelessness(struct watch *watch, tick_ns now)
{
    struct stint_worker *w = watch->w;
    unsigned overdue = 0;

    (void)pthread_mutex_lock(&w->lock);
    for (unsigned i = 0; i < w->slot_count; i++) {
        overdue += w->slots[i].overdue ? 1 : 0;
    }
    (void)pthread_mutex_unlock(&w->lock);

    if (overdue < w->slot_count) {
        watch->stuck_since = TICK_NEVER;
        return;
    }
    watch->stuck_since = tick_min(watch->stuck_since, now);
    if (now - watch->stuck_since < w->grace) return;
    worker_trouble(w,
        say(STINT_ETIMEOUT, "every slot is held by a handler that ran past its "
                            "timeout and does not return: start the worker "
                            "again"));
    watch->stop_at = now;
}

static bool
must_drain(struct watch *watch, tick_ns now)
{
    struct stint_worker *w = watch->w;
    bool asked = atomic_load(&w->drain_asked) || atomic_load(&w->stop_asked);

    (void)pthread_mutex_lock(&w->lock);
    if (w->trouble != 0) asked = true;
    bool over = agent_is_over(&w->agent, now);
    (void)pthread_mutex_unlock(&w->lock);

    /* Only a wish from outside limits what runs: the last of tasks_max may take
     * its time. */
    if (asked && watch->stop_at == TICK_NEVER) {
        watch->stop_at = tick_after(now, w->grace);
    }
    return asked || over;
}

static bool
runs_commands(const struct stint_worker *w)
{
    return w->exec != NULL || w->allow_exec;
}

static void
guard_commands(const struct stint_worker *w, tick_ns now)
{
    char line[GUARD_LINE];

    if (runs_commands(w) && guard_begin(now, line)) tell(w, LOG_WARNING, line);
}

static void
look_at_guard(const struct stint_worker *w, tick_ns now)
{
    char line[GUARD_LINE];

    if (runs_commands(w) && guard_look(now, line)) tell(w, LOG_WARNING, line);
}

/* A quarter of the shortest timeout of the handlers that run; and what waits
 * behind what runs should do so no longer than `ahead`. */
static tick_ns
pace(struct stint_worker *w)
{
    tick_ns least = PACE;

    (void)pthread_mutex_lock(&w->lock);
    for (unsigned i = 0; i < w->slot_count; i++) {
        const struct slot *slot = &w->slots[i];

        if (runs_handler(slot) && slot->errand.timeout > 0) {
            least = tick_min(least, slot->errand.timeout / 4);
        }
        if (slot->state == SLOT_RUNNING && w->agent.config.ahead > 0)
            least = tick_min(least, w->agent.config.ahead);
    }
    (void)pthread_mutex_unlock(&w->lock);
    if (w->task_timeout > 0 && w->handlers.fallback != NULL) {
        least = tick_min(least, w->task_timeout / 4);
    }
    return least;
}

static void
look(struct watch *watch, tick_ns now)
{
    struct stint_worker *w = watch->w;

    look_for_master(watch, now);
    look_at_guard(w, now);
    (void)inputs_tick(&w->inputs, now);
    duties_do(w, now);
    for (unsigned i = 0; i < w->slot_count; i++) {
        look_at_handler(&w->slots[i], now);
    }
    look_for_hopelessness(watch, now);
    if (must_drain(watch, now) && !watch->draining) drain(watch);
    if (!watch->draining) give_back_excess(w, now);
    if (atomic_load(&w->stop_asked)) watch->stop_at = now;
    if (now >= watch->stop_at && !watch->stopping) stop(watch, now);
    if (now >= watch->lose_at) lose_handlers(w);
    while (runs_commands(w) && family_reap_orphan()) {}
}

static void
sleep_until_woken(const struct watch *watch, tick_ns now)
{
    struct stint_worker *w = watch->w;
    struct pollfd wake = { .fd = w->wake_fd, .events = POLLIN };
    uint64_t ignored;

    tick_ns next = tick_after(now, pace(w));
    next = tick_min(next, duties_next(&w->duties));
    next = tick_min(next, watch->stopping ? watch->lose_at : watch->stop_at);
    (void)pthread_mutex_lock(&w->lock);
    next = tick_min(next, agent_next_deadline(&w->agent));
    (void)pthread_mutex_unlock(&w->lock);
    if (next < now + PACE_LEAST) next = now + PACE_LEAST;
    (void)poll(&wake, 1, (int)((next - now + TICK_MS - 1) / TICK_MS));
    ssize_t n = read(w->wake_fd, &ignored, sizeof ignored);
    (void)n; /* EAGAIN when it was time that woke us. */
}

static bool
has_slots(struct stint_worker *w)
{
    (void)pthread_mutex_lock(&w->lock);
    bool some = w->here > 0;
    (void)pthread_mutex_unlock(&w->lock);
    return some;
}

static void
start_slots(struct stint_worker *w)
{
    for (unsigned i = 0; i < w->slot_count; i++) {
        int code = slot_start(&w->slots[i]);

        if (code == 0) continue;
        worker_trouble(w, code);
        return;
    }
}

static void
join_slots(struct stint_worker *w)
{
    for (unsigned i = 0; i < w->slot_count; i++) {
        if (w->slots[i].joinable) (void)pthread_join(w->slots[i].thread, NULL);
        w->slots[i].joinable = false;
    }
}

/* Orphans of commands come to us, and are reaped, as long as we serve them. */
static int
become_subreaper(const struct stint_worker *w)
{
    int before = 1;

    if (!runs_commands(w)) return before;
    if (prctl(PR_GET_CHILD_SUBREAPER, &before) != 0) return 1;
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1L);
    return before;
}

static int
claim(struct stint_worker *w)
{
    (void)pthread_mutex_lock(&w->lock);
    bool again = w->served;
    w->served = true;
    (void)pthread_mutex_unlock(&w->lock);
    if (!again) return 0;
    return say(STINT_ECLOSED, "a worker serves once: make another");
}

int
stint_worker_serve(struct stint_worker *w)
{
    struct watch watch = { .w = w,
        .stop_at = TICK_NEVER,
        .lose_at = TICK_NEVER,
        .stuck_since = TICK_NEVER,
        .away_since = TICK_NEVER };

    int code = claim(w);
    if (code != 0) return code;
    int before = become_subreaper(w);
    guard_commands(w, clock_now());
    duties_begin(w);
    start_slots(w);
    while (has_slots(w)) {
        tick_ns now = clock_now();

        look(&watch, now);
        if (has_slots(w)) sleep_until_woken(&watch, now);
    }
    join_slots(w);
    if (runs_commands(w)) guard_end();
    duties_end(w);
    if (!watch.draining) drain(&watch);
    if (before == 0) (void)prctl(PR_SET_CHILD_SUBREAPER, 0L);
    code = stint_flush(w->s, FLUSH_MS);
    return w->trouble != 0 ? say(w->trouble, "%s", w->sentence) : code;
}
