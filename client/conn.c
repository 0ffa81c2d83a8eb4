#include "client/conn.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/stint_error.h"
#include "common/sys/blocks.h"
#include "common/sys/host.h"
#include "common/sys/say.h"

enum {
    HWM = 64, /* Messages; bytes are bounded by windows on both sides. */
    HANDSHAKE_MS = 3000,
    CONNECT_MS = 5000,
    FILES = 16, /* 11, and some for what is opened meanwhile. */
};

#define MESSAGE_MAX ((int64_t)INT32_MAX + 64)
#define BACKOFF_FIRST (100 * TICK_MS)
/* A master that was away for long is found within so long, and by thousands of
 * clients not at once: half of each pause is by lot. */
#define BACKOFF_MAX (2 * TICK_S)
#define ATTEMPT_MAX (6 * TICK_S)
/* An attempt that ends sooner was refused; others time out. */
#define REFUSED_MAX TICK_S
/* An attempt tells of itself sooner, unless the name is not resolved. */
#define LOOK_UP (100 * TICK_MS)
/* A handshake that ends later timed out (a frozen master) and was not refused.
 */
#define DROP_MAX (2500 * TICK_MS)

int
conn_init(struct conn *c, const char *endpoint,
    const uint8_t server_key[PROTO_KEY_BYTES], const struct auth_pair *pair)
{
    *c = (struct conn){ .backoff = BACKOFF_FIRST, .pair = *pair };
    (void)snprintf(c->endpoint, sizeof(c->endpoint), "%s", endpoint);
    memcpy(c->server_key, server_key, PROTO_KEY_BYTES);
    /* libzmq ends the process when it cannot have one. */
    if (!host_can_open(FILES)) {
        return say(STINT_ESYSTEM,
            "a connection needs %d descriptors, and fewer are left: raise the "
            "limit of open files (ulimit -n)",
            FILES);
    }
    c->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (c->wake_fd < 0) {
        return say(
            STINT_ESYSTEM, "cannot make an eventfd: %s", strerror(errno));
    }
    blocks_keep();
    c->ctx = zmq_ctx_new();
    c->spare = inbound_new();
    if (c->ctx != NULL && c->spare != NULL) return 0;
    conn_fini(c);
    return say(STINT_ENOMEM, "no memory for a connection");
}

static void
close_sockets(struct conn *c)
{
    if (c->socket == NULL) return;
    if (c->has_unsent) (void)zmq_msg_close(&c->unsent);
    c->has_unsent = false;
    (void)zmq_socket_monitor(c->socket, NULL, 0);
    if (c->monitor != NULL) (void)zmq_close(c->monitor);
    (void)zmq_close(c->socket);
    c->socket = c->monitor = NULL;
    c->accepted = c->ready = c->broken = false;
}

static void *
end_context(void *ctx)
{
    (void)zmq_ctx_term(ctx);
    return NULL;
}

/* libzmq looks names up in its I/O thread, where nothing ends that before the
 * name server's own time; the caller's deadline is sooner. */
static void
leave_context(struct conn *c)
{
    pthread_t thread = 0;
    sigset_t all, old;
    int rc = -1;

    if (c->looks_up) {
        (void)sigfillset(&all);
        (void)pthread_sigmask(SIG_SETMASK, &all, &old);
        rc = pthread_create(&thread, NULL, end_context, c->ctx);
        (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    }
    if (rc == 0) {
        (void)pthread_detach(thread);
    } else {
        (void)zmq_ctx_term(c->ctx);
    }
    c->ctx = NULL;
}

void
conn_fini(struct conn *c)
{
    close_sockets(c);
    inbound_drop(c->spare);
    c->spare = NULL;
    if (c->ctx != NULL) leave_context(c);
    if (c->wake_fd >= 0) (void)close(c->wake_fd);
    c->wake_fd = -1;
    sodium_memzero(&c->pair, sizeof(c->pair));
}

/* ---- attempts ------------------------------------------------------------ */

static int
set_int(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof(value));
}

static int
set_options(const struct conn *c)
{
    static const struct {
        int option, value;
    } rows[] = {
        { ZMQ_LINGER, 0 },
        { ZMQ_RECONNECT_IVL, -1 },
        { ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS },
        { ZMQ_CONNECT_TIMEOUT, CONNECT_MS },
        /* Not ZMQ_HEARTBEAT_IVL, whose timer can abort the process (see the
         * master's router.c): the session's own pings find a dead line. */
        { ZMQ_SNDHWM, HWM },
        { ZMQ_RCVHWM, HWM },
        { ZMQ_IPV6, 1 },
    };
    const int64_t message_max = MESSAGE_MAX;
    int rc = 0;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        rc |= set_int(c->socket, rows[i].option, rows[i].value);
    rc |= zmq_setsockopt(
        c->socket, ZMQ_MAXMSGSIZE, &message_max, sizeof(message_max));
    rc |= zmq_setsockopt(
        c->socket, ZMQ_CURVE_SERVERKEY, c->server_key, PROTO_KEY_BYTES);
    rc |= zmq_setsockopt(
        c->socket, ZMQ_CURVE_PUBLICKEY, c->pair.public_key, PROTO_KEY_BYTES);
    rc |= zmq_setsockopt(
        c->socket, ZMQ_CURVE_SECRETKEY, c->pair.secret_key, PROTO_KEY_BYTES);
    return rc;
}

static int
open_monitor(struct conn *c)
{
    char name[64];

    (void)snprintf(name, sizeof(name), "inproc://stint-%u", ++c->attempts);
    if (zmq_socket_monitor(c->socket, name, ZMQ_EVENT_ALL) != 0) return -1;
    c->monitor = zmq_socket(c->ctx, ZMQ_PAIR);
    if (c->monitor == NULL) return -1;
    (void)set_int(c->monitor, ZMQ_LINGER, 0);
    return zmq_connect(c->monitor, name);
}

void
conn_try(struct conn *c, tick_ns now)
{
    if (c->socket != NULL || now < c->retry_at) return;

    c->tried_at = now;
    c->told = c->touched = c->looks_up = true;
    c->socket = zmq_socket(c->ctx, ZMQ_DEALER);
    if (c->socket == NULL || set_options(c) != 0 || open_monitor(c) != 0
        || zmq_connect(c->socket, c->endpoint) != 0) {
        conn_drop(c, now);
    }
}

void
conn_drop(struct conn *c, tick_ns now)
{
    /* Half of the delay by lot: thousands of clients of a master that comes
     * back must not come all at once. */
    uint32_t half = (uint32_t)(c->backoff / 2 / TICK_US);
    tick_ns delay = (tick_ns)(half + randombytes_uniform(half + 1)) * TICK_US;

    close_sockets(c);
    c->retry_at = tick_after(now, delay);
    c->backoff = tick_min(c->backoff * 2, BACKOFF_MAX);
}

void
conn_settle(struct conn *c)
{
    c->backoff = BACKOFF_FIRST;
    c->drops = 0;
}

static void
lose(struct conn *c, tick_ns now)
{
    c->refused = !c->accepted && now - c->tried_at < REFUSED_MAX;
    if (!c->accepted) {
        c->drops = 0;
    } else if (!c->ready && now - c->accepted_at < DROP_MAX) {
        c->drops++;
    }
}

static enum conn_event
note_event(struct conn *c, tick_ns now, unsigned event)
{
    c->looks_up = false;
    switch (event) {
    case ZMQ_EVENT_CONNECTED:
        c->accepted = true;
        c->accepted_at = now;
        return CONN_QUIET;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        c->ready = true;
        c->drops = 0;
        return CONN_UP;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        c->denied = true;
        return CONN_LOST;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
    case ZMQ_EVENT_CLOSED:
    case ZMQ_EVENT_DISCONNECTED:
        return CONN_LOST;
    default:
        return CONN_QUIET;
    }
}

/* A monitor's message: event (16 bits) and value, then the address. */
static bool
read_event(void *monitor, unsigned *event)
{
    zmq_msg_t m;
    uint16_t number = 0;

    (void)zmq_msg_init(&m);
    if (zmq_msg_recv(&m, monitor, ZMQ_DONTWAIT) < 0) {
        (void)zmq_msg_close(&m);
        return false;
    }
    if (zmq_msg_size(&m) >= sizeof(number)) {
        memcpy(&number, zmq_msg_data(&m), sizeof(number));
    }
    while (zmq_msg_more(&m)) {
        if (zmq_msg_recv(&m, monitor, ZMQ_DONTWAIT) < 0) break;
    }
    (void)zmq_msg_close(&m);
    *event = number;
    return true;
}

void
conn_doubt(struct conn *c)
{
    c->told = c->touched = true;
}

enum conn_event
conn_watch(struct conn *c, tick_ns now)
{
    enum conn_event seen = CONN_QUIET;
    unsigned event;

    if (c->socket == NULL) return CONN_QUIET;
    while (c->told && seen != CONN_LOST) {
        c->told = read_event(c->monitor, &event);
        enum conn_event e = c->told ? note_event(c, now, event) : CONN_QUIET;
        if (e != CONN_QUIET) seen = e;
    }
    /* A host that does not resolve is not even told by an event. */
    if (!c->ready && now - c->tried_at >= ATTEMPT_MAX) seen = CONN_LOST;
    if (c->broken) seen = CONN_LOST;
    if (seen == CONN_LOST) lose(c, now);
    return seen;
}

enum conn_fault
conn_fault(const struct conn *c, tick_ns now)
{
    bool is_slow = c->socket != NULL && now - c->tried_at > LOOK_UP;

    if (c->looks_up && is_slow) return CONN_UNNAMED;
    if (c->drops > 0) return CONN_BROKEN_OFF;
    return c->refused && !is_slow ? CONN_REFUSED : CONN_MUTE;
}

tick_ns
conn_next_deadline(const struct conn *c)
{
    if (c->socket == NULL) return c->retry_at;
    if (!c->ready) return tick_after(c->tried_at, ATTEMPT_MAX);
    return TICK_NEVER;
}

/* ---- messages ------------------------------------------------------------ */

static void
let_go(void *bytes, void *frame)
{
    (void)bytes;
    frame_drop(frame);
}

/* Whether the socket took the message. */
static bool
try_send(struct conn *c, zmq_msg_t *m)
{
    c->touched = true;
    if (zmq_msg_send(m, c->socket, ZMQ_DONTWAIT) >= 0) return true;
    if (errno == EAGAIN || errno == EINTR) return false;
    (void)zmq_msg_close(m);
    c->broken = true;
    return true;
}

bool
conn_can_send(struct conn *c)
{
    if (c->socket == NULL || !c->ready || c->broken) return false;
    if (c->has_unsent && try_send(c, &c->unsent)) c->has_unsent = false;
    return !c->has_unsent && !c->broken;
}

bool
conn_send(struct conn *c, struct frame *f)
{
    if (zmq_msg_init_data(&c->unsent, f->bytes, f->length, let_go, f) != 0) {
        frame_drop(f);
        c->broken = true; /* No memory: the next connection resends it. */
        return false;
    }
    c->has_unsent = !try_send(c, &c->unsent);
    return !c->has_unsent;
}

struct inbound *
conn_receive(struct conn *c)
{
    if (c->socket == NULL || !c->ready || c->broken) return NULL;
    if (c->spare == NULL || !inbound_is_single(c->spare)) {
        struct inbound *fresh = inbound_new();
        if (fresh == NULL) return NULL;
        inbound_drop(c->spare);
        c->spare = fresh;
    }
    if (zmq_msg_recv(&c->spare->message, c->socket, ZMQ_DONTWAIT) < 0) {
        if (errno != EAGAIN && errno != EINTR) c->broken = true;
        c->touched = errno == EINTR;
        return NULL;
    }
    /* Frames of ours have one part; of a stranger's only the first counts. */
    if (zmq_msg_more(&c->spare->message)) c->broken = true;
    return c->spare;
}

static int
events_of(void *socket)
{
    int events = 0;
    size_t size = sizeof(events);

    if (zmq_getsockopt(socket, ZMQ_EVENTS, &events, &size) != 0) return 0;
    return events;
}

bool
conn_is_ready(struct conn *c)
{
    if (c->socket == NULL) return false;
    if (c->broken || c->told) return true;
    if (!c->touched && !c->has_unsent) return false;

    int events = events_of(c->socket);
    return (c->ready && (events & ZMQ_POLLIN) != 0)
           || (c->has_unsent && (events & ZMQ_POLLOUT) != 0);
}

static struct pollfd
watched(void *socket)
{
    struct pollfd p = { .fd = -1, .events = POLLIN };
    size_t size = sizeof(p.fd);

    (void)zmq_getsockopt(socket, ZMQ_FD, &p.fd, &size);
    return p;
}

nfds_t
conn_fds(const struct conn *c, struct pollfd fds[CONN_FDS])
{
    fds[0] = (struct pollfd){ .fd = c->wake_fd, .events = POLLIN };
    if (c->socket == NULL) return 1;
    fds[1] = watched(c->socket);
    fds[2] = watched(c->monitor);
    return 3;
}

void
conn_woken(struct conn *c, const struct pollfd *fds, nfds_t count)
{
    uint64_t value;
    int saved = errno;

    if (fds[0].revents != 0 && read(c->wake_fd, &value, sizeof(value)) < 0) {
        errno = saved;
    }
    if (count == CONN_FDS && fds[2].revents != 0) c->told = true;
}

void
conn_sleep(struct pollfd *fds, nfds_t count, tick_ns length)
{
    struct timespec t = { .tv_sec = (time_t)(length / TICK_S),
        .tv_nsec = (long)(length % TICK_S) };

    (void)ppoll(fds, count, &t, NULL);
}

void
conn_wake(int wake_fd)
{
    const uint64_t one = 1;
    int saved = errno;

    if (write(wake_fd, &one, sizeof(one)) < 0) errno = saved;
}
