#include "process/reaper.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned count;
static int watched = -1; /* An epoll of their pidfds, while there are some. */

static void
reap(struct member *m)
{
    struct ending ignored;

    family_reap(m, &ignored);
    (void)close(m->pidfd);
    free(m);
}

/* False: that was the last one. */
static bool
done_with_one(void)
{
    (void)pthread_mutex_lock(&lock);
    count -= 1;
    bool more = count > 0;
    if (!more) {
        (void)close(watched);
        watched = -1;
    }
    (void)pthread_mutex_unlock(&lock);
    return more;
}

static void *
serve(void *arg)
{
    int epoll = *(int *)arg;
    struct epoll_event one;

    free(arg);
    for (;;) {
        if (epoll_wait(epoll, &one, 1, -1) <= 0) continue;
        struct member *m = one.data.ptr;
        /* Closing it would not do: a copy of us may have it, too, just now. */
        (void)epoll_ctl(epoll, EPOLL_CTL_DEL, m->pidfd, NULL);
        reap(m);
        if (!done_with_one()) return NULL;
    }
}

/* ---- under the lock ------------------------------------------------------ */

static bool
start_thread(void)
{
    sigset_t all, before;
    pthread_t thread;
    int *arg = malloc(sizeof *arg);

    if (arg == NULL) return false;
    *arg = watched;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&thread, NULL, serve, arg);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0) {
        (void)pthread_detach(thread);
        return true;
    }
    free(arg);
    return false;
}

static bool
begin(void)
{
    watched = epoll_create1(EPOLL_CLOEXEC);
    if (watched < 0) return false;
    if (start_thread()) return true;
    (void)close(watched);
    watched = -1;
    return false;
}

static bool
watch(struct member *m)
{
    struct epoll_event end = { .events = EPOLLIN, .data = { .ptr = m } };

    count += 1;
    if (watched >= 0 || begin()) {
        if (epoll_ctl(watched, EPOLL_CTL_ADD, m->pidfd, &end) == 0) {
            return true;
        }
    }
    count -= 1;
    return false;
}

/* Without a thread or descriptors left it stays a zombie, should it not have
 * ended, until we end. */
void
reaper_take(struct member *m)
{
    struct pollfd ended = { .fd = m->pidfd, .events = POLLIN };

    (void)pthread_mutex_lock(&lock);
    bool taken = watch(m);
    (void)pthread_mutex_unlock(&lock);
    if (taken) return;
    if (poll(&ended, 1, 0) > 0) {
        reap(m);
        return;
    }
    family_forget(m);
    (void)close(m->pidfd);
    free(m);
}

void
reaper_take_over(struct member *m)
{
    struct member *own = malloc(sizeof *own);

    if (own != NULL) {
        family_move(m, own);
        reaper_take(own);
    } else {
        family_forget(m);
        (void)close(m->pidfd);
    }
    m->pid = 0;
    m->pidfd = -1;
}

unsigned
reaper_count(void)
{
    (void)pthread_mutex_lock(&lock);
    unsigned n = count;
    (void)pthread_mutex_unlock(&lock);
    return n;
}

void
reaper_forking(void)
{
    (void)pthread_mutex_lock(&lock);
}

void
reaper_forked(bool is_copy)
{
    if (is_copy) {
        count = 0;
        watched = -1;
    }
    (void)pthread_mutex_unlock(&lock);
}
