#include "process/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base.h"
#include "common/sys/clock.h"
#include "process/find.h"
#include "process/guard.h"

enum theirs { INPUT, OUTPUT, ERRORS, PROGRESS, THEIRS };

/* ---- streams ------------------------------------------------------------- */

static void
close_fd(int *fd)
{
    if (*fd >= 0) (void)close(*fd);
    *fd = -1;
}

/* Standard streams may be closed in this process: a pipe with such a number
 * would be overwritten while the child sorts its own. */
static int
move_up(int *fd)
{
    if (*fd > SPAWN_PROGRESS_FD) return 0;

    int moved = fcntl(*fd, F_DUPFD_CLOEXEC, SPAWN_PROGRESS_FD + 1);
    int error = errno;
    close_fd(fd);
    *fd = moved;
    return moved < 0 ? error : 0;
}

static int
open_pipe(int *reader, int *writer, int *ours)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    *reader = ends[0];
    *writer = ends[1];
    int error = move_up(reader);
    if (error == 0) error = move_up(writer);
    if (error == 0 && fcntl(*ours, F_SETFL, O_NONBLOCK) != 0) error = errno;
    return error;
}

static int
open_pipes(struct spawned *p, const struct spawn_config *config, int *theirs)
{
    int error = 0;

    if (!config->no_input) error = open_pipe(&theirs[INPUT], &p->in, &p->in);
    if (error == 0 && !config->our_output) {
        error = open_pipe(&p->out, &theirs[OUTPUT], &p->out);
    }
    if (error == 0 && !config->our_output && !config->merge) {
        error = open_pipe(&p->err, &theirs[ERRORS], &p->err);
    }
    if (error == 0 && config->progress) {
        error = open_pipe(&p->progress, &theirs[PROGRESS], &p->progress);
    }
    return error;
}

static void
close_ours(struct spawned *p)
{
    close_fd(&p->in);
    close_fd(&p->out);
    close_fd(&p->err);
    close_fd(&p->progress);
}

/* ---- posix_spawn --------------------------------------------------------- */

static int
fill_actions(posix_spawn_file_actions_t *actions,
    const struct spawn_config *config, const int theirs[THEIRS])
{
    int error = 0, end = STDERR_FILENO + 1;

    if (config->folder >= 0) {
        error = posix_spawn_file_actions_addfchdir_np(actions, config->folder);
    }
    if (error == 0 && config->no_input) {
        error = posix_spawn_file_actions_addopen(
            actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    }
    for (int i = 0; i < THEIRS && error == 0; i++) {
        if (theirs[i] < 0) continue;
        error = posix_spawn_file_actions_adddup2(actions, theirs[i], i);
        if (i == PROGRESS) end = SPAWN_PROGRESS_FD + 1;
    }
    if (error == 0 && config->merge) {
        error = posix_spawn_file_actions_adddup2(
            actions, STDOUT_FILENO, STDERR_FILENO);
    }
    if (error == 0) {
        error = posix_spawn_file_actions_addclosefrom_np(actions, end);
    }
    return error;
}

static int
fill_attributes(posix_spawnattr_t *attributes)
{
    sigset_t all, none;

    (void)sigfillset(&all);
    (void)sigemptyset(&none);
    int error = posix_spawnattr_setflags(attributes,
        POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (error == 0) error = posix_spawnattr_setpgroup(attributes, 0);
    if (error == 0) error = posix_spawnattr_setsigmask(attributes, &none);
    if (error == 0) error = posix_spawnattr_setsigdefault(attributes, &all);
    return error;
}

/* Needs memory only, so its errors are errno's ENOMEM and those of exec. */
static int
start(pid_t *pid, const struct spawn_config *config, const char *file,
    char *const *argv, const int theirs[THEIRS])
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;

    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0) return error;
    error = posix_spawnattr_init(&attributes);
    if (error != 0) goto fini_actions;
    error = fill_actions(&actions, config, theirs);
    if (error == 0) error = fill_attributes(&attributes);
    if (error == 0) {
        error =
            posix_spawnp(pid, file, &actions, &attributes, argv, config->envp);
    }
    (void)posix_spawnattr_destroy(&attributes);
fini_actions:
    (void)posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* ---- limits -------------------------------------------------------------- */

/* Whether to set it: what we are limited to ourselves is inherited anyway. */
static bool
is_new(uint64_t wanted, int which)
{
    struct rlimit ours;

    if (wanted == 0) return false;
    if (getrlimit((__rlimit_resource_t)which, &ours) != 0) return true;
    return ours.rlim_max == RLIM_INFINITY || wanted < ours.rlim_max;
}

/* Processor time: first SIGXCPU, which can be told, a second later SIGKILL. */
static bool
write_limits(const struct spawn_limits *l, char *script, size_t size)
{
    char *to = script;
    char *const end = script + size;

    if (is_new(l->memory, RLIMIT_AS)) {
        uint64_t kib = l->memory / 1024 > 0 ? l->memory / 1024 : 1;
        to +=
            snprintf(to, (size_t)(end - to), "ulimit -v %" PRIu64 " && ", kib);
    }
    if (is_new(l->cpu_s, RLIMIT_CPU)) {
        to += snprintf(to, (size_t)(end - to),
            "ulimit -S -t %" PRIu64 " && ulimit -H -t %" PRIu64 " && ",
            l->cpu_s, l->cpu_s + 1);
    }
    if (is_new(l->files, RLIMIT_NOFILE)) {
        to += snprintf(
            to, (size_t)(end - to), "ulimit -n %" PRIu64 " && ", l->files);
    }
    if (to == script) return false;
    (void)snprintf(to, (size_t)(end - to), "exec \"$@\"");
    return true;
}

/* `before` and the words from `argv` on, of which the first is `file`.  Free it
 * with free(); NULL without memory. */
static char **
with_words_before(
    const char *const *before, size_t count, char *file, char *const *argv)
{
    size_t n = 0;

    while (argv[n] != NULL) {
        n += 1;
    }
    char **words = calloc(count + n + 1, sizeof *words);
    if (words == NULL) return NULL;
    memcpy(words, before, count * sizeof *words);
    memcpy(words + count, argv, n * sizeof *words);
    words[count] = file;
    return words;
}

static int
start_limited(pid_t *pid, const struct spawn_config *config, const char *script,
    char *file, const int theirs[THEIRS])
{
    const char *const before[] = { "sh", "-c", script, "sh" };
    char **argv =
        with_words_before(before, ARRAY_LEN(before), file, config->argv);

    if (argv == NULL) return ENOMEM;
    int error = start(pid, config, "/bin/sh", argv, theirs);
    free(argv);
    return error;
}

/* A script without "#!" is read by a shell, as execvp(3) has it. */
static int
start_script(pid_t *pid, const struct spawn_config *config, char *file,
    const int theirs[THEIRS])
{
    const char *const before[] = { "sh" };
    char **argv =
        with_words_before(before, ARRAY_LEN(before), file, config->argv);

    if (argv == NULL) return ENOMEM;
    int error = start(pid, config, "/bin/sh", argv, theirs);
    free(argv);
    return error;
}

static int
start_as_wanted(
    pid_t *pid, const struct spawn_config *config, const int theirs[THEIRS])
{
    char script[160], found[FIND_PATH];
    char *file = config->argv[0];
    bool limited = write_limits(&config->limits, script, sizeof script);
    int error = 0;

    if (limited || config->path != NULL) {
        error = find_program(file, config->path, config->folder, found);
        file = found;
    }
    if (error != 0) return error;
    if (limited) return start_limited(pid, config, script, file, theirs);
    error = start(pid, config, file, config->argv, theirs);
    if (error != ENOEXEC) return error;
    error = find_program(config->argv[0], config->path, config->folder, found);
    return error == 0 ? start_script(pid, config, found, theirs) : ENOEXEC;
}

/* ---- the whole ----------------------------------------------------------- */

static int
start_member(struct spawned *p, const struct spawn_config *config,
    const int theirs[THEIRS])
{
    pid_t pid = 0;

    family_expect();
    int error = start_as_wanted(&pid, config, theirs);
    if (error == 0 && config->guarded) {
        p->member.guard = guard_enter(pid, clock_boottime(), config->grace);
    }
    if (error == 0) error = family_add(&p->member, pid);
    family_expected();
    return error;
}

int
spawn(struct spawned *p, const struct spawn_config *config)
{
    int theirs[THEIRS] = { -1, -1, -1, -1 };

    *p = (struct spawned){ .member = { .pidfd = -1 },
        .in = -1,
        .out = -1,
        .err = -1,
        .progress = -1 };
    int error = open_pipes(p, config, theirs);
    if (error == 0) error = start_member(p, config, theirs);
    for (size_t i = 0; i < ARRAY_LEN(theirs); i++) {
        close_fd(&theirs[i]);
    }
    if (error != 0) close_ours(p);
    return error;
}
