/**
 * pipe.h - an end of a pipe in this process.                  [layer: client]
 *
 * Everything under the lock of the connection.  There is one request to send
 * and one to receive under way at a time: what is sent meanwhile makes up the
 * next one; what came ahead is used up before more is asked for.
 *
 * What came ahead is the master's until our program has received it.
 */
#ifndef PIPE_H
#define PIPE_H

#include "client/inside.h"
#include "client/stint_pipe.h"

/* The numbers are those of pipe.verb. */
enum pipe_verb {
    PIPE_NEW = 1,
    PIPE_OPEN = 2,
    PIPE_PASS = 3,
    PIPE_ACCEPT = 4,
    PIPE_CLOSE = 5,
    PIPE_RECEIVED = 6,
    PIPE_LOOK = 7,
};

/* A message that is to be sent. */
struct pipe_outgoing {
    struct list node;
    struct slice data; /* The caller's; of a posted one it is `bytes`. */
    tick_ns deadline;
    int code;
    bool posted; /* It counts in `posting` of the connection. */
    bool sent;   /* It is in the request that is under way. */
    bool over;   /* Out of the list. */
    bool left;   /* Nobody waits for it any more. */
    uint8_t bytes[];
};

/* What a thread was lent. */
struct pipe_lent {
    uint64_t thread;
    struct inbound *in;
};

struct stint_pipe {
    struct list node; /* In `pipes` of the connection: it has received what the
                         master does not know of. */
    struct stint *s;
    uint64_t number, grip, end;
    bool one_way;
    bool passed; /* It may be accepted by another: nothing is read ahead. */
    bool freed;  /* Closed, and what was posted is still on its way. */

    struct list outgoing; /* struct pipe_outgoing, those sent first. */
    size_t outgoing_bytes;
    uint32_t sent_count;
    bool sending;
    struct rpc_request send;

    struct proto_list ahead; /* Messages that are here, */
    struct inbound *in;      /* in this one. */
    uint64_t received;       /* Number of the last one our program has. */
    bool ended;              /* Nothing comes behind them. */
    bool asking;
    tick_ns asked_until;
    int asked_code; /* Of the last answer. */
    struct rpc_request recv;
    unsigned fetching; /* Threads that wait for a message. */
    int fd;            /* An eventfd; -1: nobody has asked for it. */
    bool shown;        /* It is readable. */

    struct pipe_lent *lent; /* Owned. */
    size_t lent_count;
};

/** It is closed and has nothing more to send: tell the master, and free it. */
void pipe_finish(struct stint_pipe *p);

#endif
