#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/config.h"
#include "cli/mem.h"
#include "cli/table.h"

static const struct column columns[] = {
    { .name = "setting", .is_id = true },
    { "value", CELL_TEXT, COLUMN_SHOWN, false },
    { "from", CELL_TEXT, COLUMN_SHOWN, false },
    { "variable", CELL_TEXT, COLUMN_SHOWN, false },
    { 0 },
};

/* The items of a list with blanks between, as a file would have them. */
static char *
value_of(const struct setting *s)
{
    char *value = mem_copy("");

    if (s->opt->kind == OPT_SECRET) {
        free(value);
        return mem_copy("(not shown)");
    }
    for (size_t i = 0; i < s->count; i++) {
        char *longer =
            mem_format("%s%s%s", value, i > 0 ? " " : "", s->items[i]);

        free(value);
        value = longer;
    }
    return value;
}

static void
add(struct table *table, const struct setting *s)
{
    char *name = mem_format("%s.%s", s->scope, s->opt->name);
    char *value = value_of(s);

    table_add(table, (const struct cell[]){ { .text = name },
                         { .text = s->count > 0 ? value : NULL },
                         { .text = s->where }, { .text = s->env } });
    free(name);
    free(value);
}

/* Settings of other commands have no flags here; they are looked up in the
 * environment and the files only. */
static int
run_config_show(struct run *run)
{
    struct table *table = table_new(columns);
    int status;

    setting_add_all(run);
    config_settle(run);
    for (size_t i = 0; i < run->count; i++)
        add(table, &run->settings[i]);
    status = table_print(table, run);
    table_free(table);
    return status;
}

const struct command command_config_show = {
    .name = "config show",
    .group = "Admin",
    .summary = "Show every setting and where its value came from",
    .examples = "stint config show\n"
                "stint config show --json | jq '.[] | select(.from != "
                "\"default\")'\n",
    .notes = "Flags come before the environment, then the file of --config, "
             "then $XDG_CONFIG_HOME/stint/stint.conf, then "
             "/etc/stint/stint.conf, then the default.",
    .groups = { &opt_connection, &opt_output, &opt_general },
    .run = run_config_show,
};
