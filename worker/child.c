#include "worker/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base.h"
#include "common/check.h"
#include "common/list.h"
#include "common/sys/clock.h"

enum {
    CHUNK = 16384,
    CHUNKS_LEFT = 64,    /* What a pipe may still hold after the end: 1 MiB. */
    KILL_PATIENCE_S = 2, /* For a process that does not even die. */
};

enum watched { PROCESS, INPUT, OUTPUT, ERRORS, CANCEL, WATCHED };

struct child {
    struct list node; /* In `leaders`. */
    pid_t pid;
    struct pollfd watch[WATCHED]; /* Owns all but CANCEL; -1: closed. */
    struct slice input;           /* What is not written yet. */
    tick_ns next;                 /* When to do something if nothing happens. */
    bool killed;
    bool left; /* Not even SIGKILL helped. */
    bool ended;
};

/* Children that a thread waits for.  A start holds `starting` for reading, so
 * that the reaper never sees a child that is not in the list yet. */
static pthread_rwlock_t starting = PTHREAD_RWLOCK_INITIALIZER;
static pthread_mutex_t leaders_lock = PTHREAD_MUTEX_INITIALIZER;
static struct list leaders = { &leaders, &leaders };

/* ---- starting ------------------------------------------------------------ */

static void
close_fd(int *fd)
{
    if (*fd >= 0) (void)close(*fd);
    *fd = -1;
}

/* Standard streams may be closed in this process: a pipe with such a number
 * would be overwritten while the child sorts its own. */
static int
move_up(int *fd)
{
    if (*fd > STDERR_FILENO) return 0;

    int moved = fcntl(*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int error = errno;
    close_fd(fd);
    *fd = moved;
    return moved < 0 ? error : 0;
}

static int
open_pipe(int *reader, int *writer, int *ours)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    *reader = ends[0];
    *writer = ends[1];
    int error = move_up(reader);
    if (error == 0) error = move_up(writer);
    if (error == 0 && fcntl(*ours, F_SETFL, O_NONBLOCK) != 0) error = errno;
    return error;
}

static int
fill_actions(posix_spawn_file_actions_t *actions, const int theirs[3])
{
    int error = 0;

    for (int i = 0; i < 3 && error == 0; i++) {
        error = posix_spawn_file_actions_adddup2(actions, theirs[i], i);
    }
    if (error == 0) {
        error = posix_spawn_file_actions_addclosefrom_np(
            actions, STDERR_FILENO + 1);
    }
    return error;
}

static int
fill_attributes(posix_spawnattr_t *attributes)
{
    sigset_t all, none;

    (void)sigfillset(&all);
    (void)sigemptyset(&none);
    int error = posix_spawnattr_setflags(attributes,
        POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (error == 0) error = posix_spawnattr_setpgroup(attributes, 0);
    if (error == 0) error = posix_spawnattr_setsigmask(attributes, &none);
    if (error == 0) error = posix_spawnattr_setsigdefault(attributes, &all);
    return error;
}

/* Needs memory only, so its errors are errno's ENOMEM and those of exec. */
static int
spawn(struct child *c, const struct child_config *config, const int theirs[3])
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;

    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0) return error;
    error = posix_spawnattr_init(&attributes);
    if (error != 0) goto fini_actions;
    error = fill_actions(&actions, theirs);
    if (error == 0) error = fill_attributes(&attributes);
    if (error == 0) {
        error = posix_spawnp(&c->pid, config->argv[0], &actions, &attributes,
            config->argv, config->envp);
    }
    (void)posix_spawnattr_destroy(&attributes);
fini_actions:
    (void)posix_spawn_file_actions_destroy(&actions);
    return error;
}

static int
spawn_leader(
    struct child *c, const struct child_config *config, const int theirs[3])
{
    (void)pthread_rwlock_rdlock(&starting);
    int error = spawn(c, config, theirs);
    if (error == 0) {
        (void)pthread_mutex_lock(&leaders_lock);
        list_push(&leaders, &c->node);
        (void)pthread_mutex_unlock(&leaders_lock);
    }
    (void)pthread_rwlock_unlock(&starting);
    return error;
}

static void
forget_leader(struct child *c)
{
    (void)pthread_rwlock_rdlock(&starting);
    (void)pthread_mutex_lock(&leaders_lock);
    list_remove(&c->node);
    (void)pthread_mutex_unlock(&leaders_lock);
    (void)pthread_rwlock_unlock(&starting);
}

static int
start(struct child *c, const struct child_config *config)
{
    int theirs[3] = { -1, -1, -1 };
    int *in = &c->watch[INPUT].fd, *out = &c->watch[OUTPUT].fd,
        *err = &c->watch[ERRORS].fd;

    int error = open_pipe(&theirs[0], in, in);
    if (error == 0) error = open_pipe(out, &theirs[1], out);
    if (error == 0) error = open_pipe(err, &theirs[2], err);
    if (error == 0) error = spawn_leader(c, config, theirs);
    for (size_t i = 0; i < ARRAY_LEN(theirs); i++) {
        close_fd(&theirs[i]);
    }
    if (error != 0) return error;

    c->watch[PROCESS].fd = pidfd_open(c->pid, 0);
    if (c->watch[PROCESS].fd >= 0) return 0;

    /* Out of descriptors: without one we cannot wait with a deadline. */
    error = errno;
    (void)kill(-c->pid, SIGKILL);
    while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR) {}
    forget_leader(c);
    return error;
}

/* ---- while it runs ------------------------------------------------------- */

static void
feed(struct child *c)
{
    while (c->input.length > 0) {
        ssize_t n = write(c->watch[INPUT].fd, c->input.bytes, c->input.length);

        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return;
        if (n < 0) break; /* EPIPE: it does not want the rest. */
        c->input.bytes += n;
        c->input.length -= (size_t)n;
    }
    close_fd(&c->watch[INPUT].fd);
}

/* First cause wins: what follows is its consequence. */
static void
ask_to_end(struct child *c, const struct child_config *config,
    struct child_end *end, enum child_cause cause)
{
    c->watch[CANCEL].fd = -1;
    if (end->cause != CHILD_EXITED) return;
    end->cause = cause;
    (void)kill(-c->pid, SIGTERM);
    c->next = tick_after(clock_now(), config->grace);
}

/* One read.  False: nothing there now, or the stream is closed. */
static bool
collect_output(struct child *c, const struct child_config *config,
    struct buf *output, struct child_end *end)
{
    int *fd = &c->watch[OUTPUT].fd;
    uint8_t *room = buf_reserve(output, CHUNK);

    if (room == NULL) {
        close_fd(fd);
        ask_to_end(c, config, end, CHILD_NO_MEMORY);
        return false;
    }
    ssize_t n = read(*fd, room, CHUNK);
    if (n < 0 && errno == EINTR) return true;
    if (n < 0 && errno == EAGAIN) return false;
    if (n <= 0) {
        close_fd(fd);
        return false;
    }
    output->length += (size_t)n;
    if (output->length <= config->output_max) return true;

    close_fd(fd);
    ask_to_end(c, config, end, CHILD_TOO_LONG);
    return false;
}

static void
keep_last(struct child_end *end, const uint8_t *bytes, size_t length)
{
    if (length > CHILD_ERRORS_MAX) {
        bytes += length - CHILD_ERRORS_MAX;
        length = CHILD_ERRORS_MAX;
    }
    size_t over = end->errors_length + length;
    over = over > CHILD_ERRORS_MAX ? over - CHILD_ERRORS_MAX : 0;
    memmove(end->errors, end->errors + over, end->errors_length - over);
    end->errors_length -= over;
    memcpy(end->errors + end->errors_length, bytes, length);
    end->errors_length += length;
}

/* As collect_output. */
static bool
collect_errors(struct child *c, struct child_end *end)
{
    int *fd = &c->watch[ERRORS].fd;
    uint8_t chunk[CHUNK];

    ssize_t n = read(*fd, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) return true;
    if (n < 0 && errno == EAGAIN) return false;
    if (n <= 0) {
        close_fd(fd);
        return false;
    }
    keep_last(end, chunk, (size_t)n);
    return true;
}

/* Its time, or its grace, or our patience is over. */
static void
escalate(
    struct child *c, const struct child_config *config, struct child_end *end)
{
    if (end->cause == CHILD_EXITED) {
        ask_to_end(c, config, end, CHILD_TIMED_OUT);
    } else if (!c->killed) {
        c->killed = true;
        (void)kill(-c->pid, SIGKILL);
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
attend(struct child *c, const struct child_config *config, struct buf *output,
    struct child_end *end)
{
    tick_ns now = clock_now();

    if (now >= c->next) {
        escalate(c, config, end);
        if (c->left) return;
    }
    int ready = poll(c->watch, WATCHED, milliseconds_until(c->next, now));
    if (ready <= 0) return; /* A deadline, or EINTR: look again. */
    if (c->watch[CANCEL].revents != 0) {
        ask_to_end(c, config, end, CHILD_CANCELLED);
    }
    if (c->watch[INPUT].revents != 0) feed(c);
    if (c->watch[OUTPUT].revents != 0) {
        (void)collect_output(c, config, output, end);
    }
    if (c->watch[ERRORS].revents != 0) (void)collect_errors(c, end);
    if (c->watch[PROCESS].revents != 0) c->ended = true;
}

/* ---- the end ------------------------------------------------------------- */

/* What it wrote before it died is in the pipes; who still holds their other
 * end is not waited for. */
static void
collect_rest(struct child *c, const struct child_config *config,
    struct buf *output, struct child_end *end)
{
    for (int i = 0; i < CHUNKS_LEFT && c->watch[OUTPUT].fd >= 0; i++) {
        if (!collect_output(c, config, output, end)) break;
    }
    for (int i = 0; i < CHUNKS_LEFT && c->watch[ERRORS].fd >= 0; i++) {
        if (!collect_errors(c, end)) break;
    }
}

static void
reap(struct child *c, struct child_end *end)
{
    siginfo_t info;

    memset(&info, 0, sizeof info);
    while (waitid(P_PIDFD, (id_t)c->watch[PROCESS].fd, &info, WEXITED) != 0) {
        if (errno == EINTR) continue;
        end->cause = CHILD_LOST;
        return;
    }
    if (info.si_code == CLD_EXITED) {
        end->code = info.si_status;
    } else {
        end->signal = info.si_status;
    }
}

void
child_run(const struct child_config *config, struct buf *output,
    struct child_end *end)
{
    struct child c = { .input = config->input, .next = TICK_NEVER };
    static const short events[WATCHED] = { POLLIN, POLLOUT, POLLIN, POLLIN,
        POLLIN };

    *end = (struct child_end){ .cause = CHILD_EXITED };
    for (int i = 0; i < WATCHED; i++) {
        c.watch[i] = (struct pollfd){ .fd = -1, .events = events[i] };
    }
    c.watch[CANCEL].fd = config->cancel_fd;
    end->error = start(&c, config);
    if (end->error != 0) {
        end->cause = CHILD_NOT_STARTED;
        goto close_all;
    }
    if (config->timeout > 0) c.next = tick_after(clock_now(), config->timeout);
    if (c.input.length == 0) close_fd(&c.watch[INPUT].fd);
    while (!c.ended && !c.left) {
        attend(&c, config, output, end);
    }
    /* Before it is reaped: until then no new group can have its number. */
    (void)kill(-c.pid, SIGKILL);
    if (c.ended) {
        collect_rest(&c, config, output, end);
        reap(&c, end);
    }
    forget_leader(&c);
close_all:
    for (int i = 0; i < CANCEL; i++) {
        close_fd(&c.watch[i].fd);
    }
}

static bool
is_leader(pid_t pid)
{
    for (struct list *n = leaders.next; n != &leaders; n = n->next) {
        if (CONTAINER_OF(n, struct child, node)->pid == pid) return true;
    }
    return false;
}

bool
child_reap_orphan(void)
{
    siginfo_t info;
    bool reaped = false;

    if (pthread_rwlock_trywrlock(&starting) != 0) return false;
    memset(&info, 0, sizeof info);
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0
        && info.si_pid > 0 && !is_leader(info.si_pid)
        && getpgid(info.si_pid) != getpgrp()) {
        reaped = waitpid(info.si_pid, NULL, WNOHANG) > 0;
    }
    (void)pthread_rwlock_unlock(&starting);
    return reaped;
}
