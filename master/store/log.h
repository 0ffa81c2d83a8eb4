/**
 * log.h - the end of the log, where it grows.                  [layer: store]
 *
 * The store's one thread only.
 */
#ifndef LOG_H
#define LOG_H

#include "common/slice.h"
#include "master/store/inside.h"

enum log_block {
    LOG_CHANGES, /* What somebody commits. */
    LOG_MOVED,   /* Rows of the oldest segment: may take the last spare, since
                    it gives one back. */
    LOG_CLOSES   /* The close mark. */
};

/**
 * Append a block.  *at: where its rows begin, in the last segment.
 *
 * Returns: 0; STINT_ENOSPACE (said) or STINT_ENOMEM, nothing changed;
 *          STINT_EDISK (said)
 */
int log_append(
    struct store *s, enum log_block what, struct slice ops, uint64_t *at);

/** All that was appended is on the disk then.  Returns 0 or STINT_EDISK. */
int log_sync(struct store *s);

/** Have a segment to append to; for a store that has none.  As log_append(). */
int log_begin(struct store *s);

/** Say in the segment before the last that the log goes on, now that it does.
 * Returns 0 or STINT_EDISK. */
int log_seal(struct store *s);

/** The disk has failed: say so, once and for ever.  Returns STINT_EDISK. */
int log_fail(struct store *s, const char *what, int64_t rc);

/** An error of the disk that need not be for ever.  Returns as log_append(). */
int log_error(struct store *s, const char *what, int64_t rc);

#endif
