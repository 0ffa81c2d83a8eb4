#include "tests/sim/net.h"

#include <stdlib.h>

#include "common/base.h"
#include "common/check.h"

struct parcel {
    struct list node;
    tick_ns at;
    struct frame *frame;
};

static struct parcel *
parcel_of(struct list *node)
{
    return CONTAINER_OF(node, struct parcel, node);
}

static void
parcel_free(struct parcel *p)
{
    list_remove(&p->node);
    frame_drop(p->frame);
    free(p);
}

/* ---- pipes --------------------------------------------------------------- */

static void
pipe_init(struct net_pipe *pipe)
{
    list_init(&pipe->parcels);
    pipe->last = 0;
    pipe->dark = false;
}

static void
pipe_empty(struct net_pipe *pipe)
{
    LIST_FOREACH (node, after, &pipe->parcels) {
        parcel_free(parcel_of(node));
    }
}

/* Lose what is on its way, from a parcel of the seed's choice on. */
static void
pipe_darken(struct rnd *rnd, struct net_pipe *pipe)
{
    pipe->dark = true;
    while (rnd_one_in(rnd, 700)) {
        struct list *last = list_last(&pipe->parcels);
        if (last == NULL) return;
        parcel_free(parcel_of(last));
    }
}

static void
pipe_close(struct net_pipe *pipe)
{
    pipe->dark = true;
    pipe_empty(pipe);
}

void
net_send(struct net *net, struct rnd *rnd, tick_ns now, struct net_pipe *pipe,
    struct frame *f)
{
    tick_ns delay = 10 * TICK_US + rnd_time(rnd, net->delay_max);

    if (rnd_one_in(rnd, 20)) delay *= 20;
    if (pipe->dark) {
        frame_drop(f);
        return;
    }
    struct parcel *p = malloc(sizeof *p);
    CHECK(p != NULL);
    p->frame = f;
    p->at = now + delay;
    if (p->at < pipe->last) p->at = pipe->last;
    pipe->last = p->at;
    list_push(&pipe->parcels, &p->node);
}

tick_ns
net_due(const struct net_pipe *pipe)
{
    struct list *first = list_first(&pipe->parcels);

    return first != NULL ? parcel_of(first)->at : TICK_NEVER;
}

struct frame *
net_arrived(struct net_pipe *pipe, tick_ns now)
{
    struct list *first = list_first(&pipe->parcels);

    if (first == NULL || parcel_of(first)->at > now) return NULL;
    struct parcel *p = parcel_of(first);
    struct frame *f = frame_hold(p->frame);
    parcel_free(p);
    return f;
}

/* ---- connections --------------------------------------------------------- */

void
net_init(struct net *net, tick_ns delay_max)
{
    list_init(&net->conns);
    net->last_id = 0;
    net->delay_max = delay_max;
}

static void
conn_free(struct net_conn *conn)
{
    list_remove(&conn->node);
    pipe_empty(&conn->up);
    pipe_empty(&conn->down);
    free(conn);
}

void
net_fini(struct net *net)
{
    LIST_FOREACH (node, after, &net->conns) {
        conn_free(CONTAINER_OF(node, struct net_conn, node));
    }
}

struct net_conn *
net_open(struct net *net, uint32_t client, const uint8_t key[PROTO_KEY_BYTES])
{
    struct net_conn *conn = calloc(1, sizeof *conn);

    CHECK(conn != NULL);
    conn->id = ++net->last_id;
    conn->client = client;
    memcpy(conn->key, key, PROTO_KEY_BYTES);
    conn->at_client = conn->at_master = true;
    conn->client_learns = conn->master_learns = TICK_NEVER;
    pipe_init(&conn->up);
    pipe_init(&conn->down);
    list_push(&net->conns, &conn->node);
    return conn;
}

struct net_conn *
net_find(const struct net *net, uint64_t id)
{
    LIST_FOREACH (node, after, &net->conns) {
        struct net_conn *conn = CONTAINER_OF(node, struct net_conn, node);
        if (conn->id == id) return conn;
    }
    return NULL;
}

void
net_hurt(struct rnd *rnd, tick_ns now, struct net_conn *conn, enum net_cut how)
{
    switch (how) {
    case NET_CUT_BOTH:
        pipe_close(&conn->up);
        pipe_close(&conn->down);
        conn->client_learns = now + rnd_time(rnd, 5 * TICK_MS);
        conn->master_learns = now + rnd_time(rnd, 5 * TICK_MS);
        break;
    case NET_CUT_CLIENT:
        pipe_close(&conn->down);
        conn->client_learns = now;
        if (rnd_one_in(rnd, 500)) {
            conn->master_learns = conn->up.last + rnd_time(rnd, 5 * TICK_S);
        }
        break;
    case NET_CUT_MASTER:
        pipe_close(&conn->up);
        conn->master_learns = now;
        if (rnd_one_in(rnd, 500)) {
            conn->client_learns = conn->down.last + rnd_time(rnd, 5 * TICK_S);
        }
        break;
    case NET_DARK_UP:
        pipe_darken(rnd, &conn->up);
        break;
    case NET_DARK_DOWN:
        pipe_darken(rnd, &conn->down);
        break;
    case NET_DARK_BOTH:
    case NET_CUTS:
        pipe_darken(rnd, &conn->up);
        pipe_darken(rnd, &conn->down);
        break;
    }
}

bool
net_is_well(const struct net_conn *conn)
{
    return conn->at_client && conn->at_master && !conn->up.dark
           && !conn->down.dark && conn->client_learns == TICK_NEVER
           && conn->master_learns == TICK_NEVER;
}

void
net_leave(tick_ns now, struct net_conn *conn, tick_ns later)
{
    conn->at_client = false;
    pipe_close(&conn->down);
    if (conn->master_learns == TICK_NEVER && later != TICK_NEVER) {
        conn->master_learns =
            (conn->up.last > now ? conn->up.last : now) + later;
    }
}

void
net_sweep(struct net *net)
{
    LIST_FOREACH (node, after, &net->conns) {
        struct net_conn *conn = CONTAINER_OF(node, struct net_conn, node);
        if (!conn->at_client && !conn->at_master) conn_free(conn);
    }
}

void
net_leave_all(struct net *net, struct rnd *rnd, tick_ns now)
{
    LIST_FOREACH (node, after, &net->conns) {
        struct net_conn *conn = CONTAINER_OF(node, struct net_conn, node);
        if (!conn->at_master) continue;
        conn->at_master = false;
        pipe_close(&conn->up);
        if (rnd_one_in(rnd, 800)) {
            conn->client_learns = conn->down.last + rnd_time(rnd, TICK_S);
            if (conn->client_learns < now) conn->client_learns = now;
        }
    }
    net_sweep(net);
}
