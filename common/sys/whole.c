#include "common/sys/whole.h"

#include <errno.h>
#include <unistd.h>

int
whole_write(int fd, const void *bytes, size_t size)
{
    const char *at = bytes;

    while (size > 0) {
        ssize_t n = write(fd, at, size);

        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        at += n;
        size -= (size_t)n;
    }
    return 0;
}

ssize_t
whole_read(int fd, void *bytes, size_t size)
{
    char *to = bytes;
    size_t got = 0;

    while (got < size) {
        ssize_t n = read(fd, to + got, size - got);

        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        if (n == 0) break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}
