#include "proto/attempts.h"

#include "proto/record.h"

struct cursor
attempts_begin(struct slice notes)
{
    return (struct cursor){ notes.bytes,
        notes.length > 0 ? notes.bytes + notes.length : notes.bytes };
}

bool
attempts_next(struct cursor *c, struct rec_attempt *r)
{
    const char *where;

    return c->at != c->end && record_read(c, RECORD_attempt, r, &where) == 0;
}

void
attempts_split(const struct rec_end *end, struct slice *out, struct slice *err)
{
    struct cursor c = attempts_begin(end->notes);
    struct rec_attempt r;
    size_t whole = end->output.length, length = whole;

    while (attempts_next(&c, &r)) {
        bool says = r.attempt == end->attempts && r.out < whole;
        length = says ? (size_t)r.out : whole;
    }
    *out = (struct slice){ end->output.bytes, length };
    *err = (struct slice){ NULL, whole - length };
    if (length < whole) err->bytes = end->output.bytes + length;
}
