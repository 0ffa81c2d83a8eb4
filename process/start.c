/* What stint_process.h says of starting a process.          [layer: process] */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/sys/clock.h"
#include "common/sys/say.h"
#include "process/family.h"
#include "process/fork.h"
#include "process/guard.h"
#include "process/launch.h"
#include "process/process.h"

#define GRACE (2 * TICK_S)

enum { IDENTITY = 96 };

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
        "cannot start a process: %s", family_why(error));
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
        process_destroy(p);
    }
    return rc;
}
