/*
 * slow_sync.c - an ordinary disk: every sync takes SLOW_SYNC_US longer.
 *
 *   LD_PRELOAD=libslow_sync.so SLOW_SYNC_US=2000 redis-server …
 *
 * What counts as a sync is fsync, fdatasync, msync, and a write to a file that
 * was opened with O_SYNC or O_DSYNC (as LMDB's meta page is).  The system calls
 * are made directly, so that nothing has to be looked up.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

enum { FILES = 1 << 16 };

static atomic_uchar is_synced[FILES]; /* Writes to this descriptor sync. */

static long
delay_ns(void)
{
    static atomic_long delay = -1;
    long ns = atomic_load(&delay);

    if (ns < 0) {
        const char *us = getenv("SLOW_SYNC_US");
        ns = (us == NULL ? 2000 : strtol(us, NULL, 10)) * 1000;
        atomic_store(&delay, ns);
    }
    return ns;
}

static ssize_t
slow(ssize_t rc)
{
    struct timespec t = { .tv_nsec = delay_ns() };
    int before = errno;

    (void)nanosleep(&t, NULL);
    errno = before;
    return rc;
}

static ssize_t
slow_if_synced(int fd, ssize_t rc)
{
    return fd >= 0 && fd < FILES && atomic_load(&is_synced[fd]) ? slow(rc) : rc;
}

/* ---- what syncs by name -------------------------------------------------- */

EXPORT int
fsync(int fd)
{
    return (int)slow(syscall(SYS_fsync, fd));
}

EXPORT int
fdatasync(int fd)
{
    return (int)slow(syscall(SYS_fdatasync, fd));
}

EXPORT int
msync(void *at, size_t length, int flags)
{
    long rc = syscall(SYS_msync, at, length, flags);

    return (int)((flags & MS_SYNC) != 0 ? slow(rc) : rc);
}

/* ---- what syncs because the file was opened so --------------------------- */

static int
opened(long fd, int flags)
{
    if (fd >= 0 && fd < FILES) {
        atomic_store(&is_synced[fd], (flags & O_DSYNC) != 0);
    }
    return (int)fd;
}

static int
open_at(int dir, const char *path, int flags, va_list rest)
{
    int mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, int) : 0;

    return opened(syscall(SYS_openat, dir, path, flags, mode), flags);
}

EXPORT int
open(const char *path, int flags, ...)
{
    va_list rest;

    va_start(rest, flags);
    int fd = open_at(AT_FDCWD, path, flags, rest);
    va_end(rest);
    return fd;
}

EXPORT int
openat(int dir, const char *path, int flags, ...)
{
    va_list rest;

    va_start(rest, flags);
    int fd = open_at(dir, path, flags, rest);
    va_end(rest);
    return fd;
}

EXPORT int
close(int fd)
{
    (void)opened(fd, 0);
    return (int)syscall(SYS_close, fd);
}

EXPORT ssize_t
write(int fd, const void *bytes, size_t length)
{
    return slow_if_synced(fd, syscall(SYS_write, fd, bytes, length));
}

EXPORT ssize_t
pwrite(int fd, const void *bytes, size_t length, off_t at)
{
    return slow_if_synced(fd, syscall(SYS_pwrite64, fd, bytes, length, at));
}

EXPORT ssize_t
writev(int fd, const struct iovec *parts, int count)
{
    return slow_if_synced(fd, syscall(SYS_writev, fd, parts, count));
}

EXPORT ssize_t
pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
    return slow_if_synced(fd, syscall(SYS_pwritev, fd, parts, count, at, 0L));
}

/* ---- the names that programs built with large files use ------------------ */

EXPORT int
open64(const char *path, int flags, ...)
{
    va_list rest;

    va_start(rest, flags);
    int fd = open_at(AT_FDCWD, path, flags, rest);
    va_end(rest);
    return fd;
}

EXPORT int
openat64(int dir, const char *path, int flags, ...)
{
    va_list rest;

    va_start(rest, flags);
    int fd = open_at(dir, path, flags, rest);
    va_end(rest);
    return fd;
}

EXPORT ssize_t
pwrite64(int fd, const void *bytes, size_t length, off64_t at)
{
    return pwrite(fd, bytes, length, at);
}

EXPORT ssize_t
pwritev64(int fd, const struct iovec *parts, int count, off64_t at)
{
    return pwritev(fd, parts, count, at);
}
