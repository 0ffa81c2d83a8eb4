#include <stint.h>

#include "cli/command.h"
#include "cli/exit.h"
#include "cli/serve.h"
#include "cli/stop.h"
#include "cli/work.h"

static int
serve_worker(const struct work *work, struct stint_master *master)
{
    char room[WORK_NAME];
    struct stint_options options = { .kind = STINT_WORKER,
        .name = work_name(work->run, room),
        .slots = work->slots,
        .traits = work->traits };
    struct stint *s;
    int code, status;

    code = stint_master_connect(master, &options, &s);
    if (code != 0) return exit_error(code);
    status = work_serve(work, s, stint_master_address(master));
    stint_close(s);
    return status;
}

static int
serve_both(struct run *run, const struct work *work)
{
    struct stint_master *master;
    int status;

    stop_begin();
    status = serve_start(run, &master);
    if (status != EXIT_FINE) return status;
    serve_greet(run, master);
    status = serve_worker(work, master);
    stint_master_stop(master);
    return status;
}

/* Who may submit here is who may run commands here anyway. */
static int
run_local(struct run *run)
{
    struct work work;
    int status;

    if (run->after != NULL && *run->after == NULL)
        return exit_say(EXIT_USAGE,
            "no command follows --; write e.g. stint local -- ./sim {}");
    status = work_begin(run, true, &work);
    if (status == EXIT_FINE) status = serve_both(run, &work);
    work_end(&work);
    return status;
}

const struct command command_local = {
    .name = "local",
    .group = "Start",
    .args = "[-- COMMAND ARG...]",
    .summary = "A master and workers in one process, for the first minutes",
    .examples = "stint local -j 8\n"
                "stint local -- wc -c\n"
                "stint put default hello --result\n",
    .notes = "Its workers run the commands of jobs (stint run); COMMAND behind "
             "-- is for the tasks of queues (stint put).  --queue names queues "
             "to serve.  TERM and ^C finish what runs and "
             "leave; what is not done by then is there again at the next "
             "start.",
    .implies = "allow-exec",
    .runs_commands = true,
    .groups = { &command_worker_group, &command_master_group, &opt_data,
        &opt_authkey, &opt_general },
    .run = run_local,
};
