/* stint_backup(): a copy of all that a master is. */
#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/stint.h"
#include "common/stint_error.h"
#include "common/sys/say.h"
#include "common/sys/secret.h"
#include "master/server/place.h"
#include "master/server/storekeeper.h"
#include "master/store/store.h"

enum { KEY_FILE_MAX = 4 << 20 };

/* ---- keys and access files ----------------------------------------------- */

static bool
is_key_file(const char *name)
{
    static const char SUFFIX[] = "access";
    size_t length = strlen(name);

    return strcmp(name, "server.key") == 0 || strcmp(name, "keys") == 0
           || (length >= sizeof SUFFIX - 1
               && strcmp(name + length - (sizeof SUFFIX - 1), SUFFIX) == 0);
}

static int
copy_file(const char *from, const char *to, const char *name, char *room)
{
    char source[PLACE_ROOM], target[PLACE_ROOM];
    size_t length = 0;

    int rc = place_path(source, from, name);
    if (rc == 0) rc = place_path(target, to, name);
    if (rc == 0) rc = secret_read(source, room, KEY_FILE_MAX, &length);
    if (rc != 0) return rc;
    rc = secret_write(
        target, (struct slice){ (const uint8_t *)room, length }, false);
    sodium_memzero(room, length);
    return rc;
}

static int
copy_keys(const char *from, const char *to)
{
    DIR *dir = opendir(from);
    char *room = malloc(KEY_FILE_MAX);
    int rc = 0;

    if (dir == NULL) {
        rc = say(STINT_ESYSTEM, "the directory %s cannot be read: %s", from,
            strerror(errno));
    } else if (room == NULL) {
        rc = say(STINT_ENOMEM, "no memory to copy the keys");
    }
    while (rc == 0) {
        struct dirent *e = readdir(dir);
        if (e == NULL) break;
        if (is_key_file(e->d_name)) {
            rc = copy_file(from, to, e->d_name, room);
        }
    }
    if (dir != NULL) (void)closedir(dir);
    free(room);
    return rc;
}

/* ---- the store ----------------------------------------------------------- */

static int
copy_store(const char *from, const char *to, struct stint_store_stat *out)
{
    static const struct storekeeper_see NOBODY = { .row = NULL };
    char path[PLACE_ROOM];
    struct disk *source = NULL, *target = NULL;

    int rc = place_path(path, to, "store");
    if (rc == 0) rc = place_open(from, &source);
    if (rc != 0) return rc;
    rc = place_make(path, &target);
    if (rc == 0) {
        rc = store_copy(source, target, NULL);
        if (rc == 0) rc = storekeeper_read(to, target, &NOBODY, out);
        disk_close(target);
    }
    disk_close(source);
    return rc;
}

/* ---- all of it ----------------------------------------------------------- */

/* The store first: a session in it whose key came later would be forgotten,
 * while a key too many does no harm. */
static int
copy_all(const char *from, const char *to, struct stint_store_stat *out)
{
    int rc = copy_store(from, to, out);

    return rc == 0 ? copy_keys(from, to) : rc;
}

/* "DIR.XXXXXX": beside it, so that a backup is there whole or not at all. */
static int
make_beside(const char *to, char path[PLACE_ROOM])
{
    int length = (int)strlen(to);

    while (length > 1 && to[length - 1] == '/')
        length--;
    int written = snprintf(path, PLACE_ROOM, "%.*s.XXXXXX", length, to);
    if (length == 0 || written >= PLACE_ROOM) {
        return say(STINT_EINVAL, "\"%.64s\" is no path of a directory", to);
    }
    if (mkdtemp(path) != NULL) return 0;
    return say(STINT_ESYSTEM, "%s cannot be made: %s%s", path, strerror(errno),
        errno == ENOENT ? "; make the directory above it first" : "");
}

int
stint_backup(const char *data_dir, const char *to, struct stint_store_stat *out)
{
    char made[PLACE_ROOM];
    struct stint_store_stat none = { .rows = 0 };

    if (!place_is_empty(to, NULL)) {
        return say(STINT_EEXISTS,
            "%s is there and is no empty directory: name a new one", to);
    }
    if (place_is_in_memory(data_dir)) {
        return say(STINT_EINVAL,
            "the master in %s keeps its tasks in memory only (--memory), so "
            "there is nothing of it to copy; stop it to copy what an earlier "
            "one left there",
            data_dir);
    }
    int rc = make_beside(to, made);
    if (rc != 0) return rc;
    rc = copy_all(data_dir, made, out != NULL ? out : &none);
    if (rc == 0) rc = place_move(made, to);
    if (rc != 0) place_remove(made);
    return rc;
}
