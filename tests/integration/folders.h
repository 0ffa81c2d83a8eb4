/**
 * folders.h - a folder for as long as a test runs.            [layer: tests]
 */
#ifndef FOLDERS_H
#define FOLDERS_H

#include <stdio.h>
#include <stdlib.h>

enum { FOLDER_MAX = 64 };

/* Of a name that is new; 0, or -1 when it cannot be made. */
static inline int
folder_make(char path[FOLDER_MAX], const char *what)
{
    (void)snprintf(path, FOLDER_MAX, "/tmp/stint-%s-XXXXXX", what);
    return mkdtemp(path) == NULL ? -1 : 0;
}

/* With all that is in it; 0, or what rm says. */
static inline int
folder_remove(const char *path)
{
    char command[FOLDER_MAX + 16];

    (void)snprintf(command, sizeof command, "rm -rf '%s'", path);
    return system(command);
}

#endif
