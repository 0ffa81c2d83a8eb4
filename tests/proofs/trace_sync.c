/*
 * trace_sync.c - a shim for LD_PRELOAD that says what syncs have covered.
 *
 * It looks for the names that history.c puts into payloads and results
 * ("stint-proof:p:KEY;") in what is written to files, and when a sync of the
 * file has returned it writes a line for each name to $TRACE_FILE:
 *
 *     p TIME KEY      a put; r TIME KEY: a result
 *
 * TIME is CLOCK_MONOTONIC in nanoseconds, taken before the caller hears of the
 * sync.  It holds each sync back for up to $TRACE_HOLD_US microseconds, at
 * random from $TRACE_SEED, and so leaves time for an answer that does not wait.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FILES = 4096, KEY_MAX = 63 };
#define MARK "stint-proof:"

struct name {
    struct name *next;
    char kind;
    char key[KEY_MAX + 1];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct name *written[FILES]; /* Of each descriptor, not synced. */
static int trace = -1;
static uint64_t chance, hold_us;

static uint64_t
number_of(const char *name)
{
    const char *text = getenv(name);

    return text == NULL ? 0 : strtoull(text, NULL, 10);
}

__attribute__((constructor)) static void
begin(void)
{
    const char *path = getenv("TRACE_FILE");

    chance = number_of("TRACE_SEED") * 2 + 1;
    hold_us = number_of("TRACE_HOLD_US");
    if (path != NULL)
        trace = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    /* Only the process that was meant, not what it starts. */
    unsetenv("LD_PRELOAD");
}

/* ---- what was written ---------------------------------------------------- */

static void
note(int fd, const char *at, size_t left)
{
    struct name *n = calloc(1, sizeof *n);
    size_t length = 0;

    if (n == NULL) _exit(70);
    n->kind = at[0];
    while (length < KEY_MAX && 2 + length < left && at[2 + length] != ';')
        length++;
    memcpy(n->key, at + 2, length);
    n->next = written[fd];
    written[fd] = n;
}

static void
look(int fd, const void *bytes, size_t size)
{
    static const size_t mark = sizeof MARK - 1;
    const char *at = bytes, *end = at + size;

    if (trace < 0 || fd < 0 || fd >= FILES) return;
    pthread_mutex_lock(&lock);
    while ((at = memmem(at, (size_t)(end - at), MARK, mark)) != NULL) {
        at += mark;
        if (end - at > 2) note(fd, at, (size_t)(end - at));
    }
    pthread_mutex_unlock(&lock);
}

/* ---- syncs --------------------------------------------------------------- */

static void
hold_back(void)
{
    struct timespec t = { 0 };
    uint64_t us;

    if (hold_us == 0) return;
    pthread_mutex_lock(&lock);
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    us = chance % hold_us;
    pthread_mutex_unlock(&lock);
    t.tv_sec = (time_t)(us / 1000000);
    t.tv_nsec = (long)(us % 1000000) * 1000;
    nanosleep(&t, NULL);
}

static void
tell(struct name *n)
{
    struct timespec t;
    char line[128];

    clock_gettime(CLOCK_MONOTONIC, &t);
    while (n != NULL) {
        struct name *next = n->next;
        int size = snprintf(line, sizeof line, "%c %" PRId64 " %s\n", n->kind,
            (int64_t)t.tv_sec * 1000000000 + t.tv_nsec, n->key);

        if (syscall(SYS_write, trace, line, size) != size) _exit(70);
        free(n);
        n = next;
    }
}

/* Covered is what was written before the sync began. */
static int
sync_and_tell(int fd, long call)
{
    struct name *covered = NULL;
    int result, saved;

    if (trace < 0 || fd < 0 || fd >= FILES) return (int)syscall(call, fd);
    pthread_mutex_lock(&lock);
    covered = written[fd];
    written[fd] = NULL;
    pthread_mutex_unlock(&lock);
    hold_back();
    result = (int)syscall(call, fd);
    saved = errno;
    if (result == 0) tell(covered);
    errno = saved;
    return result;
}

/* ---- the calls ----------------------------------------------------------- */

#define CALL __attribute__((visibility("default")))

static void
look_at_all(int fd, const struct iovec *pieces, int count)
{
    for (int i = 0; i < count; i++)
        look(fd, pieces[i].iov_base, pieces[i].iov_len);
}

CALL ssize_t
write(int fd, const void *bytes, size_t size)
{
    look(fd, bytes, size);
    return syscall(SYS_write, fd, bytes, size);
}

CALL ssize_t
pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    look(fd, bytes, size);
    return syscall(SYS_pwrite64, fd, bytes, size, at);
}

CALL ssize_t
pwrite64(int fd, const void *bytes, size_t size, off_t at)
{
    return pwrite(fd, bytes, size, at);
}

CALL ssize_t
writev(int fd, const struct iovec *pieces, int count)
{
    look_at_all(fd, pieces, count);
    return syscall(SYS_writev, fd, pieces, count);
}

CALL ssize_t
pwritev(int fd, const struct iovec *pieces, int count, off_t at)
{
    look_at_all(fd, pieces, count);
    return syscall(SYS_pwritev, fd, pieces, count, at, 0);
}

CALL ssize_t
pwritev64(int fd, const struct iovec *pieces, int count, off_t at)
{
    return pwritev(fd, pieces, count, at);
}

CALL int
fdatasync(int fd)
{
    return sync_and_tell(fd, SYS_fdatasync);
}

CALL int
fsync(int fd)
{
    return sync_and_tell(fd, SYS_fsync);
}
