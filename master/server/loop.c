#include "master/server/loop.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <sodium.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zmq.h>

#include "common/base.h"
#include "common/stint_error.h"
#include "common/sys/clock.h"
#include "common/sys/notify.h"
#include "common/sys/say.h"

enum { DRAIN_MAX = 256 };

/* It looks at least so often, so that a gap shows that it was stopped (a
 * signal, a suspended host) and not that nothing was to be done. */
static const tick_ns LOOK = TICK_S / 2;
static const tick_ns STALL = TICK_S;
static const tick_ns RETRY = 2 * TICK_MS;
static const tick_ns DEAF = 100 * TICK_MS; /* Is excused in such portions. */
static const tick_ns SETTLE = 5 * TICK_S, LINGER = TICK_S; /* At the end. */
/* So that a batch fits into a segment of the store: one that does not needs
 * room that a full disk does not have, and everything waits behind it. */
static const size_t UNTAKEN_MAX = 8 << 20;

static void
conn_lost(void *arg, uint64_t conn)
{
    struct loop *l = arg;

    core_conn_lost(l->core, conn);
}

int
loop_init(struct loop *l, const struct loop_parts *parts)
{
    *l = (struct loop){ .router = parts->router,
        .core = parts->door.core,
        .door = parts->door,
        .logger = parts->logger,
        .time = parts->time,
        .vault = parts->vault,
        .committer = parts->committer,
        .web = parts->web,
        .seam = parts->seam,
        .notifies = parts->notify };
    l->beat_every = parts->notify ? notify_watchdog() / 2 : TICK_NEVER / 2;
    l->quit_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->quit_fd < 0) {
        return say(STINT_ESYSTEM, "no descriptor is left: %s", strerror(errno));
    }
    size_t size = sizeof l->router_fd;
    int rc = 0;
    if (zmq_getsockopt(l->router, ZMQ_FD, &l->router_fd, &size) != 0) {
        rc = say(STINT_ESYSTEM, "the socket has no descriptor: %s",
            zmq_strerror(errno));
    }
    if (rc == 0) rc = deaths_init(&l->deaths);
    if (rc != 0) {
        (void)close(l->quit_fd);
        return rc;
    }
    hold_init(&l->hold);
    outbox_init(&l->outbox, l->router, conn_lost, l);
    return 0;
}

void
loop_fini(struct loop *l)
{
    (void)close(l->quit_fd);
    deaths_fini(&l->deaths);
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
    l->meters.ignored++;
    if (l->complained != 0 && now - l->complained < TICK_S) return;
    l->complained = now;
    logger_say(&l->logger, LOG_WARNING,
        "frames-ignored reason=routing-id-or-parts total=%" PRIu64,
        l->meters.ignored);
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
        if (l->seam == NULL
            || l->seam->arrived(l->seam->arg, l, conn, key, frame)) {
            core_receive(l->core, now, conn, key,
                (struct slice){ zmq_msg_data(frame), zmq_msg_size(frame) });
        }
        return true;
    }
    complain(l, now);
    while (zmq_msg_more(frame) != 0 && receive_part(l, frame)) {}
    return true;
}

/* What the disk has yet to be given bounds what is taken in. */
static bool
is_overfed(const struct loop *l)
{
    return l->committer != NULL && core_untaken(l->core) > UNTAKEN_MAX;
}

static unsigned
receive(struct loop *l, tick_ns now)
{
    zmq_msg_t id, frame;
    unsigned count = 0;

    (void)zmq_msg_init(&id);
    (void)zmq_msg_init(&frame);
    while (count < DRAIN_MAX && !is_overfed(l) && !core_is_sated(l->core)
           && receive_one(l, now, &id, &frame)) {
        count++;
    }
    (void)zmq_msg_close(&frame);
    (void)zmq_msg_close(&id);
    return count;
}

/* ---- the disk ------------------------------------------------------------ */

/* Returns 0, or why nothing will be committed any more. */
static int
hear_disk(struct loop *l)
{
    struct committer_news news;

    if (l->committer == NULL || !committer_hear(l->committer, &news)) return 0;
    if (news.number != 0) {
        tick_ns now = clock_now();
        histogram_add(&l->meters.commits, now - l->given);
        hold_commit_ended(&l->hold, now);
        core_committed(l->core, news.number);
        core_recycle(l->core, &news.ops);
    }
    if (news.full != l->full) core_disk_full(l->core, news.full);
    l->full = news.full;
    return news.failed;
}

/* Schedules and the rows of the batch go by it. */
static void
set_clock(struct loop *l)
{
    const struct core_clock clock = timeline_clock(&l->time);

    core_clock_set(l->core, &clock);
}

static void
feed_disk(struct loop *l)
{
    struct core_batch batch;

    if (l->committer == NULL || !committer_is_idle(l->committer)) return;
    tick_ns now = clock_now();
    bool expects = !l->closing && core_expects_ends(l->core);
    if (hold_waits(&l->hold, now, expects)) return;
    set_clock(l);
    if (!core_take(l->core, &batch)) return;
    l->given = now;
    hold_commit_begins(&l->hold, now, batch.sync);
    committer_give(l->committer, &batch);
}

/* Who is not heard because nobody listens is not silent. */
static void
note_deaf(struct loop *l, tick_ns now)
{
    bool deaf = is_overfed(l);

    if (l->deaf_since != 0 && (!deaf || now - l->deaf_since >= DEAF)) {
        core_stalled(l->core, now - l->deaf_since);
        l->deaf_since = deaf ? now : 0;
    } else if (l->deaf_since == 0 && deaf) {
        l->deaf_since = now;
    }
}

/* What went wrong in the midst of a turn.  What was decided since is not to be
 * told. */
static int
failure(const struct loop *l)
{
    if (core_has_failed(l->core)) {
        return say(STINT_ENOMEM,
            "no memory for what is to be stored; all that was acknowledged is "
            "there at the next start");
    }
    if (l->vault == NULL || l->vault->failed == 0) return 0;
    return say(l->vault->failed, "%s", l->vault->sentence);
}

/* ---- the turn ------------------------------------------------------------ */

static void
note_stall(struct loop *l, tick_ns now)
{
    tick_ns gap = now - l->listened;

    /* Whoever came meanwhile waited so long. */
    if (!l->rested) histogram_add(&l->meters.turns, gap);
    l->rested = false;
    l->listened = now;
    if (gap < LOOK + STALL) return;
    core_stalled(l->core, gap);
    logger_say(&l->logger, LOG_WARNING, "stalled ms=%" PRId64, gap / TICK_MS);
}

static void
beat(struct loop *l, tick_ns now)
{
    if (now < l->beat_at) return;
    l->beat_at = tick_after(now, l->beat_every);
    if (l->notifies) notify("WATCHDOG=1");
}

static void
send_all(struct loop *l)
{
    uint64_t conn = 0;
    struct frame *frame = NULL;

    outbox_retry(&l->outbox);
    while (core_send(l->core, &conn, &frame)) {
        if (l->seam == NULL || l->seam->leaves(l->seam->arg, l, conn, frame)) {
            outbox_send(&l->outbox, conn, frame);
        }
    }
}

/* Returns how many frames came, or an error.  Keys are told before the answers
 * leave; the disk begins before anything is sent. */
static int
turn(struct loop *l)
{
    if (l->seam != NULL) l->seam->begin(l->seam->arg, l);
    tick_ns now = timeline_now(&l->time);
    unsigned count = 0;

    note_stall(l, now);
    beat(l, now);
    int rc = hear_disk(l);
    if (rc != 0) return rc;
    if (is_overfed(l)) feed_disk(l);
    note_deaf(l, now);
    set_clock(l);
    if (!l->closing) count = receive(l, now);
    deaths_turn(&l->deaths, l->core, now);
    core_turn(l->core, now);
    rc = failure(l);
    if (rc != 0) return rc;
    feed_disk(l);
    door_update(&l->door, now);
    send_all(l);
    eventlog_tell(&l->events, l->core, &l->logger, clock_now());
    web_turn(l->web, now, l->web_ready, &l->meters);
    l->web_ready = false;
    return (int)count;
}

/* How long until the core has to be asked again. */
static struct timespec
patience(const struct loop *l, tick_ns now)
{
    tick_ns until = tick_min(core_next_deadline(l->core), now + LOOK);

    until = tick_min(until, l->beat_at);
    until = tick_min(until, tick_after(now, web_left(l->web)));
    until = tick_min(until, tick_after(now, deaths_left(&l->deaths)));
    if (l->hold.length != 0) {
        until = tick_min(until, now + hold_left(&l->hold, clock_now()));
    }
    if (outbox_waits(&l->outbox)) until = tick_min(until, now + RETRY);
    if (l->seam != NULL) {
        until = tick_min(until, tick_after(now, l->seam->left(l->seam->arg)));
    }
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
    bool listens = l->deaf_since == 0 && !l->closing;
    tick_ns now = timeline_now(&l->time);
    /* A negative descriptor is passed over. */
    struct pollfd fds[] = {
        { .fd = listens ? l->router_fd : -1, .events = POLLIN },
        { .fd = l->closing ? -1 : l->quit_fd, .events = POLLIN },
        { .fd = l->committer == NULL ? -1 : committer_fd(l->committer),
            .events = POLLIN },
        { .fd = web_fd(l->web), .events = POLLIN },
        { .fd = l->seam == NULL ? -1 : l->seam->fd, .events = POLLIN },
        { .fd = l->deaths.fd, .events = POLLIN },
    };

    if (listens) {
        if (zmq_getsockopt(l->router, ZMQ_EVENTS, &events, &size) != 0) {
            return say(
                STINT_ESYSTEM, "the loop cannot wait: %s", zmq_strerror(errno));
        }
        if ((events & ZMQ_POLLIN) != 0) return 1;
    }
    histogram_add(&l->meters.turns, now - l->listened);
    l->rested = true;
    const struct timespec length = patience(l, now);
    if (ppoll(fds, ARRAY_LEN(fds), &length, NULL) < 0 && errno != EINTR) {
        return say(STINT_ESYSTEM, "the loop cannot wait: %s", strerror(errno));
    }
    if ((fds[2].revents & POLLIN) != 0) committer_wake(l->committer);
    l->web_ready = (fds[3].revents & POLLIN) != 0;
    return (fds[1].revents & POLLIN) == 0;
}

static bool
was_quit(const struct loop *l)
{
    uint64_t times = 0;

    return read(l->quit_fd, &times, sizeof times) > 0;
}

/* Returns 0 when it is to stop, or an error. */
static int
serve(struct loop *l)
{
    for (;;) {
        int came = turn(l);
        if (came < 0) return came;
        if (core_stop_asked(l->core)) return 0;
        if (came < DRAIN_MAX) {
            int rc = rest(l);
            if (rc <= 0) return rc;
        } else if (was_quit(l)) {
            return 0; /* It never rests under load. */
        }
    }
}

/* What has been decided is committed, if the disk takes it, and answered, to
 * those who take it; nothing new is heard. */
static int
settle(struct loop *l)
{
    tick_ns began = clock_now();
    int rc = 0;

    l->closing = true;
    feed_disk(l); /* Also what was held back. */
    for (;;) {
        bool done = committer_is_idle(l->committer);
        tick_ns passed = clock_now() - began;
        if (done && (passed >= LINGER || !outbox_waits(&l->outbox))) return 0;
        if (passed >= SETTLE) break;
        rc = rest(l);
        if (rc >= 0) rc = turn(l);
        if (rc < 0) return rc;
    }
    logger_say(&l->logger, LOG_WARNING,
        "stopped-uncommitted: the disk takes too long; what is not on it was "
        "not acknowledged");
    return 0;
}

static int
finish(struct loop *l)
{
    logger_say(&l->logger, LOG_INFO, "stopping");
    l->meters.stopping = true;
    if (l->notifies) notify("STOPPING=1");
    if (l->committer != NULL) {
        core_close_doors(l->core);
    }
    int rc = turn(l);
    if (rc >= 0 && l->committer != NULL) rc = settle(l);
    return rc < 0 ? rc : 0;
}

int
loop_run(struct loop *l)
{
    l->listened = timeline_now(&l->time);
    l->beat_at = l->listened;
    int rc = serve(l);
    if (rc == 0) rc = finish(l);
    outbox_fini(&l->outbox);
    return rc;
}
