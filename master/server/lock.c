#include "master/server/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/stint_error.h"
#include "common/sys/say.h"

enum { PATH_ROOM = 4096 + 32 };

static int
refuse_second(int fd, const char *what, const char *dir)
{
    char holder[32];
    ssize_t n = pread(fd, holder, sizeof holder - 1, 0);

    holder[n > 0 ? n : 0] = '\0';
    holder[strcspn(holder, "\n")] = '\0';
    return say(STINT_EBUSY,
        "the %s %s is in use by another master (process %s): stop it, or "
        "choose another directory",
        what, dir, holder[0] == '\0' ? "unknown" : holder);
}

/* For people only: a disk that is full must not keep a master from starting. */
static void
write_pid(int fd)
{
    char pid[32];
    int length = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());

    if (pwrite(fd, pid, (size_t)length, 0) != length
        || ftruncate(fd, length) != 0) {
        /* Then the number there is not ours, or none. */
    }
}

int
lock_dir(const char *what, const char *dir, int *fd)
{
    char path[PATH_ROOM];

    (void)snprintf(path, sizeof path, "%s/lock", dir);
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*fd < 0) {
        return say(
            STINT_ESYSTEM, "%s cannot be opened: %s", path, strerror(errno));
    }
    int rc = 0;
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0) {
        write_pid(*fd);
        return 0;
    }
    if (errno == EWOULDBLOCK) {
        rc = refuse_second(*fd, what, dir);
    } else {
        rc = say(
            STINT_ESYSTEM, "%s cannot be locked: %s", path, strerror(errno));
    }
    (void)close(*fd);
    *fd = -1;
    return rc;
}
