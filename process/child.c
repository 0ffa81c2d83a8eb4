#include "process/child.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/sys/clock.h"
#include "process/feed.h"
#include "process/reaper.h"

enum {
    CHUNKS_LEFT = 64,    /* What a pipe may still hold after the end: 1 MiB. */
    KILL_PATIENCE_S = 2, /* For a process that does not even die. */
};

#define FIRST_LOOK (20 * TICK_MS)
#define LOOK_MAX (100 * TICK_MS)

enum watched { PROCESS, INPUT, OUTPUT, ERRORS, PROGRESS, CANCEL, WATCHED };

struct child {
    struct spawned process;
    struct pollfd watch[WATCHED]; /* Owns all but CANCEL; -1: closed. */
    struct slice input;           /* What is not written yet. */
    tick_ns began;
    tick_ns next; /* When to do something if nothing happens. */
    tick_ns look; /* When to look at its memory, and how long after. */
    tick_ns look_after;
    uint64_t seen; /* Most memory at any look. */
    bool killed;
    bool left; /* Not even SIGKILL helped. */
    bool ended;
};

static void
close_fd(int *fd)
{
    if (*fd >= 0) (void)close(*fd);
    *fd = -1;
}

/* ---- memory -------------------------------------------------------------- */

static uint64_t
own_peak(void)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
    return (uint64_t)usage.ru_maxrss * 1024;
}

static void
look_at_memory(struct child *c, tick_ns now)
{
    char path[32], line[128];

    c->look_after = tick_min(2 * c->look_after, LOOK_MAX);
    c->look = tick_after(now, c->look_after);
    (void)snprintf(
        path, sizeof path, "/proc/%d/status", (int)c->process.member.pid);
    FILE *status = fopen(path, "re");
    if (status == NULL) return;
    while (fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, "VmHWM:", 6) != 0) continue;
        uint64_t bytes = strtoull(line + 6, NULL, 10) * 1024;
        if (bytes > c->seen) c->seen = bytes;
        break;
    }
    (void)fclose(status);
}

/* See child_run() in the header. */
static uint64_t
peak_of(const struct child *c, uint64_t counted)
{
    return counted > own_peak() ? counted : c->seen;
}

/* ---- while it runs ------------------------------------------------------- */

static void
feed(struct child *c)
{
    while (c->input.length > 0) {
        ssize_t n =
            feed_write(c->watch[INPUT].fd, c->input.bytes, c->input.length);

        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return;
        if (n < 0) break; /* EPIPE: it does not want the rest. */
        c->input.bytes += n;
        c->input.length -= (size_t)n;
    }
    close_fd(&c->watch[INPUT].fd);
}

/* First cause wins: what follows is its consequence, and can only be sooner. */
static void
ask_to_end(struct child *c, struct child_end *end, enum child_cause cause,
    tick_ns grace)
{
    tick_ns kill_at = tick_after(clock_now(), grace);

    if (end->cause != CHILD_EXITED) {
        if (!c->killed) c->next = tick_min(c->next, kill_at);
        return;
    }
    end->cause = cause;
    family_signal(&c->process.member, SIGTERM);
    c->next = kill_at;
}

static tick_ns
grace_of(const struct child_config *config)
{
    return config->grace > 0 ? config->grace : CHILD_GRACE;
}

static void
cancel(
    struct child *c, const struct child_config *config, struct child_end *end)
{
    uint64_t order = CHILD_STOP;

    if (read(config->cancel_fd, &order, sizeof order) < 0) return;
    tick_ns most = order >= CHILD_RECALL ? CHILD_GRACE_RECALL : CHILD_GRACE;
    ask_to_end(c, end, CHILD_CANCELLED, tick_min(grace_of(config), most));
}

/* One read of a stream.  False: nothing there now, or it is closed. */
static bool
collect(struct child *c, const struct child_config *config,
    struct child_end *end, enum watched which)
{
    struct capture *capture = config->capture;
    enum capture_stream stream = which == OUTPUT ? CAPTURE_OUT : CAPTURE_ERR;
    int *fd = &c->watch[which].fd;
    bool more;

    ssize_t n = capture_read(capture, stream, *fd, &more);
    if (more && config->more != NULL) config->more(config->more_arg);
    if (n < 0 && errno == EINTR) return true;
    if (n < 0 && errno == EAGAIN) return false;
    if (n <= 0) {
        close_fd(fd);
        return false;
    }
    if (capture->failed) {
        ask_to_end(c, end, CHILD_NO_MEMORY, grace_of(config));
    } else if (config->output_whole && capture->cut[CAPTURE_OUT]) {
        ask_to_end(c, end, CHILD_TOO_LONG, grace_of(config));
    } else {
        return true;
    }
    close_fd(fd);
    return false;
}

static bool
collect_progress(struct child *c, const struct child_config *config)
{
    int *fd = &c->watch[PROGRESS].fd;
    uint8_t chunk[4096];

    ssize_t n = read(*fd, chunk, sizeof chunk);
    if (n > 0) {
        config->heard(config->heard_arg, chunk, (size_t)n);
        return true;
    }
    if (n < 0 && errno == EINTR) return true;
    if (n == 0 || errno != EAGAIN) close_fd(fd);
    return false;
}

/* Its time, or its grace, or our patience is over. */
static void
escalate(
    struct child *c, const struct child_config *config, struct child_end *end)
{
    if (end->cause == CHILD_EXITED) {
        ask_to_end(c, end, CHILD_TIMED_OUT, grace_of(config));
    } else if (!c->killed) {
        c->killed = true;
        family_signal(&c->process.member, SIGKILL);
        c->next = tick_after(clock_now(), KILL_PATIENCE_S * TICK_S);
    } else {
        c->left = true;
    }
}

static int
milliseconds_until(tick_ns then, tick_ns now)
{
    if (then == TICK_NEVER) return -1;
    if (then <= now) return 0;
    tick_ns ms = (then - now + TICK_MS - 1) / TICK_MS;
    return ms > INT_MAX ? INT_MAX : (int)ms;
}

static void
attend(
    struct child *c, const struct child_config *config, struct child_end *end)
{
    tick_ns now = clock_now();

    if (now >= c->look) look_at_memory(c, now);
    if (now >= c->next) {
        escalate(c, config, end);
        if (c->left) return;
    }
    tick_ns next = tick_min(c->next, c->look);
    int ready = poll(c->watch, WATCHED, milliseconds_until(next, now));
    if (ready <= 0) return; /* A deadline, or EINTR: look again. */
    if (c->watch[CANCEL].revents != 0) cancel(c, config, end);
    if (c->watch[INPUT].revents != 0) feed(c);
    if (c->watch[OUTPUT].revents != 0) (void)collect(c, config, end, OUTPUT);
    if (c->watch[ERRORS].revents != 0) (void)collect(c, config, end, ERRORS);
    if (c->watch[PROGRESS].revents != 0) (void)collect_progress(c, config);
    if (c->watch[PROCESS].revents != 0) c->ended = true;
}

/* ---- the end ------------------------------------------------------------- */

/* What it wrote before it died is in the pipes; who still holds their other
 * end is not waited for. */
static void
collect_rest(
    struct child *c, const struct child_config *config, struct child_end *end)
{
    for (enum watched w = OUTPUT; w <= ERRORS; w++) {
        for (int i = 0; i < CHUNKS_LEFT && c->watch[w].fd >= 0; i++) {
            if (!collect(c, config, end, w)) break;
        }
    }
    for (int i = 0; i < CHUNKS_LEFT && c->watch[PROGRESS].fd >= 0; i++) {
        if (!collect_progress(c, config)) break;
    }
}

static void
reap(struct child *c, struct child_end *end)
{
    struct ending how;

    family_reap(&c->process.member, &how);
    if (how.is_lost) {
        end->cause = CHILD_LOST;
        return;
    }
    end->code = how.code > 0 ? how.code : 0;
    end->signal = how.code < 0 ? -how.code : 0;
    end->user = how.user;
    end->system = how.system;
    end->memory = peak_of(c, how.memory);
}

static void
watch_all(struct child *c, const struct child_config *config)
{
    const struct spawned *p = &c->process;
    const struct pollfd watch[WATCHED] = {
        [PROCESS] = { .fd = p->member.pidfd, .events = POLLIN },
        [INPUT] = { .fd = p->in, .events = POLLOUT },
        [OUTPUT] = { .fd = p->out, .events = POLLIN },
        [ERRORS] = { .fd = p->err, .events = POLLIN },
        [PROGRESS] = { .fd = p->progress, .events = POLLIN },
        [CANCEL] = { .fd = config->cancel_fd, .events = POLLIN },
    };

    memcpy(c->watch, watch, sizeof watch);
    c->began = clock_now();
    c->next = config->timeout > 0 ? tick_after(c->began, config->timeout)
                                  : TICK_NEVER;
    c->look_after = FIRST_LOOK;
    c->look = tick_after(c->began, FIRST_LOOK);
}

void
child_run(const struct child_config *config, struct child_end *end)
{
    struct child c = { .input = config->input };
    struct spawn_config start = config->start;

    start.grace = tick_min(grace_of(config), CHILD_GRACE); /* As a stop's. */
    *end = (struct child_end){ .began = clock_wall() };
    end->error = spawn(&c.process, &start);
    if (end->error != 0) {
        end->cause = CHILD_NOT_STARTED;
        return;
    }
    watch_all(&c, config);
    if (c.input.length == 0) close_fd(&c.watch[INPUT].fd);
    while (!c.ended && !c.left) {
        attend(&c, config, end);
    }
    end->wall = clock_now() - c.began;
    family_signal(&c.process.member, SIGKILL);
    if (c.ended) {
        collect_rest(&c, config, end);
        reap(&c, end);
    } else {
        reaper_take_over(&c.process.member);
        c.watch[PROCESS].fd = -1;
    }
    for (int i = 0; i < CANCEL; i++) {
        close_fd(&c.watch[i].fd);
    }
}
