#include "cli/complete.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stint_job.h>
#include <stint_objects.h>
#include <stint_schedule.h>

#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/mem.h"
#include "cli/objects.h"
#include "cli/setting.h"
#include "cli/snapshot.h"
#include "common/text.h"

/* Nobody waits longer for a completion, or reads more of them. */
enum { WAIT_MS = 300, NAMES_MAX = 200 };

/* ---- which kind ---------------------------------------------------------- */

const char *
complete_option(const struct command *c, const struct opt *o)
{
    /* What a master is given are queues that are not there yet. */
    if (c == &command_master || c == &command_local) return NULL;
    if (strcmp(o->name, "halt") == 0) return "halts";
    if (strcmp(o->name, "need") == 0) return "traits";
    if (strcmp(o->name, "job") == 0)
        return c == &command_cancel ? "open-jobs" : "jobs";
    return strcmp(o->name, "queue") == 0 ? "queues" : NULL;
}

bool
complete_is_program(const struct command *c)
{
    return c == &command_run || c == &command_submit;
}

const char *
complete_words(const struct command *c)
{
    static const struct {
        const char *word, *kind;
    } kinds[] = { { "TASK", "tasks" }, { "JOB", "jobs" }, { "QUEUE", "queues" },
        { "WORKER", "workers" }, { "SCHEDULE", "schedules" },
        { "OBJECT", "objects" } };

    if (c == &command_cancel) return "open-tasks";
    for (size_t i = 0; c->args != NULL && i < sizeof(kinds) / sizeof(*kinds);
         i++)
        if (strstr(c->args, kinds[i].word) != NULL) return kinds[i].kind;
    return NULL;
}

/* ---- names --------------------------------------------------------------- */

static bool
is_plain(const char *name)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+@%,/"
        "-=";

    return *name != '\0' && *name != '-' && strspn(name, plain) == strlen(name);
}

static void
put_name(const char *name, const char *what)
{
    char *text;

    if (name == NULL || !is_plain(name)) return;
    text = mem_copy(what != NULL ? what : "");
    text_clean((uint8_t *)text, strlen(text));
    printf("%s\t%s\n", name, text);
    free(text);
}

static void
put_number(uint64_t number, const char *what)
{
    char *name = mem_format("%" PRIu64, number);

    put_name(name, what);
    free(name);
}

static const char *
title_of(const struct stint_job_row *j)
{
    if (*j->name != '\0') return j->name;
    return *j->command != '\0' ? j->command : j->handler;
}

static bool
is_newest_of_name(const struct snapshot *shot, size_t i)
{
    for (size_t k = 0; k < shot->job_count && k < NAMES_MAX; k++)
        if (shot->jobs[k].job > shot->jobs[i].job
            && strcmp(shot->jobs[k].name, shot->jobs[i].name) == 0)
            return false;
    return true;
}

static int
see_job(void *arg, const struct stint_job_row *row)
{
    snapshot_add_job(arg, row);
    return 0;
}

/* Where a number would be a task a job has its name only; `open`: none that has
 * ended. */
static int
put_jobs(struct stint *s, bool with_numbers, bool open)
{
    struct snapshot shot = { 0 };
    int code = stint_list_jobs(s, 0, see_job, &shot, WAIT_MS);

    snapshot_finish(&shot, NULL);
    if (shot.job_count > 0 && (!open || snapshot_job_goes_on(&shot.jobs[0])))
        put_name("last", "the last job");
    for (size_t i = 0; i < shot.job_count && i < NAMES_MAX; i++) {
        const struct stint_job_row *j = &shot.jobs[i];

        if (open && !snapshot_job_goes_on(j)) break; /* They come first. */
        char *what = mem_format("%s: %s", snapshot_job_state(j), title_of(j));
        char *number = mem_format("job %" PRIu64, j->job);

        if (with_numbers) put_number(j->job, what);
        if (is_newest_of_name(&shot, i)) put_name(j->name, number);
        free(number);
        free(what);
    }
    snapshot_fini(&shot);
    return code;
}

static int
see_task(void *arg, const struct stint_task_row *row)
{
    static const char *const states[] = { "ready", "delayed", "leased", "done",
        "dead", "cancelled", "expired" };
    char *what = mem_format("%s of queue %s", states[row->state], row->queue);

    const bool *open = arg;

    if (!*open || row->state <= STINT_LEASED) put_number(row->task, what);
    free(what);
    return 0;
}

static int
put_tasks(struct stint *s, bool open)
{
    struct stint_task_filter filter = { .limit = NAMES_MAX };
    int code = stint_list_tasks(s, &filter, see_task, &open, WAIT_MS);

    return code == 0 ? put_jobs(s, false, open) : code;
}

static int
see_queue(void *arg, const struct stint_queue_row *row)
{
    char *what = mem_format("%" PRIu64 " ready", row->ready);

    (void)arg;
    put_name(row->name, what);
    free(what);
    return 0;
}

static int
see_peer(void *arg, const struct stint_peer_row *row)
{
    if (row->kind == STINT_WORKER) snapshot_add_worker(arg, row);
    return 0;
}

/* Each name once, and none that is gone. */
static int
put_workers(struct stint *s)
{
    struct snapshot shot = { 0 };
    int code = stint_list_peers(s, see_peer, &shot, WAIT_MS);

    for (size_t i = 0; i < shot.worker_count && i < NAMES_MAX; i++) {
        size_t k = 0;

        while (strcmp(shot.workers[k].name, shot.workers[i].name) != 0)
            k++;
        if (k == i) put_name(shot.workers[i].name, shot.workers[i].host);
    }
    snapshot_fini(&shot);
    return code;
}

/* What the worker at `i` has and none before it; what a command or a handler
 * needs is no need to be given. */
static void
put_traits_of(
    const struct snapshot *shot, size_t i, char ***seen, size_t *count)
{
    char *text = mem_copy(shot->workers[i].traits), *rest = text, *word;

    while ((word = strsep(&rest, " ")) != NULL) {
        size_t k = 0;

        if (strcmp(word, "exec") == 0 || strncmp(word, "handler=", 8) == 0)
            continue;
        while (k < *count && strcmp((*seen)[k], word) != 0)
            k++;
        if (k < *count || *count == NAMES_MAX) continue;
        *seen = mem_grow(*seen, *count + 1, sizeof(**seen));
        (*seen)[(*count)++] = mem_copy(word);
        put_name(word, shot->workers[i].name);
    }
    free(text);
}

static int
put_traits(struct stint *s)
{
    struct snapshot shot = { 0 };
    int code = stint_list_peers(s, see_peer, &shot, WAIT_MS);
    char **seen = NULL;
    size_t count = 0;

    for (size_t i = 0; i < shot.worker_count; i++)
        put_traits_of(&shot, i, &seen, &count);
    for (size_t i = 0; i < count; i++)
        free(seen[i]);
    free(seen);
    snapshot_fini(&shot);
    return code;
}

/* Those that need no master.  Returns whether it is one of them. */
static bool
put_fixed(const char *kind)
{
    if (strcmp(kind, "halts") != 0) return false;
    put_name("never", "go on whatever fails");
    put_name("soon,fail=1", "begin nothing more after one failure");
    put_name("soon,fail=10%", "the same after so many of a hundred");
    put_name("now,fail=1", "end what runs as well");
    put_name("now,fail=10%", "the same after so many of a hundred");
    return true;
}

static int
see_schedule(void *arg, const struct stint_schedule_row *row)
{
    (void)arg;
    put_name(row->name, row->queue);
    return 0;
}

static int
see_object(void *arg, const struct stint_object_row *row)
{
    (void)arg;
    put_name(row->name, objects_kind(row->kind));
    return 0;
}

static int
put_names(struct stint *s, const char *kind)
{
    if (strcmp(kind, "jobs") == 0) return put_jobs(s, true, false);
    if (strcmp(kind, "open-jobs") == 0) return put_jobs(s, true, true);
    if (strcmp(kind, "tasks") == 0) return put_tasks(s, false);
    if (strcmp(kind, "open-tasks") == 0) return put_tasks(s, true);
    if (strcmp(kind, "queues") == 0)
        return stint_list_queues(s, NULL, see_queue, NULL, WAIT_MS);
    if (strcmp(kind, "schedules") == 0)
        return stint_list_schedules(s, see_schedule, NULL, WAIT_MS);
    if (strcmp(kind, "objects") == 0)
        return stint_list_objects(s, NULL, see_object, NULL, WAIT_MS);
    if (strcmp(kind, "traits") == 0) return put_traits(s);
    return put_workers(s);
}

static int
run_complete(struct run *run)
{
    struct stint_options options;
    struct stint *s;
    int code;

    if (put_fixed(run->words[0])) return EXIT_FINE;
    connect_options(run, &options);
    options.kind = STINT_TOOL;
    options.connect_timeout_ms = options.timeout_ms = WAIT_MS;
    if (stint_connect(&options, &s) != 0) return EXIT_UNREACHABLE;
    code = put_names(s, run->words[0]);
    stint_abandon(s);
    return fflush(stdout) == 0 ? exit_of(code) : EXIT_FAILED;
}

const struct command command_complete = {
    .name = "__complete",
    .group = "Admin",
    .args = "jobs|tasks|queues|workers|schedules|objects",
    .summary = "Print names for the completions of a shell",
    .examples = "stint __complete jobs\n",
    .args_min = 1,
    .args_max = 1,
    .groups = { &opt_connection, &opt_general },
    .run = run_complete,
};
