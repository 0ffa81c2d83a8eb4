#include "master/core/notes.h"

#include <stdlib.h>

#include "common/text.h"
#include "proto/record.h"

/* Length of the record that `bytes` begins with; 0: there is none. */
static size_t
read_one(struct slice bytes, struct rec_attempt *out)
{
    struct cursor c = { bytes.bytes, bytes.bytes + bytes.length };
    const char *where;

    if (bytes.length == 0
        || record_read(&c, RECORD_attempt, out, &where) != 0) {
        return 0;
    }
    return (size_t)(c.at - bytes.bytes);
}

static bool
is_note(struct slice note, const struct task *t)
{
    struct rec_attempt r;

    return note.length > 0 && read_one(note, &r) == note.length
           && r.attempt == task_number(t);
}

/* The oldest go. */
static void
cut(struct buf *notes)
{
    struct rec_attempt r;
    size_t from = 0;

    while (notes->length - from > NOTES_MAX) {
        size_t length = read_one(
            (struct slice){ notes->bytes + from, notes->length - from }, &r);
        if (length == 0) length = notes->length - from;
        from += length;
    }
    if (from == 0) return;
    memmove(notes->bytes, notes->bytes + from, notes->length - from);
    buf_truncate(notes, notes->length - from);
}

static void
write_down(struct buf *notes, tick_ns now, const struct task *t,
    struct slice note, const struct rec_attempt *mine)
{
    const struct lease *l = t->is.lease;
    struct rec_attempt r = *mine;

    if (is_note(note, t)) {
        buf_append(notes, note.bytes, note.length);
        return;
    }
    r.attempt = task_number(t);
    r.wall_ns = now > l->since ? (uint64_t)(now - l->since) : 0;
    r.worker = slice_of(l->session->name);
    record_write(notes, RECORD_attempt, &r);
}

/* Most tasks have one attempt: that it went well is no reason to give them
 * what few tasks have. */
struct slice
notes_last(struct core *core, tick_ns now, struct task *t, struct slice note,
    const struct rec_attempt *mine)
{
    struct buf *notes = &core->noted;

    if (t->more != NULL) {
        notes_add(core, now, t, note, mine);
        notes = &t->more->notes;
    } else {
        buf_clear(notes);
        write_down(notes, now, t, note, mine);
    }
    if (notes->failed) return slice_of("");
    return (struct slice){ notes->bytes, notes->length };
}

void
notes_add(struct core *core, tick_ns now, struct task *t, struct slice note,
    const struct rec_attempt *mine)
{
    size_t before = task_memory(t);
    struct task_more *more = task_more(t);

    if (more == NULL) return;
    size_t length = more->notes.length;
    write_down(&more->notes, now, t, note, mine);
    if (more->notes.failed) {
        more->notes.failed = false;
        buf_truncate(&more->notes, length);
    }
    cut(&more->notes);
    core->memory += task_memory(t) - before;
}

void
notes_failed(
    struct core *core, struct task *t, const char *worker, struct slice reason)
{
    size_t before = task_memory(t);
    struct task_more *more = task_more(t);
    if (more == NULL) return;

    size_t length = strlen(worker);
    if (length >= sizeof more->worker) length = sizeof more->worker - 1;
    memcpy(more->worker, worker, length);
    more->worker[length] = '\0';
    if (reason.length > 0) {
        char *text = malloc(reason.length + 1);
        if (text != NULL) {
            memcpy(text, reason.bytes, reason.length);
            text_clean((uint8_t *)text, reason.length);
            text[reason.length] = '\0';
            free(more->reason);
            more->reason = text;
            more->reason_length = reason.length;
        }
    }
    core->memory += task_memory(t) - before;
}
