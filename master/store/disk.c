#include "master/store/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/base.h"
#include "common/sys/dir.h"

enum { PARTS_MAX = 8 };

/* The descriptor is the pointer, so that opening needs no memory. */
struct files {
    struct disk disk; /* First: it is what others see. */
    int dir;
    bool looks; /* Changes nothing, so that it needs no right to. */
    char path[];
};

static struct files *
files_of(struct disk *disk)
{
    return CONTAINER_OF(disk, struct files, disk);
}

static int
fd_of(const struct disk_file *file)
{
    return (int)((intptr_t)file - 1);
}

static int
open_file(
    struct disk *disk, const char *name, bool make, struct disk_file **out)
{
    int flags = O_CLOEXEC | O_NOFOLLOW | (make ? O_CREAT | O_EXCL : 0)
                | (files_of(disk)->looks ? O_RDONLY : O_RDWR);
    int fd;

    do {
        fd = openat(files_of(disk)->dir, name, flags, 0600);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) return -errno;
    *out = (struct disk_file *)((intptr_t)fd + 1);
    return 0;
}

static void
close_file(struct disk *disk, struct disk_file *file)
{
    (void)disk;
    (void)close(fd_of(file));
}

static int64_t
read_file(struct disk *disk, struct disk_file *file, uint64_t at, void *bytes,
    size_t length)
{
    size_t got = 0;

    (void)disk;
    while (got < length) {
        ssize_t rc = pread(fd_of(file), (uint8_t *)bytes + got, length - got,
            (off_t)(at + got));
        if (rc == 0) break;
        if (rc > 0) {
            got += (size_t)rc;
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return (int64_t)got;
}

/* Go past what was written. */
static void
advance(struct iovec **parts, unsigned *count, size_t done)
{
    while (*count > 0 && done >= (*parts)->iov_len) {
        done -= (*parts)->iov_len;
        (*parts)++;
        (*count)--;
    }
    if (*count == 0) return;
    (*parts)->iov_base = (uint8_t *)(*parts)->iov_base + done;
    (*parts)->iov_len -= done;
}

static int
write_file(struct disk *disk, struct disk_file *file, uint64_t at,
    const struct slice *slices, unsigned count)
{
    struct iovec room[PARTS_MAX], *parts = room;

    (void)disk;
    if (count > PARTS_MAX) return -EINVAL;
    for (unsigned i = 0; i < count; i++) {
        /* It is only read from; the type of iovec does not say so. */
        memcpy(&room[i].iov_base, &slices[i].bytes, sizeof room[i].iov_base);
        room[i].iov_len = slices[i].length;
    }
    advance(&parts, &count, 0);
    while (count > 0) {
        ssize_t rc = pwritev(fd_of(file), parts, (int)count, (off_t)at);
        if (rc < 0 && errno == EINTR) continue;
        if (rc < 0) return -errno;
        if (rc == 0) return -EIO;
        at += (uint64_t)rc;
        advance(&parts, &count, (size_t)rc);
    }
    return 0;
}

/* EINTR of a sync is no failure of the disk: it has not been done. */
static int
sync_fd(int fd)
{
    int rc;

    do {
        rc = fdatasync(fd);
    } while (rc != 0 && errno == EINTR);
    return rc == 0 ? 0 : -errno;
}

static int
sync_file(struct disk *disk, struct disk_file *file)
{
    (void)disk;
    return sync_fd(fd_of(file));
}

static int64_t
size_of_file(struct disk *disk, struct disk_file *file)
{
    struct stat st;

    (void)disk;
    return fstat(fd_of(file), &st) == 0 ? st.st_size : -errno;
}

static int
rename_file(struct disk *disk, const char *from, const char *to)
{
    int dir = files_of(disk)->dir;

    return renameat(dir, from, dir, to) == 0 ? 0 : -errno;
}

static int
remove_file(struct disk *disk, const char *name)
{
    return unlinkat(files_of(disk)->dir, name, 0) == 0 ? 0 : -errno;
}

static int
sync_dir(struct disk *disk)
{
    int rc;

    do {
        rc = fsync(files_of(disk)->dir);
    } while (rc != 0 && errno == EINTR);
    return rc == 0 ? 0 : -errno;
}

static int
list_files(
    struct disk *disk, int (*see)(void *arg, const char *name), void *arg)
{
    int fd =
        openat(files_of(disk)->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -errno;

    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        int rc = -errno;
        (void)close(fd);
        return rc;
    }
    int rc = 0;
    while (rc == 0) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (entry == NULL) {
            rc = -errno;
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        rc = see(arg, entry->d_name);
    }
    (void)closedir(dir);
    return rc;
}

static int
open_files(const char *path, bool looks, struct disk **out)
{
    static const struct disk functions = {
        .open = open_file,
        .close = close_file,
        .read = read_file,
        .write = write_file,
        .sync = sync_file,
        .size = size_of_file,
        .rename = rename_file,
        .remove = remove_file,
        .sync_dir = sync_dir,
        .list = list_files,
    };
    size_t size = strlen(path) + 1;

    struct files *f = malloc(sizeof *f + size);
    if (f == NULL) return -ENOMEM;
    f->disk = functions;
    f->looks = looks;
    memcpy(f->path, path, size);
    f->disk.path = f->path;
    f->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (f->dir < 0) {
        int rc = -errno;
        free(f);
        return rc;
    }
    *out = &f->disk;
    return 0;
}

int
disk_open(const char *path, struct disk **out)
{
    int rc = dir_make(path);

    return rc == 0 ? open_files(path, false, out) : rc;
}

int
disk_open_to_look(const char *path, struct disk **out)
{
    return open_files(path, true, out);
}

void
disk_close(struct disk *disk)
{
    if (disk == NULL) return;
    (void)close(files_of(disk)->dir);
    free(files_of(disk));
}
