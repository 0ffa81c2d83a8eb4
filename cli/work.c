#include "cli/work.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/exit.h"
#include "cli/mem.h"
#include "cli/stop.h"
#include "cli/value.h"
#include "common/text.h"

static const struct opt options[] = {
    { "slots", 'j', OPT_COUNT, "N", NULL,
        "Tasks side by side, else the number of cores" },
    { "queue", 0, OPT_LIST, "NAME", NULL,
        "Serve this queue, else 'default'; may be given several times" },
    { "plugin", 0, OPT_FILE, "FILE", NULL,
        "A shared object with handlers in C, e.g. ./libsquares.so" },
    { "handler", 0, OPT_TEXT, "NAME", NULL,
        "Run this handler for tasks that name none, else the first" },
    { "allow-exec", 0, OPT_FLAG, NULL, NULL,
        "Run the commands of jobs (stint run): whoever may submit decides what "
        "runs here" },
    { "label", 0, OPT_LIST, "NAME[=VALUE]", NULL,
        "What it has, for jobs that need it, e.g. zone=b; may be given several "
        "times" },
    { "resource", 0, OPT_LIST, "NAME=COUNT", NULL,
        "How much of something it has, e.g. gpus=2 or memory=16G, else its "
        "cpus and memory" },
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

enum { NAME_BYTES_MAX = 255 }; /* The protocol's. */

/* People read it in tables and logs, and type it behind `stint drain`. */
static int
check_name(const char *name)
{
    size_t length = name != NULL ? strlen(name) : 1;

    if (length >= 1 && length <= NAME_BYTES_MAX
        && (name == NULL || text_is_plain(slice_of(name))))
        return EXIT_FINE;
    return exit_say(EXIT_USAGE,
        "--name must have 1 to %d bytes of plain text, without control "
        "characters",
        (int)NAME_BYTES_MAX);
}

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

/* ---- labels and resources ------------------------------------------------ */

enum { TRAITS_MAX = 128 };

struct traits {
    struct stint_trait rows[TRAITS_MAX + 1]; /* Ends with {0}. */
    char *names[TRAITS_MAX];                 /* Owned. */
    size_t count;
};

static void
free_traits(struct traits *t)
{
    for (size_t i = 0; i < t->count; i++) {
        free(t->names[i]);
    }
    free(t);
}

/* "NAME=VALUE" in two; "" for what does not follow. */
static int
add_trait(struct traits *t, const char *text, struct stint_trait **out)
{
    char *name, *equals;

    if (t->count == TRAITS_MAX)
        return exit_say(
            EXIT_USAGE, "at most %d labels and resources", (int)TRAITS_MAX);
    name = mem_copy(text);
    equals = strchr(name, '=');
    t->names[t->count] = name;
    *out = &t->rows[t->count++];
    (*out)->name = name;
    (*out)->value = "";
    if (equals == NULL) return EXIT_FINE;
    *equals = '\0';
    (*out)->value = equals + 1;
    return EXIT_FINE;
}

static int
add_labels(struct traits *t, const char *const *texts)
{
    struct stint_trait *label;
    int status = EXIT_FINE;

    for (; texts != NULL && *texts != NULL && status == EXIT_FINE; texts++)
        status = add_trait(t, *texts, &label);
    return status;
}

static int
add_resources(struct traits *t, const char *const *texts)
{
    struct stint_trait *resource;
    int status = EXIT_FINE;

    for (; texts != NULL && *texts != NULL && status == EXIT_FINE; texts++) {
        status = add_trait(t, *texts, &resource);
        if (status != EXIT_FINE) break;
        if (!value_size(resource->value, &resource->count)
            || resource->count == 0 || resource->count > INT64_MAX)
            return exit_say(EXIT_USAGE,
                "--resource %s: how much of it? Write e.g. gpus=2 or "
                "memory=16G",
                *texts);
        resource->value = NULL;
    }
    return status;
}

/* ---- options ------------------------------------------------------------- */

static void
take_options(const struct run *run, struct stint_worker_options *o)
{
    const char *const *queues = setting_list(run, "queue");

    *o = (struct stint_worker_options){
        .queues = queues != NULL ? queues : default_queues,
        .slots = work_slots(run),
        .plugin = setting_text(run, "plugin"),
        .handler = setting_text(run, "handler"),
        .lease_ms = setting_limit_ms(run, "lease"),
        .task_timeout_ms = setting_limit_ms(run, "task-timeout"),
        .grace_ms = setting_limit_ms(run, "grace"),
        .tasks_max = setting_number(run, "tasks"),
        .idle_ms = setting_limit_ms(run, "idle"),
        .allow_exec = setting_flag(run, "allow-exec"),
    };
    if (run->after != NULL && *run->after != NULL)
        o->command = (const char *const *)run->after;
}

int
work_begin(const struct run *run, bool allow_exec, struct work *work)
{
    struct traits *given = mem_new(1, sizeof(*given));
    int code, status;

    *work = (struct work){ .run = run };
    take_options(run, &work->options);
    if (allow_exec) work->options.allow_exec = true;
    work->slots = stint_worker_slots(&work->options);
    status = check_name(setting_text(run, "name"));
    if (status == EXIT_FINE)
        status = add_labels(given, setting_list(run, "label"));
    if (status == EXIT_FINE)
        status = add_resources(given, setting_list(run, "resource"));
    if (status == EXIT_FINE) {
        work->options.traits = given->rows;
        code = stint_worker_traits(&work->options, &work->traits);
        work->options.traits = NULL; /* They are announced. */
        if (code != 0) status = exit_error(code);
    }
    free_traits(given);
    return status;
}

void
work_end(struct work *work)
{
    free(work->traits);
    work->traits = NULL;
}

/* ---- serving ------------------------------------------------------------- */

static void
say_ready(const struct work *work, const char *address)
{
    char room[WORK_NAME], *names = mem_copy("");

    for (const char *const *q = work->options.queues; *q != NULL; q++) {
        char *longer =
            mem_format("%s%s%s", names, *names != '\0' ? ", " : "", *q);

        free(names);
        names = longer;
    }
    exit_note("worker %s ready: %u slot%s, queues %s, master %s",
        work_name(work->run, room), work->slots, work->slots == 1 ? "" : "s",
        names, address);
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
work_serve(const struct work *work, struct stint *s, const char *address)
{
    const struct run *run = work->run;
    struct stop_steps steps = { .first = drain, .second = stop };
    struct speaker speaker = { run };
    struct stint_worker_options o = work->options;
    struct stint_worker *w;
    int code, status = EXIT_FINE;

    o.log = say_line;
    o.log_arg = &speaker;
    code = stint_worker_new(s, &o, &w);
    if (code != 0) return exit_error(code);
    say_ready(work, address);
    steps.arg = w;
    stop_watch(&steps);
    code = stint_worker_serve(w);
    if (code != 0) status = exit_error(code);
    stop_watch(NULL);
    say_end(run, w);
    stint_worker_free(w);
    return status;
}
