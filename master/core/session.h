/**
 * session.h - one client as the master knows it.                [layer: core]
 *
 * A session outlives its connections: it has the stream of frames to its
 * client, what the client holds and what it waits for.
 *
 *     live      heard of within `silence`
 *     silent    not heard of: its leases went back, its waits ended; its stream
 *               and undelivered results stay for `session_ttl`
 *     ghost     forgotten, but tasks it submitted are still to end: only the
 *               slot stays, their results are dropped
 *
 * Slots are numbers, given again only when nothing refers to them.
 */
#ifndef SESSION_H
#define SESSION_H

#include "common/hash.h"

#include "common/heap.h"
#include "common/list.h"
#include "common/tick.h"
#include "master/core/keyring.h"
#include "master/core/needs.h"
#include "proto/stream.h"

enum {
    SESSION_FRAMES_MAX =
        48, /* Unacknowledged frames; under the socket's HWM. */
    SESSION_WAITS_MAX = 4096,
    SESSION_WINDOW = 4 << 20,
    SESSION_FRAME_SOFT = 128 << 10, /* A frame is sealed beyond this. */
    SESSION_SERVES_MAX = 32,
};

enum session_state { SESSION_LIVE, SESSION_SILENT, SESSION_GHOST };

/* Rows that are to be deleted when the frame that tells of them is
 * acknowledged: a ring, oldest frame first. */
struct unheard {
    struct unheard_row {
        uint64_t frame;
        uint64_t id;
        unsigned kind;
    } * rows; /* Owned. */
    uint32_t first, count, capacity;
};

struct session {
    uint8_t id[PROTO_SESSION_BYTES];
    uint32_t slot;
    enum session_state state;
    bool leaving;    /* Said bye: forgotten as soon as its answer had time. */
    bool restored;   /* From the store; its client has not come back yet. */
    bool draining;   /* Is given no more tasks. */
    uint64_t serial; /* In the store, never given again; 0: it is not there. */
    uint64_t conn;   /* 0: no connection now. */
    struct key *key;
    struct stream stream;
    size_t window; /* Bytes it takes unacknowledged. */

    uint8_t kind; /* hello.kind */
    char name[PROTO_NAME_MAX + 1];
    char host[PROTO_NAME_MAX + 1];
    uint64_t pid;
    uint32_t slots;
    uint32_t serves_count;
    uint32_t serves[SESSION_SERVES_MAX]; /* Of a worker: indexes of queues that
                                            it asked for tasks. */
    tick_ns since;
    tick_ns heard;
    struct heap_node
        alarm; /* When to look whether it is silent, or to forget. */
    tick_ns alarm_at;

    struct list leases;
    uint64_t leased, done, failed;
    uint64_t begun;      /* Of the leased: ahead.h. */
    struct list *ahead;  /* Its first lease that is not; NULL: none. */
    struct needs traits; /* What it has, and what of it is used. */
    uint64_t strict;     /* Leases of strict jobs (place.h). */
    bool awaits_slot;    /* It was given nothing, as what comes next must be
                            begun at once. */
    struct list holds;   /* struct hold, of named objects. */
    uint32_t pipe_ends;  /* Of these. */
    struct list waits;   /* struct wait.of_session */
    uint32_t waits_count;
    struct list jobs;       /* struct job, that it opened. */
    struct list results;    /* struct outcome, not yet in a frame. */
    uint64_t owed;          /* Tasks whose results it waits for. */
    struct list receipts;   /* struct receipt; from before a restart. */
    struct unheard unheard; /* Rows that stay until it has heard of them. */
    struct list asks;       /* struct file_ask: until there is room. */
    uint32_t asks_count;
    struct list backlog;  /* Frames of it that are not done (backlog.h), */
    size_t backlog_bytes; /* so many bytes; */
    struct list behind;   /* in the core's list of those that have any. */
    uint64_t spent;       /* Steps that it took of the turn */
    uint64_t spent_in;    /* of this number. */

    /* The list at the end of the open frame, if one may be continued. */
    struct {
        enum msg_type type;
        uint64_t request;
        struct codec_list list;
        size_t end; /* Length of the open buffer after the last record. */
        uint64_t frame;
    } tail;

    struct list sending; /* In the core's list of sessions with frames. */
    struct list lazy;    /* In its list of those whose answers wait a little. */
    tick_ns lazy_until;
    struct list
        starved; /* In the core's list of those whose window was full. */
    UT_hash_handle by_id;
    UT_hash_handle by_conn;
};

/* What was answered before a restart, in case it is asked again. */
struct receipt {
    struct list node;
    uint64_t id; /* Of its row. */
    uint64_t request;
    uint32_t count; /* Put: tasks; else 0. */
    uint64_t task;
    uint32_t refusals;
    bool whole; /* Its bytes are the whole answer. */
    size_t length;
    uint8_t refused[]; /* Records, encoded. */
};

/* A result that waits for room in its session's window. */
struct outcome {
    struct list node;
    bool kept; /* The store has it. */
    bool cold; /* And only the store: no bytes follow. */
    uint64_t ref, task;
    int code;
    uint32_t attempts;
    char worker[64];
    size_t length;
    uint8_t bytes[];
};

/** Bytes it counts against the budget. */
static inline size_t
outcome_memory(const struct outcome *o)
{
    return sizeof *o + (o->cold ? 0 : o->length);
}

/** A live session without a connection; NULL without memory. */
struct session *session_new(
    const uint8_t id[PROTO_SESSION_BYTES], struct key *key, tick_ns now);

/** Free it; it must hold and wait for nothing. */
void session_free(struct session *s);

/** Whether tasks and results may be sent to it now (credit in bytes). */
bool session_has_window(const struct session *s);

/** Bytes that are sent or to be sent and not acknowledged. */
size_t session_out_bytes(const struct session *s);

/** In how many frames: a single one, however long, was asked for. */
unsigned session_out_frames(const struct session *s);

#endif
