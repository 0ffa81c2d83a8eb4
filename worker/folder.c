#include "worker/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Deeper ones are moved up and removed there. */
enum { DEPTH_MAX = 32, PASSES_MAX = 10000 };

struct sweep {
    int top;
    unsigned moved; /* Folders that were moved up. */
    int error;      /* The first one. */
};

void
folder_init(struct folder *f)
{
    f->path[0] = '\0';
    f->fd = -1;
}

bool
folder_make(
    struct folder *f, const char *parent, uint64_t task, struct reason *why)
{
    int n = snprintf(
        f->path, sizeof f->path, "%s/%" PRIu64 "-XXXXXX", parent, task);

    if (n < 0 || (size_t)n >= sizeof f->path) {
        reason_set(why, "$TMPDIR of the worker is too long");
        folder_init(f);
        return false;
    }
    if (mkdtemp(f->path) != NULL) {
        f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (f->fd >= 0) return true;
        (void)rmdir(f->path);
    }
    reason_set(why,
        "cannot make a folder in \"%s\" ($TMPDIR of the worker): %s", parent,
        strerrordesc_np(errno));
    folder_init(f);
    return false;
}

/* ---- removing ------------------------------------------------------------ */

static void
remember(struct sweep *s)
{
    if (s->error == 0) s->error = errno;
}

/* Open a folder to be emptied, and make it ours to empty. */
static int
open_inside(int parent, const char *name)
{
    static const int how = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(parent, name, how);

    if (fd < 0 && errno == EACCES && fchmodat(parent, name, S_IRWXU, 0) == 0) {
        fd = openat(parent, name, how);
    }
    if (fd >= 0) (void)fchmod(fd, S_IRWXU);
    return fd;
}

static void
move_up(struct sweep *s, int parent, const char *name)
{
    char moved[32];

    (void)snprintf(moved, sizeof moved, ".stint-%u", s->moved++);
    if (renameat(parent, name, s->top, moved) != 0) remember(s);
}

static void empty(struct sweep *s, int fd, unsigned depth);

static void
remove_entry(struct sweep *s, int parent, const char *name, unsigned depth)
{
    if (unlinkat(parent, name, 0) == 0) return;
    if (errno != EISDIR && errno != EPERM) {
        if (errno != ENOENT) remember(s);
        return;
    }
    int fd = open_inside(parent, name);
    if (fd < 0) {
        remember(s);
        return;
    }
    if (depth < DEPTH_MAX) {
        empty(s, fd, depth + 1);
        if (unlinkat(parent, name, AT_REMOVEDIR) != 0) remember(s);
    } else {
        move_up(s, parent, name);
        (void)close(fd);
    }
}

static bool
is_entry(const char *name)
{
    return strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* Takes `fd`. */
static void
empty(struct sweep *s, int fd, unsigned depth)
{
    DIR *dir = fdopendir(fd);
    const struct dirent *entry;

    if (dir == NULL) {
        remember(s);
        (void)close(fd);
        return;
    }
    while ((entry = readdir(dir)) != NULL) {
        if (is_entry(entry->d_name)) {
            remove_entry(s, dirfd(dir), entry->d_name, depth);
        }
    }
    (void)closedir(dir);
}

int
folder_remove(struct folder *f)
{
    struct sweep s = { .top = f->fd };
    unsigned moved = 0;

    if (f->fd < 0) return 0;
    (void)fchmod(f->fd, S_IRWXU);
    for (int i = 0; i < PASSES_MAX && s.error == 0; i++) {
        moved = s.moved;
        int fd = openat(f->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0) break;
        empty(&s, fd, 0);
        if (s.moved == moved) break;
    }
    if (rmdir(f->path) != 0) remember(&s);
    (void)close(f->fd);
    folder_init(f);
    return s.error;
}
