/**
 * net.h - connections that delay, cut and forget.               [tests/sim]
 *
 * What TCP keeps is kept: within a connection and direction nothing is
 * reordered, and when something is lost all that follows is lost too.  All the
 * rest is at the mercy of the seed: how long a frame travels, whether an end
 * hears of a cut at once, late or never, and which direction still works.
 */
#ifndef NET_H
#define NET_H

#include "common/frame.h"
#include "common/list.h"
#include "proto/proto.h"
#include "tests/sim/rnd.h"

/* One direction. */
struct net_pipe {
    struct list parcels; /* On their way, in order. */
    tick_ns last;        /* When the last one arrives. */
    bool dark;           /* Takes what is sent and loses it. */
};

struct net_conn {
    struct list node;
    uint64_t id;                  /* For the master; never used again. */
    uint32_t client;              /* Who called. */
    uint8_t key[PROTO_KEY_BYTES]; /* With which key. */
    bool at_client, at_master;    /* Which ends still hold it. */
    tick_ns client_learns;        /* When an end is told that it is gone. */
    tick_ns master_learns;
    struct net_pipe up, down; /* To the master, to the client. */
};

struct net {
    struct list conns;
    uint64_t last_id;
    tick_ns delay_max;
};

enum net_cut {
    NET_CUT_BOTH,   /* Both ends learn of it; all under way is lost. */
    NET_CUT_CLIENT, /* The client learns; what it sent still arrives. */
    NET_CUT_MASTER, /* The master learns; what it sent still arrives. */
    NET_DARK_UP,    /* Nobody learns; one direction is lost. */
    NET_DARK_DOWN,
    NET_DARK_BOTH, /* Nobody learns: a cable was pulled. */
    NET_CUTS,
};

void net_init(struct net *net, tick_ns delay_max);
void net_fini(struct net *net);

struct net_conn *net_open(
    struct net *net, uint32_t client, const uint8_t key[PROTO_KEY_BYTES]);

/** Find it by its number; NULL when it is over. */
struct net_conn *net_find(const struct net *net, uint64_t id);

/** Put a frame on its way.  Takes one owner of `f`. */
void net_send(struct net *net, struct rnd *rnd, tick_ns now,
    struct net_pipe *pipe, struct frame *f);

/** The next frame that has arrived by `now`, or NULL.  Gives one owner. */
struct frame *net_arrived(struct net_pipe *pipe, tick_ns now);

/** When the next frame arrives; TICK_NEVER. */
tick_ns net_due(const struct net_pipe *pipe);

/** Harm a connection. */
void net_hurt(
    struct rnd *rnd, tick_ns now, struct net_conn *conn, enum net_cut how);

/** Both ends hold it and both directions work. */
bool net_is_well(const struct net_conn *conn);

/** The client closes it, in order or by dying; the master learns of it after
 * `later` (TICK_NEVER: never). */
void net_leave(tick_ns now, struct net_conn *conn, tick_ns later);

/** The master is dead: no connection has a master's end any more. */
void net_leave_all(struct net *net, struct rnd *rnd, tick_ns now);

/** Free the connections that neither end holds any more. */
void net_sweep(struct net *net);

#endif
