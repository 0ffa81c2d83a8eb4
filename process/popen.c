/* What stint_process.h says of a program that is talked to. */
#include "process/popen.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/sys/clock.h"
#include "common/sys/say.h"
#include "process/feed.h"
#include "process/program.h"
#include "process/reaper.h"
#include "process/until.h"

enum watched { PROCESS, INPUT, OUTPUT, ERRORS, WATCHED };
enum { CHUNKS_LEFT = 64 };

#define PATIENCE (2 * TICK_S) /* For who does not die of SIGKILL. */
#define AGAIN (100 * TICK_MS) /* To look whether a reader has left. */

int
popen_stream(const struct stint_popen *p, int stream)
{
    return stream == CAPTURE_OUT ? p->child.out : p->child.err;
}

/* ---- starting ------------------------------------------------------------ */

static int
start(struct stint_popen *p, const struct stint_run_options *options)
{
    struct launch l;
    int rc = program_prepare(&l, options);

    if (rc != 0) return rc;
    p->began = clock_now();
    p->grace = l.start.grace;
    int error = spawn(&p->child, &l.start);
    if (error != 0) rc = launch_error(&l, error);
    launch_release(&l);
    return rc;
}

int
stint_popen(const struct stint_run_options *options, struct stint_popen **out)
{
    struct stint_popen *p = calloc(1, sizeof *p);

    *out = NULL;
    if (p == NULL) return say(STINT_ENOMEM, "no memory for a program");
    int rc = start(p, options);
    if (rc != 0) {
        free(p);
        return rc;
    }
    p->pid = p->child.member.pid;
    p->parent = getpid();
    (void)pthread_mutex_init(&p->lock, NULL);
    buf_init(&p->rest);
    capture_init(&p->capture);
    capture_begin(
        &p->capture, program_output_max(options), program_output_max(options));
    p->at_end[CAPTURE_OUT] = p->child.out < 0;
    p->at_end[CAPTURE_ERR] = p->child.err < 0;
    *out = p;
    return 0;
}

/* ---- under the lock ------------------------------------------------------ */

void
popen_end_input(struct stint_popen *p)
{
    p->closes_input = true;
    if (p->writers > 0 || p->child.in < 0) return;
    (void)close(p->child.in);
    p->child.in = -1;
}

void
popen_begin_write(struct stint_popen *p)
{
    p->writers += 1;
}

void
popen_end_write(struct stint_popen *p)
{
    p->writers -= 1;
    if (p->closes_input) popen_end_input(p);
}

/* Its leader has ended. */
void
popen_note_end(struct stint_popen *p)
{
    if (p->has_ended) return;
    family_reap(&p->child.member, &p->ending);
    p->wall = clock_now() - p->began;
    p->has_ended = true;
}

/* Keep what a stream has now.  False: nothing, or that was its end. */
static bool
keep_some(struct stint_popen *p, int stream)
{
    bool more;

    if (p->at_end[stream]) return false;
    ssize_t n = capture_read(&p->capture, (enum capture_stream)stream,
        popen_stream(p, stream), &more);
    if (n > 0) return true;
    if (n < 0 && errno == EINTR) return true;
    p->at_end[stream] = n == 0 || errno != EAGAIN;
    return false;
}

/* What it wrote before it ended is in the pipes; who still holds their other
 * end is not waited for. */
static void
keep_rest(struct stint_popen *p)
{
    for (int i = 0; i < POPEN_STREAMS; i++) {
        if (p->readers[i] > 0) continue;
        for (int n = 0; n < CHUNKS_LEFT && keep_some(p, i); n++) {}
        p->at_end[i] = true;
    }
}

/* Write what is left for communicate. */
static void
feed(struct stint_popen *p)
{
    while (p->child.in >= 0 && p->fed < p->rest.length) {
        ssize_t n = feed_write(
            p->child.in, p->rest.bytes + p->fed, p->rest.length - p->fed);

        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return;
        if (n < 0) break; /* EPIPE: it does not want the rest. */
        p->fed += (size_t)n;
    }
    buf_fini(&p->rest);
    p->fed = 0;
    popen_end_input(p);
}

/* ---- waiting for the end ------------------------------------------------- */

/* Under the lock.  Returns when to look again, whatever comes. */
static tick_ns
watch(struct stint_popen *p, bool feeds, struct pollfd fds[WATCHED],
    tick_ns deadline)
{
    bool some_read = p->readers[CAPTURE_OUT] + p->readers[CAPTURE_ERR] > 0;
    bool keep_out = !p->at_end[CAPTURE_OUT] && p->readers[CAPTURE_OUT] == 0;
    bool keep_err = !p->at_end[CAPTURE_ERR] && p->readers[CAPTURE_ERR] == 0;

    fds[PROCESS] =
        (struct pollfd){ .fd = p->child.member.pidfd, .events = POLLIN };
    fds[INPUT] =
        (struct pollfd){ .fd = feeds ? p->child.in : -1, .events = POLLOUT };
    fds[OUTPUT] =
        (struct pollfd){ .fd = keep_out ? p->child.out : -1, .events = POLLIN };
    fds[ERRORS] =
        (struct pollfd){ .fd = keep_err ? p->child.err : -1, .events = POLLIN };
    return some_read ? tick_min(deadline, tick_after(clock_now(), AGAIN))
                     : deadline;
}

/* Read, feed and wait until it has ended, or the deadline; under the lock,
 * which is let go of meanwhile.  True: it has ended. */
static bool
attend(struct stint_popen *p, bool feeds, tick_ns deadline)
{
    struct pollfd fds[WATCHED];
    bool is_late = false;

    if (feeds) popen_begin_write(p);
    while (!p->has_ended && !is_late) {
        tick_ns until = watch(p, feeds, fds, deadline);

        (void)pthread_mutex_unlock(&p->lock);
        int ready = until_ready(fds, WATCHED, until);
        (void)pthread_mutex_lock(&p->lock);
        /* Also when there is always something to read. */
        is_late = clock_now() >= deadline;
        if (ready <= 0) continue;
        if (fds[INPUT].revents != 0) feed(p);
        if (feeds && p->rest.length == 0) {
            popen_end_write(p);
            feeds = false;
        }
        for (int i = 0; i < POPEN_STREAMS; i++) {
            if (fds[OUTPUT + i].revents != 0 && p->readers[i] == 0) {
                (void)keep_some(p, i);
            }
        }
        if (fds[PROCESS].revents != 0) popen_note_end(p);
    }
    if (feeds) popen_end_write(p);
    return p->has_ended;
}

static int
say_running(const struct stint_popen *p, int64_t timeout_ms)
{
    return say(STINT_ETIMEOUT, "process %d still runs after %lld ms",
        (int)p->pid, (long long)timeout_ms);
}

int
popen_check(const struct stint_popen *p, int64_t timeout_ms)
{
    if (p->parent != getpid()) {
        return say(STINT_EINVAL,
            "process %d is a child of process %d, of which we are a copy: only "
            "its parent can talk to it",
            (int)p->pid, (int)p->parent);
    }
    return until_check(timeout_ms);
}

/* ---- communicate --------------------------------------------------------- */

struct stint_bytes
popen_unread(const struct stint_popen *p, int stream)
{
    const struct buf *b = &p->capture.kept[stream];

    if (b->length <= p->taken[stream]) return (struct stint_bytes){ NULL, 0 };
    return (struct stint_bytes){ b->bytes + p->taken[stream],
        b->length - p->taken[stream] };
}

static void
show(const struct stint_popen *p, struct stint_completed *out)
{
    *out = (struct stint_completed){
        .returncode = p->ending.code,
        .timed_out = !p->has_ended,
        .out_cut = p->capture.cut[CAPTURE_OUT],
        .err_cut = p->capture.cut[CAPTURE_ERR],
        .out = popen_unread(p, CAPTURE_OUT),
        .err = popen_unread(p, CAPTURE_ERR),
        .usage = { .wall_ns = p->wall,
            .user_ns = p->ending.user,
            .system_ns = p->ending.system,
            .memory = p->ending.memory },
    };
}

/* Only what cannot be written at once is copied. */
static int
give_input(struct stint_popen *p, const void *input, size_t size)
{
    if (input == NULL) return 0;
    if (p->rest.length > 0) {
        return say(STINT_EINVAL,
            "%zu bytes of the input are not written yet: go on with input NULL",
            p->rest.length - p->fed);
    }
    if (p->closes_input) {
        return size == 0 ? 0
                         : say(STINT_EINVAL,
                             "the standard input of process %d "
                             "is closed",
                             (int)p->pid);
    }
    ssize_t n = size > 0 ? feed_write(p->child.in, input, size) : 0;
    if (n < 0) n = errno == EAGAIN || errno == EINTR ? 0 : (ssize_t)size;
    if ((size_t)n == size) return 0;
    buf_append(&p->rest, (const uint8_t *)input + n, size - (size_t)n);
    if (!p->rest.failed) return 0;
    buf_fini(&p->rest);
    return say(STINT_ENOMEM, "no memory for an input of %zu bytes", size);
}

int
stint_popen_communicate(struct stint_popen *p, const void *input, size_t size,
    int64_t timeout_ms, struct stint_completed *out)
{
    memset(out, 0, sizeof *out);
    int rc = popen_check(p, timeout_ms);
    if (rc != 0) return rc;
    tick_ns deadline = until_after(timeout_ms);
    (void)pthread_mutex_lock(&p->lock);
    rc = p->has_ended ? 0 : give_input(p, input, size);
    if (rc == 0) {
        if (p->rest.length == 0) popen_end_input(p);
        bool ended = attend(p, p->rest.length > 0, deadline);
        if (ended) keep_rest(p);
        show(p, out);
        if (p->capture.failed) {
            rc = say(STINT_ENOMEM, "no memory for the output of process %d",
                (int)p->pid);
        } else if (!ended) {
            rc = say_running(p, timeout_ms);
        }
    }
    (void)pthread_mutex_unlock(&p->lock);
    return rc;
}

/* ---- its end ------------------------------------------------------------- */

static int
tell(struct stint_popen *p, int *returncode)
{
    *returncode = p->ending.code;
    if (!p->ending.is_lost) return 0;
    return say(STINT_ESYSTEM,
        "how process %d ended was not told: this program ignores SIGCHLD, or "
        "waits for children that are not its own",
        (int)p->pid);
}

int
stint_popen_wait(struct stint_popen *p, int *returncode, int64_t timeout_ms)
{
    int rc = popen_check(p, timeout_ms);

    if (rc != 0) return rc;
    tick_ns deadline = until_after(timeout_ms);
    (void)pthread_mutex_lock(&p->lock);
    rc = attend(p, p->rest.length > 0, deadline) ? tell(p, returncode)
                                                 : say_running(p, timeout_ms);
    (void)pthread_mutex_unlock(&p->lock);
    return rc;
}

int
stint_popen_poll(struct stint_popen *p, int *returncode)
{
    int rc = stint_popen_wait(p, returncode, 0);

    if (rc != STINT_ETIMEOUT) return rc;
    return say(STINT_ENOTREADY, "process %d has not ended yet", (int)p->pid);
}

int
stint_popen_signal(struct stint_popen *p, int signal)
{
    int rc = popen_check(p, 0);

    if (rc != 0) return rc;
    if (signal < 1 || signal > SIGRTMAX) {
        return say(STINT_EINVAL, "%d is no signal", signal);
    }
    (void)pthread_mutex_lock(&p->lock);
    if (!p->has_ended) family_signal(&p->child.member, signal);
    (void)pthread_mutex_unlock(&p->lock);
    return 0;
}

pid_t
stint_popen_pid(const struct stint_popen *p)
{
    return p->pid;
}

/* ---- leaving ------------------------------------------------------------- */

static void
end_it(struct stint_popen *p)
{
    int pidfd = p->child.member.pidfd;

    if (!until_readable(pidfd, 0)) {
        family_signal(&p->child.member, SIGTERM);
        if (!until_readable(pidfd, tick_after(clock_now(), p->grace))) {
            family_signal(&p->child.member, SIGKILL);
            (void)until_readable(pidfd, tick_after(clock_now(), PATIENCE));
        }
    }
    if (until_readable(pidfd, 0)) {
        popen_note_end(p);
    } else {
        reaper_take_over(&p->child.member);
    }
}

static void
close_fds(struct stint_popen *p)
{
    const int fds[] = { p->child.member.pidfd, p->child.in, p->child.out,
        p->child.err };

    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (fds[i] >= 0) (void)close(fds[i]);
    }
}

void
stint_popen_free(struct stint_popen *p)
{
    if (p == NULL) return;
    if (p->parent == getpid()) {
        if (!p->has_ended) end_it(p);
        close_fds(p);
    }
    capture_fini(&p->capture);
    buf_fini(&p->rest);
    (void)pthread_mutex_destroy(&p->lock);
    free(p);
}
