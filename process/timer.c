#include "process/timer.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "client/stint_process.h"
#include "common/base.h"
#include "common/heap.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"
#include "process/until.h"

enum state {
    ARMED,   /* In the heap. */
    RUNNING, /* Its function is being called. */
    OVER,    /* It has fired, or was cancelled. */
};

struct stint_timer {
    struct heap_node node;
    tick_ns due, interval; /* Interval 0: once. */
    void (*run)(void *arg);
    void *arg;
    uint64_t runs;
    unsigned process; /* Of which copy of the process it is. */
    enum state state;
    bool is_cancelled; /* While it runs. */
    bool is_freed;     /* From within its own run. */
};

static bool is_sooner(const struct heap_node *a, const struct heap_node *b);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t earlier, over; /* With the monotonic clock, in begin(). */
static struct heap armed = { NULL, is_sooner };
static pthread_t thread;
static bool is_begun, is_there;
static unsigned process;

static bool
is_sooner(const struct heap_node *a, const struct heap_node *b)
{
    return CONTAINER_OF_CONST(a, struct stint_timer, node)->due
           < CONTAINER_OF_CONST(b, struct stint_timer, node)->due;
}

static struct stint_timer *
first(void)
{
    struct heap_node *node = heap_peek(&armed);

    return node != NULL ? CONTAINER_OF(node, struct stint_timer, node) : NULL;
}

/* ---- the thread, under the lock ------------------------------------------ */

static void
sleep_until(tick_ns deadline)
{
    struct timespec at = until_timespec(deadline);

    (void)pthread_cond_timedwait(&earlier, &lock, &at);
}

/* The next run is on the grid of the first: what was missed is made up for by
 * one run at once, not by a burst. */
static void
arm_again(struct stint_timer *t)
{
    tick_ns late = clock_now() - t->due;

    t->due = tick_after(t->due, t->interval);
    if (late > t->interval) t->due += (late / t->interval - 1) * t->interval;
    t->state = ARMED;
    heap_add(&armed, &t->node);
}

static void
fire(struct stint_timer *t)
{
    heap_remove(&armed, &t->node);
    t->state = RUNNING;
    t->runs += 1;
    (void)pthread_mutex_unlock(&lock);
    t->run(t->arg);
    (void)pthread_mutex_lock(&lock);
    if (t->is_freed) {
        free(t);
    } else if (t->interval > 0 && !t->is_cancelled) {
        arm_again(t);
    } else {
        t->state = OVER;
    }
    (void)pthread_cond_broadcast(&over);
}

static void *
serve(void *arg)
{
    struct stint_timer *t;

    (void)arg;
    (void)pthread_mutex_lock(&lock);
    while ((t = first()) != NULL) {
        if (t->due > clock_now()) {
            sleep_until(t->due);
        } else {
            fire(t);
        }
    }
    is_there = false;
    (void)pthread_mutex_unlock(&lock);
    return NULL;
}

/* Returns 0 or an errno. */
static int
start_thread(void)
{
    sigset_t all, before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&thread, NULL, serve, NULL);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0) (void)pthread_detach(thread);
    is_there = error == 0;
    return error;
}

static void
begin(void)
{
    pthread_condattr_t monotonic;

    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&earlier, &monotonic);
    (void)pthread_cond_init(&over, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    is_begun = true;
}

void
timer_forking(void)
{
    (void)pthread_mutex_lock(&lock);
}

void
timer_forked(bool is_copy)
{
    if (is_copy) {
        armed.root = NULL;
        is_begun = is_there = false;
        process += 1;
    }
    (void)pthread_mutex_unlock(&lock);
}

/* ---- what is public ------------------------------------------------------ */

static int
check(const struct stint_timer_options *o)
{
    if (o->run == NULL) {
        return say(STINT_EINVAL, "a timer needs a function to run");
    }
    if (o->periodic && o->interval_ms <= 0) {
        return say(STINT_EINVAL,
            "a periodic timer needs an interval of 1 ms or more, not %lld",
            (long long)o->interval_ms);
    }
    return 0;
}

/* The thread is started last, with the timer in place, as it ends when there is
 * none. */
static int
arm(struct stint_timer *t)
{
    int error = 0;

    (void)pthread_mutex_lock(&lock);
    if (!is_begun) begin();
    t->process = process;
    heap_add(&armed, &t->node);
    if (!is_there) {
        error = start_thread();
        if (error != 0) heap_remove(&armed, &t->node);
    } else if (first() == t) {
        (void)pthread_cond_signal(&earlier);
    }
    (void)pthread_mutex_unlock(&lock);
    return error;
}

int
stint_timer_start(
    const struct stint_timer_options *options, struct stint_timer **out)
{
    *out = NULL;
    int rc = check(options);
    if (rc != 0) return rc;

    struct stint_timer *t = calloc(1, sizeof *t);
    if (t == NULL) return say(STINT_ENOMEM, "no memory for a timer");
    int64_t ms = options->interval_ms > 0 ? options->interval_ms : 0;
    t->run = options->run;
    t->arg = options->arg;
    t->due = until_after(ms);
    if (options->periodic) {
        t->interval = ms > TICK_NEVER / TICK_MS ? TICK_NEVER : ms * TICK_MS;
    }
    int error = arm(t);
    if (error == 0) {
        *out = t;
        return 0;
    }
    free(t);
    return say(STINT_ESYSTEM, "the thread of the timers cannot be started: %s",
        strerrordesc_np(error));
}

static bool
is_ours(const struct stint_timer *t)
{
    return t->process == process;
}

static bool
is_inside(void)
{
    return is_there && pthread_equal(pthread_self(), thread);
}

/* Under the lock.  True: it runs, and we are within. */
static bool
cancel(struct stint_timer *t)
{
    if (t->state == ARMED) {
        heap_remove(&armed, &t->node);
        t->state = OVER;
        (void)pthread_cond_signal(&earlier);
        (void)pthread_cond_broadcast(&over);
    }
    t->is_cancelled = true;
    if (t->state == RUNNING && is_inside()) return true;
    while (t->state == RUNNING) {
        (void)pthread_cond_wait(&over, &lock);
    }
    return false;
}

void
stint_timer_cancel(struct stint_timer *t)
{
    (void)pthread_mutex_lock(&lock);
    if (is_ours(t)) (void)cancel(t);
    (void)pthread_mutex_unlock(&lock);
}

uint64_t
stint_timer_runs(struct stint_timer *t)
{
    (void)pthread_mutex_lock(&lock);
    uint64_t runs = t->runs;
    (void)pthread_mutex_unlock(&lock);
    return runs;
}

static bool
wait_until_over(const struct stint_timer *t, tick_ns deadline)
{
    struct timespec at = until_timespec(deadline);

    while (is_ours(t) && t->state != OVER) {
        if (pthread_cond_timedwait(&over, &lock, &at) != 0) break;
    }
    return !is_ours(t) || t->state == OVER;
}

int
stint_timer_join(struct stint_timer *t, int64_t timeout_ms)
{
    int rc = until_check(timeout_ms);

    if (rc != 0) return rc;
    (void)pthread_mutex_lock(&lock);
    bool within = t->state == RUNNING && is_inside();
    bool is_over = !within && wait_until_over(t, until_after(timeout_ms));
    (void)pthread_mutex_unlock(&lock);
    if (is_over) return 0;
    if (within) {
        return say(STINT_EINVAL, "a timer cannot wait for itself to end");
    }
    return say(STINT_ETIMEOUT, "the timer has not fired after %lld ms",
        (long long)timeout_ms);
}

void
stint_timer_free(struct stint_timer *t)
{
    if (t == NULL) return;
    (void)pthread_mutex_lock(&lock);
    bool later = is_ours(t) && cancel(t);
    t->is_freed = later;
    (void)pthread_mutex_unlock(&lock);
    if (!later) free(t);
}
