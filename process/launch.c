#include "process/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/stint_error.h"
#include "common/sys/say.h"
#include "process/family.h"
#include "process/find.h"
#include "process/variables.h"

static int
check(const struct launch_config *config)
{
    if ((config->argv != NULL) == (config->shell != NULL)) {
        return say(STINT_EINVAL, "give argv, or a line for the shell");
    }
    if (config->argv != NULL
        && (config->argv[0] == NULL || config->argv[0][0] == '\0')) {
        return say(STINT_EINVAL, "argv is empty: name a program");
    }
    for (const char *const *v = config->env; v != NULL && *v != NULL; v++) {
        if (strchr(*v, '=') > *v) continue;
        return say(STINT_EINVAL, "\"%s\" is no variable: write NAME=VALUE", *v);
    }
    return 0;
}

static int
open_folder(const char *cwd, int *folder)
{
    *folder = -1;
    if (cwd == NULL) return 0;
    *folder = open(cwd, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*folder >= 0) return 0;
    int error = errno;
    if (error == ENOENT || error == ENOTDIR) {
        return say(
            STINT_ENOPROGRAM, "no such directory to run in: \"%s\"", cwd);
    }
    return say(STINT_ESYSTEM, "cannot run in the directory \"%s\": %s", cwd,
        strerrordesc_np(error));
}

/* As execvpe(3) of Python has it: the program is looked for in the environment
 * that it is given. */
static const char *
path_of(char *const *envp, const struct launch_config *config)
{
    const char *path = variables_get(envp, "PATH");

    if (config->env == NULL && !config->env_only) return NULL;
    return path != NULL ? path : "/bin:/usr/bin";
}

int
launch_prepare(struct launch *l, const struct launch_config *config)
{
    int rc = check(config);

    if (rc != 0) return rc;
    *l = (struct launch){ .cwd = config->cwd,
        .shell = { "/bin/sh", "-c", config->shell, NULL } };
    rc = open_folder(config->cwd, &l->folder);
    if (rc != 0) return rc;
    l->envp = variables_with(config->env, config->env_only);
    if (l->envp == NULL) {
        launch_release(l);
        return say(STINT_ENOMEM, "no memory for an environment");
    }
    const char *const *argv = config->argv != NULL ? config->argv : l->shell;
    l->start = (struct spawn_config){ .argv = (char *const *)(uintptr_t)argv,
        .envp = l->envp,
        .path = path_of(l->envp, config),
        .folder = l->folder };
    return 0;
}

void
launch_release(struct launch *l)
{
    free(l->envp);
    l->envp = NULL;
    if (l->folder >= 0) (void)close(l->folder);
    l->folder = -1;
}

static int
say_missing(const struct launch *l)
{
    const char *program = l->start.argv[0];
    char path[FIND_PATH];

    if (find_program(program, l->start.path, l->folder, path) == 0) {
        return say(STINT_ENOPROGRAM,
            "no such program: what the first line of \"%s\" names is not there",
            path);
    }
    if (strchr(program, '/') == NULL) {
        return say(
            STINT_ENOPROGRAM, "no such program in PATH: \"%s\"", program);
    }
    return say(STINT_ENOPROGRAM, "no such program: \"%s\"%s%s", program,
        l->cwd != NULL && program[0] != '/' ? " in " : "",
        l->cwd != NULL && program[0] != '/' ? l->cwd : "");
}

int
launch_error(const struct launch *l, int error)
{
    const char *program = l->start.argv[0];

    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return say_missing(l);
    case EACCES:
        return say(
            STINT_ESYSTEM, "\"%s\" is not executable: chmod +x", program);
    case ENOMEM:
        return say(STINT_ENOMEM, "no memory to start \"%s\"", program);
    case EAGAIN:
        return say(STINT_ESYSTEM,
            "cannot start \"%s\": there are too many processes (ulimit -u)",
            program);
    case EMFILE:
    case ENFILE:
        return say(STINT_ESYSTEM,
            "cannot start \"%s\": too many files are open (ulimit -n)",
            program);
    default:
        return say(STINT_ESYSTEM, "cannot start \"%s\": %s", program,
            family_why(error));
    }
}
