/**
 * job.h - what stands behind the handle of a job.             [layer: client]
 *
 * Everything here is guarded by the lock of the connection, but the page whose
 * ends are lent, which only the reader touches.  The struct outlives
 * stint_job_free() while something that was put is not accepted, and
 * stint_close() while the handle is held: it counts among `refs`.
 */
#ifndef JOB_H
#define JOB_H

#include "client/inside.h"
#include "client/stint_job.h"

/*
 * Tasks that were put: one message of them is on its way at a time, the rest
 * waits here.  So whatever the master refuses, gives up or asks again, what it
 * has is always the first so many of them.
 *
 * Holds always: while nothing is on its way and there was no error, `batches`
 * is empty; `count` and `bytes` are those of the batches and of what is on its
 * way and not accepted (bytes: until all of it is).
 */
struct job_puts {
    struct rpc_request r;
    bool sent;           /* `r` is on its way. */
    struct list batches; /* Not sent yet. */
    uint64_t count;
    size_t bytes, sent_bytes;
    uint64_t window; /* 0: no bound. */
    bool closed;     /* By stint_job_close_input(). */
    int code;        /* First error, or 0. */
    char text[INSIDE_TEXT];
};

/* One answer to job_ends. */
struct job_page {
    bool here;
    struct inbound *in; /* Keeps it alive. */
    struct proto_list ends;
    uint64_t next;
    bool over;
};

/*
 * How stint_job_next() reads: `page` is being used up while the one behind it
 * is asked for (`asked`) or has come already (`ahead`).
 */
struct job_reader {
    struct stint_read_options options;
    struct rpc_request r;
    bool asked;
    struct job_page page, ahead;
    uint64_t after;   /* Behind this the next page begins. */
    uint64_t lent;    /* Place of what is lent now. */
    uint64_t passed;  /* The caller has passed all up to here. */
    uint64_t dropped; /* The master was told so up to here. */
    int code;         /* Why the last answer was none; told once. */
    char text[INSIDE_TEXT];
    struct buf room; /* Of the attempts of what is lent. */
    char worker[PROTO_NAME_MAX + 1], reason[PROTO_REASON_MAX + 1];
};

struct stint_job {
    struct stint *s;
    uint64_t number;
    bool existed;
    uint64_t existed_tasks;
    bool freed; /* The handle is gone. */
    char queue[PROTO_NAME_MAX + 1];
    struct job_puts puts;
    struct job_reader reader;
    struct sentinel *sentinel; /* Owned; NULL: nobody has asked for it. */
};

/** Gives a handle, which counts among `refs`; NULL: no memory, said.  `queue`
 * has at most PROTO_NAME_MAX bytes. */
struct stint_job *job_new(
    struct stint *s, struct slice queue, uint64_t number, uint64_t window);

/** Free the struct, whose handle is gone and of which nothing waits or is on
 * its way.  The reference to the connection is the caller's matter. */
void job_free(struct stint_job *job);

/** Copy a sentence that came. */
void job_note(char text[INSIDE_TEXT], struct slice from);

/** Asks whether the job is over: for an end behind all there can be, so that
 * the answer comes when it is, or after `wait_ns`.  Without a number. */
static inline struct msg_job_ends
job_ask_over(const struct stint_job *job, uint64_t wait_ns)
{
    return (struct msg_job_ends){ .job = job->number,
        .by = 1,
        .after = INT64_MAX,
        .limit = 1,
        .bare = 1,
        .wait_ns = wait_ns };
}

#endif
