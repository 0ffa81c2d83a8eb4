/**
 * attempts.h - what an end says of its attempts and output.   [layer: proto]
 *
 * They are records `attempt`, one behind the other, and another peer wrote
 * them: what is no record, or not within its bounds, ends the list.
 */
#ifndef ATTEMPTS_H
#define ATTEMPTS_H

#include "proto/cursor.h"
#include "proto/proto.h"

/** The first of `notes`; attempts_next() reads it. */
struct cursor attempts_begin(struct slice notes);

/** The next one; false behind the last.  Borrows. */
bool attempts_next(struct cursor *c, struct rec_attempt *r);

/** Which part of its output is standard output, and which standard error: the
 * last attempt says, of an older one's word nothing follows.  Borrows. */
void attempts_split(
    const struct rec_end *end, struct slice *out, struct slice *err);

#endif
