/**
 * capture.h - what a command writes, as it writes it.          [layer: process]
 *
 * Standard output and standard error apart.  Of each the head is kept, up to a
 * bound; that there was more is known.  Of standard error the last bytes are
 * kept too, for the sentence why it failed.
 *
 * One thread writes: that of the slot whose command it is.  Any may look
 * meanwhile, and may ask to be told when there is more.
 */
#ifndef CAPTURE_H
#define CAPTURE_H

#include <pthread.h>
#include <stdbool.h>

#include "common/buf.h"
#include "common/slice.h"

#define CAPTURE_LAST 1024u
#define CAPTURE_LOOK ((size_t)65536) /* Of each stream, in one look. */

enum capture_stream { CAPTURE_OUT, CAPTURE_ERR };

struct capture {
    pthread_mutex_t lock;
    struct buf kept[2];
    size_t max[2];
    bool cut[2];
    bool failed;  /* There was no memory for it. */
    bool watched; /* Somebody wants to be told of more. */
    size_t last_length;
    uint8_t last[CAPTURE_LAST]; /* Once standard error is cut. */
};

struct capture_view {
    size_t out_from, err_from;
    struct buf out, err; /* The caller's; cleared first. */
    bool more;           /* There is more now than fits. */
};

/** Make one that keeps nothing. */
void capture_init(struct capture *c);

void capture_fini(struct capture *c);

/** Forget what is kept, give back large memory, and keep so much from now. */
void capture_begin(struct capture *c, size_t out_max, size_t err_max);

/** Forget what is kept of one stream, and keep what comes; not that it was cut.
 * The writing thread's. */
void capture_drop(struct capture *c, enum capture_stream stream);

/**
 * Read from a descriptor once and keep it.
 *
 * *more is set when somebody waits for it.  Returns what read(2) returned, with
 * errno; without memory the bytes are dropped and `failed` is set.
 */
ssize_t capture_read(
    struct capture *c, enum capture_stream stream, int fd, bool *more);

/** The end of standard error, for the writing thread: lends until the next
 * read. */
struct slice capture_last(const struct capture *c);

/**
 * Copy what is there from the view's offsets on.  True: there is something;
 * false: nothing yet, and the next read tells that there is.
 */
bool capture_look(struct capture *c, struct capture_view *view);

#endif
