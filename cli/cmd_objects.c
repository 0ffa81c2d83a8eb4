/* objects and objects delete: locks, dicts, pipes and what else has a name. */

#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stint_objects.h>

#include "cli/ask.h"
#include "cli/command.h"
#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/mem.h"
#include "cli/objects.h"
#include "cli/value.h"

/* ---- list ---------------------------------------------------------------- */

/* The rows that are meant. */
struct look {
    struct table *table;
    const char *pattern; /* NULL: all. */
    bool named;          /* Only those that have a name. */
};

static int
see(void *arg, const struct stint_object_row *row)
{
    const struct look *look = arg;

    if (look->named && *row->name == '\0') return 0;
    if (look->pattern == NULL || fnmatch(look->pattern, row->name, 0) == 0)
        objects_add(look->table, row);
    return 0;
}

static int
list(struct stint *s, const struct run *run, struct look *look)
{
    const char *word = run->word_count > 0 ? run->words[0] : NULL;
    bool by_name = word != NULL && !objects_is_pattern(word);
    int code;

    if (word != NULL && !by_name) look->pattern = word;
    code = stint_list_objects(
        s, by_name ? word : NULL, see, look, setting_ms(run, "timeout"));
    if (code == STINT_ENOOBJECT) return objects_say_none(word);
    if (code != 0) return exit_error(code);
    if (word != NULL && table_rows(look->table) == 0)
        return exit_say(EXIT_FAILED,
            "no object has a name like '%s'; `stint objects` lists those there "
            "are",
            word);
    return table_print(look->table, run);
}

static int
run_objects(struct run *run)
{
    struct look look = { .table = objects_table(),
        .named = table_form(run) == TABLE_IDS };
    struct stint *s;
    int status = connect_as(run, STINT_TOOL, &s);

    if (status == EXIT_FINE) {
        status = list(s, run, &look);
        stint_close(s);
    }
    table_free(look.table);
    return status;
}

const struct command command_objects = {
    .name = "objects",
    .group = "Look",
    .args = "[OBJECT|PATTERN]",
    .summary =
        "List locks, dicts, pipes and other named objects, and who holds "
        "them",
    .examples =
        "stint objects\n"
        "stint objects 'lock-*'\n"
        "stint objects --json | jq '.[] | select(.state == \"held\")'\n",
    .notes = "PATTERN is one of a shell: *, ? and [a-z].  `stint objects show "
             "OBJECT` tells who waits and what is in it, `stint objects delete "
             "OBJECT` forgets it.",
    .args_max = 1,
    .groups = { &opt_output, &opt_connection, &opt_general },
    .run = run_objects,
};

/* ---- delete -------------------------------------------------------------- */

static const struct opt delete_options[] = {
    { "force", 0, OPT_FLAG, NULL, NULL,
        "Also what somebody holds, waits for or watches" },
    { 0 },
};
static const struct opt_group delete_group = { "objects delete",
    "What:", delete_options };

static const struct column deleted_columns[] = {
    { .name = "object", .is_id = true },
    { "deleted", CELL_FLAG, COLUMN_SHOWN, false },
    { 0 },
};

/* One that is meant. */
struct victim {
    const char *name;
    char *what;   /* "lock 'ledger'"; owned; NULL: it is not there. */
    char *in_use; /* "is held by head-17"; owned; NULL: it is not. */
};

/* NULL: nobody uses it.  Gives it. */
static char *
use_of(const struct stint_object_row *row)
{
    const char *by = value_or_none(row->holder.name);

    if (row->held
        && (row->kind != STINT_OBJECT_CONDITION || *row->lock == '\0'))
        return by != NULL ? mem_format("is held by %s", by)
                          : mem_copy("is held");
    if (row->waiting == 0) return NULL;
    return row->kind >= STINT_OBJECT_DICT && row->kind <= STINT_OBJECT_VALUES
               ? mem_format("is watched by %" PRIu64, row->waiting)
               : mem_format("is waited for by %" PRIu64, row->waiting);
}

static int
see_victim(void *arg, const struct stint_object_row *row)
{
    const char *kind = objects_kind(row->kind);
    struct victim *v = arg;
    char *size = objects_size(row);

    v->what = size != NULL ? mem_format("%s '%s' (%s)", kind, row->name, size)
                           : mem_format("%s '%s'", kind, row->name);
    v->in_use = use_of(row);
    free(size);
    return 0;
}

/* Returns the exit status, having said why it cannot be deleted. */
static int
look_up(struct stint *s, const struct run *run, struct victim *v)
{
    int code = stint_list_objects(
        s, v->name, see_victim, v, setting_ms(run, "timeout"));

    if (code == STINT_ENOOBJECT) return objects_say_none(v->name);
    return code == 0 ? EXIT_FINE : exit_error(code);
}

static int
say_in_use(const struct victim *v)
{
    return exit_say(EXIT_AGAIN,
        "%s %s; nothing was deleted: wait, or say --force", v->what,
        v->in_use != NULL ? v->in_use : "is in use");
}

/* One that is not there or is used keeps all of them: it may be a slip. */
static int
look_at_all(struct stint *s, const struct run *run, struct victim *victims)
{
    bool force = setting_flag(run, "force");
    int status = EXIT_FINE;

    for (size_t i = 0; i < run->word_count; i++) {
        struct victim *v = &victims[i];
        int one;

        v->name = run->words[i];
        one = look_up(s, run, v);
        if (one == EXIT_FINE && v->in_use != NULL && !force)
            one = say_in_use(v);
        if (one != EXIT_FINE) status = one;
        if (one == EXIT_UNREACHABLE) break;
    }
    return status;
}

static int
ask_for(const struct run *run, const struct victim *victims)
{
    const struct victim *v = victims;

    if (run->word_count > 1)
        return ask_first(run,
            "Delete these %zu objects with all that they have?",
            run->word_count);
    return ask_first(run, "Delete %s%s%s?", v->what,
        v->in_use != NULL ? ", which " : "",
        v->in_use != NULL ? v->in_use : "");
}

static int
delete_one(struct stint *s, const struct run *run, const struct victim *v,
    struct table *deleted)
{
    int code = setting_flag(run, "force")
                   ? stint_object_delete(s, v->name)
                   : stint_object_delete_idle(s, v->name);

    if (code == STINT_ENOOBJECT) return objects_say_none(v->name);
    if (code != 0) return exit_error(code);
    exit_note("%s is deleted", v->what);
    table_add(deleted,
        (const struct cell[]){ TABLE_TEXT(v->name), TABLE_NUMBER(true) });
    return EXIT_FINE;
}

/* One that cannot be deleted after all does not keep the others. */
static int
delete_all(struct stint *s, const struct run *run, const struct victim *victims)
{
    struct table *deleted = table_new(deleted_columns);
    int printed = EXIT_FINE, status = EXIT_FINE;

    for (size_t i = 0; i < run->word_count; i++) {
        int one = delete_one(s, run, &victims[i], deleted);

        if (one != EXIT_FINE) status = one;
        if (one == EXIT_UNREACHABLE) break;
    }
    if (table_form(run) == TABLE_JSON || table_form(run) == TABLE_PLAIN)
        printed = table_print(deleted, run);
    table_free(deleted);
    return status != EXIT_FINE ? status : printed;
}

static int
delete_meant(struct stint *s, const struct run *run, struct victim *victims)
{
    int status = look_at_all(s, run, victims);

    if (status != EXIT_FINE) return status;
    if (setting_flag(run, "dry-run")) {
        for (size_t i = 0; i < run->word_count; i++)
            exit_note("would delete %s", victims[i].what);
        return EXIT_FINE;
    }
    status = ask_for(run, victims);
    return status == EXIT_FINE ? delete_all(s, run, victims) : status;
}

static int
run_delete(struct run *run)
{
    struct victim *victims = mem_new(run->word_count, sizeof(*victims));
    struct stint *s;
    int status = connect_as(run, STINT_TOOL, &s);

    if (status == EXIT_FINE) {
        status = delete_meant(s, run, victims);
        stint_close(s);
    }
    for (size_t i = 0; i < run->word_count; i++) {
        free(victims[i].what);
        free(victims[i].in_use);
    }
    free(victims);
    return status;
}

const struct command command_objects_delete = {
    .name = "objects delete",
    .group = "Look",
    .args = "OBJECT...",
    .summary = "Delete named objects with all that they have",
    .examples = "stint objects delete ledger\n"
                "stint objects delete old-1 old-2 --yes\n"
                "stint objects delete ledger --force --yes\n",
    .notes = "What somebody holds, waits for or watches is not deleted without "
             "--force; who waits is told then that it is gone.  A lock that "
             "conditions have goes after them.  Needs the role submit.",
    .args_min = 1,
    .args_max = 1 << 30,
    .groups = { &delete_group, &ask_group, &opt_output, &opt_connection,
        &opt_general },
    .run = run_delete,
};
