/* tasks and show: the tasks themselves. */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <stint.h>

#include "cli/command.h"
#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/mem.h"
#include "cli/table.h"
#include "cli/value.h"

static const char *const states[] = { "ready", "delayed", "leased", "done",
    "dead", "cancelled", "expired" };

static const struct opt options[] = {
    { "queue", 0, OPT_TEXT, "NAME", NULL, "Of this queue only" },
    { "state", 0, OPT_CHOICE,
        "ready|delayed|leased|done|dead|cancelled|expired", NULL,
        "In this state only" },
    { "limit", 0, OPT_COUNT, "N", "1000", "Rows at most; 0 for all" },
    { 0 },
};
static const struct opt_group group = { "tasks", "What:", options };

static const struct column columns[] = {
    { "task", CELL_NUMBER, COLUMN_SHOWN, true },
    { "queue", CELL_TEXT, COLUMN_SHOWN, false },
    { "state", CELL_TEXT, COLUMN_SHOWN, false },
    { "attempts", CELL_NUMBER, COLUMN_SHOWN, false },
    { "failures", CELL_NUMBER, COLUMN_HIDDEN, false },
    { "lost", CELL_NUMBER, COLUMN_HIDDEN, false },
    { "timeouts", CELL_NUMBER, COLUMN_HIDDEN, false },
    { "released", CELL_NUMBER, COLUMN_HIDDEN, false },
    { "priority", CELL_NUMBER, COLUMN_HIDDEN, false },
    { "handler", CELL_TEXT, COLUMN_HIDDEN, false },
    { "worker", CELL_TEXT, COLUMN_SHOWN, false },
    { "age", CELL_SECONDS, COLUMN_SHOWN, false },
    { "put_at", CELL_TIME, COLUMN_HIDDEN, false },
    { "wait", CELL_SECONDS, COLUMN_HIDDEN, false },
    { "ended", CELL_SECONDS, COLUMN_HIDDEN, false },
    { "ended_at", CELL_TIME, COLUMN_HIDDEN, false },
    { "bytes", CELL_BYTES, COLUMN_SHOWN, false },
    { "payload", CELL_TEXT, COLUMN_SHOWN, false },
    { "payload_is_hex", CELL_FLAG, COLUMN_HIDDEN, false },
    { "reason", CELL_TEXT, COLUMN_SHOWN, false },
    { 0 },
};

/* The rows on their way into a table; people see the beginning of a payload. */
struct rows {
    struct table *table;
    size_t head_max;
};

static const char *
or_none(const char *text)
{
    return text != NULL && *text != '\0' ? text : NULL;
}

static bool
has_ended(const struct stint_task_row *r)
{
    return r->state >= STINT_DONE;
}

static int
see_task(void *arg, const struct stint_task_row *r)
{
    const struct rows *rows = arg;
    struct stint_bytes head = r->head;
    int64_t ended = has_ended(r) ? r->ended_ns : -1;
    bool waits = r->state == STINT_DELAYED || r->state == STINT_LEASED;
    bool hex;
    char *payload;

    if (head.size > rows->head_max) head.size = rows->head_max;
    payload = value_show_bytes(head, &hex);
    table_add(rows->table,
        (const struct cell[]){ { .number = (int64_t)r->task },
            { .text = r->queue }, { .text = states[r->state] },
            { .number = r->attempts }, { .number = r->failures },
            { .number = r->lost }, { .number = r->timeouts },
            { .number = r->released }, { .number = r->priority },
            { .text = or_none(r->handler) }, { .text = or_none(r->worker) },
            { .number = r->age_ns }, { .number = value_now() - r->age_ns },
            { .number = waits ? r->wait_ns : -1 }, { .number = ended },
            { .number = ended >= 0 ? value_now() - ended : -1 },
            { .number = (int64_t)r->bytes }, { .text = payload },
            { .number = hex }, { .text = or_none(r->reason) } });
    free(payload);
    return 0;
}

static int
state_plus_one(const char *name)
{
    for (int i = 0; name != NULL && i < 7; i++)
        if (strcmp(states[i], name) == 0) return i + 1;
    return 0;
}

static int
see_queue(void *arg, const struct stint_queue_row *row)
{
    bool *is_there = arg;

    *is_there = row != NULL;
    return 0;
}

/* A queue without tasks is fine, one that is not there is a slip. */
static int
check_queue(struct stint *s, const struct run *run)
{
    const char *name = setting_text(run, "queue");
    bool is_there = false;
    int code;

    if (name == NULL) return EXIT_FINE;
    code = stint_list_queues(
        s, name, see_queue, &is_there, setting_ms(run, "timeout"));
    if (code != 0 && code != STINT_ENOQUEUE) return exit_error(code);
    if (is_there) return EXIT_FINE;
    return exit_say(
        EXIT_FAILED, "there is no queue '%s'; `stint queues` lists them", name);
}

static int
list(struct stint *s, const struct run *run,
    const struct stint_task_filter *filter, struct rows *rows)
{
    int code =
        stint_list_tasks(s, filter, see_task, rows, setting_ms(run, "timeout"));
    int status = code != 0 ? exit_error(code) : table_print(rows->table, run);

    if (filter->limit > 0 && table_rows(rows->table) >= filter->limit)
        exit_note(
            "(the first %" PRIu64 "; --limit 0 shows all)", filter->limit);
    return status;
}

static int
run_tasks(struct run *run)
{
    struct stint_task_filter filter = { .queue = setting_text(run, "queue"),
        .state_plus_one = state_plus_one(setting_text(run, "state")),
        .limit = (uint64_t)setting_number(run, "limit") };
    struct rows rows = { table_new(columns),
        table_form(run) == TABLE_PEOPLE ? 40 : 1024 };
    struct stint *s;
    int status = connect_as(run, STINT_TOOL, &s);

    if (status == EXIT_FINE) {
        status = check_queue(s, run);
        if (status == EXIT_FINE) status = list(s, run, &filter, &rows);
        stint_close(s);
    }
    table_free(rows.table);
    return status;
}

const struct command command_tasks = {
    .name = "tasks",
    .group = "Look",
    .summary = "List tasks",
    .examples = "stint tasks\n"
                "stint tasks --queue jobs --state dead\n"
                "stint tasks --state dead --json | jq -r '.[].reason'\n",
    .notes = "An ended task is listed as long as the master keeps it: dead "
             "ones until they are removed, others while somebody waits for "
             "their result.",
    .groups = { &group, &opt_output, &opt_connection, &opt_general },
    .run = run_tasks,
};

/* ---- show ---------------------------------------------------------------- */

enum { MOST_IDS = 1000 };

/* 17-20 with a hole in it is fine, an id alone must be there. */
static int
look_up(
    struct stint *s, const struct run *run, const char *ids, struct rows *rows)
{
    size_t before = table_rows(rows->table);
    uint64_t first, last;

    if (!value_ids(ids, &first, &last))
        return exit_say(
            EXIT_USAGE, "'%s' is no id of a task; write 17 or 17-20", ids);
    if (last - first >= MOST_IDS)
        return exit_say(EXIT_USAGE,
            "%s are too many; `stint tasks` lists "
            "them all",
            ids);
    for (uint64_t id = first; id <= last; id++) {
        struct stint_task_filter filter = { .task = id };
        int code = stint_list_tasks(
            s, &filter, see_task, rows, setting_ms(run, "timeout"));

        if (code != 0 && code != STINT_ENOTASK) return exit_error(code);
    }
    if (table_rows(rows->table) > before) return EXIT_FINE;
    return exit_say(EXIT_FAILED,
        "the master has no task %s; it ended well or never was (`stint tasks` "
        "lists those there are)",
        ids);
}

static int
run_show(struct run *run)
{
    struct rows rows = { table_new(columns), 1024 };
    struct stint *s;
    int status = connect_as(run, STINT_TOOL, &s);

    if (status != EXIT_FINE) {
        table_free(rows.table);
        return status;
    }
    for (size_t i = 0; i < run->word_count && status == EXIT_FINE; i++)
        status = look_up(s, run, run->words[i], &rows);
    if (status == EXIT_FINE)
        status = table_rows(rows.table) == 1
                     ? table_print_record(rows.table, run)
                     : table_print(rows.table, run);
    stint_close(s);
    table_free(rows.table);
    return status;
}

const struct command command_show = {
    .name = "show",
    .group = "Look",
    .args = "ID...",
    .summary = "Show all there is to know of tasks",
    .examples = "stint show 17\n"
                "stint show 17-20 --json\n",
    .args_min = 1,
    .args_max = 1 << 30,
    .groups = { &opt_output, &opt_connection, &opt_general },
    .run = run_show,
};
