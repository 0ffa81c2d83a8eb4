/* What stint_process.h says of processes.                   [layer: process] */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/stint_process.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"
#include "process/fork.h"
#include "process/guard.h"
#include "process/launch.h"
#include "process/reaper.h"
#include "process/remote.h"
#include "process/until.h"

#define GRACE (2 * TICK_S)
#define PATIENCE (2 * TICK_S) /* For who does not die of SIGKILL. */

enum { IDENTITY = 96 };

struct stint_process {
    pthread_mutex_t lock;
    struct member *member; /* Owned, until the reaper takes it. */
    pid_t pid, parent;
    char *name;
    bool is_daemon;
    tick_ns grace, began;
    bool has_ended;       /* And is reaped; the pidfd is still open. */
    struct ending ending; /* Then. */
    tick_ns wall;
    struct remote *remote; /* Or NULL, and then most of this is nothing. */
};

/* Who we are, if we are a copy: "1", or "1:2", …; as a daemon. */
static char identity[IDENTITY];
static bool is_daemon;
static atomic_uint made;

/* ---- starting ------------------------------------------------------------ */

static int
check(const struct stint_process_options *o)
{
    int what = (o->target != NULL) + (o->argv != NULL) + (o->handler != NULL);

    if (is_daemon) {
        return say(STINT_EINVAL,
            "daemonic processes are not allowed to have children");
    }
    if (what != 1) {
        return say(STINT_EINVAL,
            "a process is one of target, argv and handler, not %d", what);
    }
    if (o->on != NULL && o->target != NULL) {
        return say(STINT_EINVAL,
            "a function of this program cannot run elsewhere: give argv or "
            "handler");
    }
    if (o->on != NULL && o->daemon) {
        return say(STINT_EINVAL, "a remote process cannot be a daemon");
    }
    if (o->on == NULL && o->handler != NULL) {
        return say(STINT_EINVAL,
            "a handler runs on workers: say on which master (`on`)");
    }
    if (o->grace_ms < 0) {
        return say(
            STINT_EINVAL, "grace_ms is negative: %lld", (long long)o->grace_ms);
    }
    return 0;
}

static char *
name_of(const char *given, char number[IDENTITY])
{
    char name[IDENTITY + 16];

    int n = snprintf(number, IDENTITY, "%s%s%u", identity,
        identity[0] != '\0' ? ":" : "", atomic_fetch_add(&made, 1) + 1);
    if (n >= IDENTITY) number[IDENTITY - 2] = '+';
    if (given != NULL) return strdup(given);
    (void)snprintf(name, sizeof name, "Process-%s", number);
    return strdup(name);
}

/* What a copy begins with. */
struct beginning {
    int (*target)(void *arg);
    void *arg;
    bool is_daemon;
    char number[IDENTITY];
};

static int
begin_copy(void *arg)
{
    const struct beginning *b = arg;

    memcpy(identity, b->number, sizeof identity);
    is_daemon = b->is_daemon;
    atomic_store(&made, 0);
    return b->target(b->arg);
}

static size_t
count_fds(const int *fds)
{
    size_t n = 0;

    while (fds != NULL && fds[n] >= 0) {
        n += 1;
    }
    return n;
}

static int
start_function(struct stint_process *p, const struct stint_process_options *o,
    const char number[IDENTITY])
{
    struct beginning b = {
        .target = o->target, .arg = o->arg, .is_daemon = o->daemon
    };
    struct fork_config config = { .run = begin_copy,
        .arg = &b,
        .keep = o->keep_fds,
        .keep_count = count_fds(o->keep_fds) };

    memcpy(b.number, number, sizeof b.number);
    if (o->daemon) {
        config.guard = guard_claim(p->grace);
        if (config.guard == NULL) {
            return say(
                STINT_ESYSTEM, "there are %u daemons already", GUARD_ROWS);
        }
    }
    p->member->guard = config.guard;
    family_expect();
    pid_t pid = fork_run(&config);
    int error = pid < 0 ? errno : family_add(p->member, pid);
    family_expected();
    if (error == 0) return 0;
    if (pid < 0) guard_leave(config.guard);
    return say(error == ENOMEM ? STINT_ENOMEM : STINT_ESYSTEM,
        "cannot start a process: %s", strerrordesc_np(error));
}

static int
start_program(struct stint_process *p, const struct stint_process_options *o)
{
    const struct launch_config config = {
        .argv = o->argv, .env = o->env, .cwd = o->cwd
    };
    struct launch l;
    struct spawned started;

    int rc = launch_prepare(&l, &config);
    if (rc != 0) return rc;
    l.start.no_input = l.start.our_output = true;
    l.start.guarded = o->daemon;
    l.start.grace = p->grace;
    int error = spawn(&started, &l.start);
    if (error != 0) {
        rc = launch_error(&l, error);
    } else {
        family_move(&started.member, p->member);
    }
    launch_release(&l);
    return rc;
}

static int
begin_guard(void)
{
    char line[GUARD_LINE] = "";
    tick_ns now = clock_now();

    (void)guard_begin(now, line);
    (void)guard_look(now, line);
    if (guard_is_there()) return 0;
    guard_end();
    return say(STINT_ESYSTEM,
        "a daemon cannot be started without a guardian%s%s",
        line[0] != '\0' ? ": " : "", line);
}

static int
start_here(struct stint_process *p, const struct stint_process_options *o,
    const char number[IDENTITY])
{
    p->member = calloc(1, sizeof *p->member);
    if (p->member == NULL) return say(STINT_ENOMEM, "no memory for a process");
    int rc = o->daemon ? begin_guard() : 0;
    if (rc != 0) return rc;
    p->began = clock_now();
    rc = o->target != NULL ? start_function(p, o, number) : start_program(p, o);
    if (rc != 0) {
        if (o->daemon) guard_end();
        return rc;
    }
    p->pid = p->member->pid;
    return 0;
}

static void
destroy(struct stint_process *p)
{
    if (p->member != NULL && p->has_ended) (void)close(p->member->pidfd);
    free(p->member);
    free(p->name);
    (void)pthread_mutex_destroy(&p->lock);
    free(p);
}

int
stint_process_start(
    const struct stint_process_options *options, struct stint_process **out)
{
    char number[IDENTITY];

    *out = NULL;
    int rc = check(options);
    if (rc != 0) return rc;
    struct stint_process *p = calloc(1, sizeof *p);
    if (p == NULL) return say(STINT_ENOMEM, "no memory for a process");
    (void)pthread_mutex_init(&p->lock, NULL);
    p->parent = getpid();
    p->is_daemon = options->daemon;
    p->grace = options->grace_ms > 0 ? options->grace_ms * TICK_MS : GRACE;
    p->name = name_of(options->name, number);
    if (p->name == NULL) {
        rc = say(STINT_ENOMEM, "no memory for a process");
    } else if (options->on != NULL) {
        rc = remote_start(options, p->name, &p->remote);
    } else {
        rc = start_here(p, options, number);
    }
    if (rc == 0) {
        *out = p;
    } else {
        destroy(p);
    }
    return rc;
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

        if (fd < 0) return STINT_ESYSTEM;
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
    destroy(p);
}
