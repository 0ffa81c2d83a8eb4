#include "master/server/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/stint_error.h"
#include "common/sys/say.h"

int
place_path(char out[PLACE_ROOM], const char *dir, const char *leaf)
{
    int length = snprintf(out, PLACE_ROOM, "%s/%s", dir, leaf);

    if (length >= 0 && length < PLACE_ROOM) return 0;
    return say(STINT_EINVAL, "the path %.64s… is too long", dir);
}

static int
say_open(int rc, const char *path)
{
    if (rc == 0) return 0;
    return say(STINT_ESYSTEM, "the store %s cannot be opened: %s", path,
        strerror(-rc));
}

int
place_open(const char *dir, struct disk **out)
{
    char path[PLACE_ROOM];
    struct stat st;

    int rc = place_path(path, dir, "store");
    if (rc != 0) return rc;
    if (stat(path, &st) == 0) {
        return say_open(disk_open_to_look(path, out), path);
    }
    if (errno == ENOENT || errno == ENOTDIR) {
        return say(STINT_EINVAL,
            "there is no store in %s: name the directory of a master that "
            "keeps tasks (--data DIR)",
            dir);
    }
    return say(STINT_ESYSTEM, "the store %s cannot be examined: %s", path,
        strerror(errno));
}

int
place_make(const char *path, struct disk **out)
{
    place_remove(path);
    if (mkdir(path, 0700) != 0) {
        return say(STINT_ESYSTEM, "the directory %s cannot be made: %s", path,
            strerror(errno));
    }
    return say_open(disk_open(path, out), path);
}

/* A shared lock for an instant: only a master that starts in this very instant
 * could mind, and would be started again. */
static bool
is_locked(const char *dir, const char *leaf)
{
    char path[PLACE_ROOM];

    if (place_path(path, dir, leaf) != 0) return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    bool is_free = flock(fd, LOCK_SH | LOCK_NB) == 0;
    bool in_use = !is_free && errno == EWOULDBLOCK;
    (void)close(fd);
    return in_use;
}

bool
place_in_use(const char *dir)
{
    return is_locked(dir, "store/lock");
}

bool
place_is_in_memory(const char *dir)
{
    return is_locked(dir, "lock") && !place_in_use(dir);
}

static bool
is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

bool
place_is_empty(const char *path, const char *but)
{
    DIR *dir = opendir(path);
    bool is_empty = true;

    if (dir == NULL) return errno == ENOENT;
    for (struct dirent *e; is_empty && (e = readdir(dir)) != NULL;)
        is_empty =
            is_dots(e->d_name) || (but != NULL && strcmp(e->d_name, but) == 0);
    (void)closedir(dir);
    return is_empty;
}

static void
remove_files(const char *path)
{
    DIR *dir = opendir(path);

    if (dir == NULL) return;
    for (struct dirent *e; (e = readdir(dir)) != NULL;)
        if (!is_dots(e->d_name)) (void)unlinkat(dirfd(dir), e->d_name, 0);
    (void)closedir(dir);
}

void
place_remove(const char *path)
{
    char below[PLACE_ROOM];
    DIR *dir = opendir(path);

    if (dir == NULL) return;
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (is_dots(e->d_name) || unlinkat(dirfd(dir), e->d_name, 0) == 0
            || place_path(below, path, e->d_name) != 0) {
            continue;
        }
        remove_files(below);
        (void)rmdir(below);
    }
    (void)closedir(dir);
    (void)rmdir(path);
}

static void
sync_parent(const char *path)
{
    char parent[PLACE_ROOM];

    if (place_path(parent, path, "..") != 0) return;
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    (void)fsync(fd);
    (void)close(fd);
}

int
place_move(const char *from, const char *to)
{
    if (rename(from, to) != 0) {
        return say(STINT_ESYSTEM,
            "%s cannot be made of %s: %s; choose a new directory inside %s", to,
            from, strerror(errno), to);
    }
    sync_parent(to);
    return 0;
}
