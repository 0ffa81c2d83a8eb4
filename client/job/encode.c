#include "client/job/encode.h"

#include <string.h>

#include "client/pump.h"
#include "common/sys/say.h"
#include "common/tick.h"

enum {
    WORDS_MAX = 1048576, /* As in messages.def. */
    OUTPUTS_MAX = 65536,
    CWD_MAX = 4096,
    OUTPUT_MAX = 1073741824,
    TRAIT_NAME_MAX = 64,
    FLAG_SHELL = 1,
    FLAG_INPUT = 2,
    FLAG_CWD_MUST = 4,
    FLAG_OWN_FOLDER = 8,
};

/* ---- commands ------------------------------------------------------------ */

/* Append words, each with its NUL. */
static int
add_words(struct buf *b, const char *const *words, size_t max, const char *what)
{
    for (; words != NULL && *words != NULL; words++) {
        size_t size = strlen(*words) + 1;
        if (size > max || b->length > max - size) {
            return say(STINT_ETOOLARGE, "%s is longer than %zu bytes in all",
                what, max);
        }
        buf_append(b, *words, size);
    }
    return b->failed ? say(STINT_ENOMEM, "no memory for a command") : 0;
}

static int
check_env(const char *const *env)
{
    for (; env != NULL && *env != NULL; env++) {
        if (strchr(*env, '=') > *env) continue;
        return say(STINT_EINVAL,
            "\"%.64s\" is no variable: NAME=VALUE is meant", *env);
    }
    return 0;
}

static int
check_command(const struct stint_command *c)
{
    if (c->argv == NULL || c->argv[0] == NULL || c->argv[0][0] == '\0') {
        return say(STINT_EINVAL, "a job that runs a command needs one: argv");
    }
    if (c->cwd != NULL && strlen(c->cwd) > CWD_MAX) {
        return say(STINT_EINVAL,
            "the working directory is longer than %d bytes", CWD_MAX);
    }
    if (c->cwd == NULL && c->cwd_must) {
        return say(STINT_EINVAL, "cwd_must needs a cwd");
    }
    if (!pump_is_ms(c->grace_ms) || !pump_is_ms(c->cpu_ms)
        || c->memory_max > INT64_MAX || c->files_max > INT64_MAX
        || c->output_max > OUTPUT_MAX) {
        return say(STINT_EINVAL,
            "a limit of the command is out of its bounds: 0 or more is meant, "
            "and at most 1 GiB of output");
    }
    return check_env(c->env);
}

static struct slice
slice_in(const struct buf *b)
{
    return (struct slice){ b->bytes, b->length };
}

static struct rec_command
record_of(const struct stint_command *c)
{
    struct rec_command r = { .grace_ns = (uint64_t)(c->grace_ms * TICK_MS),
        .memory_max = c->memory_max,
        .cpu_ns = (uint64_t)(c->cpu_ms * TICK_MS),
        .files_max = c->files_max,
        .output_max = c->output_max };

    if (c->cwd != NULL) r.cwd = slice_of(c->cwd);
    if (c->shell) r.flags |= FLAG_SHELL;
    if (c->input) r.flags |= FLAG_INPUT;
    if (c->cwd_must) r.flags |= FLAG_CWD_MUST;
    if (c->own_folder) r.flags |= FLAG_OWN_FOLDER;
    return r;
}

int
encode_command(struct buf *out, const struct stint_command *command)
{
    struct buf argv, env, outputs;

    int rc = check_command(command);
    if (rc != 0) return rc;
    buf_init(&argv);
    buf_init(&env);
    buf_init(&outputs);
    rc = add_words(&argv, command->argv, WORDS_MAX, "the command");
    if (rc == 0) rc = add_words(&env, command->env, WORDS_MAX, "its env");
    if (rc == 0) {
        rc = add_words(&outputs, command->outputs, OUTPUTS_MAX, "its outputs");
    }
    if (rc == 0) {
        struct rec_command r = record_of(command);
        r.argv = slice_in(&argv);
        r.env = slice_in(&env);
        r.outputs = slice_in(&outputs);
        codec_record(out, RECORD_command, &r);
        if (out->failed) rc = say(STINT_ENOMEM, "no memory for a command");
    }
    buf_fini(&argv);
    buf_fini(&env);
    buf_fini(&outputs);
    return rc;
}

/* ---- traits -------------------------------------------------------------- */

static int
check_trait(const struct stint_trait *t)
{
    size_t name = strlen(t->name);
    size_t value = t->value != NULL ? strlen(t->value) : 0;

    if (name > 0 && name <= TRAIT_NAME_MAX && value <= PROTO_NAME_MAX
        && t->count <= INT64_MAX && (t->count == 0 || value == 0)) {
        return 0;
    }
    return say(STINT_EINVAL,
        "trait \"%.64s\": a name of 1 to %d bytes is meant, and a value of up "
        "to %d bytes or a count",
        t->name, TRAIT_NAME_MAX, PROTO_NAME_MAX);
}

int
encode_traits(struct buf *out, struct proto_list *list,
    const struct stint_trait *traits, uint32_t max)
{
    size_t from = out->length;

    *list = (struct proto_list){ .count = 0 };
    for (; traits != NULL && traits->name != NULL; traits++) {
        int rc = check_trait(traits);
        if (rc != 0) return rc;
        if (list->count == max) {
            return say(STINT_EINVAL, "more than %u traits", max);
        }
        struct rec_trait r = { .name = slice_of(traits->name),
            .count = traits->count };
        if (traits->value != NULL) r.value = slice_of(traits->value);
        codec_record(out, RECORD_trait, &r);
        list->count++;
    }
    if (out->failed) return say(STINT_ENOMEM, "no memory for traits");
    if (list->count == 0) return 0;
    list->bytes = (struct slice){ out->bytes + from, out->length - from };
    return 0;
}

/* ---- notes --------------------------------------------------------------- */

static struct slice
at_most(const char *text, size_t max)
{
    struct slice s = { NULL, 0 };

    if (text != NULL) s = slice_of(text);
    if (s.length > max) s.length = max;
    return s;
}

static uint64_t
not_below(int64_t value)
{
    return value > 0 ? (uint64_t)value : 0;
}

void
encode_note(struct buf *out, const struct stint_attempt *how, uint64_t attempt,
    size_t out_bytes)
{
    struct rec_attempt r = { .attempt = attempt,
        .cause = (uint64_t)how->cause & 15,
        .code = how->code,
        .signal = not_below(how->signal) & 255,
        .cut = (how->out_cut ? 1U : 0) | (how->err_cut ? 2U : 0),
        .began = not_below(how->began_ns),
        .wall_ns = not_below(how->wall_ns),
        .user_ns = not_below(how->user_ns),
        .system_ns = not_below(how->system_ns),
        .memory = how->memory & INT64_MAX,
        .out = out_bytes,
        .worker = at_most(how->worker, PROTO_NAME_MAX),
        .reason = at_most(how->reason, PROTO_REASON_MAX) };

    codec_record(out, RECORD_attempt, &r);
}
