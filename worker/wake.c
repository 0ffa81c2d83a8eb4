#include "worker/wake.h"

#include <errno.h>
#include <unistd.h>

#include "worker/worker.h"

void
wake(struct stint_worker *w)
{
    static const uint64_t one = 1;
    int error = errno;

    /* It fails only when the counter is full: then it is readable anyway. */
    ssize_t n = write(w->wake_fd, &one, sizeof one);
    (void)n;
    errno = error;
}
