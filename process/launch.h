/**
 * launch.h - a program as people name it, ready to be started. [layer: process]
 */
#ifndef LAUNCH_H
#define LAUNCH_H

#include <stdbool.h>

#include "process/spawn.h"

struct launch_config {
    const char *const *argv; /* Or */
    const char *shell;       /* a line for `sh -c`. */
    const char *const *env;
    bool env_only;
    const char *cwd;
};

struct launch {
    struct spawn_config start; /* Program, environment and folder are set. */
    const char *cwd;
    const char *shell[4];
    char **envp; /* Owned. */
    int folder;  /* Owned. */
};

/**
 * Check it and make it ready; borrows all of it until launch_release().
 *
 * Returns: 0, STINT_EINVAL, STINT_ENOPROGRAM (no such directory),
 * STINT_ESYSTEM, STINT_ENOMEM; a sentence is said, and there is nothing to
 * release.
 */
int launch_prepare(struct launch *l, const struct launch_config *config)
    __attribute__((warn_unused_result));

void launch_release(struct launch *l);

/** What the errno of spawn() means, in a sentence: STINT_ENOPROGRAM (no such
 * program), STINT_ENOMEM, STINT_ESYSTEM. */
int launch_error(const struct launch *l, int error);

#endif
