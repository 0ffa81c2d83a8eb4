/* schedule add, list and remove: tasks that the master puts by itself. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stint_schedule.h>

#include "cli/command.h"
#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/mem.h"
#include "cli/moment.h"
#include "cli/table.h"
#include "cli/value.h"

static const struct column columns[] = {
    { .name = "schedule", .is_id = true },
    { "queue", CELL_TEXT, COLUMN_SHOWN, false },
    { "when", CELL_TEXT, COLUMN_SHOWN, false },
    { "next", CELL_TIME, COLUMN_SHOWN, false },
    { "put", CELL_NUMBER, COLUMN_SHOWN, false },
    { "skipped", CELL_NUMBER, COLUMN_SHOWN, false },
    { "task", CELL_MAYBE, COLUMN_SPARE, false },
    { "last", CELL_TIME, COLUMN_SPARE, false },
    { "cron", CELL_TEXT, COLUMN_HIDDEN, false },
    { "every", CELL_SECONDS, COLUMN_HIDDEN, false },
    { "at", CELL_TIME, COLUMN_HIDDEN, false },
    { 0 },
};

enum { NS_OF_MS = 1000000 };

/* Negative: nothing. */
static int64_t
ns_or_none(int64_t ms)
{
    return ms > 0 ? ms * NS_OF_MS : -1;
}

/* Gives the text. */
static char *
when_of(const struct stint_schedule_row *r)
{
    char text[VALUE_TEXT];

    if (r->cron != NULL) return mem_copy(r->cron);
    if (r->every_ms > 0) {
        value_show_duration(r->every_ms * NS_OF_MS, text);
        return mem_format("every %s", text);
    }
    value_show_time(r->at_ms * NS_OF_MS, text);
    return mem_format("at %s", text);
}

/* The rows that are meant. */
struct look {
    struct table *table;
    const char *only; /* NULL: all. */
    int64_t next_ms;  /* Of the last one. */
};

static int
see(void *arg, const struct stint_schedule_row *r)
{
    struct look *look = arg;
    char *when;

    if (look->only != NULL && strcmp(look->only, r->name) != 0) return 0;
    when = when_of(r);
    table_add(look->table,
        (const struct cell[]){ TABLE_TEXT(r->name), TABLE_TEXT(r->queue),
            TABLE_TEXT(when), TABLE_NUMBER(ns_or_none(r->next_ms)),
            TABLE_NUMBER(r->put), TABLE_NUMBER(r->skipped),
            TABLE_NUMBER(r->task > 0 ? (int64_t)r->task : -1),
            TABLE_NUMBER(ns_or_none(r->last_ms)), TABLE_TEXT(r->cron),
            TABLE_NUMBER(ns_or_none(r->every_ms)),
            TABLE_NUMBER(ns_or_none(r->at_ms)) });
    look->next_ms = r->next_ms;
    free(when);
    return 0;
}

static int
say_none(const char *name)
{
    return exit_say(EXIT_FAILED,
        "there is no schedule '%s'; see stint schedule list", name);
}

/* ---- add ----------------------------------------------------------------- */

static const struct opt add_options[] = {
    { "cron", 0, OPT_TEXT, "LINE", NULL,
        "'minute hour day month weekday', or @hourly, @daily, …; in UTC" },
    { "every", 0, OPT_DURATION, "TIME", NULL,
        "So often; the first after one interval" },
    { "at", 0, OPT_TEXT, "WHEN", NULL, "Once: 2026-12-31T23:30Z" },
    { "missed", 0, OPT_CHOICE, "once|none", "once",
        "What was due while the master was down" },
    { "skip-if-open", 0, OPT_FLAG, NULL, NULL,
        "Not while its last task has not ended" },
    { "priority", 0, OPT_NUMBER, "N", NULL,
        "Smaller goes first, in a priority queue" },
    { "delay", 0, OPT_DURATION, "TIME", NULL, "Not to be run before" },
    { "expires", 0, OPT_DURATION, "TIME", NULL,
        "Forget the task when nobody began it by then" },
    { "attempts", 0, OPT_COUNT, "N", NULL,
        "Attempts in all, else as the queue says" },
    { "handler", 0, OPT_TEXT, "NAME", NULL, "Which handler runs it" },
    { 0 },
};
static const struct opt_group add_group = { "schedule add",
    "When and how:", add_options };

static int
read_options(const struct run *run, struct stint_schedule_options *o)
{
    const char *at = setting_text(run, "at");
    const char *every = setting_text(run, "every");
    const char *attempts = setting_text(run, "attempts");
    int64_t most = attempts != NULL ? setting_number(run, "attempts") : 0;

    *o = (struct stint_schedule_options){ .cron = setting_text(run, "cron"),
        .every_ms = every != NULL ? setting_ms(run, "every") : 0,
        .skip_if_open = setting_flag(run, "skip-if-open") };
    if ((at != NULL) + (every != NULL) + (o->cron != NULL) != 1)
        return exit_say(EXIT_USAGE,
            "when? one of --cron '0 3 * * *', --every 10m and --at "
            "2026-12-31T23:30Z; one task that waits a while needs no "
            "schedule: stint put --delay 5s");
    if (at != NULL && !moment_read(at, &o->at_ms))
        return exit_say(EXIT_USAGE,
            "--at '%s' is no time; a time is 2026-12-31T23:30Z, or with "
            "seconds, or another zone such as +01:00",
            at);
    if (strcmp(setting_text(run, "missed"), "none") == 0)
        o->missed = STINT_MISSED_NONE;
    if (setting_text(run, "priority") != NULL)
        o->put.priority = (int)setting_number(run, "priority");
    o->put.attempts_max = most < UINT32_MAX ? (unsigned)most : UINT32_MAX;
    o->put.delay_ms = setting_limit_ms(run, "delay");
    o->put.expires_ms = setting_limit_ms(run, "expires");
    o->put.handler = setting_text(run, "handler");
    return EXIT_FINE;
}

/* What each task carries; all of stdin for "-".  Gives *text. */
static int
read_value(const char *word, char **text, size_t *size)
{
    size_t n;

    *text = mem_copy(word != NULL && strcmp(word, "-") != 0 ? word : "");
    *size = strlen(*text);
    if (word == NULL || strcmp(word, "-") != 0) return EXIT_FINE;
    do {
        enum { PIECE = 1 << 16 };
        *text = mem_grow(*text, *size + PIECE, 1);
        n = fread(*text + *size, 1, PIECE, stdin);
        *size += n;
    } while (n > 0);
    if (ferror(stdin) == 0) return EXIT_FINE;
    return exit_say(EXIT_FAILED,
        "stdin cannot be read: %s; check what it comes from", strerror(errno));
}

/* What the master makes of it. */
static int
say_added(struct stint *s, const struct run *run)
{
    struct look look = { .table = table_new(columns), .only = run->words[0] };
    char next[VALUE_TEXT];
    int code = stint_list_schedules(s, see, &look, setting_ms(run, "timeout"));
    int status = code != 0 ? exit_error(code) : EXIT_FINE;

    if (status == EXIT_FINE && table_rows(look.table) == 0)
        status = say_none(look.only);
    if (status == EXIT_FINE) {
        value_show_time(look.next_ms * NS_OF_MS, next);
        exit_note("schedule %s: %s%s (stint schedule list)", look.only,
            look.next_ms > 0 ? "next at " : "it was due and has been put",
            look.next_ms > 0 ? next : "");
        if (table_form(run) != TABLE_PEOPLE)
            status = table_print_record(look.table, run);
    }
    table_free(look.table);
    return status;
}

static int
add(const struct run *run, const struct stint_schedule_options *options,
    const char *data, size_t size)
{
    struct stint *s;
    int code, status = connect_as(run, STINT_CLIENT, &s);

    if (status != EXIT_FINE) return status;
    code = stint_schedule_set(
        s, run->words[0], run->words[1], data, size, options);
    status = code != 0 ? exit_error(code) : say_added(s, run);
    stint_close(s);
    return status;
}

static int
run_add(struct run *run)
{
    const char *word = run->word_count > 2 ? run->words[2] : NULL;
    struct stint_schedule_options options;
    char *data = NULL;
    size_t size = 0;
    int status = read_options(run, &options);

    if (status == EXIT_FINE) status = read_value(word, &data, &size);
    if (status == EXIT_FINE) status = add(run, &options, data, size);
    free(data);
    return status;
}

const struct command command_schedule_add = {
    .name = "schedule add",
    .group = "Work",
    .args = "NAME QUEUE [VALUE|-]",
    .summary = "Let the master put a task by itself, once or again and again",
    .examples = "stint schedule add backup nightly full --cron '0 3 * * *'\n"
                "stint schedule add beat jobs --every 10s --skip-if-open\n"
                "stint schedule add bell jobs ring --at 2026-12-31T23:59:59Z\n",
    .notes = "VALUE is what each task carries, - all of stdin, none is an "
             "empty task.  A schedule of this name is changed.  Times are of "
             "the master's host; it survives a restart of the master if the "
             "queue does.  Needs the role submit.",
    .args_min = 2,
    .args_max = 3,
    .groups = { &add_group, &opt_output, &opt_connection, &opt_general },
    .run = run_add,
};

/* ---- list ---------------------------------------------------------------- */

static int
run_list(struct run *run)
{
    struct look look = { .table = table_new(columns),
        .only = run->word_count > 0 ? run->words[0] : NULL };
    struct stint *s;
    int code, status = connect_as(run, STINT_TOOL, &s);

    if (status == EXIT_FINE) {
        code = stint_list_schedules(s, see, &look, setting_ms(run, "timeout"));
        if (code != 0)
            status = exit_error(code);
        else if (look.only != NULL && table_rows(look.table) == 0)
            status = say_none(look.only);
        else
            status = table_print(look.table, run);
        stint_close(s);
    }
    table_free(look.table);
    return status;
}

const struct command command_schedule_list = {
    .name = "schedule list",
    .group = "Work",
    .args = "[SCHEDULE]",
    .summary = "List the schedules, when each is due and what it put",
    .examples = "stint schedule list\n"
                "stint schedule list backup --json | jq '.[0].next'\n",
    .notes = "Skipped: it was due and put nothing, as its queue was full or "
             "shut, its last task was open, or the master was down; the "
             "master's log says why.",
    .args_max = 1,
    .groups = { &opt_output, &opt_connection, &opt_general },
    .run = run_list,
};

/* ---- remove -------------------------------------------------------------- */

static int
remove_all(struct stint *s, const struct run *run)
{
    for (size_t i = 0; i < run->word_count; i++) {
        int code = stint_schedule_remove(s, run->words[i]);

        if (code != 0) return exit_error(code);
        exit_note(
            "schedule %s is removed; tasks that it put stay", run->words[i]);
    }
    return EXIT_FINE;
}

static int
run_remove(struct run *run)
{
    struct stint *s;
    int status = connect_as(run, STINT_CLIENT, &s);

    if (status != EXIT_FINE) return status;
    status = remove_all(s, run);
    stint_close(s);
    return status;
}

const struct command command_schedule_remove = {
    .name = "schedule remove",
    .group = "Work",
    .args = "SCHEDULE...",
    .summary = "Forget schedules; tasks that they put stay",
    .examples = "stint schedule remove backup\n",
    .notes = "Needs the key that made it, or the role admin.",
    .args_min = 1,
    .args_max = 1 << 30,
    .groups = { &opt_connection, &opt_general },
    .run = run_remove,
};
