/**
 * client.h - one client: a real rpc and somebody who uses it.   [tests/sim]
 */
#ifndef CLIENT_H
#define CLIENT_H

#include "client/rpc/rpc.h"
#include "tests/sim/world.h"

/* What became of one request number, if it was a put. */
struct client_item {
    uint64_t task;       /* Id that the master told; 0: none yet. */
    uint32_t restarts;   /* Of the client, when it was put. */
    tick_ns since;       /* The session that it was accepted from last. */
    uint32_t start;      /* And by which start of the master. */
    uint8_t forgotten;   /* How often the session was, and nobody told. */
    uint8_t accepted;    /* How often the master took it in. */
    uint8_t shown;       /* How often its result was shown. */
    uint64_t shown_task; /* Of which task. */
    uint32_t shown_at;   /* In which life of the session. */
    bool is_put, wants, answered, refused;
    bool ended; /* It is of a job, and its end for good was shown. */
};

/* A job that it opened. */
struct client_job {
    uint64_t number; /* 0: not told yet. */
    uint32_t queue;
    uint8_t by;     /* The order in which it is read now, */
    uint64_t after; /* from behind this. */
    uint8_t *shown; /* By place, in this pass: 1 for good, 2 dead. */
    uint64_t shown_count;
    bool closed, gone, reading, read, drops, healing;
};

enum { CLIENT_JOBS = 12 };

enum client_plan {
    CLIENT_DONE,
    CLIENT_FAIL,
    CLIENT_FINAL,
    CLIENT_RELEASE,
    CLIENT_RENEW,
    CLIENT_PLANS,
};

/* A task that a consumer was given. */
struct client_held {
    struct list node;
    uint64_t task, attempt, nonce;
    tick_ns due;
    tick_ns lease;
    enum client_plan plan;
};

enum { CLIENT_SENT = 4 };

/* What it holds of the objects that are there for all, and asks. */
enum client_sync_kind {
    CLIENT_LOCK,
    CLIENT_SEMAPHORE,
    CLIENT_CONDITION,
    CLIENT_BARRIER,
    CLIENT_SYNCS,
};

struct client_sync {
    enum { CLIENT_FREE, CLIENT_ASKS, CLIENT_HOLDS } state;
    bool is_open, broken;
    uint64_t fence;
    tick_ns since, until;
};

/* An end of a pipe that it holds, or asks for. */
enum { CLIENT_PIPES = 2, CLIENT_AHEAD = 8 };
struct client_message {
    uint64_t flow, number;
};

struct client_pipe {
    enum {
        CLIENT_PIPE_NONE,
        CLIENT_PIPE_ASKED,
        CLIENT_PIPE_HELD,
        CLIENT_PIPE_PASSED,
        CLIENT_PIPE_CLOSING,
    } state;
    uint64_t number, end, grip;
    bool sending, receiving;
    bool silent;       /* It does not know what was sent before. */
    uint64_t flow;     /* That it sends, */
    uint64_t next;     /* from this number on. */
    uint64_t hears;    /* The flow that it receives; 0: not known yet. */
    uint64_t received; /* As the pipe counts. */
    struct client_message ahead[CLIENT_AHEAD];
    uint32_t ahead_first, ahead_count;
};

struct client {
    struct world *world;
    uint32_t uid, key;
    unsigned role;
    bool produces, consumes;
    bool barred; /* Its key was revoked. */
    bool leaving;
    bool over;   /* Dead, or gone in order. */
    bool strict; /* Healthy: never hangs. */
    struct rpc *rpc;
    struct net_conn *conn;
    tick_ns retry_at, frozen_until, next_get;
    tick_ns heard; /* When the master last got a frame of it. */
    uint32_t restarts;
    tick_ns restarted_at;
    uint32_t lives; /* Of the session: it begins again with each restart. */
    bool kept;      /* The master was restarted and knows it still. */
    bool shows;     /* It is to say what it holds. */

    struct client_item *items; /* By request number. */
    uint64_t items_count;
    struct client_job jobs[CLIENT_JOBS];
    uint32_t jobs_count;
    uint64_t tally, tally_unsure; /* What it added, and may have added. */
    struct client_sync syncs[CLIENT_SYNCS];
    struct client_pipe pipes[CLIENT_PIPES];
    struct list held;
    uint32_t held_count, asks, open_gets;
    struct frame *sent[CLIENT_SENT]; /* The last ones, to come again. */
    uint32_t sent_count;
};

/** A new client with a new session. */
struct client *client_new(
    struct world *w, unsigned role, bool produces, bool consumes);
void client_free(struct client *c);

/** It dies without a word. */
void client_kill(struct client *c);

/** All that is due: take what arrived, do what it has planned, send. */
void client_pump(struct client *c);

/** When client_pump() is needed next. */
tick_ns client_due(const struct client *c);

/** Nothing is open and nothing is held. */
bool client_is_idle(const struct client *c);

/** The item of a request number; NULL if it never was one. */
struct client_item *client_item(struct client *c, uint64_t number);

#endif
