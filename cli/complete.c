#include "cli/complete.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stint_job.h>
#include <stint_schedule.h>

#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/mem.h"
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
    if (strcmp(o->name, "job") == 0) return "jobs";
    return strcmp(o->name, "queue") == 0 ? "queues" : NULL;
}

const char *
complete_words(const struct command *c)
{
    static const struct {
        const char *word, *kind;
    } kinds[] = { { "TASK", "tasks" }, { "JOB", "jobs" }, { "QUEUE", "queues" },
        { "WORKER", "workers" }, { "SCHEDULE", "schedules" } };

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
        "-";

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

/* Where a number would be a task a job has its name only. */
static int
put_jobs(struct stint *s, bool with_numbers)
{
    struct snapshot shot = { 0 };
    int code = stint_list_jobs(s, 0, see_job, &shot, WAIT_MS);

    snapshot_finish(&shot, NULL);
    if (shot.job_count > 0) put_name("last", "the last job");
    for (size_t i = 0; i < shot.job_count && i < NAMES_MAX; i++) {
        const struct stint_job_row *j = &shot.jobs[i];
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

    (void)arg;
    put_number(row->task, what);
    free(what);
    return 0;
}

static int
put_tasks(struct stint *s)
{
    struct stint_task_filter filter = { .limit = NAMES_MAX };
    int code = stint_list_tasks(s, &filter, see_task, NULL, WAIT_MS);

    return code == 0 ? put_jobs(s, false) : code;
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
    (void)arg;
    if (row->kind == STINT_WORKER) put_name(row->name, row->host);
    return 0;
}

static int
see_schedule(void *arg, const struct stint_schedule_row *row)
{
    (void)arg;
    put_name(row->name, row->queue);
    return 0;
}

static int
put_names(struct stint *s, const char *kind)
{
    if (strcmp(kind, "jobs") == 0) return put_jobs(s, true);
    if (strcmp(kind, "tasks") == 0) return put_tasks(s);
    if (strcmp(kind, "queues") == 0)
        return stint_list_queues(s, NULL, see_queue, NULL, WAIT_MS);
    if (strcmp(kind, "schedules") == 0)
        return stint_list_schedules(s, see_schedule, NULL, WAIT_MS);
    return stint_list_peers(s, see_peer, NULL, WAIT_MS);
}

static int
run_complete(struct run *run)
{
    struct stint_options options;
    struct stint *s;
    int code;

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
    .args = "jobs|tasks|queues|workers|schedules",
    .summary = "Print names for the completions of a shell",
    .examples = "stint __complete jobs\n",
    .args_min = 1,
    .args_max = 1,
    .groups = { &opt_connection, &opt_general },
    .run = run_complete,
};
