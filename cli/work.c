#include "cli/work.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/exit.h"
#include "cli/mem.h"
#include "cli/stop.h"

static const struct opt options[] = {
    { "slots", 'j', OPT_COUNT, "N", NULL,
        "Tasks side by side, else the number of cores" },
    { "queue", 0, OPT_LIST, "NAME", NULL,
        "Serve this queue, else 'default'; may be given several times" },
    { "plugin", 0, OPT_FILE, "FILE", NULL,
        "A shared object with handlers in C, e.g. ./libsquares.so" },
    { "handler", 0, OPT_TEXT, "NAME", NULL,
        "Run this handler for tasks that name none, else the first" },
    { "lease", 0, OPT_DURATION, "TIME", NULL,
        "How long a task is ours without a sign of life, else the queue's" },
    { "task-timeout", 0, OPT_DURATION, "TIME", NULL,
        "Fail an attempt that takes longer" },
    { "grace", 0, OPT_DURATION, "TIME", "30s",
        "From TERM until what still runs is given back" },
    { "name", 0, OPT_TEXT, "NAME", NULL,
        "How `stint workers` shows it, else host-pid" },
    { "tasks", 0, OPT_COUNT, "N", NULL, "Leave after so many tasks" },
    { "idle", 0, OPT_DURATION, "TIME", NULL, "Leave when idle for so long" },
    { 0 },
};
const struct opt_group command_worker_group = { "worker", "Worker:", options };

static const char *const default_queues[] = { "default", NULL };

const char *
work_name(const struct run *run, char room[WORK_NAME])
{
    const char *name = setting_text(run, "name");
    char host[64] = "worker";

    if (name != NULL) return name;
    gethostname(host, sizeof(host) - 1);
    snprintf(room, WORK_NAME, "%s-%d", host, (int)getpid());
    return room;
}

unsigned
work_slots(const struct run *run)
{
    int64_t slots = setting_number(run, "slots");
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (slots > 0) return slots < UINT32_MAX ? (unsigned)slots : UINT32_MAX;
    return cores > 0 ? (unsigned)cores : 1;
}

static int64_t
duration(const struct run *run, const char *name)
{
    int64_t ms = setting_ms(run, name);

    if (ms == 0 && setting_text(run, name) != NULL) return 1; /* At once. */
    return ms > 0 ? ms : 0; /* "forever" is no limit, which is 0. */
}

static void
take_options(const struct run *run, struct stint_worker_options *o)
{
    const char *const *queues = setting_list(run, "queue");

    *o = (struct stint_worker_options){
        .queues = queues != NULL ? queues : default_queues,
        .slots = work_slots(run),
        .plugin = setting_text(run, "plugin"),
        .handler = setting_text(run, "handler"),
        .lease_ms = duration(run, "lease"),
        .task_timeout_ms = duration(run, "task-timeout"),
        .grace_ms = duration(run, "grace"),
        .tasks_max = setting_number(run, "tasks"),
        .idle_ms = duration(run, "idle"),
    };
    if (run->after != NULL && *run->after != NULL)
        o->command = (const char *const *)run->after;
}

static void
say_ready(const struct run *run, const struct stint_worker_options *o,
    const char *address)
{
    char room[WORK_NAME], *names = mem_copy("");

    for (const char *const *q = o->queues; *q != NULL; q++) {
        char *longer =
            mem_format("%s%s%s", names, *names != '\0' ? ", " : "", *q);

        free(names);
        names = longer;
    }
    exit_note("worker %s ready: %u slot%s, queues %s, master %s",
        work_name(run, room), o->slots, o->slots == 1 ? "" : "s", names,
        address);
    free(names);
}

static void
say_end(const struct run *run, const struct stint_worker *w)
{
    struct stint_worker_counts n = stint_worker_counts(w);
    char room[WORK_NAME];

    exit_note("worker %s: %" PRIu64 " done, %" PRIu64 " failed, %" PRIu64
              " given back, %" PRIu64 " too late",
        work_name(run, room), n.done, n.failed, n.released, n.stale);
}

struct speaker {
    const struct run *run;
};

static void
say_line(void *arg, int level, const char *line)
{
    const struct speaker *speaker = arg;
    char room[WORK_NAME];

    (void)level;
    exit_note("worker %s: %s", work_name(speaker->run, room), line);
}

static void
drain(void *worker)
{
    exit_note("draining: what runs is finished, the rest given back; once "
              "more stops at once");
    stint_worker_drain(worker);
}

static void
stop(void *worker)
{
    stint_worker_stop(worker);
}

int
work_serve(const struct run *run, struct stint *s, const char *address)
{
    struct stop_steps steps = { .first = drain, .second = stop };
    struct speaker speaker = { run };
    struct stint_worker_options o;
    struct stint_worker *w;
    int code, status = EXIT_FINE;

    take_options(run, &o);
    o.log = say_line;
    o.log_arg = &speaker;
    code = stint_worker_new(s, &o, &w);
    if (code != 0) return exit_error(code);
    say_ready(run, &o, address);
    steps.arg = w;
    stop_watch(&steps);
    code = stint_worker_serve(w);
    if (code != 0) status = exit_error(code);
    stop_watch(NULL);
    say_end(run, w);
    stint_worker_free(w);
    return status;
}
