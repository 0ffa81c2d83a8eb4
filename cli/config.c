#include "cli/config.h"

#include <czmq.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/exit.h"
#include "cli/mem.h"
#include "cli/suggest.h"

static const char system_path[] = "/etc/stint/stint.conf";

/* $variable/stint/leaf, or ~/home_part/stint/leaf; NULL without both. */
static char *
xdg_path(const char *variable, const char *home_part, const char *leaf)
{
    const char *base = getenv(variable), *home = getenv("HOME");

    if (base != NULL && *base == '/') return mem_format("%s/%s", base, leaf);
    if (home != NULL && *home == '/')
        return mem_format("%s/%s/%s", home, home_part, leaf);
    return NULL;
}

char *
config_user_path(void)
{
    return xdg_path("XDG_CONFIG_HOME", ".config", "stint/stint.conf");
}

char *
config_default_data_path(void)
{
    char *path = xdg_path("XDG_STATE_HOME", ".local/state", "stint");

    return path != NULL ? path : mem_copy("/var/lib/stint");
}

char *
config_data_path(const struct run *run)
{
    const char *named = setting_text(run, "data");

    return named != NULL ? mem_copy(named) : config_default_data_path();
}

/* ---- reading ------------------------------------------------------------- */

/* One file on its way into the settings. */
struct reading {
    struct run *run, *all;
    const char *path;
    enum setting_from from;
    unsigned *lines; /* The line of each item, in the order of the file. */
    size_t line_count, item;
    const char *section;
};

/* zconfig keeps no line numbers.  An item is what is left of a line that is
 * neither blank nor a comment, and the tree keeps their order. */
static void
number_items(struct reading *r, FILE *file)
{
    char *line = NULL;
    size_t size = 0;

    for (unsigned n = 1; getline(&line, &size, file) >= 0; n++) {
        const char *first = line + strspn(line, " \t\r\n");

        if (*first == '\0' || *first == '#') continue;
        r->lines = mem_grow(r->lines, r->line_count + 1, sizeof(*r->lines));
        r->lines[r->line_count++] = n;
    }
    free(line);
}

noreturn static void
unknown(const struct reading *r, unsigned line, const char *kind,
    const char *name, const char *section)
{
    const char **words = mem_new(r->all->count + 1, sizeof(*words));
    const char *meant;
    size_t n = 0;

    for (size_t i = 0; i < r->all->count; i++) {
        const struct setting *s = &r->all->settings[i];

        if (section == NULL)
            words[n++] = s->scope;
        else if (strcmp(section, s->scope) == 0)
            words[n++] = s->opt->name;
    }
    meant = suggest(name, words, n);
    if (meant != NULL)
        exit_now(EXIT_CONFIG, "%s:%u: there is no %s '%s'; did you mean '%s'?",
            r->path, line, kind, name, meant);
    exit_now(EXIT_CONFIG,
        "%s:%u: there is no %s '%s'; `stint config show` lists what there is",
        r->path, line, kind, name);
}

static bool
is_section(const struct reading *r, const char *name)
{
    for (size_t i = 0; i < r->all->count; i++)
        if (strcmp(r->all->settings[i].scope, name) == 0) return true;
    return false;
}

static void
take_section(struct reading *r, zconfig_t *item, unsigned line)
{
    const char *name = zconfig_name(item), *value = zconfig_value(item);

    if (!is_section(r, name)) unknown(r, line, "section", name, NULL);
    if (value != NULL && *value != '\0')
        exit_now(EXIT_CONFIG,
            "%s:%u: '%s' is a section and takes no value; put its keys below "
            "it, four blanks in",
            r->path, line, name);
    r->section = name;
}

static void
take_key(struct reading *r, zconfig_t *item, unsigned line)
{
    const char *name = zconfig_name(item), *value = zconfig_value(item);
    struct setting *s = setting_find_in(r->all, r->section, name), *mine;
    const char *wants;
    char *where;

    if (s == NULL || strcmp(name, "config") == 0)
        unknown(r, line, "key", name, r->section);
    if (s->opt->kind == OPT_SECRET)
        exit_now(EXIT_CONFIG,
            "%s:%u: the authkey itself does not belong here; put it into a "
            "file of mode 0600 and set authkey-file",
            r->path, line);
    wants = opt_wants(s->opt, value);
    if (wants != NULL)
        exit_now(EXIT_CONFIG, "%s:%u: %s wants %s, not '%s'", r->path, line,
            name, wants, value);
    mine = setting_find_in(r->run, r->section, name);
    if (mine == NULL) return;
    where = mem_format("%s:%u", r->path, line);
    setting_set(mine, value, r->from, where);
    free(where);
}

static int
take_item(zconfig_t *item, void *arg, int level)
{
    struct reading *r = arg;
    unsigned line;

    if (level == 0) return 0;
    line = r->item < r->line_count ? r->lines[r->item] : 0;
    r->item++;
    if (level == 1)
        take_section(r, item, line);
    else if (level == 2)
        take_key(r, item, line);
    else
        exit_now(EXIT_CONFIG,
            "%s:%u: '%s' is too deep; keys stand four blanks "
            "in, below their section",
            r->path, line, zconfig_name(item));
    return 0;
}

/* zconfig says on stdout what it does not understand; it is kept from there,
 * for what was asked for, and the line number found in it. */
static zconfig_t *
load_quietly(const char *path, char *why, size_t size)
{
    int memory = memfd_create("zconfig", MFD_CLOEXEC), out;
    zconfig_t *tree;
    ssize_t n;

    *why = '\0';
    if (memory < 0) return zconfig_load(path);
    fflush(stdout);
    out = dup(STDOUT_FILENO);
    dup2(memory, STDOUT_FILENO);
    tree = zconfig_load(path);
    fflush(stdout);
    if (out >= 0) {
        dup2(out, STDOUT_FILENO);
        close(out);
    } else {
        close(STDOUT_FILENO);
    }
    n = pread(memory, why, size - 1, 0);
    why[n > 0 ? n : 0] = '\0';
    close(memory);
    return tree;
}

noreturn static void
not_understood(const char *path, char *why)
{
    char *text = strstr(why, "(zconfig): ("), *end;

    if (text == NULL)
        exit_now(EXIT_CONFIG,
            "%s: not a configuration file; stint(1) shows "
            "one",
            path);
    text += strlen("(zconfig): (");
    text[strcspn(text, "\n")] = '\0';
    end = strchr(text, ')');
    if (end == NULL) end = text;
    exit_now(EXIT_CONFIG, "%s:%.*s:%s; stint(1) shows a configuration file",
        path, (int)(end - text), text, end + 1);
}

static void
read_file(
    struct run *run, struct run *all, const char *path, enum setting_from from)
{
    struct reading r = { .run = run, .all = all, .path = path, .from = from };
    FILE *file = fopen(path, "re");
    zconfig_t *tree;
    char why[512];

    if (file == NULL && errno == ENOENT && from != FROM_CONFIG_FILE) return;
    if (file == NULL)
        exit_now(EXIT_CONFIG, "%s: %s; name a readable file with --config",
            path, strerror(errno));
    number_items(&r, file);
    fclose(file);
    tree = load_quietly(path, why, sizeof(why));
    if (tree == NULL && r.line_count > 0) not_understood(path, why);
    if (tree != NULL) zconfig_execute(tree, take_item, &r);
    zconfig_destroy(&tree);
    free(r.lines);
}

static void
load(struct run *run)
{
    const struct setting *named = setting_find(run, "config");
    char *user = config_user_path();
    struct run all;

    zsys_handler_set(NULL);
    setting_init(&all, run->command);
    setting_add_all(&all);
    if (named != NULL && named->count > 0)
        read_file(run, &all, named->items[0], FROM_CONFIG_FILE);
    if (user != NULL) read_file(run, &all, user, FROM_USER_FILE);
    read_file(run, &all, system_path, FROM_SYSTEM_FILE);
    setting_fini(&all);
    free(user);
}

/* ---- all together ------------------------------------------------------ */

static void
check(const struct setting *s)
{
    int status = s->from == FROM_FLAG ? EXIT_USAGE : EXIT_CONFIG;

    for (size_t i = 0; i < s->count; i++) {
        const char *wants = opt_wants(s->opt, s->items[i]);

        if (wants == NULL) continue;
        if (s->from == FROM_FLAG)
            exit_now(status, "--%s wants %s, not '%s'", s->opt->name, wants,
                s->items[i]);
        exit_now(status, "%s: %s wants %s, not '%s'", s->where, s->opt->name,
            wants, s->items[i]);
    }
}

static void
settle_environment(struct setting *s)
{
    const char *text = getenv(s->env);

    /* An empty variable is one that a script left unset. */
    if (text != NULL && *text != '\0')
        setting_set(s, text, FROM_ENVIRONMENT, s->env);
}

void
config_settle(struct run *run)
{
    for (size_t i = 0; i < run->count; i++)
        settle_environment(&run->settings[i]);
    load(run);
    for (size_t i = 0; i < run->count; i++) {
        struct setting *s = &run->settings[i];

        if (s->count == 0 && s->from == FROM_DEFAULT && s->opt->fallback)
            setting_set(s, s->opt->fallback, FROM_DEFAULT, "default");
        check(s);
    }
}
