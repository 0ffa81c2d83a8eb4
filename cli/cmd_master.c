#include <stdnoreturn.h>
#include <unistd.h>

#include <stint.h>

#include "cli/command.h"
#include "cli/exit.h"
#include "cli/serve.h"
#include "cli/stop.h"

static void
quit(void *master)
{
    stint_master_quit(master);
}

/* Nothing was acknowledged yet, and the store stands any end. */
noreturn static void
leave(void *none)
{
    (void)none;
    _exit(EXIT_FINE);
}

static int
run_master(struct run *run)
{
    struct stint_master *master;
    struct stop_steps steps = { .first = quit };
    int code, status;

    stop_begin();
    stop_watch(&(struct stop_steps){ .first = leave });
    status = serve_start(run, &master);
    if (status != EXIT_FINE) return status;
    serve_greet(run, master);
    steps.arg = master;
    stop_watch(&steps);
    code = stint_master_serve(master);
    if (code != 0) status = exit_error(code);
    stop_watch(NULL);
    stint_master_stop(master);
    return status;
}

const struct command command_master = {
    .name = "master",
    .group = "Start",
    .summary = "Hold the queues; needs no argument",
    .examples =
        "stint master\n"
        "stint master --listen 'tcp://*:4725' --authkey-file key\n"
        "stint master --queue jobs,max-tasks=1000 --no-create\n"
        "stint master --data /srv/stint --queue live,durability=memory\n"
        "stint master --memory\n",
    .notes = "A queue of --queue may have kind=fifo, lifo or priority, "
             "max-tasks=N, max-bytes=SIZE, lease=TIME, attempts=N and "
             "durability=synced, written or memory.  What to type next is said "
             "on stderr.  TERM and ^C stop it with exit code 0; what is not "
             "done by then is there again at the next start, unless --memory "
             "was given.",
    .groups = { &command_master_group, &opt_data, &opt_authkey, &opt_general },
    .run = run_master,
};
