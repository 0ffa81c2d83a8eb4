#include <stint.h>

#include "cli/command.h"
#include "cli/exit.h"
#include "cli/serve.h"
#include "cli/stop.h"
#include "cli/work.h"

/* Workers that have nothing to run are none: the master alone is served. */
static int
serve_both(struct run *run, struct stint_master *master)
{
    char room[WORK_NAME];
    struct stint_options options = { .kind = STINT_WORKER,
        .name = work_name(run, room),
        .slots = work_slots(run) };
    struct stint *s;
    int code, status;

    code = stint_master_connect(master, &options, &s);
    if (code != 0) return exit_error(code);
    status = work_serve(run, s, stint_master_address(master));
    stint_close(s);
    return status;
}

static int
run_local(struct run *run)
{
    bool has_command = run->after != NULL && *run->after != NULL;
    struct stint_master *master;
    int status;

    if (!has_command && setting_text(run, "plugin") == NULL)
        return exit_say(EXIT_USAGE,
            "what shall it run? stint local -- ./sim {}, or stint local "
            "--plugin ./libmy.so; `stint master` only holds queues");
    stop_begin();
    status = serve_start(run, &master);
    if (status != EXIT_FINE) return status;
    serve_greet(run, master);
    status = serve_both(run, master);
    stint_master_stop(master);
    return status;
}

const struct command command_local = {
    .name = "local",
    .group = "Start",
    .args = "[-- COMMAND ARG...]",
    .summary = "A master and workers in one process, for the first minutes",
    .examples = "stint local -- wc -c\n"
                "stint local -j 8 -- ./simulate {}\n"
                "stint put default hello --result\n",
    .notes = "--queue names queues to serve.  TERM and ^C finish what runs and "
             "leave; what is not done by then is there again at the next "
             "start.",
    .runs_commands = true,
    .groups = { &command_worker_group, &command_master_group, &opt_data,
        &opt_authkey, &opt_general },
    .run = run_local,
};
