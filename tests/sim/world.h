/**
 * world.h - a master, its clients and what is between them.     [tests/sim]
 *
 * Everything that happens follows from the seed: first a plan (how large the
 * bounds are, how often what goes wrong), then steps of simulated time in which
 * clients act, frames travel and faults strike.  At the end the network is
 * healed, a healthy worker comes, and everything must come to its end.
 */
#ifndef WORLD_H
#define WORLD_H

#include "master/core/core.h"
#include "tests/sim/keep.h"
#include "tests/sim/ledger.h"
#include "tests/sim/net.h"
#include "tests/sim/recall.h"
#include "tests/sim/rnd.h"

struct client;

enum { WORLD_QUEUES = 5, WORLD_KEYS_MAX = 64, WORLD_CLIENTS_MAX = 256 };

/* What this seed is about; chances are in a thousand for each step. */
struct plan {
    bool calm;    /* One consumer, no faults: the strict promises. */
    bool durable; /* The master has a store. */
    uint32_t cut, freeze, kill, spawn, revoke, stall, bye, shutdown;
    uint32_t crash;                      /* The master itself. */
    uint32_t duplicate;                  /* For each frame to the master. */
    uint32_t replay;                     /* For each new connection. */
    uint32_t hang, fail, forge;          /* What consumers do, for each task. */
    uint32_t put, get, cancel, trespass; /* For each client. */
    uint32_t jobs;                       /* For each client that submits. */
    uint32_t syncs;                      /* For each client. */
    uint32_t pause;                      /* Of a queue. */
    uint32_t peek;                       /* For each client that submits. */
    uint32_t tally;                      /* For each client. */
    uint32_t pipes;                      /* For each client. */
    uint32_t large;                      /* For each payload and result. */
};

/* What happened, for people; overdraft: most bytes over the memory budget. */
/* clang-format off */
#define WORLD_COUNTERS(C) \
    C(steps) C(frames) C(tasks) C(grants) C(done) C(dead) C(cancelled) \
    C(expired) C(results) C(stale) C(released) C(renewed) C(failed) \
    C(acquired) C(owners_died) C(notified) C(woken) C(met) \
    C(hung) C(forged) C(trespasses) C(cuts) C(freezes) C(kills) C(byes) \
    C(spawns) C(revokes) C(stalls) C(shutdowns) C(duplicates) C(replays) \
    C(reconnects) C(restarts) C(silences) C(full) C(budget) C(toolarge) \
    C(refused) C(joins) C(crashes) C(power_cuts) C(recrashes) C(commits) \
    C(undone) C(adopted) C(onces) C(shows) C(jobs) C(ends) C(swept) C(retried) \
    C(remade) C(dropped) C(halted) C(pauses) C(peeks) C(adds) C(recalls) \
    C(ends_taken) C(ends_accepted) C(sent) C(heard) C(overdraft)
/* clang-format on */

struct world_stats {
#define WORLD_COUNTER(name) uint64_t name;
    WORLD_COUNTERS(WORLD_COUNTER)
#undef WORLD_COUNTER
};

struct world_queue {
    char name[24];
    unsigned kind; /* As declared; enum queue_kind */
    bool victim;   /* May be shut down. */
    bool shut;
};

struct world_key {
    char name[24];
    unsigned role;
    bool revoked;
    uint8_t public_key[PROTO_KEY_BYTES];
};

/* Times in which a lock was held, as its holder knows. */
struct world_span {
    tick_ns since, until;
    uint64_t fence;
    uint32_t uid;
};

struct world_held {
    struct world_span *spans; /* Owned. */
    size_t count, room;
};

/* What went into one end of a pipe, and came out of the other one. */
struct world_flow {
    uint64_t told;     /* Up to this its sender knows that they were sent. */
    uint64_t received; /* The same: somebody received them. */
};

/* An end that somebody passes on, and what he sent by it. */
struct world_ticket {
    uint8_t bytes[64];
    size_t length; /* 0: none. */
    uint64_t pipe, end, flow, next;
};

struct world_pipes {
    struct world_flow *flows; /* Owned; number 1 is the first. */
    size_t flows_count, flows_room;
    struct world_ticket ticket;
};

struct world {
    uint64_t seed;
    bool trace;
    struct rnd rnd;
    struct plan plan;
    tick_ns now;
    bool healed; /* No more faults: all must come to its end. */

    struct core_config config;
    struct core *core;
    struct net net;
    struct world_queue queues[WORLD_QUEUES];
    uint32_t queues_count;
    struct world_key keys[WORLD_KEYS_MAX];
    uint32_t keys_count;
    struct client *clients[WORLD_CLIENTS_MAX]; /* By uid; uid 0 is nobody. */
    uint32_t clients_count;
    uint64_t consumer_last[WORLD_QUEUES]; /* Calm: last id handed out. */
    struct world_held held[2]; /* Of the lock, and of the condition's. */
    uint64_t met[8];           /* Who passed the barrier, by index. */
    bool ended; /* The master took some session for dead, or it was. */
    struct world_pipes pipes;

    struct ledger ledger;
    struct keep keep;
    struct recall recall;
    uint32_t starts; /* Of the master. */
    struct world_stats stats;
};

/** Make the world of a seed. */
void world_init(struct world *w, uint64_t seed, bool trace);

/** Let it run for so many steps (a frame that arrives at the master, a turn of
 * it, a commit), heal it, and see it end. */
void world_run(struct world *w, uint32_t steps);

void world_fini(struct world *w);

/** A turn of the master, watched. */
void world_turn(struct world *w);

/** Say what happened, when tracing. */
void world_trace(const struct world *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** A promise is broken: say which, and how to see it again.  Ends the program.
 */
_Noreturn void world_fail(const struct world *w, const char *promise,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/** A key that is not revoked, of exactly this role; made if there is none. */
uint32_t world_key(struct world *w, unsigned role);

#endif
