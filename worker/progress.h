/**
 * progress.h - how far a task is, as it says itself.          [layer: worker]
 *
 * A command writes lines to the descriptor $STINT_PROGRESS_FD, a handler calls
 * stint_call_progress(); the last word counts.  A line is
 *
 *     3/10 words        3 of 10 are done
 *     3 words           3 are done, of nobody knows how many
 *     words             only words
 *
 * What is not UTF-8 or moves a terminal in it is replaced; what is behind the
 * 512th byte of a line, or the 255th of its words, is dropped.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/slice.h"
#include "common/tick.h"

#define PROGRESS_TEXT 256u /* With the NUL. */
#define PROGRESS_LINE 512u
#define PROGRESS_PACE (500 * TICK_MS)

struct progress_note {
    uint64_t done, total;
    char text[PROGRESS_TEXT];
};

/* One thread writes, another one takes. */
struct progress {
    pthread_mutex_t lock;
    struct progress_note note;
    bool fresh;    /* Not taken yet. */
    tick_ns taken; /* When one was last taken; 0: never. */
    size_t length; /* Of the line that is being read; the writer's. */
    uint8_t line[PROGRESS_LINE];
};

void progress_init(struct progress *p);

void progress_fini(struct progress *p);

/** A new task: nothing is known of it. */
void progress_begin(struct progress *p);

/** Read bytes of a command.  Any bytes are safe. */
void progress_feed(struct progress *p, const uint8_t *bytes, size_t length);

/** The same, of a `struct progress`, for child_run(). */
void progress_hear(void *p, const uint8_t *bytes, size_t length);

/** Say it at once; `text` may be NULL. */
void progress_set(
    struct progress *p, uint64_t done, uint64_t total, const char *text);

/** Take what is new, twice a second at most.  False: nothing, or not yet. */
bool progress_take(struct progress *p, tick_ns now, struct progress_note *note);

#endif
