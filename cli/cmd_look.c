/* status, queues and workers: what a master holds, for people and machines. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stint.h>

#include "cli/command.h"
#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/select.h"
#include "cli/snapshot.h"
#include "cli/table.h"
#include "cli/value.h"

static int64_t
timeout_of(const struct run *run)
{
    return setting_ms(run, "timeout");
}

/* ---- status -------------------------------------------------------------- */

static const struct column status_columns[] = {
    { .name = "software", .is_id = true },
    { .name = "durability" },
    { "disk_full", CELL_FLAG, COLUMN_SHOWN, false },
    { "up", CELL_SECONDS, COLUMN_SHOWN, false },
    { "since", CELL_TIME, COLUMN_SHOWN, false },
    { "memory", CELL_BYTES, COLUMN_SHOWN, false },
    { "memory_max", CELL_BYTES, COLUMN_SHOWN, false },
    { "queues", CELL_NUMBER, COLUMN_SHOWN, false },
    { "clients", CELL_NUMBER, COLUMN_SHOWN, false },
    { "workers", CELL_NUMBER, COLUMN_SHOWN, false },
    { "slots", CELL_NUMBER, COLUMN_SHOWN, false },
    { "ready", CELL_NUMBER, COLUMN_SHOWN, false },
    { "delayed", CELL_NUMBER, COLUMN_SHOWN, false },
    { "leased", CELL_NUMBER, COLUMN_SHOWN, false },
    { "accepted", CELL_NUMBER, COLUMN_SHOWN, false },
    { "done", CELL_NUMBER, COLUMN_SHOWN, false },
    { "dead", CELL_NUMBER, COLUMN_SHOWN, false },
    { "cancelled", CELL_NUMBER, COLUMN_SHOWN, false },
    { "expired", CELL_NUMBER, COLUMN_SHOWN, false },
    { "running", CELL_NUMBER, COLUMN_SHOWN, false },
    { 0 },
};

static int
run_status(struct run *run)
{
    struct table *table = table_new(status_columns);
    struct stint_status st;
    struct stint *s;
    int code, status = connect_as(run, STINT_TOOL, &s);

    if (status == EXIT_FINE) {
        code = stint_status(s, &st, timeout_of(run));
        if (code != 0) {
            status = exit_error(code);
        } else {
            const struct cell cells[] = { TABLE_TEXT(st.software),
                TABLE_TEXT(st.durability), TABLE_NUMBER(st.disk_full),
                TABLE_NUMBER(st.uptime_ns),
                TABLE_NUMBER(value_now() - st.uptime_ns),
                TABLE_NUMBER(st.memory), TABLE_NUMBER(st.memory_max),
                TABLE_NUMBER(st.queues), TABLE_NUMBER(st.clients),
                TABLE_NUMBER(st.workers), TABLE_NUMBER(st.slots),
                TABLE_NUMBER(st.ready), TABLE_NUMBER(st.delayed),
                TABLE_NUMBER(st.leased), TABLE_NUMBER(st.accepted),
                TABLE_NUMBER(st.done), TABLE_NUMBER(st.dead),
                TABLE_NUMBER(st.cancelled), TABLE_NUMBER(st.expired),
                TABLE_NUMBER(st.running) };

            table_add(table, cells);
            status = table_print_record(table, run);
        }
        stint_close(s);
    }
    table_free(table);
    return status;
}

const struct command command_status = {
    .name = "status",
    .group = "Look",
    .summary = "Show how the master is doing",
    .examples = "stint status\n"
                "stint status --json | jq .ready\n",
    .groups = { &opt_output, &opt_connection, &opt_general },
    .run = run_status,
};

/* ---- queues -------------------------------------------------------------- */

static const struct column queue_columns[] = {
    { .name = "queue", .is_id = true },
    { "kind", CELL_WORD, COLUMN_SPARE, false },
    { "ready", CELL_NUMBER, COLUMN_SHOWN, false },
    { "delayed", CELL_NUMBER, COLUMN_SHOWN, false },
    { "leased", CELL_NUMBER, COLUMN_SHOWN, false },
    { "done", CELL_NUMBER, COLUMN_SHOWN, false },
    { "dead", CELL_NUMBER, COLUMN_SHOWN, false },
    { "bytes", CELL_BYTES, COLUMN_SPARE, false },
    { "max_tasks", CELL_NUMBER, COLUMN_HIDDEN, false },
    { "max_bytes", CELL_BYTES, COLUMN_HIDDEN, false },
    { "accepted", CELL_NUMBER, COLUMN_HIDDEN, false },
    { "cancelled", CELL_NUMBER, COLUMN_HIDDEN, false },
    { "expired", CELL_NUMBER, COLUMN_HIDDEN, false },
    { "failures", CELL_NUMBER, COLUMN_SPARE, false },
    { "lost", CELL_NUMBER, COLUMN_SPARE, false },
    { "timeouts", CELL_NUMBER, COLUMN_SPARE, false },
    { "released", CELL_NUMBER, COLUMN_HIDDEN, false },
    { "getters", CELL_NUMBER, COLUMN_SPARE, false },
    { "putters", CELL_NUMBER, COLUMN_SPARE, false },
    { "lease", CELL_SECONDS, COLUMN_HIDDEN, false },
    { "attempts_max", CELL_NUMBER, COLUMN_HIDDEN, false },
    { "shut", CELL_FLAG, COLUMN_SPARE, false },
    { "durability", CELL_WORD, COLUMN_SPARE, false },
    { "workers", CELL_NUMBER, COLUMN_HIDDEN, false },
    { "paused", CELL_FLAG, COLUMN_SHOWN, false },
    { "running", CELL_NUMBER, COLUMN_HIDDEN, false },
    { "jobs_ready", CELL_NUMBER, COLUMN_HIDDEN, false },
    { "jobs_delayed", CELL_NUMBER, COLUMN_HIDDEN, false },
    { "jobs_leased", CELL_NUMBER, COLUMN_HIDDEN, false },
    { "jobs_dead", CELL_NUMBER, COLUMN_HIDDEN, false },
    { "jobs_tasks", CELL_NUMBER, COLUMN_ANY, false },
    { 0 },
};

/* What workers have to do: its own tasks and those of its jobs, which stand
 * beside them as well. */
static int
see_queue(void *arg, const struct stint_queue_row *own)
{
    static const char *const kinds[] = { "fifo", "lifo", "priority" };
    const struct stint_queue_row whole = snapshot_queue(own), *r = &whole;
    const struct stint_queue_jobs *jobs = &own->jobs;
    const struct cell cells[] = { TABLE_TEXT(r->name),
        TABLE_TEXT(kinds[r->kind]), TABLE_NUMBER(r->ready),
        TABLE_NUMBER(r->delayed), TABLE_NUMBER(r->leased),
        TABLE_NUMBER(r->done), TABLE_NUMBER(r->dead), TABLE_NUMBER(r->bytes),
        TABLE_NUMBER(r->max_tasks), TABLE_NUMBER(r->max_bytes),
        TABLE_NUMBER(r->accepted), TABLE_NUMBER(r->cancelled),
        TABLE_NUMBER(r->expired), TABLE_NUMBER(r->failures),
        TABLE_NUMBER(r->lost), TABLE_NUMBER(r->timeouts),
        TABLE_NUMBER(r->released), TABLE_NUMBER(r->getters),
        TABLE_NUMBER(r->putters), TABLE_NUMBER(r->lease_ns),
        TABLE_NUMBER(r->attempts_max), TABLE_NUMBER(r->shut),
        TABLE_TEXT(r->durability), TABLE_NUMBER(r->workers),
        TABLE_NUMBER(r->paused), TABLE_NUMBER(r->running),
        TABLE_NUMBER(jobs->ready), TABLE_NUMBER(jobs->delayed),
        TABLE_NUMBER(jobs->leased), TABLE_NUMBER(jobs->dead),
        TABLE_NUMBER(jobs->ready + jobs->delayed + jobs->leased) };

    table_add(arg, cells);
    return 0;
}

static int
run_queues(struct run *run)
{
    const char *only = run->word_count > 0 ? run->words[0] : NULL;
    struct table *table = table_new(queue_columns);
    struct stint *s;
    int code, status = connect_as(run, STINT_TOOL, &s);

    if (status == EXIT_FINE) {
        code = stint_list_queues(s, only, see_queue, table, timeout_of(run));
        if (code == STINT_ENOQUEUE
            || (code == 0 && only != NULL && table_rows(table) == 0))
            status = select_no_queue(only);
        else if (code != 0)
            status = exit_error(code);
        else
            status = table_print(table, run);
        stint_close(s);
    }
    table_free(table);
    return status;
}

const struct command command_queues = {
    .name = "queues",
    .group = "Look",
    .args = "[QUEUE]",
    .summary = "List the queues and what is in them",
    .examples = "stint queues\n"
                "stint queues -q\n"
                "stint queues jobs --json | jq '.[0].ready'\n",
    .args_max = 1,
    .groups = { &opt_output, &opt_connection, &opt_general },
    .run = run_queues,
};

/* ---- workers ------------------------------------------------------------- */

static const struct opt worker_options[] = {
    { "all", 'a', OPT_FLAG, NULL, NULL,
        "Show clients and tools as well, and who is silent and holds nothing" },
    { 0 },
};
static const struct opt_group worker_group = { "workers",
    "What:", worker_options };

static const struct column peer_columns[] = {
    { .name = "worker", .is_id = true },
    { "kind", CELL_WORD, COLUMN_SPARE, false },
    { "host", CELL_TEXT, COLUMN_SHOWN, false },
    { "pid", CELL_NUMBER, COLUMN_SPARE, false },
    { "key", CELL_TEXT, COLUMN_SPARE, false },
    { "alive", CELL_FLAG, COLUMN_SHOWN, false },
    { "slots", CELL_NUMBER, COLUMN_SHOWN, false },
    { "leased", CELL_NUMBER, COLUMN_SHOWN, false },
    { "done", CELL_NUMBER, COLUMN_SHOWN, false },
    { "failed", CELL_NUMBER, COLUMN_SHOWN, false },
    { "silent", CELL_SECONDS, COLUMN_SPARE, false },
    { "age", CELL_SECONDS, COLUMN_SPARE, false },
    { "since", CELL_TIME, COLUMN_HIDDEN, false },
    { "draining", CELL_FLAG, COLUMN_SHOWN, false },
    { "running", CELL_NUMBER, COLUMN_HIDDEN, false },
    { "traits", CELL_TEXT, COLUMN_HIDDEN, false },
    { 0 },
};

struct peers {
    struct table *table;
    const struct run *run;
    bool all;
    size_t hidden; /* So many are silent and hold nothing. */
};

/* Without names all of them are meant. */
static bool
is_named(const struct run *run, const char *name)
{
    for (size_t i = 0; i < run->word_count; i++)
        if (name != NULL && strcmp(run->words[i], name) == 0) return true;
    return run->word_count == 0;
}

static int
see_peer(void *arg, const struct stint_peer_row *r)
{
    static const char *const kinds[] = { "client", "worker", "tool" };
    struct peers *peers = arg;
    const struct cell cells[] = { TABLE_TEXT(value_or_none(r->name)),
        TABLE_TEXT(kinds[r->kind]), TABLE_TEXT(value_or_none(r->host)),
        TABLE_NUMBER(r->pid), TABLE_TEXT(value_or_none(r->key)),
        TABLE_NUMBER(r->alive), TABLE_NUMBER(r->slots), TABLE_NUMBER(r->leased),
        TABLE_NUMBER(r->done), TABLE_NUMBER(r->failed),
        TABLE_NUMBER(r->silent_ns), TABLE_NUMBER(r->age_ns),
        TABLE_NUMBER(value_now() - r->age_ns), TABLE_NUMBER(r->draining),
        TABLE_NUMBER(r->running), TABLE_TEXT(value_or_none(r->traits)) };

    if (!peers->all && r->kind != STINT_WORKER) return 0;
    if (!is_named(peers->run, r->name)) return 0;
    if (!peers->all && peers->run->word_count == 0 && snapshot_is_gone(r))
        peers->hidden++;
    else
        table_add(peers->table, cells);
    return 0;
}

/* A worker that was killed stays for the time of its session. */
static void
say_hidden(const struct peers *peers)
{
    if (peers->hidden == 0 || table_form(peers->run) != TABLE_PEOPLE) return;
    fflush(stdout);
    fprintf(stderr,
        "%zu more %s silent and hold%s nothing: stint workers --all\n",
        peers->hidden, peers->hidden == 1 ? "is" : "are",
        peers->hidden == 1 ? "s" : "");
}

static int
run_workers(struct run *run)
{
    struct peers peers = { table_new(peer_columns), run,
        setting_flag(run, "all"), 0 };
    struct stint *s;
    int code, status = connect_as(run, STINT_TOOL, &s);

    if (status == EXIT_FINE) {
        code = stint_list_peers(s, see_peer, &peers, timeout_of(run));
        if (code != 0)
            status = exit_error(code);
        else if (run->word_count > 0 && table_rows(peers.table) == 0)
            status = exit_say(EXIT_FAILED,
                "there is no worker '%s'; `stint workers` lists them",
                run->words[0]);
        else
            status = table_print(peers.table, run);
        if (status == EXIT_FINE) say_hidden(&peers);
        stint_close(s);
    }
    table_free(peers.table);
    return status;
}

const struct command command_workers = {
    .name = "workers",
    .group = "Look",
    .args = "[WORKER...]",
    .summary = "List the workers and what they do",
    .examples = "stint workers\n"
                "stint workers --all --json\n",
    .args_max = 1 << 30,
    .groups = { &worker_group, &opt_output, &opt_connection, &opt_general },
    .run = run_workers,
};
