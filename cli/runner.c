#include "cli/runner.h"

#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/bar.h"
#include "cli/exit.h"
#include "cli/feeder.h"
#include "cli/pace.h"
#include "cli/stop.h"
#include "cli/summary.h"
#include "cli/value.h"

/* How long a look at the job may take, how long output may wait for more of it,
 * how long nothing runs before we ask why, how long ^C may be pressed again. */
enum {
    TICK_MS = 100,
    LOOK_MS = 200,
    LOOK_SELDOM_MS = 1000,
    FLUSH_MS = 10,
    FLUSH_ENDS = 256,
    CALL_MS = 2000,
    IDLE_MS = 2000,
    AGAIN_MS = 10000,
    TWICE_MS = 1000
};

struct runner {
    struct runner_options o;
    struct feeder *feeder;
    struct print print;
    struct bar bar;
    struct bar_state state;
    struct stint_job_row row;
    int64_t began_ms, now_ms, looked_ms, active_ms, minded_ms;
    bool is_dirty;      /* Something waits in the buffer of stdout: */
    unsigned unflushed; /* so many ends. */
    bool is_terminal;   /* stdout is one. */
    bool is_mid_line;   /* And its last line has no end. */
    bool said_why, said_gone;
    int64_t said_why_ms;
    bool is_joined; /* The job was there before us: we only read on. */
    bool is_lost;   /* It is not there any more. */
    uint64_t cancelled;
    bool is_cut;      /* More was written than is kept. */
    unsigned signals; /* That were dealt with. */
    int status;       /* Other than 0: leave with that. */
};

/* Pressed so far; the thread that waits for signals counts them. */
static atomic_uint pressed;

static void
press(void *arg)
{
    (void)arg;
    atomic_fetch_add(&pressed, 1);
}

/* ---- output -------------------------------------------------------------- */

static void
fail(struct runner *r, int status)
{
    if (r->status == EXIT_FINE) r->status = status;
}

static void
flush(struct runner *r)
{
    if (!r->is_dirty) return;
    r->is_dirty = false;
    r->unflushed = 0;
    fail(r, print_flush());
    if (r->o.joblog != NULL && r->status == EXIT_FINE)
        fail(r, joblog_flush(r->o.joblog));
    /* Not before: what a killed run has not printed another one can. */
    if (r->status == EXIT_FINE && !r->is_joined && !r->o.keeps)
        stint_job_drop(r->o.job);
}

static void
watch_line(struct runner *r, struct stint_bytes text)
{
    const char *bytes = text.data;

    if (text.size > 0) r->is_mid_line = bytes[text.size - 1] != '\n';
}

static void
print_one(struct runner *r, const struct stint_end *end)
{
    if (r->is_terminal || print_is_loud(&r->print, end)) bar_hide(&r->bar);
    print_end(&r->print, end);
    if (!r->is_terminal || r->print.json || r->print.silent) return;
    watch_line(r, end->out);
    watch_line(r, end->err);
}

static void
keep_one(struct runner *r, const struct stint_end *end)
{
    uint64_t place = feeder_place(r->feeder, end->seq);
    bool ran = end->code == 0 || end->tries_count > 0 || end->out.size > 0;

    if (r->o.results != NULL && ran)
        fail(r, results_add(r->o.results, place, end));
    if (r->o.joblog != NULL)
        joblog_add(
            r->o.joblog, place, end, line_of(r->o.line, end->value, place));
}

static void
count_end(struct runner *r, const struct stint_end *end)
{
    if (end->code == 0)
        r->state.done++;
    else
        r->state.failed++;
    if (end->code == STINT_ECANCELLED) r->cancelled++;
}

static void
take_end(struct runner *r, struct stint_end *end)
{
    feeder_release(r->feeder, end);
    fail(r, carry_fetch(r->o.carry, r->o.job, end));
    if (!r->is_joined) count_end(r, end);
    r->active_ms = r->now_ms;
    r->is_dirty = true;
    r->unflushed++;
    if (print_is_cut(end)) r->is_cut = true;
    print_one(r, end);
    keep_one(r, end);
}

/* ---- looking ------------------------------------------------------------- */

static int
say_because(void *arg, const struct stint_because *why)
{
    const struct runner *r = arg;

    exit_note("stint: job %" PRIu64 " waits: %s", stint_job_number(r->o.job),
        why->text);
    return 1;
}

/* Once: what it waits for is rarely seen from here.  A log has it again with
 * each line, as nobody sees what stood far above. */
static bool
has_explained(const struct runner *r)
{
    if (r->bar.kind != BAR_LINES) return r->said_why;
    return r->said_why && r->now_ms - r->said_why_ms < AGAIN_MS;
}

static void
explain(struct runner *r)
{
    uint64_t job = stint_job_number(r->o.job);

    if (r->row.ready + r->row.delayed == 0 || r->row.running > 0)
        r->active_ms = r->now_ms;
    if (has_explained(r) || r->now_ms - r->active_ms < IDLE_MS) return;
    r->said_why = true;
    r->said_why_ms = r->now_ms;
    bar_hide(&r->bar);
    if (stint_explain(r->o.s, 0, job, say_because, r, CALL_MS) < 0)
        exit_note("stint: job %" PRIu64 " waits: nothing of it runs", job);
}

static void
say_gone(struct runner *r)
{
    if (stint_is_connected(r->o.s)) {
        r->said_gone = false;
        return;
    }
    if (r->said_gone) return;
    r->said_gone = true;
    bar_hide(&r->bar);
    exit_note("stint: the master is gone; waiting for it, ^C leaves");
}

/* Somebody else's tasks may be why; a few of ours go on all the same. */
static void
mind_memory(struct runner *r)
{
    struct stint_status status;

    if (r->now_ms - r->minded_ms < LOOK_SELDOM_MS) return;
    r->minded_ms = r->now_ms;
    if (stint_status(r->o.s, &status, LOOK_MS) == 0)
        feeder_mind_memory(r->feeder, status.memory > status.memory_max / 2);
}

/* Some have ended that are not kept: the master has counted them. */
static void
count_all(struct runner *r)
{
    r->state.total = r->row.tasks;
    r->state.done = r->row.done;
    r->state.failed = r->row.failed + r->row.cancelled;
    r->cancelled = r->row.cancelled;
}

static void
look(struct runner *r)
{
    struct feeder_state feeder = feeder_look(r->feeder);
    uint64_t total = input_total(r->o.input);

    r->looked_ms = r->now_ms;
    if (feeder.is_over)
        r->state.total = feeder.put;
    else
        r->state.total = total > feeder.skipped ? total - feeder.skipped : 0;
    say_gone(r);
    if (r->said_gone || stint_job_look(r->o.job, &r->row, LOOK_MS) != 0) return;
    mind_memory(r);
    r->state.running = r->row.running;
    r->state.workers = r->o.is_private ? 0 : r->row.workers;
    if (r->is_joined) count_all(r);
    explain(r);
}

static void
tick(struct runner *r)
{
    int64_t every = r->bar.kind == BAR_LIVE ? LOOK_MS : LOOK_SELDOM_MS;

    if (r->now_ms - r->looked_ms >= every) look(r);
    bar_show(&r->bar, &r->state, r->now_ms,
        !(r->is_mid_line && r->is_terminal) && !r->is_dirty);
}

/* ---- ends that come early ------------------------------------------------ */

/* Returns whether the master has heard it. */
static bool
cancel(struct runner *r, int state_plus_one)
{
    struct stint_selection which = { .job = stint_job_number(r->o.job),
        .state_plus_one = state_plus_one };

    if (!stint_is_connected(r->o.s)) {
        exit_note("stint: the master is gone, and has the job still: %s cancel "
                  "--job %" PRIu64 " when it is back",
            exit_program(), which.job);
        return false;
    }
    if (stint_cancel(r->o.s, &which, NULL) == 0) return true;
    exit_note("stint: %s", stint_error_message());
    return false;
}

/* The first ^C where the master ends with us: what runs may end. */
static void
finish_what_runs(struct runner *r)
{
    exit_note("stint: no more is begun, what runs is finished; ^C once more "
              "ends it");
    feeder_stop(r->feeder);
    cancel(r, STINT_READY + 1);
    cancel(r, STINT_DELAYED + 1);
}

/* The first ^C elsewhere: the job needs us no more. */
static void
detach(struct runner *r)
{
    uint64_t job = stint_job_number(r->o.job);
    int64_t until = pace_now_ms() + TWICE_MS;

    exit_note("stint: leaving job %" PRIu64
              ", which goes on; ^C once more cancels it",
        job);
    feeder_stop(r->feeder);
    while (atomic_load(&pressed) == 1 && pace_now_ms() < until)
        pace_sleep_ms(TICK_MS / 2);
    if (atomic_load(&pressed) > 1) return;
    exit_note("stint: back to it: %s attach %" PRIu64 "   end it: %s cancel "
              "--job %" PRIu64,
        exit_program(), job, exit_program(), job);
    r->status = EXIT_SIGNAL + stop_signal();
}

static void
end_all(struct runner *r)
{
    bool is_heard;

    feeder_stop(r->feeder);
    is_heard = cancel(r, 0);
    if (is_heard && r->o.is_private)
        exit_note("stint: what ran is ended");
    else if (is_heard)
        exit_note(
            "stint: job %" PRIu64 " is cancelled", stint_job_number(r->o.job));
    r->status = EXIT_SIGNAL + stop_signal();
}

/* One step a press. */
static void
mind_signals(struct runner *r)
{
    unsigned now = atomic_load(&pressed);

    if (now <= r->signals) return;
    flush(r);
    bar_hide(&r->bar);
    if (r->signals == 0 && now == 1) {
        r->signals = 1;
        if (r->o.is_private)
            finish_what_runs(r);
        else
            detach(r);
        now = atomic_load(&pressed);
    }
    if (now <= r->signals || r->status != EXIT_FINE) return;
    r->signals = now;
    end_all(r);
}

/* Nobody reads on, or a disk is full: what runs is of no use, unless it is not
 * for us alone. */
static void
give_up(struct runner *r)
{
    if (r->signals > 0) return;
    feeder_stop(r->feeder);
    if (!r->is_joined && !r->is_lost) cancel(r, 0);
}

/* ---- the last words ------------------------------------------------------ */

static int
say_halted(void *arg, const struct stint_job_row *row)
{
    const struct runner *r = arg;

    if (row->halt != NULL && *row->halt != '\0')
        exit_note("stint: job %" PRIu64 " was halted: %s; %" PRIu64
                  " task%s did not run to the end",
            row->job, row->halt, r->cancelled, r->cancelled == 1 ? "" : "s");
    return 1;
}

static void
say_counts(const struct runner *r, char out[VALUE_TEXT * 3])
{
    uint64_t failed = r->state.failed - r->cancelled;
    int n = snprintf(out, VALUE_TEXT * 3, "%" PRIu64 " ok", r->state.done);

    if (failed > 0)
        n += snprintf(out + n, VALUE_TEXT, ", %" PRIu64 " failed", failed);
    if (r->cancelled > 0)
        snprintf(out + n, VALUE_TEXT, ", %" PRIu64 " cancelled", r->cancelled);
}

static void
say_last(struct runner *r)
{
    uint64_t job = stint_job_number(r->o.job);
    char took[VALUE_TEXT], counts[VALUE_TEXT * 3];

    if (r->cancelled > 0 && r->signals == 0
        && stint_list_jobs(r->o.s, job, say_halted, r, CALL_MS) < 0)
        exit_note("stint: %s", stint_error_message());
    if (r->bar.kind == BAR_NONE && r->state.failed == 0) return;
    if (r->state.total == 0 && r->state.done + r->state.failed == 0
        && r->signals == 0 && !r->o.resumes) {
        exit_note("stint: no input: nothing was run");
        return;
    }
    if (r->is_mid_line && r->bar.kind == BAR_LIVE) fputc('\n', stderr);
    value_show_duration((r->now_ms - r->began_ms) * 1000000, took);
    say_counts(r, counts);
    if (r->o.is_private)
        exit_note("stint: %s in %s%s", counts, took,
            r->state.failed > 0 && r->o.joblog == NULL
                ? "   (--joblog LOG, then --resume-failed, runs them again)"
                : "");
    else if (r->state.failed == 0)
        exit_note("job %" PRIu64 " done: %s in %s", job, counts, took);
    else
        exit_note("job %" PRIu64 " done: %s in %s   ->  %s failures --job "
                  "%" PRIu64 "    %s retry --failed --job %" PRIu64,
            job, counts, took, exit_program(), job, exit_program(), job);
}

static int
say_lost(struct runner *r)
{
    r->is_lost = true;
    return summary_lost(stint_job_number(r->o.job),
        r->o.joblog != NULL
            ? "; the same command with --resume (and this --joblog) runs the "
              "rest"
            : "");
}

/* All of the job counts, not only what was printed. */
static int
end_joined(struct runner *r)
{
    uint64_t job = stint_job_number(r->o.job);

    int code = stint_job_look(r->o.job, &r->row, CALL_MS);

    if (code == STINT_ENOJOB) return say_lost(r);
    if (code != 0) return exit_error(code);
    count_all(r);
    if (r->cancelled > 0
        && stint_list_jobs(r->o.s, job, say_halted, r, CALL_MS) < 0)
        exit_note("stint: %s", stint_error_message());
    if (r->is_mid_line && r->bar.kind == BAR_LIVE) fputc('\n', stderr);
    return summary_say(job, &r->row);
}

/* ---- the loop ------------------------------------------------------------ */

static int
next_end(struct runner *r)
{
    struct stint_end end;
    int code = stint_job_next(r->o.job, &end, r->is_dirty ? FLUSH_MS : TICK_MS);

    r->now_ms = pace_now_ms();
    if (code == 0) take_end(r, &end);
    if (code == STINT_ETIMEOUT || code == STINT_EUNREACHABLE
        || r->unflushed >= FLUSH_ENDS)
        flush(r);
    return code;
}

/* Whether the reading is over with this code. */
static bool
is_over(struct runner *r, int code)
{
    if (code == 0 || code == STINT_ETIMEOUT || code == STINT_EUNREACHABLE
        || code == STINT_ECANCELLED)
        return false;
    if (code == STINT_ENOJOB)
        fail(r, say_lost(r));
    else if (code != STINT_EEMPTY)
        fail(r, exit_error(code));
    return true;
}

static void
read_ends(struct runner *r)
{
    int code;

    do {
        code = next_end(r);
        if (code != STINT_ENOJOB) tick(r);
        mind_signals(r);
    } while (r->status == EXIT_FINE && !is_over(r, code));
    flush(r);
}

static void
begin(struct runner *r, const struct runner_options *options)
{
    bool is_joined = stint_job_existed(options->job, NULL);
    const struct stint_read_options how = {
        .order = setting_flag(options->run, "as-completed") ? STINT_BY_END
                                                            : STINT_BY_SEQ
    };
    struct feeder_options feeder = { .job = options->job,
        .input = is_joined ? NULL : options->input,
        .wake_fd = options->wake_fd,
        .joblog = options->resumes ? options->joblog : NULL,
        .results = options->resumes ? options->results : NULL,
        .is_bounded = true };
    struct stop_steps steps = { .first = press, .second = press };

    *r = (struct runner){ .o = *options,
        .is_terminal = isatty(STDOUT_FILENO) == 1,
        .is_joined = is_joined,
        .began_ms = pace_now_ms() };
    r->now_ms = r->looked_ms = r->active_ms = r->minded_ms = r->began_ms;
    if (r->bar.kind == BAR_LINES && r->bar.every_ms <= LOOK_SELDOM_MS)
        r->looked_ms -= LOOK_SELDOM_MS; /* Its first line comes at once. */
    r->state.job = options->is_private ? 0 : stint_job_number(options->job);
    print_init(&r->print, options->run, options->program);
    r->print.silent = options->results != NULL;
    bar_init(&r->bar, options->run, r->began_ms);
    stint_job_read(options->job, &how);
    stop_watch(&steps);
    r->feeder = feeder_begin(&feeder);
}

int
runner_run(const struct runner_options *options)
{
    struct runner r;
    int status;

    begin(&r, options);
    read_ends(&r);
    bar_hide(&r.bar);
    if (r.status != EXIT_FINE) give_up(&r);
    status = feeder_end(r.feeder);
    stop_watch(NULL);
    if (r.status != EXIT_FINE) return r.status;
    if (r.is_joined && r.signals == 0) {
        status = end_joined(&r);
        return status == EXIT_FINE && r.is_cut ? EXIT_FAILED : status;
    }
    say_last(&r);
    if (r.signals > 0) return EXIT_SIGNAL + stop_signal();
    if (status != EXIT_FINE) return status;
    return r.state.failed > 0 || r.is_cut ? EXIT_FAILED : EXIT_FINE;
}
