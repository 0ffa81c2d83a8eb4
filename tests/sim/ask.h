/**
 * ask.h - requests of a simulated client, and their answers.    [tests/sim]
 */
#ifndef ASK_H
#define ASK_H

#include "tests/sim/client.h"

enum { ASK_BATCH = 64 };

/* Every answer that is waited for. */
struct ask {
    struct rpc_request r;
    struct client *client;
    enum msg_type verb;
    bool trespass;            /* The master must refuse it. */
    uint64_t done[ASK_BATCH]; /* Tasks whose completion it is. */
    uint32_t done_count;
    uint32_t job;   /* Of its client. */
    uint64_t after; /* job_ends. */
    bool bare;
    tick_ns asked; /* When. */
    bool is_sync;
    enum client_sync_kind object;
    uint8_t sync_verb; /* enum sync_verb */
    bool is_pipe;
    uint8_t pipe_verb; /* enum pipe_verb; 0: send, receive. */
    uint32_t slot;     /* Of its client. */
    uint64_t grip;     /* When it was asked. */
};

/** A request whose message is to be written next. */
struct ask *ask_begin(struct client *c, enum msg_type verb, uint32_t count,
    size_t bytes, bool slow);

/** Whether it has not too much under way. */
bool ask_may(const struct client *c);

uint32_t ask_any_queue(struct client *c);
struct slice ask_queue_name(struct client *c, uint32_t queue);

/** A size of a payload or result of at least `least` bytes. */
size_t ask_size(struct client *c, size_t least);

/** Cancel some task. */
void ask_cancel(struct client *c);

/** Try what the role does not allow (I14). */
void ask_trespass(struct client *c);

/** join, status, list. */
void ask_look(struct client *c);

void ask_declare(struct client *c, uint32_t queue, const struct msg_declare *d);
void ask_shutdown(struct client *c, uint32_t queue, bool immediate);
void ask_bye(struct client *c);

/** Pause a queue or (its name empty) a job, or let it go on. */
void ask_pause(struct client *c, struct slice queue, uint64_t job, bool undo);

#endif
