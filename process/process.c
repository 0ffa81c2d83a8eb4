/* What stint_process.h says of processes that were started. */
#include "process/process.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/sys/clock.h"
#include "common/sys/say.h"
#include "process/guard.h"
#include "process/reaper.h"
#include "process/until.h"

#define PATIENCE (2 * TICK_S) /* For who does not die of SIGKILL. */

void
process_destroy(struct stint_process *p)
{
    if (p->member != NULL && p->has_ended) (void)close(p->member->pidfd);
    free(p->member);
    free(p->name);
    (void)pthread_mutex_destroy(&p->lock);
    free(p);
}

/* ---- its end ------------------------------------------------------------- */

static bool
is_ours(const struct stint_process *p)
{
    return p->parent == getpid();
}

static int
check_ours(const struct stint_process *p)
{
    if (is_ours(p)) return 0;
    return say(STINT_EINVAL,
        "%s is a child of process %d, of which we are a copy: only its parent "
        "can wait for it",
        p->name, (int)p->parent);
}

/* Under the lock; it has ended. */
static void
reap(struct stint_process *p)
{
    if (p->has_ended) return;
    family_reap(p->member, &p->ending);
    p->wall = clock_now() - p->began;
    p->has_ended = true;
    if (p->is_daemon) guard_end();
}

/* Whether it has ended by then. */
static bool
wait_for(struct stint_process *p, tick_ns deadline)
{
    if (!until_readable(p->member->pidfd, deadline)) return false;
    (void)pthread_mutex_lock(&p->lock);
    reap(p);
    (void)pthread_mutex_unlock(&p->lock);
    return true;
}

int
stint_process_join(struct stint_process *p, int64_t timeout_ms)
{
    int rc = until_check(timeout_ms);

    if (rc == 0) rc = check_ours(p);
    if (rc != 0) return rc;
    if (p->remote != NULL) return remote_join(p->remote, timeout_ms);
    if (wait_for(p, until_after(timeout_ms))) return 0;
    return say(STINT_ETIMEOUT, "%s (pid %d) still runs after %lld ms", p->name,
        (int)p->pid, (long long)timeout_ms);
}

bool
stint_process_is_alive(struct stint_process *p)
{
    if (!is_ours(p)) return false;
    if (p->remote != NULL) {
        return remote_join(p->remote, 0) != 0;
    }
    return !wait_for(p, 0);
}

static int
say_not_ready(const struct stint_process *p)
{
    return say(STINT_ENOTREADY, "%s has not ended yet", p->name);
}

int
stint_process_exitcode(struct stint_process *p, int *code)
{
    int rc = check_ours(p);

    if (rc != 0) return rc;
    if (p->remote != NULL) return remote_exitcode(p->remote, code);
    if (!wait_for(p, 0)) return say_not_ready(p);
    *code = p->ending.code;
    if (!p->ending.is_lost) return 0;
    return say(STINT_ESYSTEM,
        "how %s (pid %d) ended was not told: this program ignores SIGCHLD, or "
        "waits for children that are not its own",
        p->name, (int)p->pid);
}

int
stint_process_usage(struct stint_process *p, struct stint_usage *out)
{
    int rc = check_ours(p);

    if (rc != 0) return rc;
    if (p->remote != NULL) return remote_usage(p->remote, out);
    if (!wait_for(p, 0)) return say_not_ready(p);
    *out = (struct stint_usage){ .wall_ns = p->wall,
        .user_ns = p->ending.user,
        .system_ns = p->ending.system,
        .memory = p->ending.memory };
    return 0;
}

/* ---- signals ------------------------------------------------------------- */

/* Before it is reaped its number is nobody else's. */
static int
signal_it(struct stint_process *p, int signal)
{
    int rc = check_ours(p);

    if (rc != 0) return rc;
    if (p->remote != NULL) return remote_cancel(p->remote);
    (void)pthread_mutex_lock(&p->lock);
    if (!p->has_ended) family_signal(p->member, signal);
    (void)pthread_mutex_unlock(&p->lock);
    return 0;
}

int
stint_process_terminate(struct stint_process *p)
{
    return signal_it(p, SIGTERM);
}

int
stint_process_kill(struct stint_process *p)
{
    return signal_it(p, SIGKILL);
}

int
stint_process_interrupt(struct stint_process *p)
{
    return signal_it(p, SIGINT);
}

/* ---- looking ------------------------------------------------------------- */

const char *
stint_process_name(const struct stint_process *p)
{
    return p->name;
}

pid_t
stint_process_pid(const struct stint_process *p)
{
    return p->pid;
}

bool
stint_process_daemon(const struct stint_process *p)
{
    return p->is_daemon;
}

int
stint_process_sentinel(const struct stint_process *p)
{
    return p->remote != NULL ? remote_sentinel(p->remote) : p->member->pidfd;
}

struct stint_job *
stint_process_job(const struct stint_process *p)
{
    return p->remote != NULL ? remote_job(p->remote) : NULL;
}

/* ---- several ------------------------------------------------------------- */

static int
wait_for_any(struct stint_process *const processes[], struct pollfd *sentinels,
    size_t count, tick_ns deadline)
{
    for (size_t i = 0; i < count; i++) {
        int fd = stint_process_sentinel(processes[i]);

        if (fd < 0) return fd;
        sentinels[i] = (struct pollfd){ .fd = fd, .events = POLLIN };
    }
    int ended = until_ready(sentinels, count, deadline);
    if (ended > 0) return ended;
    if (ended == 0) {
        return say(STINT_ETIMEOUT, "all of the %zu processes still run", count);
    }
    return say(STINT_ESYSTEM, "cannot wait for %zu processes: %s", count,
        strerrordesc_np(-ended));
}

int
stint_processes_wait(
    struct stint_process *const processes[], size_t count, int64_t timeout_ms)
{
    int rc = until_check(timeout_ms);

    if (rc != 0) return rc;
    tick_ns deadline = until_after(timeout_ms);
    if (count == 0) return say(STINT_EINVAL, "there is no process to wait for");
    for (size_t i = 0; i < count; i++) {
        rc = check_ours(processes[i]);
        if (rc != 0) return rc;
    }
    struct pollfd *sentinels = calloc(count, sizeof *sentinels);
    if (sentinels == NULL) {
        return say(STINT_ENOMEM, "no memory to wait for %zu processes", count);
    }
    rc = wait_for_any(processes, sentinels, count, deadline);
    free(sentinels);
    return rc;
}

/* ---- leaving ------------------------------------------------------------- */

static void
end_daemon(struct stint_process *p)
{
    family_signal(p->member, SIGTERM);
    if (wait_for(p, tick_after(clock_now(), p->grace))) return;
    family_signal(p->member, SIGKILL);
    (void)wait_for(p, tick_after(clock_now(), PATIENCE));
}

static void
leave(struct stint_process *p)
{
    if (p->is_daemon) {
        end_daemon(p);
    } else {
        (void)wait_for(p, 0);
    }
    if (p->has_ended) return;
    reaper_take(p->member);
    p->member = NULL;
    if (p->is_daemon) guard_end();
}

void
stint_process_free(struct stint_process *p)
{
    if (p == NULL) return;
    if (!is_ours(p)) {
        p->has_ended = false; /* Its descriptor is not ours. */
    } else if (p->remote != NULL) {
        remote_free(p->remote);
    } else {
        leave(p);
    }
    process_destroy(p);
}
