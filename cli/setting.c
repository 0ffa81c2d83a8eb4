#include "cli/setting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/mem.h"
#include "cli/value.h"

static void
add(struct run *run, const struct opt_group *group, bool hidden)
{
    for (const struct opt *o = group->options; o->name != NULL; o++) {
        struct setting *s;

        if (!hidden && setting_find(run, o->name) != NULL) continue;
        if (setting_find_in(run, group->scope, o->name) != NULL) continue;
        run->settings =
            mem_grow(run->settings, run->count + 1, sizeof(*run->settings));
        s = &run->settings[run->count++];
        *s = (struct setting){ .opt = o,
            .scope = group->scope,
            .env = opt_env_name(group->scope, o->name),
            .items = mem_new(1, sizeof(char *)),
            .where = mem_copy("default"),
            .hidden = hidden };
    }
}

void
setting_init(struct run *run, const struct command *command)
{
    *run = (struct run){ .command = command };
    for (size_t i = 0; i < COMMAND_GROUPS && command->groups[i] != NULL; i++)
        add(run, command->groups[i], false);
}

void
setting_add_all(struct run *run)
{
    for (size_t c = 0; c < command_count; c++)
        for (size_t i = 0; i < COMMAND_GROUPS; i++)
            if (command_table[c]->groups[i] != NULL)
                add(run, command_table[c]->groups[i], true);
}

static void
clear(struct setting *s)
{
    for (size_t i = 0; i < s->count; i++)
        free(s->items[i]);
    s->count = 0;
    s->items[0] = NULL;
}

void
setting_fini(struct run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        clear(&run->settings[i]);
        free(run->settings[i].items);
        free(run->settings[i].env);
        free(run->settings[i].where);
    }
    free(run->settings);
    free(run->words);
    *run = (struct run){ 0 };
}

static void
push(struct setting *s, char *item)
{
    s->items = mem_grow(s->items, s->count + 2, sizeof(*s->items));
    s->items[s->count++] = item;
    s->items[s->count] = NULL;
}

/* Flags give one name each, so that a name may have blanks in it; files and
 * variables give all of them at once. */
static void
push_words(struct setting *s, const char *text)
{
    char *copy = mem_copy(text), *rest = NULL;

    for (char *word = strtok_r(copy, " \t", &rest); word != NULL;
         word = strtok_r(NULL, " \t", &rest))
        push(s, mem_copy(word));
    free(copy);
}

void
setting_set(struct setting *s, const char *text, enum setting_from from,
    const char *where)
{
    if (s->count > 0 && from < s->from) return;
    if (s->opt->kind != OPT_LIST || from > s->from) clear(s);
    s->from = from;
    free(s->where);
    s->where = mem_copy(where);
    if (s->opt->kind == OPT_LIST && from != FROM_FLAG)
        push_words(s, text);
    else
        push(s, mem_copy(text));
}

struct setting *
setting_find(const struct run *run, const char *name)
{
    for (size_t i = 0; i < run->count; i++)
        if (!run->settings[i].hidden
            && strcmp(run->settings[i].opt->name, name) == 0)
            return &run->settings[i];
    return NULL;
}

struct setting *
setting_find_in(const struct run *run, const char *scope, const char *name)
{
    for (size_t i = 0; i < run->count; i++)
        if (strcmp(run->settings[i].opt->name, name) == 0
            && strcmp(run->settings[i].scope, scope) == 0)
            return &run->settings[i];
    return NULL;
}

static const struct setting *
must_find(const struct run *run, const char *name)
{
    const struct setting *s = setting_find(run, name);

    if (s == NULL) {
        fprintf(stderr,
            "stint: %s has no --%s: a bug of stint, please report "
            "it\n",
            run->command->name, name);
        abort();
    }
    return s;
}

const char *
setting_text(const struct run *run, const char *name)
{
    return must_find(run, name)->items[0];
}

bool
setting_flag(const struct run *run, const char *name)
{
    const char *text = setting_text(run, name);
    bool flag = false;

    return text != NULL && value_flag(text, &flag) && flag;
}

int64_t
setting_ms(const struct run *run, const char *name)
{
    const char *text = setting_text(run, name);
    int64_t ms = 0;

    return text != NULL && value_duration(text, &ms) ? ms : 0;
}

int64_t
setting_limit_ms(const struct run *run, const char *name)
{
    int64_t ms = setting_ms(run, name);

    if (ms == 0 && setting_text(run, name) != NULL) return 1;
    return ms > 0 ? ms : 0;
}

uint64_t
setting_size(const struct run *run, const char *name)
{
    const char *text = setting_text(run, name);
    uint64_t bytes = 0;

    return text != NULL && value_size(text, &bytes) ? bytes : 0;
}

int64_t
setting_number(const struct run *run, const char *name)
{
    const char *text = setting_text(run, name);
    int64_t n = 0;

    return text != NULL && value_number(text, INT64_MIN, INT64_MAX, &n) ? n : 0;
}

const char *const *
setting_list(const struct run *run, const char *name)
{
    const struct setting *s = must_find(run, name);

    return s->count > 0 ? (const char *const *)s->items : NULL;
}

static bool
decide(const char *when, int fd)
{
    if (strcmp(when, "always") == 0) return true;
    return strcmp(when, "never") != 0 && isatty(fd) == 1;
}

static bool
color_when(const char *when, int fd)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

    if (strcmp(when, "always") == 0) return true;
    if (no != NULL && *no != '\0') return false;
    if (term != NULL && strcmp(term, "dumb") == 0) return false;
    return decide(when, fd);
}

bool
setting_color(const struct run *run, int fd)
{
    return color_when(setting_text(run, "color"), fd);
}

bool
setting_color_early(int fd)
{
    const char *when = getenv("STINT_COLOR");

    return color_when(when != NULL && *when != '\0' ? when : "auto", fd);
}

bool
setting_progress(const struct run *run)
{
    return decide(setting_text(run, "progress"), STDERR_FILENO);
}
