/**
 * inside.h - what stands behind the handles of stint.h.       [layer: client]
 *
 * One mutex guards all of a connection: session, sockets, and every handle of
 * it.  No thread of ours stands between a caller and the socket: a caller that
 * waits reads the socket itself (pump.h).
 *
 * The struct outlives stint_close() as long as futures or tasks point to it:
 * `refs` counts them, and 1 for the connection itself.
 */
#ifndef INSIDE_H
#define INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "client/conn.h"
#include "client/rpc/numbers.h"
#include "client/rpc/rpc.h"
#include "client/stint.h"
#include "client/stint_job.h"
#include "common/list.h"
#include "proto/codec.h"

enum { INSIDE_TEXT = 1025 };

struct posted;

struct stint {
    pthread_mutex_t lock;
    struct list of_process; /* In the list of forked.c. */
    bool is_copy;           /* It is that of who forked us. */
    unsigned refs;
    struct rpc *rpc;
    struct conn conn;
    uint8_t session[PROTO_SESSION_BYTES];
    char name[PROTO_NAME_MAX + 1];
    char host[PROTO_NAME_MAX + 1];
    tick_ns timeout; /* Of calls without one. */
    size_t buffer_bytes;
    atomic_bool interrupted;
    bool closed; /* stint_close() was here. */
    int fatal;   /* Why no call can succeed any more, or 0. */
    char fatal_text[INSIDE_TEXT];
    bool stopped;    /* The master stops because we asked: no need for a bye. */
    bool connecting; /* The first session does not stand yet. */

    /* pump.c */
    bool pumping;        /* One thread reads the socket for all. */
    bool sleeping;       /* It is in conn_sleep(), without the lock. */
    tick_ns nap_until;   /* Then it wakes by itself. */
    bool keeper_pumps;   /* It is the keeper. */
    struct list waiters; /* Callers that wait, the pumping one too. */
    pthread_t keeper;
    bool keeper_started, keeper_quit;
    bool keeper_soon; /* It will look within a millisecond. */
    tick_ns keeper_at;
    pthread_cond_t keeper_cond;
    unsigned pushes;   /* Since the socket was last looked at. */
    uint64_t activity; /* Grows with each call that leaves work behind. */
    uint64_t pong;     /* Last echo that came back. */
    uint64_t pings;    /* Last echo asked for. */

    /* hold.c */
    struct list held; /* Leases. */
    tick_ns renew_at; /* TICK_NEVER: none is to be renewed. */

    /* post.c */
    unsigned posting; /* Posted requests without an answer. */
    int post_error;   /* First one since the last flush. */
    char post_text[INSIDE_TEXT];
    struct posted *open_put; /* May still grow. */
    struct posted *open_done;

    /* future.c */
    struct numbers futures; /* Request number to struct stint_future. */
    uint64_t futures_open;  /* Without a result. */
    void *chunks;           /* Their memory: each points to the next. */
    struct list free_futures;

    /* duties.c */
    struct stint_duties duties;

    struct list queues;
    struct list consumers;
    unsigned starts;     /* How often the session began anew. */
    struct list ownings; /* struct owning: locks that handles are open for. */
    struct list pipes;   /* struct stint_pipe: what it received is to be told */
    tick_ns pipes_at;    /* then. */
    struct buf traits;   /* Of the hello: its records. */
    struct inbound *current; /* The message that is being read, or NULL. */
};

struct stint_queue {
    struct list node; /* In `queues` of the connection. */
    struct stint *s;
    struct list got;  /* Tasks of plain gets that are not acknowledged. */
    uint64_t gotten;  /* Items that plain gets returned. */
    uint64_t counted; /* Of them those that task_done() was called for. */
    char name[PROTO_NAME_MAX + 1];
};

/** One more who points to `s`; under its lock. */
void inside_hold(struct stint *s);

/** Whether a lease is held that may be recalled, or looked at. */
bool inside_has_duties(const struct stint *s);

/** One less, and unlock; the last one frees it. */
void inside_drop(struct stint *s);

#endif
