/* What stint_process.h says of talking to a program in pieces. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/sys/clock.h"
#include "common/sys/say.h"
#include "process/feed.h"
#include "process/popen.h"
#include "process/until.h"

/* One try, under the lock.  Returns how many, or 0: not now, or -1: never. */
static ssize_t
write_some(struct stint_popen *p, const uint8_t *data, size_t size)
{
    if (p->child.in < 0) return -1;
    for (;;) {
        ssize_t n = feed_write(p->child.in, data, size);

        if (n >= 0) return n;
        if (errno == EAGAIN) return p->has_ended ? -1 : 0;
        if (errno != EINTR) return -1;
    }
}

/* Until it can take more, or has ended. */
static bool
wait_to_write(struct stint_popen *p, tick_ns deadline)
{
    struct pollfd fds[] = { { .fd = p->child.in, .events = POLLOUT },
        { .fd = p->child.member.pidfd, .events = POLLIN } };

    (void)pthread_mutex_unlock(&p->lock);
    int ready = until_ready(fds, 2, deadline);
    (void)pthread_mutex_lock(&p->lock);
    if (ready > 0 && fds[1].revents != 0) popen_note_end(p);
    return ready > 0;
}

int64_t
stint_popen_write(
    struct stint_popen *p, const void *data, size_t size, int64_t timeout_ms)
{
    const uint8_t *from = data;
    size_t written = 0;
    ssize_t n = 0;
    int rc = popen_check(p, timeout_ms);

    if (rc != 0) return rc;
    tick_ns deadline = until_after(timeout_ms);
    (void)pthread_mutex_lock(&p->lock);
    bool is_closed = p->closes_input || p->rest.length > 0;
    popen_begin_write(p);
    while (!is_closed && written < size) {
        n = write_some(p, from + written, size - written);
        if (n < 0) break;
        written += (size_t)n;
        if (n == 0 ? !wait_to_write(p, deadline) : clock_now() >= deadline) {
            break;
        }
    }
    popen_end_write(p);
    (void)pthread_mutex_unlock(&p->lock);
    if (is_closed) {
        return say(STINT_EINVAL, "the standard input of process %d is closed",
            (int)p->pid);
    }
    if (written > 0 || size == 0) return (int64_t)written;
    if (n < 0) {
        return say(STINT_EEOF, "process %d does not read its standard input",
            (int)p->pid);
    }
    return say(STINT_ETIMEOUT, "process %d has not read for %lld ms",
        (int)p->pid, (long long)timeout_ms);
}

void
stint_popen_close_input(struct stint_popen *p)
{
    if (p->parent != getpid()) return; /* Its descriptors are not ours. */
    (void)pthread_mutex_lock(&p->lock);
    popen_end_input(p);
    (void)pthread_mutex_unlock(&p->lock);
}

/* What was captured comes first, then what the pipe has.  Returns how many, 0
 * at the end, or -1: nothing now. */
static ssize_t
read_some(struct stint_popen *p, int stream, void *data, size_t size)
{
    struct stint_bytes kept = popen_unread(p, stream);

    if (kept.size > 0) {
        size_t n = kept.size < size ? kept.size : size;

        memcpy(data, kept.data, n);
        p->taken[stream] += n;
        if (n == kept.size) {
            capture_drop(&p->capture, (enum capture_stream)stream);
            p->taken[stream] = 0;
        }
        return (ssize_t)n;
    }
    if (p->at_end[stream] || p->capture.cut[stream]) return 0;
    ssize_t n = read(popen_stream(p, stream), data, size);
    if (n > 0) return n;
    if (n < 0 && errno == EINTR) return -1;
    if (n < 0 && errno == EAGAIN && !p->has_ended) return -1;
    p->at_end[stream] = true;
    return 0;
}

static bool
wait_to_read(struct stint_popen *p, int stream, tick_ns deadline)
{
    struct pollfd fds[] = { { .fd = popen_stream(p, stream), .events = POLLIN },
        { .fd = p->child.member.pidfd, .events = POLLIN } };

    (void)pthread_mutex_unlock(&p->lock);
    int ready = until_ready(fds, 2, deadline);
    (void)pthread_mutex_lock(&p->lock);
    if (ready > 0 && fds[1].revents != 0) popen_note_end(p);
    return ready > 0;
}

int64_t
stint_popen_read(struct stint_popen *p, int stream, void *data, size_t size,
    int64_t timeout_ms)
{
    int rc = popen_check(p, timeout_ms);

    if (rc != 0) return rc;
    if (stream < 1 || stream > POPEN_STREAMS || size == 0) {
        return say(STINT_EINVAL,
            "read stream 1 or 2, at least a byte; not %zu bytes of %d", size,
            stream);
    }
    tick_ns deadline = until_after(timeout_ms);
    (void)pthread_mutex_lock(&p->lock);
    p->readers[stream - 1] += 1;
    ssize_t n = read_some(p, stream - 1, data, size);
    while (n < 0 && wait_to_read(p, stream - 1, deadline)) {
        n = read_some(p, stream - 1, data, size);
    }
    p->readers[stream - 1] -= 1;
    (void)pthread_mutex_unlock(&p->lock);
    if (n >= 0) return n;
    return say(STINT_ETIMEOUT, "process %d has written nothing for %lld ms",
        (int)p->pid, (long long)timeout_ms);
}
