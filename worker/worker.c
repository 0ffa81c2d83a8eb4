#include "worker/worker.h"
#include "worker/room.h"
#include "worker/wake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <syslog.h>
#include <unistd.h>

#include "common/sys/clock.h"
#include "common/sys/say.h"

enum { GRACE_S = 30, OUTPUT_MAX = 1048576, MS_MAX_DAYS = 36500 };

static const char *const default_queues[] = { "default", NULL };

/* ---- options ------------------------------------------------------------- */

static int
check_time(const char *name, int64_t ms)
{
    if (ms >= 0 && ms <= (int64_t)MS_MAX_DAYS * 86400 * 1000) return 0;
    return say(STINT_EINVAL,
        "%s must be between 0 (the default) and 100 years, not %lld ms", name,
        (long long)ms);
}

static int
check(const struct stint_worker_options *o)
{
    bool calls = o->handlers != NULL || o->plugin != NULL;

    if (!calls && o->command == NULL && !o->allow_exec) {
        return say(STINT_EINVAL, "a worker needs handlers, a plug-in or a "
                                 "command to run, or allow_exec");
    }
    if (calls && o->command != NULL) {
        return say(STINT_EINVAL,
            "a worker runs either handlers or a command, not both");
    }
    if (!calls && o->handler != NULL) {
        return say(STINT_EINVAL,
            "the handler \"%s\" cannot be chosen: there are none", o->handler);
    }
    if (o->slots > AGENT_SLOTS_MAX) {
        return say(STINT_EINVAL, "%u slots are too many: at most %u", o->slots,
            AGENT_SLOTS_MAX);
    }
    if (o->tasks_max < 0) {
        return say(STINT_EINVAL, "tasks_max must not be negative");
    }

    int code = check_time("lease_ms", o->lease_ms);
    if (code == 0) code = check_time("task_timeout_ms", o->task_timeout_ms);
    if (code == 0) code = check_time("grace_ms", o->grace_ms);
    if (code == 0) code = check_time("idle_ms", o->idle_ms);
    if (code == 0) code = check_time("ahead_ms", o->ahead_ms);
    return code;
}

static struct agent_config
agent_options(const struct stint_worker_options *o, unsigned slots)
{
    return (struct agent_config){
        .slots = slots,
        .prefetch_max = o->prefetch_max,
        .ahead = o->ahead_ms * TICK_MS,
        .tasks_max = o->tasks_max,
        .idle = o->idle_ms * TICK_MS,
    };
}

/* ---- life ---------------------------------------------------------------- */

static struct stint_worker *
allocate(struct stint *s, const struct stint_worker_options *o, unsigned slots)
{
    struct stint_worker *w = calloc(1, sizeof *w + slots * sizeof w->slots[0]);
    if (w == NULL) return NULL;

    w->s = s;
    w->owners = 1;
    w->slot_count = slots;
    w->task_timeout = o->task_timeout_ms * TICK_MS;
    w->grace = o->grace_ms > 0 ? o->grace_ms * TICK_MS : GRACE_S * TICK_S;
    w->output_max = o->output_max > 0 ? o->output_max : OUTPUT_MAX;
    w->log = o->log;
    w->log_arg = o->log_arg;
    w->allow_exec = o->allow_exec;
    workspace_init(&w->space);
    inputs_init(&w->inputs, s, &w->space);
    w->inputs.log = w->log;
    w->inputs.log_arg = w->log_arg;
    w->wake_fd = w->stop_fd = -1;
    atomic_init(&w->drain_asked, false);
    atomic_init(&w->stop_asked, false);
    (void)pthread_mutex_init(&w->lock, NULL);
    duties_init(&w->duties);
    const struct agent_config config = agent_options(o, slots);
    agent_init(&w->agent, &config, clock_now());
    for (unsigned i = 0; i < slots; i++) {
        w->slots[i].worker = w;
        w->slots[i].cancel_fd = -1;
        call_init(&w->slots[i].call);
        capture_init(&w->slots[i].capture);
    }
    return w;
}

static void
destroy(struct stint_worker *w)
{
    for (unsigned i = 0; i < w->slot_count; i++) {
        call_fini(&w->slots[i].call);
        capture_fini(&w->slots[i].capture);
        if (w->slots[i].cancel_fd >= 0) (void)close(w->slots[i].cancel_fd);
    }
    programs_free(w->programs);
    environment_free(w->environment);
    duties_fini(&w->duties);
    handlers_fini(&w->handlers);
    exec_free(w->exec);
    inputs_fini(&w->inputs);
    workspace_fini(&w->space);
    if (w->wake_fd >= 0) (void)close(w->wake_fd);
    if (w->stop_fd >= 0) (void)close(w->stop_fd);
    (void)pthread_mutex_destroy(&w->lock);
    free(w);
}

static int
open_events(struct stint_worker *w)
{
    bool fine = true;

    w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    w->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    fine = w->wake_fd >= 0 && w->stop_fd >= 0;
    for (unsigned i = 0; i < w->slot_count && fine; i++) {
        w->slots[i].cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        fine = w->slots[i].cancel_fd >= 0;
    }
    if (fine) return 0;
    return say(STINT_ESYSTEM,
        "cannot make an eventfd: %s; raise the limit of open files (ulimit -n)",
        strerrordesc_np(errno));
}

static int
make_programs(struct stint_worker *w)
{
    w->environment = environment_new();
    if (w->environment != NULL) {
        w->programs = programs_new(w->s, w->environment);
    }
    if (w->programs != NULL) return 0;
    return say(STINT_ENOMEM, "no memory for a worker");
}

/* What it can run. */
static int
load(struct stint_worker *w, const struct stint_worker_options *o)
{
    int code = make_programs(w);

    if (code == 0 && o->command != NULL) code = exec_new(o->command, &w->exec);
    if (code == 0 && (o->handlers != NULL || o->plugin != NULL)) {
        code = handlers_init(&w->handlers, o->handlers, o->plugin, o->handler);
    }
    return code;
}

static int
open_consumer(struct stint_worker *w, const struct stint_worker_options *o)
{
    struct agent_credit credit;

    (void)agent_credit(&w->agent, &credit);
    const struct stint_consumer_options options = {
        .lease_ms = o->lease_ms,
        .credit_tasks = credit.tasks,
        .credit_bytes = credit.bytes,
    };
    return stint_consumer_open(w->s,
        o->queues != NULL ? o->queues : default_queues, &options, &w->consumer);
}

static void
say_room(const struct stint_worker_options *o, const struct room *room)
{
    char line[192];

    if (room->slots == room->wanted || o->log == NULL) return;
    (void)snprintf(line, sizeof line,
        "%u of %u slots are used: %zu open files are allowed, and all of them "
        "need %zu; raise the limit (ulimit -n)",
        room->slots, room->wanted, room->allowed, room->needed);
    o->log(o->log_arg, LOG_WARNING, line);
}

int
stint_worker_new(struct stint *s, const struct stint_worker_options *options,
    struct stint_worker **out)
{
    static const struct stint_worker_options none = { .slots = 0 };
    const struct stint_worker_options *o = options != NULL ? options : &none;

    *out = NULL;
    int code = check(o);
    if (code != 0) return code;
    const struct room room = room_find(o);
    say_room(o, &room);
    struct stint_worker *w = allocate(s, o, room.slots);
    if (w == NULL) return say(STINT_ENOMEM, "no memory for a worker");

    code = open_events(w);
    if (code == 0) code = load(w, o);
    if (code == 0) code = open_consumer(w, o);
    if (code != 0) {
        destroy(w);
        return code;
    }
    *out = w;
    return 0;
}

void
stint_worker_free(struct stint_worker *w)
{
    if (w == NULL) return;
    stint_consumer_close(w->consumer);
    worker_drop(w);
}

void
worker_drop(struct stint_worker *w)
{
    (void)pthread_mutex_lock(&w->lock);
    bool last = --w->owners == 0;
    (void)pthread_mutex_unlock(&w->lock);
    if (last) destroy(w);
}

/* ---- from outside -------------------------------------------------------- */

void
stint_worker_drain(struct stint_worker *w)
{
    atomic_store(&w->drain_asked, true);
    wake(w);
}

void
stint_worker_stop(struct stint_worker *w)
{
    atomic_store(&w->stop_asked, true);
    wake(w);
}

struct stint_worker_counts
stint_worker_counts(const struct stint_worker *w)
{
    /* A mutex is no part of what const promises to leave alone. */
    pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&w->lock;

    (void)pthread_mutex_lock(lock);
    struct stint_worker_counts counts = w->counts;
    (void)pthread_mutex_unlock(lock);
    return counts;
}

/* ---- for the other parts ------------------------------------------------- */

void
worker_watch(struct stint_worker *w,
    void (*runs)(void *arg, const struct stint_task *task), void *arg)
{
    w->runs = runs;
    w->runs_arg = arg;
}

void
worker_beat(struct stint_worker *w, void (*beats)(void *arg), void *arg)
{
    w->beats = beats;
    w->beats_arg = arg;
}

void
worker_trouble(struct stint_worker *w, int code)
{
    (void)pthread_mutex_lock(&w->lock);
    if (w->trouble == 0) {
        w->trouble = code;
        (void)snprintf(
            w->sentence, sizeof w->sentence, "%s", stint_error_message());
    }
    (void)pthread_mutex_unlock(&w->lock);
    wake(w);
}

void
worker_count_late_failure(struct stint_worker *w)
{
    (void)pthread_mutex_lock(&w->lock);
    w->counts.done -= w->counts.done > 0 ? 1 : 0;
    w->counts.failed += 1;
    (void)pthread_mutex_unlock(&w->lock);
}

void
worker_remove_folder(struct stint_worker *w, struct folder *folder)
{
    char path[FOLDER_PATH], line[FOLDER_PATH + 128];

    if (folder->fd < 0) return;
    (void)snprintf(path, sizeof path, "%s", folder->path);
    int error = folder_remove(folder);
    if (error == 0 || w->log == NULL) return;
    (void)snprintf(line, sizeof line,
        "the folder %s of a task could not be removed: %s", path,
        strerrordesc_np(error));
    w->log(w->log_arg, LOG_WARNING, line);
}

void
worker_tell_credit(struct stint_worker *w)
{
    struct agent_credit credit;

    if (agent_credit(&w->agent, &credit)) {
        stint_consumer_credit(w->consumer, credit.tasks, credit.bytes);
    }
}
