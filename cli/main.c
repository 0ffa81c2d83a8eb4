/**
 * main.c - the program `stint`: find the command, settle its options, run it.
 *
 * The command line is the first user of the library: nothing here includes
 * anything of Stint but <stint.h>.
 */
#include "cli/command.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/config.h"
#include "cli/exit.h"
#include "cli/opt_check.h"
#include "cli/opt_parse.h"
#include "cli/setting.h"
#include "cli/suggest.h"
#include "cli/width.h"

/* "key" of "key new": what was typed is the first half of a command. */
static bool
is_half(const char *word)
{
    size_t length = strlen(word);

    for (size_t i = 0; i < command_count; i++)
        if (strncmp(command_table[i]->name, word, length) == 0
            && command_table[i]->name[length] == ' ')
            return true;
    return false;
}

/* "`stint key generate`, `stint key new`…" */
static void
name_halves(const char *word, char *names, size_t size)
{
    size_t at = 0, length = strlen(word);

    *names = '\0';
    for (size_t i = 0; i < command_count && at < size; i++) {
        const char *name = command_table[i]->name;

        if (strncmp(name, word, length) != 0 || name[length] != ' ') continue;
        at += (size_t)snprintf(
            names + at, size - at, "%s`stint %s`", at > 0 ? ", " : "", name);
    }
}

static int
unknown_half(const char *word, const char *second)
{
    char names[512];

    name_halves(word, names, sizeof(names));
    if (second != NULL)
        return exit_say(EXIT_USAGE, "%s has no command '%s'; there is %s", word,
            second, names);
    return exit_say(EXIT_USAGE, "%s what? There is %s", word, names);
}

/* `stint job cancel 3`: the verb alone is the command, the noun its option. */
static int
wrong_noun(int argc, char *const argv[])
{
    static const char *const nouns[] = { "job", "task", "queue", "worker" };
    char *verb[] = { argv[0], argc > 2 ? argv[2] : NULL, NULL };
    const struct command *c;
    bool is_noun = false;
    unsigned words;

    for (size_t i = 0; i < sizeof(nouns) / sizeof(*nouns); i++)
        if (strcmp(argv[1], nouns[i]) == 0) is_noun = true;
    if (!is_noun || argc < 3) return EXIT_FINE;
    c = command_find(2, verb, &words);
    if (c == NULL) return EXIT_FINE;
    return exit_say(EXIT_USAGE,
        "there is no command '%s %s'; did you mean `stint %s%s%s%s`?", argv[1],
        argv[2], argv[2],
        strcmp(argv[1], "job") == 0 && command_has(c, "job") ? " --job" : "",
        argc > 3 ? " " : "", argc > 3 ? argv[3] : "");
}

static int
misspelt(const char *typed, const char *meant)
{
    char *const whole[] = { NULL, (char *)(uintptr_t)meant, NULL };
    char names[512];
    unsigned words;

    if (!is_half(meant) || command_find(2, whole, &words) != NULL)
        return exit_say(EXIT_USAGE,
            "there is no command '%s'; did you mean `stint %s`?", typed, meant);
    name_halves(meant, names, sizeof(names));
    return exit_say(
        EXIT_USAGE, "there is no command '%s'; there is %s", typed, names);
}

static int
unknown(int argc, char *const argv[])
{
    enum { NAMES_MAX = 64 };
    const char *names[NAMES_MAX] = { "key", "config", "store" };
    const char *meant;
    size_t n = 3;

    if (argv[1][0] == '-')
        return exit_say(EXIT_USAGE,
            "the command comes first: stint COMMAND %s; `stint help` lists "
            "the commands",
            argv[1]);
    if (wrong_noun(argc, argv) != EXIT_FINE) return EXIT_USAGE;
    if (is_half(argv[1]))
        return unknown_half(argv[1], argc > 2 ? argv[2] : NULL);
    for (size_t i = 0; i < command_count && n < NAMES_MAX; i++)
        names[n++] = command_table[i]->name;
    meant = suggest(argv[1], names, n);
    if (meant != NULL) return misspelt(argv[1], meant);
    return exit_say(EXIT_USAGE,
        "there is no command '%s'; `stint help` lists what there is", argv[1]);
}

static int
run_command(const struct command *command, int argc, char **argv)
{
    struct run run;
    int status;

    setting_init(&run, command);
    opt_parse(&run, argc, argv);
    opt_check_words(&run);
    config_settle(&run);
    exit_quiet(setting_flag(&run, "quiet"));
    exit_color(setting_color(&run, STDERR_FILENO));
    status = command->run(&run);
    setting_fini(&run);
    return status;
}

static bool
asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* -h, --help and --version before any command are commands too, and
 * `key --help` is `help key`. */
static char **
spell_out(int argc, char **argv)
{
    static char help[] = "help", version[] = "version";

    if (argc < 2) return argv;
    if (argc > 2 && asks_for_help(argv[2]) && is_half(argv[1])) {
        argv[2] = argv[1];
        argv[1] = help;
    }
    if (asks_for_help(argv[1])) argv[1] = help;
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
        argv[1] = version;
    return argv;
}

/* A stream that is closed stays of no use, but nothing else gets its number. */
static void
hold_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0
            && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            return;
}

int
main(int argc, char **argv)
{
    const struct command *command;
    unsigned words = 0;

    width_begin();
    hold_streams();
    if (argc > 0) exit_program_is(argv[0]);
    exit_color(setting_color_early(STDERR_FILENO));
    if (argc < 2)
        return exit_say(EXIT_USAGE,
            "which command? `stint local` begins, `stint help` lists them all");
    command = command_find(argc, spell_out(argc, argv), &words);
    if (command == NULL) return unknown(argc, argv);
    return run_command(command, argc - (int)words, argv + words);
}
