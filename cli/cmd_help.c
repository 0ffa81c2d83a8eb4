/* help and version. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stint.h>

#include "cli/command.h"
#include "cli/exit.h"
#include "cli/opt_parse.h"
#include "cli/setting.h"
#include "cli/table.h"

static const char first_words[] =
    "stint - tasks for workers on other machines\n"
    "\n"
    "Begin here:\n"
    "  seq 100 | stint run echo {}                a command for each line\n"
    "\n"
    "Then, each in its place:\n"
    "  stint master                               holds jobs and queues\n"
    "  stint worker -j 4 --allow-exec             runs the tasks\n"
    "  stint run ./simulate {} ::: 1 2 3          spreads them, prints "
    "results\n"
    "  stint put try hello; stint get try         queues, for programs\n";

static const char last_words[] =
    "\n"
    "`stint help COMMAND` or `stint COMMAND --help` says more, stint(1) all.\n"
    "Exit codes: 0 fine, 1 the work failed, 64 usage, 65 store damaged, 69 no\n"
    "master, 74 disk failed, 75 try again, 76 other protocol, 77 refused, 78\n"
    "configuration, 128+n signal.\n";

static void
print_all(void)
{
    const char *group = "";

    fputs(first_words, stdout);
    for (size_t i = 0; i < command_count; i++) {
        const struct command *c = command_table[i];

        if (strcmp(group, c->group) != 0) printf("\n%s:\n", c->group);
        group = c->group;
        printf("  %-15s %s\n", c->name, c->summary);
    }
    fputs(last_words, stdout);
}

/* "key" and "config" are no commands, but the first halves of some. */
static bool
print_halves(const char *word)
{
    size_t length = strlen(word);
    bool any = false;

    for (size_t i = 0; i < command_count; i++) {
        const struct command *c = command_table[i];

        if (strncmp(c->name, word, length) != 0 || c->name[length] != ' ')
            continue;
        if (!any) printf("Usage: stint %s COMMAND\n\n", word);
        printf("  %-15s %s\n", c->name, c->summary);
        any = true;
    }
    if (any)
        printf("\n`stint help %s COMMAND` or `stint %s COMMAND --help` says "
               "more.\n",
            word, word);
    return any;
}

static int
run_help(struct run *run)
{
    char *words[] = { NULL, NULL, NULL, NULL };
    struct run other;
    const struct command *command;
    unsigned taken;

    if (run->word_count == 0) {
        print_all();
        return table_flush();
    }
    words[1] = run->words[0];
    words[2] = run->word_count > 1 ? run->words[1] : NULL;
    command = command_find((int)run->word_count + 1, words, &taken);
    if (command == NULL && words[2] == NULL && print_halves(words[1]))
        return table_flush();
    if (command == NULL || taken != run->word_count)
        return exit_say(EXIT_USAGE,
            "there is no command '%s%s%s'; `stint help` lists what there is",
            words[1], words[2] ? " " : "", words[2] ? words[2] : "");
    setting_init(&other, command);
    opt_parse_help(&other);
    setting_fini(&other);
    return table_flush();
}

const struct command command_help = {
    .name = "help",
    .group = "Help",
    .args = "[COMMAND]",
    .summary = "Say what there is, or explain a command",
    .examples = "stint help\n"
                "stint help key new\n",
    .args_max = 2,
    .groups = { &opt_general },
    .run = run_help,
};

static int
run_version(struct run *run)
{
    if (setting_flag(run, "json"))
        printf("{\"stint\": \"%s\", \"library\": \"%s\"}\n", STINT_VERSION,
            stint_version());
    else
        printf("stint %s\n", stint_version());
    return table_flush();
}

const struct command command_version = {
    .name = "version",
    .group = "Help",
    .summary = "Print the version",
    .examples = "stint version\n",
    .groups = { &opt_output, &opt_general },
    .run = run_version,
};
