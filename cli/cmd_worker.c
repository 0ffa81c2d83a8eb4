#include <stdlib.h>
#include <unistd.h>

#include <stint.h>

#include "cli/command.h"
#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/pace.h"
#include "cli/stop.h"
#include "cli/work.h"

enum { PAUSE_MS = 250 };

static const struct opt patience[] = {
    { "connect-timeout", 0, OPT_DURATION, "TIME", "20s",
        "How long to try to reach the master at the start" },
    { 0 },
};
static const struct opt_group group = { "worker", "Connection:", patience };

/* A key that is there and wrong will not become right. */
static bool
may_come(const struct stint_options *options)
{
    const char *path = options->authkey_file;

    if (path == NULL) return getenv("STINT_AUTHKEY") == NULL;
    return access(path, F_OK) != 0;
}

/* A worker may be started before its master has written the access file or
 * listens; so it tries again, having said what it waits for. */
static int
connect_patiently(struct stint_options *options, struct stint **out)
{
    int64_t limit = options->connect_timeout_ms, begun = pace_now_ms();
    bool is_said = false;

    for (;;) {
        int code = stint_connect(options, out);
        int64_t left = limit - (pace_now_ms() - begun);

        if (code == 0) return EXIT_FINE;
        if (code != STINT_EACCESS || limit < 0 || left <= 0
            || !may_come(options))
            return exit_error(code);
        if (!is_said)
            exit_note("%s (trying for %lld s)", stint_error_message(),
                (long long)(left + 999) / 1000);
        is_said = true;
        options->connect_timeout_ms = left;
        pace_sleep_ms(PAUSE_MS);
    }
}

static int
check(const struct run *run)
{
    bool has_command = run->after != NULL && *run->after != NULL;

    if (run->after != NULL && !has_command)
        return exit_say(EXIT_USAGE,
            "no command follows --; write e.g. stint worker -- ./sim {}");
    if (has_command && setting_text(run, "plugin") != NULL)
        return exit_say(EXIT_USAGE, "either --plugin or a command behind --, "
                                    "not both; start two workers");
    if (setting_number(run, "slots") > WORK_SLOTS_MAX)
        return exit_say(
            EXIT_USAGE, "--slots is at most %d", (int)WORK_SLOTS_MAX);
    if (!has_command && setting_text(run, "plugin") == NULL
        && !setting_flag(run, "allow-exec"))
        return exit_say(EXIT_USAGE,
            "what shall it run? The commands of jobs, stint worker "
            "--allow-exec; one command for each task, stint worker -- ./sim "
            "{}; or C handlers, stint worker --plugin ./libmy.so");
    return EXIT_FINE;
}

static int
run_connected(struct run *run, const struct work *work)
{
    struct stint_options options;
    char room[WORK_NAME];
    struct stint *s;
    int status;

    connect_options(run, &options);
    options.kind = STINT_WORKER;
    options.name = work_name(run, room);
    options.slots = work->slots;
    options.traits = work->traits;
    stop_begin();
    status = connect_patiently(&options, &s);
    if (status != EXIT_FINE) return status;
    status = work_serve(
        work, s, options.master ? options.master : "of the access file");
    stint_close(s);
    return status;
}

static int
run_worker(struct run *run)
{
    struct work work;
    int status = check(run);

    if (status != EXIT_FINE) return status;
    status = work_begin(run, false, &work);
    if (status == EXIT_FINE) status = run_connected(run, &work);
    work_end(&work);
    return status;
}

const struct command command_worker = {
    .name = "worker",
    .group = "Start",
    .args = "[-- COMMAND ARG...]",
    .summary = "Take tasks from queues and run them",
    .examples = "stint worker --allow-exec\n"
                "stint worker -- ./simulate {}\n"
                "stint worker --allow-exec --label zone=b --resource gpus=2\n"
                "stint worker -j 4 --queue gpu --plugin ./libmy.so\n"
                "stint worker --access work.access -- wc -c\n",
    .notes = "With --allow-exec it runs the commands of jobs (stint run): who "
             "may submit decides what runs here, as you.  COMMAND is run for "
             "each task, without a shell: {} becomes the payload, which is "
             "also its standard input; its standard output is the result, an "
             "exit code other than 0 a failed attempt.  "
             "TERM finishes what runs and gives the rest back; a second one "
             "stops at once.",
    .runs_commands = true,
    .groups = { &command_worker_group, &group, &opt_connection, &opt_general },
    .run = run_worker,
};
