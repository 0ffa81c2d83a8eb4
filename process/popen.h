/**
 * popen.h - the handle of a program that is talked to.       [layer: process]
 *
 * Nobody holds the lock while he waits: each waits by poll(2) for the pipes and
 * the process, and looks again under the lock.  A stream that somebody reads in
 * pieces is his; any other one is captured by who waits for the end, so that a
 * full pipe cannot block it.  Descriptors stay open until the handle is freed,
 * but for the input, which is closed when the last writer has left.
 */
#ifndef POPEN_H
#define POPEN_H

#include <pthread.h>

#include "client/stint_process.h"
#include "common/buf.h"
#include "process/capture.h"
#include "process/spawn.h"

enum { POPEN_STREAMS = 2 };

struct stint_popen {
    pthread_mutex_t lock;
    struct spawned child; /* Its pidfd and pipes stay open until the end. */
    pid_t pid, parent;
    struct capture capture;
    size_t taken[POPEN_STREAMS]; /* Of what is kept: read in pieces. */
    bool at_end[POPEN_STREAMS];
    unsigned readers[POPEN_STREAMS], writers;
    bool closes_input; /* When the last writer has left. */
    struct buf rest;   /* Of the input of communicate, */
    size_t fed;        /* of which so much is written. */
    tick_ns grace, began, wall;
    bool has_ended; /* And is reaped. */
    struct ending ending;
};

/** 0, or STINT_EINVAL: the timeout, or the program is our parent's. */
int popen_check(const struct stint_popen *p, int64_t timeout_ms);

/* Under the lock. */

/** Our end of CAPTURE_OUT or CAPTURE_ERR. */
int popen_stream(const struct stint_popen *p, int stream);

/** Around whatever may write, waits included. */
void popen_begin_write(struct stint_popen *p);
void popen_end_write(struct stint_popen *p);

/** Nothing more is written, but by who is at it. */
void popen_end_input(struct stint_popen *p);

/** Its leader has ended: reap it, if that is not done. */
void popen_note_end(struct stint_popen *p);

/** What is kept of a stream and was not read in pieces. */
struct stint_bytes popen_unread(const struct stint_popen *p, int stream);

#endif
