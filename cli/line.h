/**
 * line.h - what a task runs, as a line for people.             [layer: cli]
 *
 * For --dry-run and the column Command of a joblog: a line that a shell would
 * read as the worker runs it.
 */
#ifndef CLI_LINE_H
#define CLI_LINE_H

#include <stdbool.h>

#include <stint_job.h>

#include "common/buf.h"
#include "common/slice.h"

struct line {
    struct buf words; /* Of the command or the handler, a NUL behind each. */
    struct buf room;
    bool shell;
    bool input;
    bool is_plain; /* The values are the line. */
};

/** Take what `options` runs; `is_plain`: each value is the line already.
 * Copies. */
void line_init(
    struct line *line, const struct stint_job_options *options, bool is_plain);

/** The line of one task; lends until the next call. */
const char *line_of(struct line *line, struct stint_bytes value, uint64_t seq);

void line_fini(struct line *line);

/** The values that a payload is, at most `max`, which borrow from it.  Returns
 * how many there are. */
size_t line_split(struct stint_bytes value, struct slice *to, size_t max);

#endif
