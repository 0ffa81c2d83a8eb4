/**
 * decode.h - attempts and commands out of records.            [layer: client]
 *
 * They passed through the master as bytes that another peer wrote: what is not
 * a record, or not within its bounds, is not believed.
 */
#ifndef DECODE_H
#define DECODE_H

#include "client/stint_job.h"
#include "proto/codec.h"

/** Attempts, with a NUL behind each text.  Lent by a `struct buf`. */
struct decode_attempts {
    const struct stint_attempt *tries;
    size_t count;
};

/** Read records `attempt`, one behind the other, until the first that is none.
 * `room` is overwritten and lends what is read.  Without memory: none. */
struct decode_attempts decode_attempts(struct buf *room, struct slice notes);

/** Read the one record `command` in `bytes`; its slices borrow from there, and
 * words end with a NUL.  0 or STINT_EMALFORMED. */
int decode_command(struct slice bytes, struct rec_command *out);

/** How many words are in `words`, each with a NUL behind it. */
size_t decode_count_words(struct slice words);

/** The flags of a command. */
void decode_flags(uint64_t flags, struct stint_command *out);

/** Copy `text` with a NUL behind it to *to, which moves behind it.  Returns the
 * copy. */
const char *decode_text(char **to, struct slice text);

#endif
