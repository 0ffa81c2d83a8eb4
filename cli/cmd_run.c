/* run and submit: a command or a handler, for many values. */

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <stint_job.h>

#include "cli/carry.h"
#include "cli/command.h"
#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/feeder.h"
#include "cli/input.h"
#include "cli/joblog.h"
#include "cli/joboptions.h"
#include "cli/join.h"
#include "cli/line.h"
#include "cli/print.h"
#include "cli/private.h"
#include "cli/results.h"
#include "cli/runner.h"
#include "cli/stop.h"
#include "cli/table.h"

/* How long the master may take to say what it has. */
enum { CALL_MS = 20000 };

/* What both have while they run. */
struct plan {
    struct run *run;
    struct joboptions o;
    struct carry carry;
    struct input *input;
    int wake_fd;
    struct line line;
    struct private private;
    struct stint *s;
    struct stint_job *job;
};

/* ---- before anybody is asked --------------------------------------------- */

static int
check_input(const struct plan *w)
{
    const char *name = w->run->command->name;

    if (!input_is_default(w->input) || isatty(STDIN_FILENO) != 1)
        return EXIT_FINE;
    return exit_say(EXIT_USAGE,
        "%s on which values? stint %s %s ::: a b c, or a line each on stdin "
        "(stint %s --help has examples)",
        name, name, w->o.argv[0] != NULL ? w->o.argv[0] : "echo", name);
}

static int
open_input(struct plan *w)
{
    const struct run *run = w->run;
    const struct input_options options = { .words = w->o.input,
        .files = setting_list(run, "arg-file"),
        .array = setting_text(run, "array"),
        .colsep = setting_text(run, "colsep"),
        .nul = setting_flag(run, "null"),
        .keeps_nul = w->o.job.program != STINT_PROGRAM_COMMAND,
        .wake_fd = w->wake_fd };
    int status = input_open(&options, &w->input);

    return status == EXIT_FINE ? check_input(w) : status;
}

static int
plan_begin(struct run *run, struct plan *w)
{
    int status;

    *w = (struct plan){
        .run = run, .carry.fd = -1, .wake_fd = eventfd(0, EFD_CLOEXEC)
    };
    if (w->wake_fd < 0)
        return exit_say(
            EXIT_AGAIN, "no event can be made: %s", strerror(errno));
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    status = joboptions_take(run, &w->o);
    if (status == EXIT_FINE) status = carry_take(run, &w->carry, &w->o.job);
    if (status == EXIT_FINE) status = open_input(w);
    if (status == EXIT_FINE)
        line_init(&w->line, &w->o.job, w->o.has_no_command);
    return status;
}

static void
plan_end(struct plan *w)
{
    stint_job_free(w->job);
    /* One that is gone would be waited for. */
    if (w->s != NULL && !stint_is_connected(w->s))
        stint_abandon(w->s);
    else
        stint_close(w->s);
    private_stop(&w->private);
    line_fini(&w->line);
    input_free(w->input);
    carry_fini(&w->carry);
    joboptions_fini(&w->o);
    if (w->wake_fd >= 0) close(w->wake_fd);
}

static int
print_plan(struct plan *w)
{
    bool tag =
        setting_find(w->run, "tag") != NULL && setting_flag(w->run, "tag");
    struct stint_bytes value;
    uint64_t seq = 0;
    int got, status = EXIT_FINE;

    while (status == EXIT_FINE && (got = input_next(w->input, &value)) != 0) {
        if (got < 0) return EXIT_FAILED;
        if (tag) print_label(value, stdout);
        if (w->o.job.handler != NULL) fputs("handler ", stdout);
        puts(line_of(&w->line, value, ++seq));
        if (ferror(stdout)) status = print_flush();
    }
    return status == EXIT_FINE ? print_flush() : status;
}

/* Then the input is not all that the job has. */
static bool
is_resumed(const struct run *run)
{
    return setting_find(run, "resume") != NULL
           && (setting_flag(run, "resume")
               || setting_flag(run, "resume-failed"));
}

/* With a key that is known the job has what it gets, unless who put it was cut
 * off: nobody but him knows how far he came in his input. */
static int
join_job(const struct plan *w)
{
    uint64_t number = stint_job_number(w->job);
    struct stint_job_row row;
    int code = stint_job_look(w->job, &row, CALL_MS);
    const char *s = code == 0 && row.tasks == 1 ? "" : "s";

    if (code != 0) return exit_error(code);
    if (row.state == STINT_JOB_ORPHANED)
        return exit_say(EXIT_FAILED,
            "job %" PRIu64 " has this key, and who submitted it was cut off "
            "when %" PRIu64 " task%s had been put: %s attach %" PRIu64
            " follows these, %s cancel --job %" PRIu64 " ends them; then run "
            "all with another key",
            number, row.tasks, s, exit_program(), number, exit_program(),
            number);
    code = is_resumed(w->run) ? EXIT_FINE
                              : join_check(w->s, w->job, &row, w->input);
    if (code != EXIT_FINE) return code;
    exit_note("stint: job %" PRIu64 " has this key already, with %" PRIu64
              " task%s: nothing is put again",
        number, row.tasks, s);
    return EXIT_FINE;
}

static int
open_job(struct plan *w)
{
    int code = stint_job_open(w->s, &w->o.job, &w->job);

    if (code != 0) return exit_error(code);
    if (stint_job_existed(w->job, NULL)) return join_job(w);
    return carry_send(&w->carry, w->job);
}

/* ---- run ----------------------------------------------------------------- */

static bool
has_place(const struct joboptions *o)
{
    for (size_t i = 0; o->argv[i] != NULL; i++)
        if (strstr(o->argv[i], "{#}") != NULL) return true;
    return false;
}

static int
check_resume(const struct run *run, const struct joboptions *o)
{
    bool resume = setting_flag(run, "resume");
    bool failed = setting_flag(run, "resume-failed");
    bool has_log = setting_text(run, "joblog") != NULL;

    if (failed && !has_log)
        return exit_say(EXIT_USAGE,
            "--resume-failed needs the --joblog that says what did");
    if (resume && !has_log && setting_text(run, "results") == NULL)
        return exit_say(EXIT_USAGE,
            "--resume needs --joblog or --results, which say what was done");
    /* Files that are called after it would be written over. */
    if ((resume || failed) && has_place(o))
        return exit_say(EXIT_USAGE,
            "{#} begins at 1 again where what was done is left out; number "
            "the values themselves, as in :::: values ::::+ numbers");
    return EXIT_FINE;
}

static int
open_logs(const struct run *run, struct joblog *log, struct results *results)
{
    const char *path = setting_text(run, "joblog");
    const char *dir = setting_text(run, "results");
    enum joblog_mode mode = setting_flag(run, "resume-failed")
                                ? JOBLOG_RESUME_FAILED
                            : setting_flag(run, "resume") ? JOBLOG_RESUME
                                                          : JOBLOG_NEW;
    int status = EXIT_FINE;

    if (dir != NULL) status = results_open(results, dir);
    if (status == EXIT_FINE && path != NULL)
        status = joblog_open(log, path, mode);
    return status;
}

static int
run_job(struct plan *w)
{
    const struct run *run = w->run;
    struct joblog log = { 0 };
    struct results results = { 0 };
    int status = open_logs(run, &log, &results);

    if (status == EXIT_FINE) status = open_job(w);
    if (status == EXIT_FINE) {
        const struct runner_options options = { .run = run,
            .s = w->s,
            .job = w->job,
            .is_private = w->private.master != NULL,
            .program = w->o.job.program,
            .input = w->input,
            .wake_fd = w->wake_fd,
            .joblog = log.file != NULL ? &log : NULL,
            .results = results.dir != NULL ? &results : NULL,
            .carry = &w->carry,
            .keeps = w->o.job.key != NULL,
            .resumes = is_resumed(run),
            .line = &w->line };

        status = runner_run(&options);
    }
    joblog_close(&log);
    return status;
}

static int
connect_and_run(struct plan *w)
{
    int status;

    /* Children get the default again; here a write says what happened. */
    signal(SIGPIPE, SIG_IGN);
    stop_begin();
    status = private_connect(w->run, &w->o.job, &w->private, &w->s);
    return status == EXIT_FINE ? run_job(w) : status;
}

static int
run_run(struct run *run)
{
    struct plan w;
    int status = plan_begin(run, &w);

    if (status == EXIT_FINE) status = check_resume(run, &w.o);
    if (status == EXIT_FINE)
        status =
            setting_flag(run, "dry-run") ? print_plan(&w) : connect_and_run(&w);
    plan_end(&w);
    return status;
}

/* ---- submit -------------------------------------------------------------- */

static void
stop_feeding(void *feeder)
{
    exit_note("stint: no more is submitted");
    feeder_stop(feeder);
}

static int
print_number(const struct plan *w, uint64_t tasks)
{
    uint64_t job = stint_job_number(w->job);

    if (setting_flag(w->run, "json"))
        printf("{\"job\": %" PRIu64 ", \"tasks\": %" PRIu64 "}\n", job, tasks);
    else if (setting_flag(w->run, "quiet"))
        printf("%" PRIu64 "\n", job);
    else
        printf("job %" PRIu64 ": %" PRIu64 " task%s\n", job, tasks,
            tasks == 1 ? "" : "s");
    return table_flush();
}

static int
submit_all(struct plan *w)
{
    struct feeder_options options = {
        .job = w->job, .input = w->input, .wake_fd = w->wake_fd
    };
    struct stop_steps steps = { .first = stop_feeding };
    struct feeder_state state;
    struct feeder *feeder;
    uint64_t tasks;
    int printed, status;

    if (stint_job_existed(w->job, &tasks)) return print_number(w, tasks);
    feeder = feeder_begin(&options);
    steps.arg = feeder;
    stop_watch(&steps);
    status = feeder_wait(feeder);
    stop_watch(NULL);
    state = feeder_look(feeder);
    feeder_end(feeder);
    printed = print_number(w, state.put);
    if (state.is_stopped) return EXIT_SIGNAL + stop_signal();
    return status != EXIT_FINE ? status : printed;
}

static int
connect_and_submit(struct plan *w)
{
    int status;

    stop_begin();
    status = connect_as(w->run, STINT_CLIENT, &w->s);
    if (status == EXIT_FINE) status = open_job(w);
    return status == EXIT_FINE ? submit_all(w) : status;
}

static int
run_submit(struct run *run)
{
    struct plan w;
    int status = plan_begin(run, &w);

    if (status == EXIT_FINE)
        status = setting_flag(run, "dry-run") ? print_plan(&w)
                                              : connect_and_submit(&w);
    plan_end(&w);
    return status;
}

/* ---- the commands -------------------------------------------------------- */

static const char words[] = "[COMMAND [WORD...]] [::: VALUE...]...";

const struct command command_run = {
    .name = "run",
    .group = "Work",
    .args = words,
    .summary = "Run a command on many values, and print what it prints",
    .examples =
        "seq 100 | stint run echo {}\n"
        "stint run ./simulate --seed {1} --size {2} ::: 1 2 3 ::: 10 20\n"
        "stint run --tag -j 4 gzip -k {} ::: *.log\n"
        "ls *.dat | stint run --shell 'sort {} | uniq -c >{.}.count'\n"
        "stint run --joblog LOG --resume-failed ./fetch {} :::: urls\n"
        "stint run --retries 3 --timeout 10m --halt soon,fail=5% ./sim {}\n"
        "stint run --handler square ::: 1 2 3\n"
        "stint run < commands\n",
    .notes =
        "Options end at the first word of COMMAND.  In it stand for the values "
        "of a task: {} all of them, {.} without extension, {/} without "
        "directories, {//} the directory, {/.} without both, {#} its place, "
        "{1} {2} one of several; without any the values come last.  Without "
        "COMMAND each value is one, for a shell.  No shell "
        "reads it unless --shell is given.  ::: VALUES, :::: FILES and stdin, "
        "a line a value, are where values come from; several are combined, "
        ":::+ and ::::+ go side by side with the one before.  Where no master "
        "is found one is started for this run alone.  ^C leaves the job to its "
        "master (`stint attach` comes back), twice cancels it.  0: all went "
        "well; 1: a task failed.",
    .args_max = 1 << 30,
    .ends_at_word = true,
    .groups = { &joboptions_group, &joboptions_input, &joboptions_output,
        &opt_connection, &opt_general },
    .run = run_run,
};

static const struct opt submit_options[] = {
    { "json", 0, OPT_FLAG, NULL, NULL, "Print JSON" },
    { 0 },
};
static const struct opt_group submit_group = { "run",
    "Output:", submit_options };

const struct command command_submit = {
    .name = "submit",
    .group = "Work",
    .args = words,
    .summary = "Give a job to the master and go",
    .examples =
        "stint submit ./simulate {} ::: 1 2 3\n"
        "stint submit --name night -q ./simulate {} :::: seeds\n"
        "stint submit --key night-17 --retries 3 ./simulate {} :::: seeds\n"
        "stint wait last; stint results last\n",
    .notes = "As `stint run`, which has the templates and where values come "
             "from, but it prints the number of the job when the master has "
             "all of it, and leaves.",
    .args_max = 1 << 30,
    .ends_at_word = true,
    .groups = { &joboptions_group, &joboptions_input, &submit_group,
        &opt_connection, &opt_general },
    .run = run_submit,
};
