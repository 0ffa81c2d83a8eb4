#include "cli/private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/config.h"
#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/mem.h"
#include "cli/work.h"

static bool
is_named(const struct run *run)
{
    static const char *const names[] = { "master", "access", "authkey-file",
        "authkey" };

    for (size_t i = 0; i < 4; i++)
        if (setting_find(run, names[i])->count > 0) return true;
    return false;
}

static bool
has_access_in(const char *folder, const char *leaf)
{
    char *path;
    bool is_there;

    if (folder == NULL || *folder == '\0') return false;
    path = mem_format("%s%s", folder, leaf);
    is_there = access(path, F_OK) == 0;
    free(path);
    return is_there;
}

/* Where the library looks for one. */
static bool
has_access_file(void)
{
    return has_access_in(getenv("XDG_STATE_HOME"), "/stint/access")
           || has_access_in(getenv("HOME"), "/.local/state/stint/access")
           || has_access_in("/var/lib/stint", "/access");
}

static bool
wants_none(const struct run *run)
{
    const char *master = setting_text(run, "master");

    return master != NULL && strcmp(master, "none") == 0;
}

/* Returns 0, or why there is no master that could be used. */
static int
reach(const struct run *run, struct stint **out)
{
    struct stint_options options;

    connect_options(run, &options);
    options.kind = STINT_CLIENT;
    return connect_aloud(&options, out);
}

/* Somebody has a master here, who would not look for his tasks on this host. */
static int
say_away(void)
{
    return exit_say(EXIT_UNREACHABLE,
        "%s; to run on this machine alone: %s run --master none",
        stint_error_message(), exit_program());
}

/* ---- what a worker of our own cannot ------------------------------------- */

static bool
is_met(const struct stint_trait *need, const struct stint_trait *has)
{
    for (; has->name != NULL; has++) {
        if (strcmp(need->name, has->name) != 0) continue;
        if (need->count > 0) {
            if (has->count >= need->count) return true;
        } else if (need->value == NULL || *need->value == '\0'
                   || (has->value != NULL
                       && strcmp(need->value, has->value) == 0)) {
            return true;
        }
    }
    return false;
}

static int
say_lack(const struct stint_trait *need, const struct stint_trait *has)
{
    bool is_count = need->count > 0;
    uint64_t most = 0;

    for (; has->name != NULL; has++)
        if (strcmp(need->name, has->name) == 0 && has->count > most)
            most = has->count;
    if (is_count)
        return exit_say(EXIT_UNREACHABLE,
            "no master is named, and this machine alone has %s %" PRIu64
            ", not %" PRIu64 ": %s master here, and %s worker where it is",
            need->name, most, need->count, exit_program(), exit_program());
    return exit_say(EXIT_UNREACHABLE,
        "no master is named, and this machine alone has no %s%s%s: %s master "
        "here, and %s worker --label where it is",
        need->name, need->value != NULL ? "=" : "",
        need->value != NULL ? need->value : "", exit_program(), exit_program());
}

static int
check_needs(const struct stint_trait *need)
{
    static const struct stint_worker_options work = { .allow_exec = true };
    struct stint_trait *has = NULL;
    int code, status = EXIT_FINE;

    if (need == NULL || need->name == NULL) return EXIT_FINE;
    code = stint_worker_traits(&work, &has);
    if (code != 0) return exit_error(code);
    for (; need->name != NULL && status == EXIT_FINE; need++)
        if (!is_met(need, has)) status = say_lack(need, has);
    free(has);
    return status;
}

/* Its tasks would wait for ever. */
static int
check_job(const struct stint_job_options *job)
{
    if (job->handler != NULL)
        return exit_say(EXIT_UNREACHABLE,
            "no master is named, and handlers are a worker's: stint local "
            "--plugin ./libmy.so");
    if (job->program != STINT_PROGRAM_COMMAND)
        return exit_say(EXIT_UNREACHABLE,
            "no master is named, and --own runs what a worker has: stint local "
            "-- ./simulate {}");
    if (job->queue != NULL && strcmp(job->queue, "default") != 0)
        return exit_say(EXIT_UNREACHABLE,
            "no master is named, and this machine alone serves no queue '%s': "
            "leave out --queue, or %s master and %s worker --queue %s",
            job->queue, exit_program(), exit_program(), job->queue);
    return check_needs(job->needs);
}

/* ---- a master of our own ------------------------------------------------- */

static void *
serve(void *arg)
{
    struct private *p = arg;

    if (stint_worker_serve(p->worker) != 0) exit_error(STINT_ESYSTEM);
    return NULL;
}

static int
start_master(struct private *p)
{
    static const struct stint_master_options options = {
        .listen = "tcp://127.0.0.1:0", .memory = true
    };
    int code = stint_master_start(&options, &p->master);

    return code == 0 ? EXIT_FINE : exit_error(code);
}

/* Connects as a worker that has what its options say. */
static int
connect_worker(struct private *p, const struct stint_worker_options *work)
{
    struct stint_options options = {
        .kind = STINT_WORKER, .name = "local", .slots = p->slots
    };
    struct stint_trait *traits = NULL;
    int code = stint_worker_traits(work, &traits);

    options.traits = traits;
    if (code == 0) code = stint_master_connect(p->master, &options, &p->s);
    free(traits);
    if (code == 0) code = stint_worker_new(p->s, work, &p->worker);
    return code == 0 ? EXIT_FINE : exit_error(code);
}

static int
start_worker(struct private *p)
{
    const struct stint_worker_options work = {
        .slots = p->slots, .grace_ms = 1, .allow_exec = true
    };
    int error, status = connect_worker(p, &work);

    if (status != EXIT_FINE) return status;
    error = pthread_create(&p->thread, NULL, serve, p);
    if (error == 0) return EXIT_FINE;
    stint_worker_free(p->worker);
    p->worker = NULL;
    return exit_say(
        EXIT_AGAIN, "no thread can be started: %s", strerror(error));
}

static int
start(unsigned slots, struct private *p, struct stint **out)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int code, status;

    p->slots = slots > 0 ? slots : cores > 0 ? (unsigned)cores : 1;
    if (p->slots > WORK_SLOTS_MAX) p->slots = WORK_SLOTS_MAX;
    status = start_master(p);
    if (status == EXIT_FINE) status = start_worker(p);
    if (status != EXIT_FINE) return status;
    code = stint_master_connect(p->master, NULL, out);
    if (code != 0) return exit_error(code);
    exit_note("stint: no master here: running on this machine alone, %u at a "
              "time (stint help master)",
        p->slots);
    return EXIT_FINE;
}

int
private_connect(const struct run *run, const struct stint_job_options *job,
    struct private *p, struct stint **out)
{
    int code, status;

    *p = (struct private){ 0 };
    if (!wants_none(run)) {
        if (is_named(run)) return connect_as(run, STINT_CLIENT, out);
        code = reach(run, out);
        if (code == 0) return EXIT_FINE;
        if (code == STINT_EUNREACHABLE) return say_away();
        if (code != STINT_EACCESS || has_access_file()) return exit_error(code);
    }
    status = check_job(job);
    return status == EXIT_FINE ? start(job->running_max, p, out) : status;
}

void
private_stop(struct private *p)
{
    if (p->worker != NULL) {
        stint_worker_stop(p->worker);
        pthread_join(p->thread, NULL);
        stint_worker_free(p->worker);
    }
    stint_close(p->s);
    stint_master_stop(p->master);
    *p = (struct private){ 0 };
}
