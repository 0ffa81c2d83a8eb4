#include "common/sys/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int
sync_above(int dir)
{
    int above = openat(dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (above < 0) return -errno;
    int rc = fsync(above) == 0 ? 0 : -errno;
    (void)close(above);
    return rc;
}

int
dir_make(const char *path)
{
    if (mkdir(path, 0700) != 0) return errno == EEXIST ? 0 : -errno;
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) return -errno;
    int rc = sync_above(dir);
    (void)close(dir);
    return rc;
}
