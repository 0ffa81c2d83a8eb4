/**
 * ledger.h - what must be true of each task.                    [tests/sim]
 *
 * An account beside the core's own: which put made a task, who was given it
 * under which fence, how it ended.  It is kept by looking at the core after
 * each call and comparing with before; who may change what follows from the
 * frame that the core was given.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include "common/slice.h"
#include "common/tick.h"
#include "proto/codec.h"

struct world;
struct net_conn;

/* Which put a task is, written at the start of its payload. */
struct ledger_name {
    uint32_t uid;
    uint32_t queue;
    uint64_t number;
};

struct ledger_entry {
    uint32_t uid; /* Who put it, under which request number. */
    uint32_t queue;
    uint64_t number;
    uint64_t job;  /* 0: none. */
    bool wants;    /* The result. */
    bool is_known; /* Who put it. */
    int8_t end;    /* -1: open; else enum task_state. */
    uint8_t state; /* As last seen. */
    int32_t priority;
    uint32_t attempts;
    uint64_t nonce;
    const void *key; /* Of its holder. */
    uint32_t holder; /* uid */
    tick_ns deadline;
    tick_ns deadline_set;
    tick_ns length;
    tick_ns accepted;
    uint64_t hash;                    /* Of the accepted result. */
    uint32_t spent_least, spent_most; /* Attempts that are used up. */
    bool is_final;                    /* The last failure was. */
    bool is_remade;      /* Cancelled or expired, it was tried again. */
    bool told_done;      /* Its worker heard that it is. */
    bool may_adopt;      /* A grant that a crash undid may be shown… */
    uint64_t lost_nonce; /* …with this nonce. */
    /* Of what must not run twice: which grant somebody has begun, and up to
     * which there was a reason to begin it again. */
    bool is_once;
    uint64_t begun_attempt, begun_nonce, once_from;
};

/* A fence that a frame shows. */
struct ledger_claim {
    enum msg_type verb;
    uint64_t task, attempt, nonce;
    uint64_t
        how;    /* done: hash of the result; fail: is it final; renew: until. */
    bool first; /* Of this task in this frame. */
};

enum { LEDGER_CLAIMS_MAX = 8192, LEDGER_JOBS = 1024 };

struct ledger {
    struct ledger_entry *entries; /* By id. */
    uint64_t count, capacity;     /* Ids 1 … count are known. */
    uint64_t open;
    uint64_t dead; /* Of those that ended. */
    uint64_t ended_seen;
    uint64_t given[LEDGER_JOBS];  /* By job: ends that were seen. */
    uint32_t leased[LEDGER_JOBS]; /* By job: granted in this look. */
    struct ledger_claim *claims;
    uint32_t claims_count;
    bool fresh;    /* The frame is one that the core acts upon. */
    bool closes;   /* It may end its session: hello, bye. */
    bool cancels;  /* It may end tasks: cancel, shutdown. */
    bool retries;  /* It may begin dead ones again, */
    bool remakes;  /* and cancelled ones, */
    bool drops;    /* or drop them. */
    bool sweeping; /* Such a thing was going on before. */
    bool shows;    /* It says what its sender holds. */
    uint32_t from; /* uid of its sender */
    const void *from_key;
    tick_ns next_check;
};

void ledger_init(struct ledger *l);
void ledger_fini(struct ledger *l);

/** Hash of a result, to compare. */
uint64_t ledger_hash(struct slice bytes);

/** The entry of a task, or NULL. */
const struct ledger_entry *ledger_find(const struct ledger *l, uint64_t task);

/** The put that made a task, for one that nobody saw. */
void ledger_reveal(
    struct world *w, uint64_t task, const struct ledger_name *name, bool wants);

/** Look at a frame that the core is about to receive. */
void ledger_expect(
    struct world *w, const struct net_conn *conn, struct slice wire);

enum ledger_cause { LEDGER_RECEIVED, LEDGER_TURNED, LEDGER_OTHER };

/** Compare the core with what it was; fail where a promise is broken. */
void ledger_look(struct world *w, enum ledger_cause cause);

/** The ends of jobs that are there now were seen. */
void ledger_catch_up(struct world *w);

/** A worker begins a task that it was given. */
void ledger_begun(struct world *w, const struct rec_task *t);

/** A worker hears that its completion of `task` was accepted. */
void ledger_told(struct world *w, uint64_t task);

/** The clock jumped and the core was told: what was promised moves too. */
void ledger_stalled(struct world *w, tick_ns gap);

#endif
