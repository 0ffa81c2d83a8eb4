/* Waiting for several things at once, ends of pipes among them. [layer: client]
 *
 * Ends of one connection are waited for as a recv waits, by reading the
 * connection.  All else is waited for by poll(2) on descriptors; those of ends
 * are written to by whoever reads their connection meanwhile. */
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "client/pipe/pipe.h"
#include "client/pipe/pipe_answer.h"
#include "client/pipe/pipe_recv.h"
#include "client/pump.h"
#include "client/stint_process.h"
#include "common/sys/say.h"
#include "process/until.h"

struct set {
    struct stint_waited *objects;
    size_t count;
};

/* ---- a descriptor -------------------------------------------------------- */

static int
check_end(const struct stint_pipe *p)
{
    int rc = pipe_recv_check(p);

    if (rc != 0 || !p->passed) return rc;
    return say(STINT_EINVAL,
        "this end of the pipe was passed on: what comes is for who accepts it");
}

/* Under the lock. */
static int
get_descriptor(struct stint_pipe *p)
{
    int rc = check_end(p);

    if (rc != 0) return rc;
    if (p->fd < 0) p->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (p->fd < 0) {
        return say(STINT_ESYSTEM, "no descriptor is left for a pipe: %s",
            strerrordesc_np(errno));
    }
    pipe_recv_show(p);
    return p->fd;
}

int
stint_pipe_fileno(struct stint_pipe *p)
{
    pump_enter(p->s);
    int fd = get_descriptor(p);
    if (fd >= 0 && !p->s->closed) pump_push(p->s, true);
    pump_leave(p->s);
    return fd;
}

/* ---- ends of one connection ---------------------------------------------- */

/* Whose ends all of them are; NULL: of several, or there are other things. */
static struct stint *
only_connection(const struct set *set)
{
    struct stint *s = NULL;

    for (size_t i = 0; i < set->count; i++) {
        const struct stint_waited *o = &set->objects[i];
        if (o->pipe == NULL || (s != NULL && o->pipe->s != s)) return NULL;
        s = o->pipe->s;
    }
    return s;
}

/* An end that is neither is to be asked about again. */
static bool
has_news(const void *arg)
{
    const struct set *set = arg;

    for (size_t i = 0; i < set->count; i++) {
        const struct stint_pipe *p = set->objects[i].pipe;
        if (!p->asking || pipe_recv_is_ready(p)) return true;
    }
    return false;
}

static int
mark_ends(const struct set *set)
{
    int ready = 0;

    for (size_t i = 0; i < set->count; i++) {
        struct stint_waited *o = &set->objects[i];
        o->ready = pipe_recv_is_ready(o->pipe);
        if (o->ready) ready += 1;
    }
    return ready;
}

static int
expect_all(const struct set *set)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < set->count; i++) {
        struct stint_pipe *p = set->objects[i].pipe;
        rc = check_end(p);
        if (rc == 0) rc = pipe_recv_expect(p);
    }
    return rc;
}

/* What is there already may be on its way, as the end was not asked about. */
static int
look(const struct stint_pipe *p, tick_ns deadline)
{
    int rc = pipe_answer_look(p, deadline);

    return rc == STINT_ESTALE || rc == STINT_ENOOBJECT ? 0 : rc;
}

static int
wait_for_ends(
    struct stint *s, const struct set *set, bool at_once, tick_ns deadline)
{
    for (;;) {
        int rc = expect_all(set);
        if (rc != 0) return rc;
        int ready = mark_ends(set);
        if (ready > 0) return ready;
        rc = at_once ? look(set->objects[0].pipe, deadline)
                     : pump_wait(s, has_news, set, deadline);
        if (rc != 0) return rc;
        if (!at_once) continue;
        ready = mark_ends(set);
        return ready > 0 ? ready : STINT_ETIMEOUT;
    }
}

/* ---- anything ------------------------------------------------------------ */

static int
descriptor_of(const struct stint_waited *o)
{
    if (o->pipe != NULL) return stint_pipe_fileno(o->pipe);
    if (o->process != NULL) return stint_process_sentinel(o->process);
    if (o->fd >= 0) return o->fd;
    return say(STINT_EINVAL, "%d is no descriptor to wait for", o->fd);
}

static int
look_at_all(const struct set *set, tick_ns deadline)
{
    const struct stint *looked = NULL;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < set->count; i++) {
        const struct stint_pipe *p = set->objects[i].pipe;
        if (p == NULL || p->s == looked) continue;
        looked = p->s;
        pump_enter(p->s);
        if (!pipe_recv_is_ready(p)) rc = look(p, deadline);
        pump_leave(p->s);
    }
    return rc;
}

static int
mark_all(const struct set *set, const struct pollfd *fds)
{
    for (size_t i = 0; i < set->count; i++) {
        if ((fds[i].revents & POLLNVAL) != 0) {
            return say(
                STINT_EINVAL, "the descriptor %d is not open", fds[i].fd);
        }
        set->objects[i].ready = fds[i].revents != 0;
    }
    return 0;
}

static int
poll_all(
    const struct set *set, struct pollfd *fds, bool at_once, tick_ns deadline)
{
    int rc = 0;

    for (size_t i = 0; i < set->count; i++) {
        int fd = descriptor_of(&set->objects[i]);
        if (fd < 0) return fd;
        fds[i] = (struct pollfd){ .fd = fd, .events = POLLIN };
    }
    if (at_once) rc = look_at_all(set, deadline);
    if (rc != 0) return rc;
    int ready = until_ready(fds, set->count, deadline);
    if (ready < 0) {
        return say(STINT_ESYSTEM, "cannot wait for %zu things: %s", set->count,
            strerrordesc_np(-ready));
    }
    if (ready == 0) return STINT_ETIMEOUT;
    rc = mark_all(set, fds);
    return rc == 0 ? ready : rc;
}

static int
wait_for_any(const struct set *set, bool at_once, tick_ns deadline)
{
    struct pollfd *fds = calloc(set->count, sizeof *fds);

    if (fds == NULL) {
        return say(
            STINT_ENOMEM, "no memory to wait for %zu things", set->count);
    }
    int rc = poll_all(set, fds, at_once, deadline);
    free(fds);
    return rc;
}

/* ---- and the call -------------------------------------------------------- */

static int
check(const struct set *set)
{
    if (set->count == 0)
        return say(STINT_EINVAL, "there is nothing to wait for");
    for (size_t i = 0; i < set->count; i++) {
        struct stint_waited *o = &set->objects[i];
        o->ready = false;
        if (o->pipe == NULL || o->process == NULL) continue;
        return say(STINT_EINVAL,
            "thing %zu to wait for is both an end of a pipe and a process", i);
    }
    return 0;
}

int
stint_wait(struct stint_waited objects[], size_t count, int64_t timeout_ms)
{
    const struct set set = { objects, count };
    bool at_once = timeout_ms == 0;
    int rc = pump_check_timeout(timeout_ms);

    if (rc == 0) rc = check(&set);
    if (rc != 0) return rc;
    tick_ns deadline = pump_deadline(timeout_ms);
    struct stint *s = only_connection(&set);
    if (s != NULL) {
        pump_enter(s);
        rc = wait_for_ends(s, &set, at_once, deadline);
        pump_leave(s);
    } else {
        rc = wait_for_any(&set, at_once, deadline);
    }
    if (rc != STINT_ETIMEOUT) return rc;
    return say(STINT_ETIMEOUT, "none of %zu things is ready after %lld ms",
        count, (long long)timeout_ms);
}
