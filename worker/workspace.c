#include "worker/workspace.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/sys/host.h"

enum { TRIES = 16, PREFIX = 128 };

static const int how = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

void
workspace_init(struct workspace *w)
{
    (void)pthread_mutex_init(&w->lock, NULL);
    folder_init(&w->folder);
}

void
workspace_fini(struct workspace *w)
{
    (void)folder_remove(&w->folder);
    (void)pthread_mutex_destroy(&w->lock);
}

static const char *
temporary(void)
{
    const char *tmp = getenv("TMPDIR");

    return tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp";
}

/* "stint-UID-HOST-": a folder may be shared by hosts. */
static void
make_prefix(char prefix[PREFIX])
{
    char host[256];

    host_name(host);
    for (char *c = host; *c != '\0'; c++) {
        if (isalnum((unsigned char)*c) == 0 && *c != '.') *c = '_';
    }
    (void)snprintf(
        prefix, PREFIX, "stint-%u-%.64s-", (unsigned)geteuid(), host);
}

/* ---- what others left ---------------------------------------------------- */

/* Ours to remove: of our user, and nobody holds it. */
static bool
is_left(int fd)
{
    struct stat info;

    return fstat(fd, &info) == 0 && info.st_uid == geteuid()
           && flock(fd, LOCK_EX | LOCK_NB) == 0;
}

static void
remove_one(int parent, const char *tmp, const char *name)
{
    struct folder left;

    folder_init(&left);
    int fd = openat(parent, name, how);
    if (fd < 0) return;
    int n = snprintf(left.path, sizeof left.path, "%s/%s", tmp, name);
    if (n < 0 || (size_t)n >= sizeof left.path || !is_left(fd)) {
        (void)close(fd);
        return;
    }
    left.fd = fd;
    (void)folder_remove(&left);
}

/* What cannot be removed stays: it is no trouble of this worker's. */
static void
remove_left(const char *tmp, const char *prefix)
{
    DIR *dir = opendir(tmp);
    const struct dirent *entry;

    if (dir == NULL) return;
    while ((entry = readdir(dir)) != NULL) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0) {
            remove_one(dirfd(dir), tmp, entry->d_name);
        }
    }
    (void)closedir(dir);
}

/* ---- our own ------------------------------------------------------------- */

/* Until it was locked another worker may have taken it for left. */
static bool
is_still_there(const struct folder *f)
{
    struct stat here, there;

    return fstat(f->fd, &here) == 0 && lstat(f->path, &there) == 0
           && here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

static bool
make_one(struct folder *f, const char *tmp, const char *prefix)
{
    int n = snprintf(f->path, sizeof f->path, "%s/%sXXXXXX", tmp, prefix);

    errno = ENAMETOOLONG;
    if (n < 0 || (size_t)n >= sizeof f->path || mkdtemp(f->path) == NULL) {
        return false;
    }
    f->fd = open(f->path, how);
    if (f->fd >= 0 && flock(f->fd, LOCK_EX) == 0 && is_still_there(f)) {
        return true;
    }
    int error = errno;
    if (f->fd >= 0) (void)close(f->fd);
    f->fd = -1;
    (void)rmdir(f->path);
    errno = error;
    return false;
}

static bool
make(struct folder *f, struct reason *why)
{
    const char *tmp = temporary();
    char prefix[PREFIX];

    make_prefix(prefix);
    for (int i = 0; i < TRIES; i++) {
        if (!make_one(f, tmp, prefix)) continue;
        remove_left(tmp, prefix);
        return true;
    }
    reason_set(why,
        "cannot make a folder in \"%s\" ($TMPDIR of the worker): %s", tmp,
        strerrordesc_np(errno));
    folder_init(f);
    return false;
}

const char *
workspace_path(struct workspace *w, struct reason *why)
{
    (void)pthread_mutex_lock(&w->lock);
    bool there = w->folder.fd >= 0 || make(&w->folder, why);
    (void)pthread_mutex_unlock(&w->lock);
    return there ? w->folder.path : NULL;
}
