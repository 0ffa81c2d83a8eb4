#include "master/core/notes.h"

#include <stdlib.h>

#include "common/text.h"
#include "proto/record.h"

/* More than any host has, or any clock shows (the year 2116). */
enum { CORES_MAX = 1 << 16 };
#define MEMORY_MAX ((uint64_t)1 << 50)
#define BEGAN_MAX ((uint64_t)1 << 62)

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
is_note(struct slice note, const struct task *t, struct rec_attempt *out)
{
    return note.length > 0 && read_one(note, out) == note.length
           && out->attempt == task_number(t);
}

/* Since the grant, or of a lease of before a restart since the put. */
static uint64_t
age_of(const struct core *core, tick_ns now, const struct task *t)
{
    const struct lease *l = t->is.lease;
    tick_ns from = l->start == core->journal.start ? l->since : t->born;

    return now > from ? (uint64_t)(now - from) : 0;
}

/* A worker says what it likes.  An attempt took no longer than its lease is
 * old, and what no host can do was not measured. */
static void
correct(struct rec_attempt *r, uint64_t age, struct slice worker)
{
    if (r->wall_ns > age) r->wall_ns = age;
    if (r->user_ns / CORES_MAX > age) r->user_ns = 0;
    if (r->system_ns / CORES_MAX > age) r->system_ns = 0;
    if (r->memory > MEMORY_MAX) r->memory = 0;
    if (r->began > BEGAN_MAX) r->began = 0;
    if (r->cause > NOTES_LEASE) r->cause = NOTES_ENDED;
    r->worker = worker;
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
write_down(const struct core *core, struct buf *notes, tick_ns now,
    const struct task *t, struct slice note, const struct rec_attempt *mine)
{
    const struct lease *l = t->is.lease;
    struct rec_attempt r;

    if (is_note(note, t, &r)) {
        correct(&r, age_of(core, now, t), slice_of(l->session->name));
    } else {
        r = *mine;
        r.attempt = task_number(t);
        r.wall_ns = now > l->since ? (uint64_t)(now - l->since) : 0;
        r.worker = slice_of(l->session->name);
    }
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
        write_down(core, notes, now, t, note, mine);
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
    write_down(core, &more->notes, now, t, note, mine);
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
