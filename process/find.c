#include "process/find.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
look(const char *path, int from)
{
    struct stat info;
    int at = from >= 0 ? from : AT_FDCWD;

    if (fstatat(at, path, &info, 0) != 0)
        return errno == EACCES ? EACCES : ENOENT;
    if (!S_ISREG(info.st_mode)) return EACCES;
    return faccessat(at, path, X_OK, AT_EACCESS) == 0 ? 0 : EACCES;
}

int
find_program(const char *name, const char *path, int from, char out[FIND_PATH])
{
    int worst = ENOENT;

    if (strchr(name, '/') != NULL) {
        int n = snprintf(out, FIND_PATH, "%s", name);
        return n < FIND_PATH ? look(out, from) : ENOENT;
    }
    if (path == NULL) path = getenv("PATH");
    if (path == NULL) path = "/bin:/usr/bin";
    for (;;) {
        size_t length = strcspn(path, ":");
        int n = snprintf(out, FIND_PATH, "%.*s%s%s", (int)length, path,
            length == 0 ? "./" : "/", name);

        int error = n < FIND_PATH ? look(out, from) : ENOENT;
        if (error == 0) return 0;
        if (error == EACCES) worst = EACCES;
        if (path[length] == '\0') return worst;
        path += length + 1;
    }
}
