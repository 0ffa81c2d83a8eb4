/**
 * stint_pipe.h - two ends, messages both ways, between any two peers.
 *
 * multiprocessing.Pipe through the master: message boundaries kept, in order; the
 * end of file when the other end closes, *or its holder dies*; and a sender that is
 * faster than the receiver waits.
 *
 *     struct stint_pipe *ours, *theirs;
 *     struct stint_bytes ticket;
 *
 *     if (stint_pipe_new(s, NULL, &ours, &theirs) != 0
 *         || stint_pipe_pass(theirs, &ticket) != 0
 *         || stint_queue_put(tasks, ticket.data, ticket.size, 1000) != 0) …
 *
 * and whoever takes the task calls stint_pipe_accept() on those bytes: the end is
 * his then.  Two programs that know each other may use a name instead.
 *
 * An end belongs to one session at a time; threads may share it, and each message
 * goes to one of them whole (Python: "data may become corrupted").  A pipe lives as
 * long as one of its ends is held, and never longer than the master.  A copy of an
 * end that a forked child keeps open does not exist here, and so neither does a
 * reader that waits for an end of file for ever.  When the master is started anew,
 * or took our process for dead, every end is at the end of file: STINT_EEOF.
 */
#ifndef STINT_PIPE_H
#define STINT_PIPE_H

#include <stint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct stint_pipe; /* One end. */

struct stint_pipe_options {
    bool one_way;  /* Pipe(duplex=False): the first end only reads, the second only
                      writes. */
    size_t window; /* Bytes sent and not received, each way, before a send waits;
                      0: 1 MiB.  A single larger message passes alone. */
};

/**
 * Make a pipe and hold both ends.
 *
 * Owns:    gives *first and *second, stint_pipe_close().
 * Returns: 0, STINT_EBUDGET, STINT_ELIMIT, and what every call may return.
 * Source:  Pipe(duplex).
 */
STINT_CHECK int stint_pipe_new(struct stint *s,
    const struct stint_pipe_options *options, struct stint_pipe **first,
    struct stint_pipe **second);

/** Take end 0 or 1 of the pipe `name`, making it if need be.  Messages wait for the
 * other end to be taken; it counts as closed only once it was.  Returns 0, or
 * STINT_EBUSY (another session holds this end), STINT_EEXISTS (made with other
 * options than these, or no pipe; with NULL any pipe is taken), STINT_EEOF (this end
 * was closed, and somebody still holds the other one), STINT_EROLE (a key with the
 * role work has 256 objects with names), STINT_EINVAL. */
STINT_CHECK int stint_pipe_open(struct stint *s, const char *name, int end,
    const struct stint_pipe_options *options, struct stint_pipe **out);

/** Send a message; an empty one is one.  Returns 0 when the master has it, or
 * STINT_ETIMEOUT (the window is full), STINT_EEOF (the other end is closed; Python's
 * BrokenPipeError), STINT_EINVAL (this end only reads: "connection is read-only"),
 * STINT_ETOOLARGE. */
STINT_CHECK int stint_pipe_send(struct stint_pipe *p, const void *data,
    size_t size, int64_t timeout_ms);

/**
 * Send without waiting for the answer: the library gathers what is posted, and
 * the messages wait at the master for room.  stint_flush() tells whether all of
 * them were sent; what could not be is told there, once.  Blocks only while
 * more than buffer_bytes are unanswered, and no longer than the connection's
 * timeout_ms.  A message sent afterwards comes behind those posted before.
 *
 * Returns: 0 when it is on its way, else as stint_pipe_send().
 */
STINT_CHECK int stint_pipe_post(
    struct stint_pipe *p, const void *data, size_t size);

/** The next message.  Lends *message until the next recv of this thread or the
 * close.  Returns 0, STINT_ETIMEOUT, STINT_EEOF (closed, and all was received),
 * STINT_EINVAL (this end only writes: "connection is write-only"). */
STINT_CHECK int stint_pipe_recv(
    struct stint_pipe *p, struct stint_bytes *message, int64_t timeout_ms);

/** 1 when a recv would not wait, also at the end of file; 0 if not in time, or a
 * negative error.  Source: poll(timeout). */
STINT_CHECK int stint_pipe_poll(struct stint_pipe *p, int64_t timeout_ms);

/**
 * A descriptor that is readable when a recv would not wait: a message is here, the
 * other end is closed, or the connection is of no use.  For poll(), in whatever loop
 * a program has; not to be read or closed.  Messages are fetched as they come then;
 * until they are received they still count as under way.
 *
 * Returns: it, lent until the close; or STINT_EINVAL (this end only sends, or was
 *          passed on), STINT_ESYSTEM (no descriptor is left).
 * Source:  Connection.fileno().
 */
STINT_CHECK int stint_pipe_fileno(struct stint_pipe *p);

struct stint_process; /* stint_process.h */

/* What stint_wait() waits for: one of */
struct stint_waited {
    struct stint_pipe *pipe;       /* an end: until a recv would not wait; */
    struct stint_process *process; /* until it has ended; */
    int fd;                        /* another descriptor, until it is readable. */
    bool ready;                    /* Set by the call. */
};

/**
 * Wait until at least one of several is ready, and say in `ready` which ones are.
 *
 * Ends of one connection are as fast as a recv; where there is something else among
 * them a message may take two milliseconds more.
 *
 * Returns: how many are ready; STINT_ETIMEOUT: none (also with timeout 0, which asks
 *          the master, and waits for its answer only); STINT_EINVAL (nothing to wait
 *          for, or an end as for stint_pipe_fileno()), STINT_ENOMEM, STINT_ESYSTEM;
 *          STINT_ECANCELLED if all are ends of one connection.
 * Thread:  any; what is waited for must not be closed meanwhile.
 * Source:  multiprocessing.connection.wait(object_list, timeout).
 */
STINT_CHECK int stint_wait(
    struct stint_waited objects[], size_t count, int64_t timeout_ms);

/** Pass the end on: gives a ticket, stint_bytes_free(), to be put into a task or any
 * message.  Until it is accepted the end is still ours, and closed when we die;
 * then the handle only returns STINT_ECLOSED.  Who accepts it receives what we have
 * not; what we posted before is not sent any more unless stint_flush() was called. */
STINT_CHECK int stint_pipe_pass(struct stint_pipe *p, struct stint_bytes *ticket);
/** Returns 0, STINT_EEOF (the pipe is gone), STINT_ESTALE (somebody has accepted it
 * already), STINT_EINVAL (these bytes are no ticket). */
STINT_CHECK int stint_pipe_accept(struct stint *s, const void *ticket,
    size_t size, struct stint_pipe **out);

/** The other end reads what is on its way, then the end of file.  NULL is fine. */
STINT_API void stint_pipe_close(struct stint_pipe *p);

#ifdef __cplusplus
}
#endif

#endif
