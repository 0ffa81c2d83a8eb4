/* results and attach: what the tasks of a job wrote. */

#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include <stint_job.h>

#include "cli/bar.h"
#include "cli/command.h"
#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/pace.h"
#include "cli/print.h"
#include "cli/select.h"
#include "cli/snapshot.h"
#include "cli/stop.h"
#include "cli/summary.h"

/* How long it waits for the next end before it looks at the bar and at ^C; how
 * often the counts of a bar are asked for; how soon what has ended is there. */
enum { PIECE_MS = 200, LOOK_MS = 1000, SOON_MS = 500, CALL_MS = 5000 };

struct follow {
    struct stint *s;
    const struct run *run;
    struct stint_job *job;
    struct stint_read_options how;
    struct print print;
    bool follows;
    uint64_t done, failed; /* Of those that were printed. */
    struct bar bar;
    struct stint_job_row row;
    int64_t looked_ms; /* When `row` was asked for. */
    bool is_away;      /* The master did not answer then. */
    bool is_cut;       /* Not all that was written is kept. */
    bool mid_line;     /* What was printed last has no newline. */
};

static atomic_bool is_detached;

static void
detach(void *arg)
{
    (void)arg;
    atomic_store(&is_detached, true);
}

/* ---- the bar ------------------------------------------------------------- */

static int
look(struct follow *f)
{
    int64_t now = pace_now_ms();
    int code;

    if (now - f->looked_ms < LOOK_MS) return 0;
    code = stint_job_look(f->job, &f->row, CALL_MS);
    f->looked_ms = now;
    f->is_away = code != 0;
    return code;
}

/* What had ended before says nothing of how fast it goes now. */
static void
begin_bar(struct follow *f)
{
    int64_t now = pace_now_ms();

    bar_init(&f->bar, f->run, now);
    f->bar.count = f->bar.next = 0;
    bar_rate(&f->bar, f->row.ends, now);
}

static void
show_bar(struct follow *f)
{
    struct bar_state state = { .job = stint_job_number(f->job),
        .total = f->row.tasks,
        .done = f->row.done,
        .failed = f->row.failed + f->row.cancelled,
        .running = f->row.running,
        .workers = f->row.workers };

    bar_show(&f->bar, &state, pace_now_ms(), !f->mid_line);
}

/* ---- ends ---------------------------------------------------------------- */

static bool
lacks_newline(struct stint_bytes bytes)
{
    const char *text = bytes.data;

    return bytes.size > 0 && text[bytes.size - 1] != '\n';
}

static void
print(struct follow *f, const struct stint_end *end)
{
    bar_hide(&f->bar);
    if (end->code != 0)
        f->failed++;
    else
        f->done++;
    if (print_is_cut(end)) f->is_cut = true;
    print_end(&f->print, end);
    f->mid_line = isatty(STDOUT_FILENO) == 1 && !f->print.json
                  && !f->print.lines && lacks_newline(end->out);
}

/* Prints all that has ended; where it follows, until the job has. */
static int
read_all(struct follow *f)
{
    stint_job_read(f->job, &f->how);
    while (!atomic_load(&is_detached)) {
        struct stint_end end;
        int64_t began = pace_now_ms();
        int code =
            stint_job_next(f->job, &end, f->follows ? PIECE_MS : SOON_MS);

        if (code == STINT_EEMPTY) return 0;
        if (code == 0) {
            print(f, &end);
            if (print_flush() != EXIT_FINE) return STINT_ECLOSED;
        } else if (!connect_may_come(code) || !f->follows) {
            return code;
        } else {
            pace_sleep_ms(began + PIECE_MS - pace_now_ms());
        }
        if (!f->follows || f->bar.kind == BAR_NONE) continue;
        code = look(f);
        if (code != 0 && !connect_may_come(code)) return code;
        show_bar(f);
    }
    return 0;
}

/* ---- results ------------------------------------------------------------- */

/* What had not ended when nobody wanted to wait. */
static void
say_rest(const struct follow *f)
{
    const struct stint_job_row *row = &f->row;

    exit_note("job %" PRIu64 " goes on, %" PRIu64 " of %" PRIu64
              " task%s ended; %s--follow waits",
        stint_job_number(f->job), row->ends, row->tasks,
        row->tasks == 1 ? " has" : "s have",
        f->how.order == STINT_BY_SEQ
            ? "--as-completed shows those behind one that has not, "
            : "");
}

/* Nothing is there of what a run has printed. */
static void
say_dropped(const struct follow *f)
{
    if (f->how.failed_only || f->done >= f->row.done) return;
    exit_note("%" PRIu64 " of %" PRIu64
              " that ended well are not kept: " SELECT_NOT_KEPT,
        f->row.done - f->done, f->row.done);
}

static int
say_detached(const struct follow *f)
{
    uint64_t number = stint_job_number(f->job);

    exit_note("detached; job %" PRIu64 " goes on  ->  %s attach %" PRIu64
              "   %s cancel --job %" PRIu64,
        number, exit_program(), number, exit_program(), number);
    return EXIT_SIGNAL + SIGINT;
}

static int
end_of(struct follow *f, int code)
{
    bool is_told = f->bar.kind != BAR_NONE;

    bar_hide(&f->bar);
    if (code == STINT_ECLOSED) return print_flush();
    if (code == STINT_ENOJOB) return summary_lost(stint_job_number(f->job), "");
    if (code != 0 && (f->follows || code != STINT_ETIMEOUT))
        return exit_error(code);
    if (atomic_load(&is_detached)) return say_detached(f);
    if (stint_job_look(f->job, &f->row, CALL_MS) == 0) {
        if (snapshot_job_goes_on(&f->row))
            say_rest(f);
        else if (is_told)
            (void)summary_say(stint_job_number(f->job), &f->row);
        else
            say_dropped(f);
    }
    return f->failed > 0 || f->is_cut ? EXIT_FAILED : EXIT_FINE;
}

static int
begin(struct follow *f, const struct run *run)
{
    const char *word;
    int code, status = select_job_word(run, &word);

    if (status == EXIT_FINE) status = connect_as(run, STINT_TOOL, &f->s);
    if (status != EXIT_FINE) return status;
    status = select_job(f->s, word, &f->job);
    if (status == EXIT_FINE) {
        code = stint_job_look(f->job, &f->row, setting_ms(run, "timeout"));
        f->looked_ms = pace_now_ms();
        if (code != 0) status = exit_error(code);
    }
    if (status == EXIT_FINE) return EXIT_FINE;
    stint_job_free(f->job);
    stint_close(f->s);
    return status;
}

static int
finish(struct follow *f, int code)
{
    int status = end_of(f, code);

    stint_job_free(f->job);
    /* Who leaves a master that is away need not wait for it. */
    if (f->is_away)
        stint_abandon(f->s);
    else
        stint_close(f->s);
    return status;
}

static const struct opt results_options[] = {
    { "as-completed", 0, OPT_FLAG, NULL, NULL,
        "In the order in which they ended, not that of the input" },
    { "failed", 0, OPT_FLAG, NULL, NULL,
        "Only of tasks that failed, in the order in which they did" },
    { "tag", 0, OPT_FLAG, NULL, NULL,
        "Begin each line with the task's values and a tab" },
    { "follow", 'f', OPT_FLAG, NULL, NULL, "Wait for those that run" },
    SELECT_JOB_OPTION,
    { 0 },
};
static const struct opt_group results_group = { "results",
    "What:", results_options };

static const struct opt json_options[] = {
    { "json", 0, OPT_FLAG, NULL, NULL, "Print JSON, a line for each task" },
    { 0 },
};
static const struct opt_group json_group = { "common",
    "Output:", json_options };

static int
run_results(struct run *run)
{
    struct follow f = { .run = run, .follows = setting_flag(run, "follow") };
    int status = begin(&f, run);

    if (status != EXIT_FINE) return status;
    f.how.failed_only = setting_flag(run, "failed");
    f.how.order = f.how.failed_only || setting_flag(run, "as-completed")
                      ? STINT_BY_END
                      : STINT_BY_SEQ;
    print_init(&f.print, run, f.row.program);
    return finish(&f, read_all(&f));
}

const struct command command_results = {
    .name = "results",
    .group = "Work",
    .args = "[JOB]",
    .summary = "Print what the tasks of a job wrote",
    .examples = "stint results\n"
                "stint results 3 --as-completed --tag\n"
                "stint results last --failed\n"
                "stint results 3 --json | jq -r .stdout\n",
    .notes = "JOB is its number, name or key; without one, or with 'last', it "
             "is the last one.  Results come in the order of the input, stdout "
             "on stdout "
             "and stderr on stderr.  The exit code is 1 when a task failed or "
             "wrote more than is kept.",
    .args_max = 1,
    .groups = { &results_group, &json_group, &opt_connection, &opt_general },
    .run = run_results,
};

/* ---- attach -------------------------------------------------------------- */

static const struct opt attach_options[] = {
    { "as-completed", 0, OPT_FLAG, NULL, NULL,
        "Results in the order in which they end, not that of the input" },
    { "tag", 0, OPT_FLAG, NULL, NULL,
        "Begin each line with the task's values and a tab" },
    SELECT_JOB_OPTION,
    { 0 },
};
static const struct opt_group attach_group = { "attach",
    "What:", attach_options };

static int
run_attach(struct run *run)
{
    struct follow f = { .run = run, .follows = true };
    int status;

    stop_begin();
    status = begin(&f, run);
    if (status != EXIT_FINE) return status;
    f.how.order =
        setting_flag(run, "as-completed") ? STINT_BY_END : STINT_BY_SEQ;
    print_init(&f.print, run, f.row.program);
    begin_bar(&f);
    stop_watch(&(struct stop_steps){ .first = detach });
    return finish(&f, read_all(&f));
}

const struct command command_attach = {
    .name = "attach",
    .group = "Work",
    .args = "[JOB]",
    .summary = "Follow a job until its end, as stint run does",
    .examples = "stint attach\n"
                "stint attach 3 --as-completed\n",
    .notes = "JOB is its number, name or key; without one, or with 'last', it "
             "is the last one.  Results of what has ended come first.  ^C "
             "detaches: the "
             "job goes on.  The exit code is 1 when a task failed.",
    .args_max = 1,
    .groups = { &attach_group, &json_group, &opt_connection, &opt_general },
    .run = run_attach,
};
