#include "process/variables.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t
count(const char *const *strings)
{
    size_t n = 0;

    while (strings != NULL && strings[n] != NULL) {
        n += 1;
    }
    return n;
}

static bool
is_set_in(const char *variable, const char *const *strings)
{
    size_t length = strcspn(variable, "=");

    for (; strings != NULL && *strings != NULL; strings++) {
        if (strncmp(variable, *strings, length) == 0
            && (*strings)[length] == '=') {
            return true;
        }
    }
    return false;
}

char **
variables_with(const char *const *more, bool only)
{
    const char *const *ours = only ? NULL : (const char *const *)environ;
    const char **all = calloc(count(ours) + count(more) + 1, sizeof *all);
    size_t n = 0;

    if (all == NULL) return NULL;
    for (; ours != NULL && *ours != NULL; ours++) {
        if (!is_set_in(*ours, more)) all[n++] = *ours;
    }
    for (; more != NULL && *more != NULL; more++) {
        if (!is_set_in(*more, more + 1)) all[n++] = *more;
    }
    return (char **)(uintptr_t)all;
}

const char *
variables_get(char *const *variables, const char *name)
{
    size_t length = strlen(name);

    for (; *variables != NULL; variables++) {
        if (strncmp(*variables, name, length) == 0
            && (*variables)[length] == '=') {
            return *variables + length + 1;
        }
    }
    return NULL;
}
