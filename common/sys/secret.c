#include "common/sys/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/stint_error.h"
#include "common/sys/dir.h"
#include "common/sys/say.h"
#include "common/sys/whole.h"

enum { OTHERS = S_IRWXG | S_IRWXO };

static bool
is_below(const char *path, const char *dir)
{
    size_t length = strlen(dir);

    return length > 1 && strncmp(path, dir, length) == 0 && path[length] == '/'
           && strstr(path, "/../") == NULL;
}

/* Container runtimes mount secrets here, read-only and often readable by all;
 * who is inside the container may read them anyway.  The service manager hands
 * over credentials by an access list, which looks like bits of a group. */
static bool
is_handed_over(const char *path)
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");

    return is_below(path, "/run/secrets")
           || (credentials != NULL && is_below(path, credentials));
}

/* Only root can make the system's state directory; what is in it belongs to the
 * user as whom the service runs, and root looks after it. */
static bool
is_of_the_service(const char *path)
{
    return geteuid() == 0
           && (is_below(path, "/var/lib/stint")
               || is_below(path, "/var/lib/private/stint"));
}

/* A file that others may read or write is refused before its contents count
 * for anything. */
static int
check_owner(int fd, const char *path)
{
    struct stat st;

    if (fstat(fd, &st) != 0) {
        return say(
            STINT_EACCESS, "%s cannot be examined: %s", path, strerror(errno));
    }
    if (!S_ISREG(st.st_mode)) {
        return say(STINT_EACCESS, "%s is not a regular file", path);
    }
    if (is_handed_over(path)) return 0;
    if (st.st_uid != geteuid() && st.st_uid != 0 && !is_of_the_service(path)) {
        return say(STINT_EACCESS,
            "%s belongs to user %u, not to this one (%u) or root: "
            "copy it to a file of your own",
            path, st.st_uid, geteuid());
    }
    if ((st.st_mode & OTHERS) != 0) {
        return say(STINT_EACCESS,
            "%s can be read or written by others (mode %04o): chmod 600 %s",
            path, st.st_mode & 07777, path);
    }
    return 0;
}

static int
read_checked(int fd, const char *path, char *out, size_t size, size_t *length)
{
    char more;

    int rc = check_owner(fd, path);
    if (rc != 0) return rc;
    ssize_t got = whole_read(fd, out, size);
    if (got < 0)
        return say(
            STINT_EACCESS, "%s cannot be read: %s", path, strerror(errno));
    if ((size_t)got == size && whole_read(fd, &more, 1) != 0) {
        return say(STINT_EACCESS,
            "%s is longer than %zu bytes: it is no key file", path, size);
    }
    *length = (size_t)got;
    return 0;
}

int
secret_read(const char *path, char *out, size_t size, size_t *length)
{
    /* NONBLOCK: a FIFO in the file's place must not hang us. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0) {
        return say(
            STINT_EACCESS, "%s cannot be opened: %s", path, strerror(errno));
    }
    int rc = read_checked(fd, path, out, size, length);
    (void)close(fd);
    return rc;
}

/* The directory must be synced too, or the new name may not survive. */
static void
sync_directory_of(const char *path)
{
    char dir[4096];
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 0 : (size_t)(slash - path);

    if (length >= sizeof dir) return;
    memcpy(dir, path, length);
    dir[length] = '\0';
    if (length == 0) memcpy(dir, slash == NULL ? "." : "/", 2);

    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    (void)fsync(fd);
    (void)close(fd);
}

/* Put the finished temporary file in its place.  link() does not replace. */
static int
move_into_place(const char *temporary, const char *path, bool replace)
{
    if (replace) {
        if (rename(temporary, path) == 0) return 0;
    } else if (link(temporary, path) == 0) {
        (void)unlink(temporary);
        return 0;
    }
    if (errno == EEXIST) {
        return say(STINT_EEXISTS,
            "%s is there already: choose another path or remove it", path);
    }
    return say(STINT_ESYSTEM, "%s cannot be made: %s", path, strerror(errno));
}

int
secret_write(const char *path, struct slice text, bool replace)
{
    char temporary[4096];
    int length = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);

    if (length < 0 || (size_t)length >= sizeof temporary) {
        return say(STINT_ESYSTEM, "the path %.64s… is too long", path);
    }
    int fd = mkostemp(temporary, O_CLOEXEC); /* Mode 0600 whatever the umask. */
    if (fd < 0)
        return say(
            STINT_ESYSTEM, "%s cannot be made: %s", temporary, strerror(errno));

    int error = whole_write(fd, text.bytes, text.length);
    if (error == 0 && fsync(fd) != 0) error = errno;
    if (close(fd) != 0 && error == 0) error = errno;
    int rc = error == 0 ? move_into_place(temporary, path, replace)
                        : say(STINT_ESYSTEM, "%s cannot be written: %s",
                            temporary, strerror(error));
    if (rc != 0) {
        (void)unlink(temporary);
        return rc;
    }
    sync_directory_of(path);
    return 0;
}

/* An environment variable that is set and an absolute path, as the XDG base
 * directory specification asks; else NULL. */
static const char *
absolute_path_in(const char *variable)
{
    const char *value = getenv(variable);

    return value != NULL && value[0] == '/' ? value : NULL;
}

size_t
secret_state_dir(char *out, size_t size)
{
    const char *state = absolute_path_in("XDG_STATE_HOME");
    const char *home = absolute_path_in("HOME");
    int length = 0;

    if (state != NULL) {
        length = snprintf(out, size, "%s/stint", state);
    } else if (home != NULL && strcmp(home, "/") != 0) {
        length = snprintf(out, size, "%s/.local/state/stint", home);
    } else {
        length = snprintf(out, size, "/var/lib/stint");
    }
    return length < 0 || (size_t)length >= size ? 0 : (size_t)length;
}

int
secret_make_dir(const char *path)
{
    char part[4096];
    size_t length = strlen(path);

    if (length == 0 || length >= sizeof part) {
        return say(
            STINT_ESYSTEM, "the directory \"%.64s\" has a bad length", path);
    }
    memcpy(part, path, length + 1);
    for (size_t i = 1; i <= length; i++) {
        if (part[i] != '/' && part[i] != '\0') continue;
        part[i] = '\0';
        int rc = dir_make(part);
        if (rc != 0) {
            return say(STINT_ESYSTEM, "the directory %s cannot be made: %s",
                part, strerror(-rc));
        }
        part[i] = path[i];
    }
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
        return say(STINT_ESYSTEM, "%s is not a directory", path);
    }
    return 0;
}
