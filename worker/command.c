#include "worker/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/template.h"
#include "worker/progress.h"
#include "worker/verdict.h"

enum { FEW = 16 }; /* Values that need no memory. */

struct command {
    struct buf words; /* With a NUL behind each. */
    char *cwd;        /* Or NULL. */
    struct environment *environment;
    bool cwd_must, shell, input, own_folder;
    bool has_holes; /* Some word has one. */
    tick_ns grace;
    struct spawn_limits limits;
    size_t output_max;
    size_t size;
};

/* What is made for one run, and freed after it. */
struct prepared {
    struct slice few[FEW];
    struct slice *values; /* Owned unless `few`. */
    struct buf text;      /* What argv points into. */
    char **argv;
    char **envp;
    int cwd; /* Owned; -1: none. */
};

/* ---- a job's ------------------------------------------------------------- */

static void
copy_words(struct command *c, const char *const *argv)
{
    for (; argv != NULL && *argv != NULL; argv++) {
        struct slice word = slice_of(*argv);

        if (template_has_hole(word)) c->has_holes = true;
        buf_append(&c->words, word.bytes, word.length + 1);
    }
}

static size_t
length_of(const char *const *strings)
{
    size_t length = 0;

    for (; strings != NULL && *strings != NULL; strings++) {
        length += strlen(*strings) + 1 + sizeof *strings;
    }
    return length;
}

struct command *
command_new(const struct stint_command *what, const struct environment *base)
{
    struct command *c = calloc(1, sizeof *c);

    if (c == NULL) return NULL;
    buf_init(&c->words);
    copy_words(c, what->argv);
    c->environment = environment_with(base, what->env);
    if (what->cwd != NULL) c->cwd = strdup(what->cwd);
    c->cwd_must = what->cwd_must;
    c->shell = what->shell;
    c->input = what->input;
    c->own_folder = what->own_folder;
    c->grace = what->grace_ms * TICK_MS;
    c->limits = (struct spawn_limits){ .memory = what->memory_max,
        .cpu_s = ((uint64_t)what->cpu_ms + 999) / 1000,
        .files = what->files_max };
    c->output_max = (size_t)what->output_max;
    c->size = sizeof *c + c->words.length + 2 * length_of(what->env);
    if (!c->words.failed && c->environment != NULL
        && (what->cwd == NULL || c->cwd != NULL)) {
        return c;
    }
    command_free(c);
    return NULL;
}

void
command_free(struct command *c)
{
    if (c == NULL) return;
    buf_fini(&c->words);
    environment_free(c->environment);
    free(c->cwd);
    free(c);
}

size_t
command_size(const struct command *c)
{
    return c->size;
}

bool
command_has_folder(const struct command *c)
{
    return c->own_folder;
}

size_t
command_output_max(const struct command *c)
{
    return c->output_max;
}

/* ---- words --------------------------------------------------------------- */

static size_t
count_values(struct slice payload)
{
    size_t count = 1;

    for (size_t i = 0; i < payload.length; i++) {
        if (payload.bytes[i] == '\0') count += 1;
    }
    return count;
}

/* What only goes to standard input may be any bytes and is not split. */
static bool
split(struct prepared *p, const struct command *c, struct slice payload,
    struct template_values *values, struct reason *why)
{
    *values = (struct template_values){ .values = p->few };
    if (c->input && !c->has_holes) return true;

    values->count = count_values(payload);
    if (values->count > TEMPLATE_VALUES_MAX) {
        reason_set(why, "the task has %zu values: at most %d can be arguments",
            values->count, TEMPLATE_VALUES_MAX);
        return false;
    }
    if (values->count > FEW) {
        p->values = calloc(values->count, sizeof *p->values);
        if (p->values == NULL) return true; /* See prepare(). */
        values->values = p->values;
    }
    (void)template_split(payload, p->values, values->count);
    return true;
}

/* Point at each of the words in `text`.  NULL without memory. */
static char **
words_of(struct buf *text, size_t count)
{
    char **argv = calloc(count + 1, sizeof *argv);
    char *at = (char *)text->bytes;

    if (argv == NULL) return NULL;
    for (size_t i = 0; i < count; i++) {
        argv[i] = at;
        at += strlen(at) + 1;
    }
    return argv;
}

static void
fill_words(struct prepared *p, const struct command *c,
    const struct template_values *values)
{
    const struct slice words = { c->words.bytes, c->words.length };
    size_t count = 3;

    if (c->shell) {
        static const char shell[] = "/bin/sh\0-c";

        buf_append(&p->text, shell, sizeof shell);
        template_line(&p->text, words, values, c->input);
        buf_append(&p->text, "", 1);
    } else {
        count = template_words(&p->text, words, values, c->input);
    }
    if (!p->text.failed) p->argv = words_of(&p->text, count);
}

/* ---- one run ------------------------------------------------------------- */

static bool
open_cwd(struct prepared *p, const struct command *c, struct reason *why)
{
    if (c->cwd == NULL) return true;
    p->cwd = open(c->cwd, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (p->cwd >= 0 || !c->cwd_must) return true;
    reason_set(why, "cannot run in \"%s\" on this worker: %s", c->cwd,
        strerrordesc_np(errno));
    return false;
}

static void
discard(struct prepared *p)
{
    if (p->values != p->few) free(p->values);
    buf_fini(&p->text);
    free(p->argv);
    free(p->envp);
    if (p->cwd >= 0) (void)close(p->cwd);
}

/* RUN_DONE: it can be run; else what becomes of it, for the reason in `why`.
 * Without memory there is no argv or envp. */
static enum run_end
prepare(struct prepared *p, const struct command *c,
    const struct run_task *task, const struct folder *folder,
    struct reason *why)
{
    struct template_values values;

    p->values = p->few;
    p->argv = p->envp = NULL;
    p->cwd = -1;
    buf_init(&p->text);
    if (!split(p, c, task->payload, &values, why)) return RUN_REFUSED;
    if (folder->fd < 0 && !open_cwd(p, c, why)) return RUN_FAILED;
    if (p->values == NULL) return RUN_DONE;
    values.seq = task->seq;
    fill_words(p, c, &values);
    p->envp = environment_for(c->environment, task);
    return RUN_DONE;
}

enum run_end
command_run(const struct command *c, const struct run_task *task,
    const struct folder *folder, struct child_end *end, struct reason *why)
{
    struct prepared p;

    *end = (struct child_end){ .cause = CHILD_NOT_STARTED, .error = ENOMEM };
    enum run_end how = prepare(&p, c, task, folder, why);
    if (how != RUN_DONE) {
        discard(&p);
        return how;
    }
    const struct child_config config = {
        .start = { .argv = p.argv,
            .envp = p.envp,
            .path = environment_path(c->environment),
            .folder = folder->fd >= 0 ? folder->fd : p.cwd,
            .no_input = !c->input,
            .guarded = true,
            .progress = task->progress != NULL,
            .limits = c->limits },
        .input = c->input ? task->payload : (struct slice){ NULL, 0 },
        .capture = task->capture,
        .heard = progress_hear,
        .heard_arg = task->progress,
        .timeout = task->timeout,
        .grace = c->grace,
        .cancel_fd = task->cancel_fd,
        .more = task->more,
        .more_arg = task->more_arg,
    };
    if (p.argv != NULL && p.envp != NULL) child_run(&config, end);
    how = verdict(p.argv != NULL ? p.argv[0] : "it", &config, end, why);
    discard(&p);
    return how;
}
