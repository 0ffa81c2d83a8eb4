#include "cli/opt_parse.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/mem.h"
#include "cli/opt_check.h"

enum { KEY_FIRST = 0x200, KEY_USAGE = 0x180 };

/* The option table of argp, with its texts. */
struct parser {
    struct run *run;
    struct argp argp;
    struct argp_option *options;
    char **texts;
    size_t count;
    char *doc;
};

static char *
help_text(const struct setting *s)
{
    if (s->opt->fallback == NULL)
        return mem_format("%s [%s]", s->opt->help, s->env);
    return mem_format(
        "%s (default: %s) [%s]", s->opt->help, s->opt->fallback, s->env);
}

static const char *
title_of(const struct command *command, const struct opt *opt)
{
    for (size_t i = 0; i < COMMAND_GROUPS && command->groups[i] != NULL; i++)
        for (const struct opt *o = command->groups[i]->options; o->name != NULL;
             o++)
            if (o == opt) return command->groups[i]->title;
    return NULL;
}

static void
add_option(struct parser *p, const struct argp_option *option)
{
    p->options = mem_grow(p->options, p->count + 2, sizeof(*p->options));
    p->options[p->count++] = *option;
    p->options[p->count] = (struct argp_option){ 0 };
}

static void
add_setting(struct parser *p, size_t index, int *group, const char **title)
{
    const struct setting *s = &p->run->settings[index];
    const char *mine = title_of(p->run->command, s->opt);
    const char *implied = p->run->command->implies;
    bool hides = implied != NULL && strcmp(implied, s->opt->name) == 0;

    if (s->opt->kind == OPT_SECRET || s->hidden) return;
    if (mine != *title) {
        add_option(p, &(struct argp_option){ .doc = mine, .group = ++*group });
        *title = mine;
    }
    p->texts[index] = help_text(s);
    add_option(
        p, &(struct argp_option){ .name = s->opt->name,
               .key = s->opt->letter ? s->opt->letter : KEY_FIRST + (int)index,
               .arg = opt_arg(s->opt),
               .flags = hides ? OPTION_HIDDEN : 0,
               .doc = p->texts[index],
               .group = *group });
}

static struct setting *
setting_of_key(struct run *run, int key)
{
    if (key >= KEY_FIRST && (size_t)(key - KEY_FIRST) < run->count)
        return &run->settings[key - KEY_FIRST];
    for (size_t i = 0; i < run->count; i++)
        if (run->settings[i].opt->letter == key) return &run->settings[i];
    return NULL;
}

static void
take_word(struct run *run, char *word)
{
    run->words = mem_grow(run->words, run->word_count + 2, sizeof(*run->words));
    run->words[run->word_count++] = word;
    run->words[run->word_count] = NULL;
}

/* argp's own remark on long and short options is of no use here. */
static void
hush_argp(void)
{
    (void)setenv("ARGP_HELP_FMT", "no-dup-args-note", 0);
}

static error_t
parse(int key, char *text, struct argp_state *state)
{
    const struct parser *p = state->input;
    struct setting *s;

    switch (key) {
    case 'h':
        hush_argp();
        argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
        return 0;
    case KEY_USAGE:
        argp_state_help(state, stdout, ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
        return 0;
    case ARGP_KEY_ARG:
        take_word(p->run, text);
        return 0;
    default:
        s = key > 0 ? setting_of_key(p->run, key) : NULL;
        if (s == NULL || key == 0) return ARGP_ERR_UNKNOWN;
        setting_set(s, text != NULL ? text : "true", FROM_FLAG, "flag");
        return 0;
    }
}

/* Examples come first, indented; what follows a \v comes after the options. */
static char *
doc_of(const struct command *command)
{
    char *lines = NULL, *doc;
    size_t size = 0;
    FILE *out = open_memstream(&lines, &size);

    for (const char *c = command->examples; out != NULL && *c != '\0'; c++) {
        if (c == command->examples || c[-1] == '\n') fputs("  ", out);
        fputc(*c, out);
    }
    if (out != NULL) fclose(out);
    doc = mem_format("%s.\n\nExamples:\n%s\v%s%sEvery option can also be set "
                     "by the variable in brackets or in a configuration file; "
                     "see stint(1).",
        command->summary, lines ? lines : "",
        command->notes ? command->notes : "", command->notes ? "\n\n" : "");
    free(lines);
    return doc;
}

static void
parser_init(struct parser *p, struct run *run)
{
    const char *title = NULL;
    int group = 0;

    *p = (struct parser){ .run = run };
    p->texts = mem_new(run->count + 1, sizeof(*p->texts));
    for (size_t i = 0; i < run->count; i++)
        add_setting(p, i, &group, &title);
    add_option(p, &(struct argp_option){ .name = "help",
                      .key = 'h',
                      .doc = "Print this help",
                      .group = group });
    add_option(p, &(struct argp_option){ .name = "usage",
                      .key = KEY_USAGE,
                      .doc = "Print a short usage line",
                      .group = group });
    p->doc = doc_of(run->command);
    p->argp = (struct argp){ .options = p->options,
        .parser = parse,
        .args_doc = run->command->args,
        .doc = p->doc };
}

static void
parser_fini(struct parser *p)
{
    for (size_t i = 0; i < p->run->count; i++)
        free(p->texts[i]);
    free(p->texts);
    free(p->options);
    free(p->doc);
}

void
opt_parse_help(struct run *run)
{
    char *name = mem_format("stint %s", run->command->name);
    struct parser p;

    hush_argp();
    parser_init(&p, run);
    argp_help(&p.argp, stdout,
        ARGP_HELP_SHORT_USAGE | ARGP_HELP_DOC | ARGP_HELP_LONG, name);
    parser_fini(&p);
    free(name);
}

void
opt_parse(struct run *run, int argc, char **argv)
{
    char *name = mem_format("stint %s", run->command->name);
    struct parser p;
    int words = argc;

    for (int i = 1; i < argc && words == argc; i++)
        if (strcmp(argv[i], "--") == 0) words = i;
    words = opt_check(run, words, argv);
    argv[0] = name;
    parser_init(&p, run);
    argp_parse(&p.argp, words, argv, ARGP_NO_HELP, NULL, &p);
    parser_fini(&p);
    argv[0] = NULL;
    free(name);
    if (words == argc) return;
    run->after = argv + words;
    if (strcmp(*run->after, "--") == 0) run->after++;
    while (!run->command->runs_commands && *run->after != NULL)
        take_word(run, *run->after++);
}
