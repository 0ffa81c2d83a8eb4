#include "process/nursery.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base.h"
#include "common/list.h"
#include "common/stint_error.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"
#include "process/family.h"
#include "process/fork.h"
#include "process/until.h"

#define PATIENCE (2 * TICK_S) /* For who does not die of SIGKILL. */

/* What is asked; answered if it is a spawn. */
struct order {
    uint32_t serial; /* 0: send a signal. */
    unsigned number;
    pid_t pid; /* 0: to all. */
    int signal;
};

struct answer {
    uint32_t serial;
    pid_t pid; /* 0: see error. */
    int error;
};

/* ---- the nursery --------------------------------------------------------- */

/* One thread, and all its children are what it forked. */

struct child {
    struct list node;
    struct nursery_exit exit; /* Its code only when it has ended. */
};

struct ward {
    struct nursery_options options;
    int talk, exits, parent; /* The last one is a pidfd. */
    int deaths;              /* A signalfd of SIGCHLD. */
    struct list running, ended;
};

enum watched { TALK, PARENT, DEATHS, EXITS, WATCHED };

struct birth {
    const struct nursery_options *options;
    unsigned number;
    pid_t nursery;
};

/* In the child. */
static int
live(void *arg)
{
    const struct birth *b = arg;

    (void)prctl(PR_SET_PDEATHSIG, (long)SIGKILL);
    if (getppid() != b->nursery) return 1;
    return b->options->run(b->options->arg, b->number);
}

static pid_t
bear(struct ward *w, unsigned number)
{
    struct birth birth = { &w->options, number, getpid() };
    const struct fork_config config = { .run = live, .arg = &birth };
    struct child *c = calloc(1, sizeof *c);

    if (c == NULL) return -1;
    pid_t pid = fork_run(&config);
    if (pid < 0) {
        int error = errno;

        free(c);
        errno = error;
        return -1;
    }
    c->exit = (struct nursery_exit){ .pid = pid, .number = number };
    list_push(&w->running, &c->node);
    return pid;
}

static struct child *
find(struct ward *w, pid_t pid)
{
    for (struct list *n = w->running.next; n != &w->running; n = n->next) {
        struct child *c = CONTAINER_OF(n, struct child, node);

        if (c->exit.pid == pid) return c;
    }
    return NULL;
}

static void
signal_all(const struct ward *w, int signal)
{
    for (struct list *n = w->running.next; n != &w->running; n = n->next) {
        (void)kill(-CONTAINER_OF(n, struct child, node)->exit.pid, signal);
    }
}

/* False: nobody asks any more. */
static bool
obey(struct ward *w)
{
    struct order order;

    ssize_t n = recv(w->talk, &order, sizeof order, 0);
    if (n < 0 && errno == EINTR) return true;
    if (n != sizeof order) return false;
    if (order.serial == 0) {
        if (order.pid == 0) {
            signal_all(w, order.signal);
        } else if (find(w, order.pid) != NULL) {
            (void)kill(-order.pid, order.signal);
        }
        return true;
    }
    pid_t pid = bear(w, order.number);
    const struct answer answer = { .serial = order.serial,
        .pid = pid > 0 ? pid : 0,
        .error = pid > 0 ? 0 : errno };
    return send(w->talk, &answer, sizeof answer, MSG_NOSIGNAL) > 0;
}

/* What is left of its group goes with it, before its number is free. */
static void
reap(struct ward *w)
{
    for (;;) {
        siginfo_t info = { .si_pid = 0 };

        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0
            || info.si_pid == 0) {
            return;
        }
        (void)kill(-info.si_pid, SIGKILL);
        (void)waitpid(info.si_pid, NULL, 0);
        struct child *c = find(w, info.si_pid);
        if (c == NULL) continue;
        c->exit.code =
            info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
        list_remove(&c->node);
        list_push(&w->ended, &c->node);
    }
}

static void
tell_of_ends(struct ward *w)
{
    while (!list_is_empty(&w->ended)) {
        struct child *c =
            CONTAINER_OF(list_first(&w->ended), struct child, node);
        ssize_t n = send(
            w->exits, &c->exit, sizeof c->exit, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == ENOBUFS)) return;
        list_remove(&c->node); /* Told, or nobody is there who listens. */
        free(c);
    }
}

static void
wait_for_deaths(struct ward *w, tick_ns deadline)
{
    struct signalfd_siginfo ignored;

    reap(w);
    while (!list_is_empty(&w->running) && until_readable(w->deaths, deadline)) {
        ssize_t n = read(w->deaths, &ignored, sizeof ignored);
        (void)n;
        reap(w);
    }
}

static void
end_all(struct ward *w)
{
    if (w->options.grace > 0) {
        signal_all(w, SIGTERM);
        wait_for_deaths(w, tick_after(clock_now(), w->options.grace));
    }
    signal_all(w, SIGKILL);
    wait_for_deaths(w, tick_after(clock_now(), PATIENCE));
}

static void
serve(struct ward *w)
{
    struct pollfd fds[WATCHED] = { [TALK] = { .fd = w->talk, .events = POLLIN },
        [PARENT] = { .fd = w->parent, .events = POLLIN },
        [DEATHS] = { .fd = w->deaths, .events = POLLIN },
        [EXITS] = { .fd = -1, .events = POLLOUT } };
    struct signalfd_siginfo ignored;

    for (;;) {
        fds[EXITS].fd = list_is_empty(&w->ended) ? -1 : w->exits;
        if (until_ready(fds, WATCHED, TICK_NEVER) <= 0) return;
        if (fds[PARENT].revents != 0) return;
        if (fds[DEATHS].revents != 0) {
            ssize_t n = read(w->deaths, &ignored, sizeof ignored);
            (void)n;
            reap(w);
        }
        if (fds[TALK].revents != 0 && !obey(w)) return;
        tell_of_ends(w);
    }
}

static int
watch_over(void *arg)
{
    struct ward *w = arg;
    sigset_t deaths;

    (void)prctl(PR_SET_NAME, "stint-nursery");
    (void)signal(SIGCHLD, SIG_DFL); /* If we ignored it nobody was told. */
    (void)sigemptyset(&deaths);
    (void)sigaddset(&deaths, SIGCHLD);
    (void)pthread_sigmask(SIG_BLOCK, &deaths, NULL);
    w->deaths = signalfd(-1, &deaths, SFD_CLOEXEC);
    if (w->deaths < 0) return 1;
    serve(w);
    end_all(w);
    return 0;
}

/* ---- and its client ------------------------------------------------------ */

struct nursery {
    struct member member;
    int talk, exits;
    tick_ns grace;
    pthread_mutex_t lock; /* Of a spawn: one order, one answer. */
    uint32_t serial;
};

enum { OURS, THEIRS };

struct ends {
    int talk[2], exits[2], self;
};

static void
close_fd(int *fd)
{
    if (*fd >= 0) (void)close(*fd);
    *fd = -1;
}

static int
open_ends(struct ends *e)
{
    const int kind = SOCK_SEQPACKET | SOCK_CLOEXEC;

    *e = (struct ends){ { -1, -1 }, { -1, -1 }, -1 };
    if (socketpair(AF_UNIX, kind, 0, e->talk) != 0) return errno;
    if (socketpair(AF_UNIX, kind, 0, e->exits) != 0) return errno;
    e->self = pidfd_open(getpid(), 0);
    return e->self >= 0 ? 0 : errno;
}

static int
start(struct nursery *n, const struct nursery_options *options,
    const struct ends *e)
{
    struct ward w = { .options = *options,
        .talk = e->talk[THEIRS],
        .exits = e->exits[THEIRS],
        .parent = e->self };
    const int keep[] = { w.talk, w.exits, w.parent };
    const struct fork_config config = { .run = watch_over,
        .arg = &w,
        .keep = keep,
        .keep_count = ARRAY_LEN(keep) };

    list_init(&w.running);
    list_init(&w.ended);
    family_expect();
    pid_t pid = fork_run(&config);
    int error = pid < 0 ? errno : family_add(&n->member, pid);
    family_expected();
    return error;
}

int
nursery_open(const struct nursery_options *options, struct nursery **out)
{
    struct nursery *n = calloc(1, sizeof *n);
    struct ends e;

    *out = NULL;
    if (n == NULL) return say(STINT_ENOMEM, "no memory for a nursery");
    int error = open_ends(&e);
    if (error == 0) error = start(n, options, &e);
    close_fd(&e.self);
    close_fd(&e.talk[THEIRS]);
    close_fd(&e.exits[THEIRS]);
    if (error != 0) {
        close_fd(&e.talk[OURS]);
        close_fd(&e.exits[OURS]);
        free(n);
        return say(error == ENOMEM ? STINT_ENOMEM : STINT_ESYSTEM,
            "cannot start the process that starts processes: %s",
            family_why(error));
    }
    n->talk = e.talk[OURS];
    n->exits = e.exits[OURS];
    n->grace = options->grace;
    (void)pthread_mutex_init(&n->lock, NULL);
    *out = n;
    return 0;
}

static int
say_closed(const struct nursery *n)
{
    return say(STINT_ECLOSED,
        "the process that starts processes (pid %d) is gone: somebody killed "
        "it, and all that it had started",
        (int)n->member.pid);
}

/* ---- one more ------------------------------------------------------------ */

/* An answer that came too late for its caller: that child is nobody's. */
static void
disown(struct nursery *n, const struct answer *late)
{
    if (late->pid > 0) nursery_kill(n, late->pid, SIGKILL);
}

static int
await(struct nursery *n, tick_ns deadline, struct answer *answer)
{
    for (;;) {
        if (!until_readable(n->talk, deadline)) {
            return say(STINT_ETIMEOUT,
                "the process that starts processes (pid %d) does not answer",
                (int)n->member.pid);
        }
        ssize_t size = recv(n->talk, answer, sizeof *answer, 0);
        if (size < 0 && errno == EINTR) continue;
        if (size != sizeof *answer) return say_closed(n);
        if (answer->serial == n->serial) return 0;
        disown(n, answer);
    }
}

static int
ask(struct nursery *n, unsigned number, tick_ns deadline, pid_t *pid)
{
    struct answer answer;

    n->serial += n->serial == UINT32_MAX ? 2 : 1;
    const struct order order = { .serial = n->serial, .number = number };
    if (send(n->talk, &order, sizeof order, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        if (errno != EAGAIN) return say_closed(n);
        return say(STINT_ETIMEOUT,
            "the process that starts processes (pid %d) does not listen",
            (int)n->member.pid);
    }
    int rc = await(n, deadline, &answer);
    if (rc != 0) return rc;
    *pid = answer.pid;
    if (answer.pid > 0) return 0;
    return say(STINT_ESYSTEM, "cannot start a process: %s",
        strerrordesc_np(answer.error));
}

int
nursery_spawn(struct nursery *n, unsigned number, tick_ns deadline, pid_t *pid)
{
    *pid = 0;
    (void)pthread_mutex_lock(&n->lock);
    int rc = ask(n, number, deadline, pid);
    (void)pthread_mutex_unlock(&n->lock);
    return rc;
}

void
nursery_kill(struct nursery *n, pid_t pid, int signal)
{
    const struct order order = { .serial = 0, .pid = pid, .signal = signal };

    (void)send(n->talk, &order, sizeof order, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int
nursery_next_exit(struct nursery *n, struct nursery_exit *out, tick_ns deadline)
{
    ssize_t size = -1;

    while (size < 0) {
        if (!until_readable(n->exits, deadline)) {
            return say(STINT_ETIMEOUT, "no process has ended");
        }
        size = recv(n->exits, out, sizeof *out, 0);
        if (size < 0 && errno != EINTR) break;
    }
    return size == sizeof *out ? 0 : say_closed(n);
}

int
nursery_fd(const struct nursery *n)
{
    return n->exits;
}

pid_t
nursery_pid(const struct nursery *n)
{
    return n->member.pid;
}

void
nursery_close(struct nursery *n)
{
    struct ending ignored;

    if (n == NULL) return;
    close_fd(&n->talk);
    close_fd(&n->exits);
    tick_ns patience = tick_after(2 * PATIENCE, n->grace);
    (void)until_readable(n->member.pidfd, tick_after(clock_now(), patience));
    family_reap(&n->member, &ignored); /* Kills it, should it be stopped. */
    (void)close(n->member.pidfd);
    (void)pthread_mutex_destroy(&n->lock);
    free(n);
}
