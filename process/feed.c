#include "process/feed.h"

#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

/* A SIGPIPE of write(2) is for the thread that wrote.  If it was blocked before
 * it is let be, as nobody can tell whether it was pending already. */
ssize_t
feed_write(int fd, const void *bytes, size_t size)
{
    static const struct timespec at_once = { 0, 0 };
    sigset_t pipe_only, before;

    (void)sigemptyset(&pipe_only);
    (void)sigaddset(&pipe_only, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    ssize_t n = write(fd, bytes, size);
    int error = errno;
    if (n < 0 && error == EPIPE && sigismember(&before, SIGPIPE) == 0) {
        (void)sigtimedwait(&pipe_only, NULL, &at_once);
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return n;
}
