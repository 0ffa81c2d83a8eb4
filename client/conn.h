/**
 * conn.h - one socket for each attempt to reach the master.  [layer: client]
 *
 * libzmq's own reconnecting is off: it is silent about why it fails.  Each
 * attempt has a DEALER of its own and a monitor on it, and this module decides
 * when the next one begins: after 100 ms, doubling to 2 s, with jitter.
 *
 * All calls under the lock of the connection but conn_sleep() and conn_wake().
 * conn_sleep() polls descriptors only, so that others may use the sockets
 * meanwhile; whoever used them looks with conn_is_ready() before it sleeps.
 */
#ifndef CONN_H
#define CONN_H

#include <poll.h>
#include <stdbool.h>

#include "client/inbound.h"
#include "common/frame.h"
#include "common/tick.h"
#include "proto/auth.h"

enum { CONN_ENDPOINT = 256, CONN_FDS = 3 };

struct conn {
    void *ctx;
    void *socket;  /* NULL between two attempts. */
    void *monitor; /* Of `socket`. */
    int wake_fd;
    char endpoint[CONN_ENDPOINT];
    uint8_t server_key[PROTO_KEY_BYTES];
    struct auth_pair pair;
    unsigned attempts;
    unsigned drops; /* Attempts in a row that broke in the handshake. */
    tick_ns tried_at, accepted_at, retry_at, backoff;
    bool refused;  /* The last attempt was, by the host or a firewall. */
    bool looks_up; /* As far as we know libzmq still looks the name up. */
    bool accepted; /* TCP stands. */
    bool ready;    /* The handshake is done. */
    bool denied;   /* The master refused our key. */
    bool broken;   /* Somebody found it unusable: conn_drop() is due. */
    bool has_unsent;
    bool told;    /* The monitor may have events that were not read. */
    bool touched; /* The socket was used since it was last found empty, so that
                     a wake-up may have been eaten. */
    zmq_msg_t unsent;      /* Found no room in the socket. */
    struct inbound *spare; /* For the next message. */
};

enum conn_event { CONN_QUIET, CONN_UP, CONN_LOST };

/** No attempt yet.  Copies the arguments; starts libzmq's threads, so signals
 * are to be blocked.  0, STINT_ENOMEM or STINT_ESYSTEM; a sentence is said. */
int conn_init(struct conn *c, const char *endpoint,
    const uint8_t server_key[PROTO_KEY_BYTES], const struct auth_pair *pair);

/** Leave at once; nothing more is sent. */
void conn_fini(struct conn *c);

/** Begin an attempt if it is time for one and none is under way. */
void conn_try(struct conn *c, tick_ns now);

/** Give this attempt up; the next one comes after the backoff. */
void conn_drop(struct conn *c, tick_ns now);

/** The session stands: the next backoff starts small again. */
void conn_settle(struct conn *c);

/** Nobody slept on the descriptors for a while: look at both sockets next. */
void conn_doubt(struct conn *c);

/** What the monitor has to say, since the last time. */
enum conn_event conn_watch(struct conn *c, tick_ns now);

enum conn_fault { CONN_MUTE, CONN_REFUSED, CONN_UNNAMED, CONN_BROKEN_OFF };

/** As far as we know, why there is no connection: it is refused, the host's
 * name is not resolved, it breaks in the handshake, or nothing answers. */
enum conn_fault conn_fault(const struct conn *c, tick_ns now);

/** When conn_try() or conn_watch() must be called at the latest. */
tick_ns conn_next_deadline(const struct conn *c);

/** Send a frame: takes it.  Returns false, having kept it, when the socket has
 * no room for more; conn_can_send() asks again. */
bool conn_send(struct conn *c, struct frame *f);

/** Whether conn_send() may be called. */
bool conn_can_send(struct conn *c);

/** The next message, or NULL.  Lends until the next call; hold to keep. */
struct inbound *conn_receive(struct conn *c);

/** Whether there is something to receive, to send or to watch right now. */
bool conn_is_ready(struct conn *c);

/** What conn_sleep() waits for.  Returns how many. */
nfds_t conn_fds(const struct conn *c, struct pollfd fds[CONN_FDS]);

/** Sleep until a descriptor is ready, or for `length`.  Without the lock. */
void conn_sleep(struct pollfd *fds, nfds_t count, tick_ns length);

/** Wake whoever sleeps.  Signal-safe; any thread. */
void conn_wake(int wake_fd);

/** Note what conn_sleep() found.  With the lock. */
void conn_woken(struct conn *c, const struct pollfd *fds, nfds_t count);

#endif
