#include "master/server/loop.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <sodium.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zmq.h>

#include "common/stint_error.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"

enum { DRAIN_MAX = 256 };

/* It looks at least so often, so that a gap shows that it was stopped (a
 * signal, a suspended host) and not that nothing was to be done. */
static const tick_ns LOOK = TICK_S / 2;
static const tick_ns STALL = TICK_S;
static const tick_ns RETRY = 2 * TICK_MS;

static void
conn_lost(void *arg, uint64_t conn)
{
    struct loop *l = arg;

    core_conn_lost(l->core, conn);
}

int
loop_init(struct loop *l, void *router, const struct door *door,
    const struct logger *logger)
{
    *l = (struct loop){
        .router = router, .core = door->core, .door = *door, .logger = *logger
    };
    l->quit_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->quit_fd < 0) {
        return say(STINT_ESYSTEM, "no descriptor is left: %s", strerror(errno));
    }
    size_t size = sizeof l->router_fd;
    if (zmq_getsockopt(router, ZMQ_FD, &l->router_fd, &size) != 0) {
        (void)close(l->quit_fd);
        return say(STINT_ESYSTEM, "the socket has no descriptor: %s",
            zmq_strerror(errno));
    }
    outbox_init(&l->outbox, router, conn_lost, l);
    return 0;
}

void
loop_fini(struct loop *l)
{
    (void)close(l->quit_fd);
}

void
loop_quit(struct loop *l)
{
    const uint64_t one = 1;
    int before = errno;

    if (write(l->quit_fd, &one, sizeof one) < 0) {
        /* The counter is full: it was told already. */
    }
    errno = before;
}

/* ---- receiving ----------------------------------------------------------- */

static bool
user_key(zmq_msg_t *frame, uint8_t key[PROTO_KEY_BYTES])
{
    const char *hex = zmq_msg_gets(frame, "User-Id");
    size_t length = 0;

    return hex != NULL
           && sodium_hex2bin(
                  key, PROTO_KEY_BYTES, hex, strlen(hex), NULL, &length, NULL)
                  == 0
           && length == PROTO_KEY_BYTES;
}

static void
complain(struct loop *l, tick_ns now)
{
    l->ignored++;
    if (l->complained != 0 && now - l->complained < TICK_S) return;
    l->complained = now;
    logger_say(&l->logger, LOG_WARNING,
        "frames-ignored reason=routing-id-or-parts total=%" PRIu64, l->ignored);
}

/* Receive into `frame`, which is initialised.  False when nothing is there. */
static bool
receive_part(struct loop *l, zmq_msg_t *frame)
{
    for (;;) {
        if (zmq_msg_recv(frame, l->router, ZMQ_DONTWAIT) >= 0) return true;
        if (errno != EINTR) return false;
    }
}

/* One message: the peer's routing id and one frame.  Ours are never of more
 * parts; the parts of one that is arrive together and are passed over. */
static bool
receive_one(struct loop *l, tick_ns now, zmq_msg_t *id, zmq_msg_t *frame)
{
    uint8_t key[PROTO_KEY_BYTES];

    if (!receive_part(l, id)) return false;
    uint64_t conn = outbox_conn(zmq_msg_data(id), zmq_msg_size(id));
    if (zmq_msg_more(id) == 0 || !receive_part(l, frame)) return true;
    if (zmq_msg_more(frame) != 0) conn = 0;
    if (conn != 0 && user_key(frame, key)) {
        core_receive(l->core, now, conn, key,
            (struct slice){ zmq_msg_data(frame), zmq_msg_size(frame) });
        return true;
    }
    complain(l, now);
    while (zmq_msg_more(frame) != 0 && receive_part(l, frame)) {}
    return true;
}

static unsigned
receive(struct loop *l, tick_ns now)
{
    zmq_msg_t id, frame;
    unsigned count = 0;

    (void)zmq_msg_init(&id);
    (void)zmq_msg_init(&frame);
    while (count < DRAIN_MAX && receive_one(l, now, &id, &frame)) {
        count++;
    }
    (void)zmq_msg_close(&frame);
    (void)zmq_msg_close(&id);
    return count;
}

/* ---- the turn ------------------------------------------------------------ */

static void
note_stall(struct loop *l, tick_ns now)
{
    tick_ns gap = now - l->listened;

    l->listened = now;
    if (gap < LOOK + STALL) return;
    core_stalled(l->core, gap);
    logger_say(&l->logger, LOG_WARNING, "stalled ms=%" PRId64, gap / TICK_MS);
}

static void
send_all(struct loop *l)
{
    uint64_t conn = 0;
    struct frame *frame = NULL;

    outbox_retry(&l->outbox);
    while (core_send(l->core, &conn, &frame)) {
        outbox_send(&l->outbox, conn, frame);
    }
}

/* Returns how many frames came.  Keys are told before the answers leave. */
static unsigned
turn(struct loop *l)
{
    tick_ns now = clock_now();

    note_stall(l, now);
    unsigned count = receive(l, now);
    core_turn(l->core, now);
    door_update(&l->door, now);
    send_all(l);
    return count;
}

/* How long until the core has to be asked again. */
static struct timespec
patience(const struct loop *l)
{
    tick_ns now = clock_now();
    tick_ns until = tick_min(core_next_deadline(l->core), now + LOOK);

    if (outbox_waits(&l->outbox)) until = tick_min(until, now + RETRY);
    tick_ns length = until <= now ? 0 : until - now;
    return (struct timespec){ .tv_sec = (time_t)(length / TICK_S),
        .tv_nsec = (long)(length % TICK_S) };
}

/* Sleep until something comes or is due.  1: go on, 0: quit, or an error.
 * Sending may have eaten the wake-up of what came meanwhile, so the socket is
 * asked first; zmq_poll() would ask everything twice. */
static int
rest(struct loop *l)
{
    int events = 0;
    size_t size = sizeof events;
    struct pollfd fds[] = {
        { .fd = l->router_fd, .events = POLLIN },
        { .fd = l->quit_fd, .events = POLLIN },
    };

    if (zmq_getsockopt(l->router, ZMQ_EVENTS, &events, &size) != 0) {
        return say(
            STINT_ESYSTEM, "the loop cannot wait: %s", zmq_strerror(errno));
    }
    if ((events & ZMQ_POLLIN) != 0) return 1;
    const struct timespec length = patience(l);
    if (ppoll(fds, 2, &length, NULL) < 0 && errno != EINTR) {
        return say(STINT_ESYSTEM, "the loop cannot wait: %s", strerror(errno));
    }
    return (fds[1].revents & POLLIN) == 0;
}

static bool
was_quit(const struct loop *l)
{
    uint64_t times = 0;

    return read(l->quit_fd, &times, sizeof times) > 0;
}

int
loop_run(struct loop *l)
{
    int going = 1;

    l->listened = clock_now();
    while (going > 0) {
        unsigned came = turn(l);
        if (core_stop_asked(l->core)) break;
        if (came < DRAIN_MAX) {
            going = rest(l);
        } else if (was_quit(l)) {
            break; /* It never rests under load. */
        }
    }
    if (going >= 0) (void)turn(l);
    outbox_fini(&l->outbox);
    return going < 0 ? going : 0;
}
