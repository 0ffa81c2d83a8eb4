#include "client/job/decode.h"

#include <string.h>

#include "common/stint_error.h"
#include "proto/attempts.h"
#include "proto/record.h"

const char *
decode_text(char **to, struct slice text)
{
    char *copy = *to;

    if (text.length > 0) memcpy(copy, text.bytes, text.length);
    copy[text.length] = '\0';
    *to = copy + text.length + 1;
    return copy;
}

/* ---- attempts ------------------------------------------------------------ */

static size_t
count_attempts(struct slice notes, size_t *text)
{
    struct cursor c = attempts_begin(notes);
    struct rec_attempt r;
    size_t count = 0;

    *text = 0;
    while (attempts_next(&c, &r)) {
        *text += r.worker.length + 1 + r.reason.length + 1;
        count++;
    }
    return count;
}

static struct stint_attempt
attempt_of(const struct rec_attempt *r, char **text)
{
    static const enum stint_cause causes[] = { STINT_CAUSE_ENDED,
        STINT_CAUSE_TIMEOUT, STINT_CAUSE_CANCELLED, STINT_CAUSE_NOT_STARTED,
        STINT_CAUSE_LIMIT, STINT_CAUSE_LOST, STINT_CAUSE_LEASE };

    return (struct stint_attempt){ .attempt = (unsigned)r->attempt,
        .cause = r->cause <= STINT_CAUSE_LEASE ? causes[r->cause]
                                               : STINT_CAUSE_ENDED,
        .code = (int)r->code,
        .signal = (int)r->signal,
        .out_cut = (r->cut & 1) != 0,
        .err_cut = (r->cut & 2) != 0,
        .began_ns = (int64_t)r->began,
        .wall_ns = (int64_t)r->wall_ns,
        .user_ns = (int64_t)r->user_ns,
        .system_ns = (int64_t)r->system_ns,
        .memory = r->memory,
        .worker = decode_text(text, r->worker),
        .reason = decode_text(text, r->reason) };
}

struct decode_attempts
decode_attempts(struct buf *room, struct slice notes)
{
    struct decode_attempts all = { .count = 0 };
    struct rec_attempt r;
    size_t text_size;

    if (notes.length == 0) return all;
    struct cursor c = attempts_begin(notes);
    size_t count = count_attempts(notes, &text_size);
    buf_clear(room);
    void *at = buf_reserve(room, count * sizeof(*all.tries) + text_size);
    if (at == NULL) return all;
    struct stint_attempt *tries = at;
    char *text = (char *)(tries + count);
    while (all.count < count && attempts_next(&c, &r))
        tries[all.count++] = attempt_of(&r, &text);
    all.tries = tries;
    return all;
}

/* ---- commands ------------------------------------------------------------ */

static bool
ends_words(struct slice words)
{
    return words.length == 0 || words.bytes[words.length - 1] == '\0';
}

int
decode_command(struct slice bytes, struct rec_command *out)
{
    const char *where;

    if (bytes.length == 0) return STINT_EMALFORMED;
    struct cursor c = { bytes.bytes, bytes.bytes + bytes.length };
    if (record_read(&c, RECORD_command, out, &where) != 0 || c.at != c.end
        || !ends_words(out->argv) || !ends_words(out->env)
        || !ends_words(out->outputs)) {
        return STINT_EMALFORMED;
    }
    return 0;
}

size_t
decode_count_words(struct slice words)
{
    size_t count = 0;

    for (size_t i = 0; i < words.length; i++)
        count += words.bytes[i] == '\0' ? 1 : 0;
    return count;
}

void
decode_flags(uint64_t flags, struct stint_command *out)
{
    out->shell = (flags & 1) != 0;
    out->input = (flags & 2) != 0;
    out->cwd_must = (flags & 4) != 0;
    out->own_folder = (flags & 8) != 0;
}
