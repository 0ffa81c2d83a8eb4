#include "process/family.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base.h"
#include "process/guard.h"

/* A start holds `starting` for reading. */
static pthread_rwlock_t starting = PTHREAD_RWLOCK_INITIALIZER;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct list all = { &all, &all };

void
family_expect(void)
{
    (void)pthread_rwlock_rdlock(&starting);
}

void
family_expected(void)
{
    (void)pthread_rwlock_unlock(&starting);
}

const char *
family_why(int error)
{
    if (error != ENOSYS) return strerrordesc_np(error);
    return "pidfd_open: there is no such call: it needs Linux 5.3, or a "
           "valgrind that knows it (3.19 does not)";
}

int
family_add(struct member *m, pid_t pid)
{
    m->pid = pid;
    m->pidfd = pidfd_open(pid, 0);
    int error = m->pidfd < 0 ? errno : 0;
    if (error != 0) {
        (void)kill(-pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
        guard_leave(m->guard);
        m->pid = 0;
        return error;
    }
    (void)pthread_mutex_lock(&lock);
    list_push(&all, &m->node);
    (void)pthread_mutex_unlock(&lock);
    return 0;
}

void
family_signal(const struct member *m, int signal)
{
    if (m->pid > 0) (void)kill(-m->pid, signal);
}

/* ---- the end ------------------------------------------------------------- */

void
family_forget(struct member *m)
{
    family_expect();
    (void)pthread_mutex_lock(&lock);
    list_remove(&m->node);
    guard_leave(m->guard);
    m->guard = NULL;
    (void)pthread_mutex_unlock(&lock);
    family_expected();
}

static tick_ns
time_of(struct timeval t)
{
    return t.tv_sec * TICK_S + t.tv_usec * TICK_US;
}

/* libc's waitid(3) leaves out the last argument of the system's. */
static int
wait_by_pidfd(int pidfd, siginfo_t *info, struct rusage *usage)
{
    long rc;

    do {
        rc = syscall(SYS_waitid, P_PIDFD, pidfd, info, WEXITED, usage);
    } while (rc != 0 && errno == EINTR);
    return rc == 0 ? 0 : errno;
}

void
family_reap(struct member *m, struct ending *end)
{
    siginfo_t info;
    struct rusage usage;

    *end = (struct ending){ .code = 0 };
    memset(&info, 0, sizeof info);
    memset(&usage, 0, sizeof usage);
    family_signal(m, SIGKILL);
    end->is_lost = wait_by_pidfd(m->pidfd, &info, &usage) != 0;
    family_forget(m);
    m->pid = 0;
    if (end->is_lost) return;
    end->code = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
    end->user = time_of(usage.ru_utime);
    end->system = time_of(usage.ru_stime);
    end->memory = (uint64_t)usage.ru_maxrss * 1024;
}

void
family_move(struct member *from, struct member *to)
{
    family_expect();
    (void)pthread_mutex_lock(&lock);
    *to = *from;
    list_push(&from->node, &to->node);
    list_remove(&from->node);
    (void)pthread_mutex_unlock(&lock);
    family_expected();
}

/* ---- orphans ------------------------------------------------------------- */

static bool
is_member(pid_t pid)
{
    for (struct list *n = all.next; n != &all; n = n->next) {
        if (CONTAINER_OF(n, struct member, node)->pid == pid) return true;
    }
    return false;
}

bool
family_reap_orphan(void)
{
    siginfo_t info;
    bool reaped = false;

    if (pthread_rwlock_trywrlock(&starting) != 0) return false;
    memset(&info, 0, sizeof info);
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0
        && info.si_pid > 0 && !is_member(info.si_pid) && !guard_is(info.si_pid)
        && getpgid(info.si_pid) != getpgrp()) {
        reaped = waitpid(info.si_pid, NULL, WNOHANG) > 0;
    }
    (void)pthread_rwlock_unlock(&starting);
    return reaped;
}

void
family_forking(void)
{
    (void)pthread_mutex_lock(&lock);
}

/* Other threads may be starting something, whose end a copy never sees. */
void
family_forked(bool is_copy)
{
    if (is_copy) {
        list_init(&all);
        (void)pthread_rwlock_init(&starting, NULL);
    }
    (void)pthread_mutex_unlock(&lock);
}
