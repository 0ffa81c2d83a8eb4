#include "cli/opt_check.h"

#include <stdlib.h>
#include <string.h>

#include "cli/exit.h"
#include "cli/foreign.h"
#include "cli/mem.h"
#include "cli/setting.h"
#include "cli/suggest.h"

static bool
is_own(const char *name, size_t length)
{
    return strncmp("help", name, length) == 0
           || strncmp("usage", name, length) == 0;
}

static const struct opt *
visible(const struct run *run, size_t i)
{
    const struct setting *s = &run->settings[i];

    return s->hidden || s->opt->kind == OPT_SECRET ? NULL : s->opt;
}

noreturn static void
unknown_long(const struct run *run, const char *name)
{
    const char **names = mem_new(run->count + 1, sizeof(*names));
    const char *meant = foreign_option(run->command, name);
    size_t n = 0;

    if (meant != NULL)
        exit_now(EXIT_USAGE, "%s has no option --%s: %s", run->command->name,
            name, meant);

    for (size_t i = 0; i < run->count; i++)
        if (visible(run, i)) names[n++] = visible(run, i)->name;
    names[n++] = "help";
    meant = suggest(name, names, n);
    if (meant != NULL)
        exit_now(EXIT_USAGE,
            "%s has no option --%s; did you mean --%s? (stint %s --help)",
            run->command->name, name, meant, run->command->name);
    exit_now(EXIT_USAGE, "%s has no option --%s; see stint %s --help",
        run->command->name, name, run->command->name);
}

/* It would stand in the list of processes, for everybody to read. */
static void
refuse_secret(const struct run *run, const char *name)
{
    for (size_t i = 0; i < run->count; i++)
        if (run->settings[i].opt->kind == OPT_SECRET
            && strcmp(run->settings[i].opt->name, name) == 0)
            exit_now(EXIT_USAGE,
                "there is no --%s, which others could read; put it into a "
                "file of mode 0600 and name that with --%s-file",
                name, name);
}

/* By its name or, as getopt_long() has it, by any beginning that is nobody
 * else's.  NULL: --help or --usage. */
static const struct opt *
find_long(const struct run *run, const char *name)
{
    const struct opt *found = NULL;
    size_t length = strlen(name);

    refuse_secret(run, name);
    for (size_t i = 0; i < run->count; i++) {
        const struct opt *o = visible(run, i);

        if (o == NULL || strncmp(o->name, name, length) != 0) continue;
        if (o->name[length] == '\0') return o;
        if (found != NULL)
            exit_now(EXIT_USAGE, "--%s may be --%s or --%s; write it out", name,
                found->name, o->name);
        found = o;
    }
    if (found == NULL && !is_own(name, length)) unknown_long(run, name);
    return found;
}

noreturn static void
lacks(const struct opt *o)
{
    exit_now(EXIT_USAGE, "--%s needs a value: --%s %s", o->name, o->name,
        opt_arg(o));
}

/* Returns how many words the option took. */
static int
check_long(const struct run *run, const char *word, bool is_last)
{
    size_t length = strcspn(word, "=");
    char *name = mem_format("%.*s", (int)length, word);
    const struct opt *o = find_long(run, name);
    bool has_value = word[length] == '=';

    if (has_value && (o == NULL || o->kind == OPT_FLAG))
        exit_now(EXIT_USAGE, "--%s takes no value; leave out '%s'", name,
            word + length);
    free(name);
    if (o == NULL || o->kind == OPT_FLAG || has_value) return 1;
    if (is_last) lacks(o);
    return 2;
}

noreturn static void
unknown_letter(const struct run *run, int letter)
{
    const char *meant = foreign_letter(run->command, letter);

    if (meant != NULL)
        exit_now(EXIT_USAGE, "%s has no option -%c: %s", run->command->name,
            letter, meant);
    exit_now(EXIT_USAGE,
        "%s has no option -%c; see stint %s --help, and put a value that "
        "begins with a dash behind --",
        run->command->name, letter, run->command->name);
}

static int
check_letters(const struct run *run, const char *word, bool is_last)
{
    for (const char *c = word; *c != '\0'; c++) {
        const struct opt *o = NULL;

        for (size_t i = 0; i < run->count && o == NULL; i++)
            if (visible(run, i) && visible(run, i)->letter == *c)
                o = visible(run, i);
        if (o == NULL && *c == 'h') continue;
        if (o == NULL) unknown_letter(run, *c);
        if (o->kind == OPT_FLAG) continue;
        if (c[1] != '\0') return 1;
        if (is_last) lacks(o);
        return 2;
    }
    return 1;
}

int
opt_check(const struct run *run, int argc, char *const argv[])
{
    int i = 1;

    while (i < argc) {
        const char *word = argv[i];
        bool is_last = i + 1 >= argc;

        if (strncmp(word, "--", 2) == 0)
            i += check_long(run, word + 2, is_last);
        else if (word[0] == '-' && word[1] != '\0')
            i += check_letters(run, word + 1, is_last);
        else if (run->command->ends_at_word)
            break;
        else
            i++;
    }
    return i;
}

static void
check_forms(const struct run *run)
{
    const struct setting *json = setting_find(run, "json");
    const struct setting *plain = setting_find(run, "plain");

    if (json != NULL && plain != NULL && json->from == FROM_FLAG
        && plain->from == FROM_FLAG)
        exit_now(EXIT_USAGE, "either --json or --plain, not both");
}

void
opt_check_words(const struct run *run)
{
    const struct command *c = run->command;

    check_forms(run);
    if (run->word_count < c->args_min)
        exit_now(EXIT_USAGE, "%s needs more; it is: stint %s %s", c->name,
            c->name, c->args);
    if (run->word_count > c->args_max && c->runs_commands)
        exit_now(EXIT_USAGE, "put the command behind --: stint %s -- %s",
            c->name, run->words[c->args_max]);
    if (run->word_count > c->args_max)
        exit_now(EXIT_USAGE, "%s does not take '%s'; it is: stint %s%s%s",
            c->name, run->words[c->args_max], c->name, c->args ? " " : "",
            c->args ? c->args : "");
}
