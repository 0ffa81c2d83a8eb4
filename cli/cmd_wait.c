/* wait: until jobs have ended; or until a master answers and has its workers,
 * for scripts and tests. */

#include <inttypes.h>
#include <stdio.h>

#include <stint.h>

#include "cli/command.h"
#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/pace.h"
#include "cli/select.h"
#include "cli/table.h"
#include "cli/value.h"
#include "cli/wait_jobs.h"

static const struct opt wait_options[] = {
    { "ready", 0, OPT_FLAG, NULL, NULL,
        "Until the master answers, and the workers below are there" },
    { "workers", 0, OPT_COUNT, "N", NULL,
        "And so many workers are connected, none of them draining" },
    { "queue", 0, OPT_TEXT, "NAME", NULL,
        "Count workers of this queue only; one, if --workers does not say" },
    { "job", 0, OPT_TEXT, "JOB", NULL, "For this job: " SELECT_JOB_HELP },
    { "timeout", 0, OPT_DURATION, "TIME", "10s",
        "Give up then, with 75; 0 tries once, 'forever' never does; a job is "
        "waited for forever unless this is given" },
    { 0 },
};
static const struct opt_group wait_group = { "wait", "Wait:", wait_options };

/* A look every so often is soon enough for people and nothing to a master. */
enum {
    LOOK_MS = 50,
    TRY_FIRST_MS = 200,
    TRY_ONCE_MS = 500,
    TRY_LONG_MS = 60000,
    CALL_MS = 1000,
    QUEUE_NAME_MAX = 255
};

struct waiting {
    struct stint_options options;
    const char *queue; /* NULL: all workers. */
    uint64_t wanted;
    int64_t timeout_ms, began_ms;
    int64_t try_ms, try_max_ms; /* How long an attempt to connect may take. */

    struct stint *s; /* NULL: not connected now. */
    bool answered;   /* It did at least once. */
    bool has_queue;
    uint64_t workers;
    char why[1024]; /* No master: what the library says. */
};

static int64_t
left_ms(const struct waiting *w)
{
    int64_t left = w->timeout_ms - (pace_now_ms() - w->began_ms);

    if (w->timeout_ms == STINT_FOREVER) return INT64_MAX;
    return left > 0 ? left : 0;
}

static int64_t
at_most(int64_t ms, int64_t most)
{
    return ms < most ? ms : most;
}

/* What no waiting mends.  A key that is not there yet is made by a master that
 * starts. */
static bool
is_for_ever(int code)
{
    return code != STINT_EACCESS && code != STINT_EUNREACHABLE
           && code != STINT_ECLOSED && code != STINT_ESHUTDOWN
           && !stint_error_can_retry(code);
}

/* Short attempts: a master that starts may write another address into its
 * access file meanwhile. */
static int
try_connect(struct waiting *w)
{
    int64_t most = left_ms(w);
    int code;

    if (w->timeout_ms == 0) most = w->try_ms = TRY_ONCE_MS;
    w->options.connect_timeout_ms = at_most(w->try_ms, most > 0 ? most : 1);
    w->try_ms = at_most(w->try_ms * 2, w->try_max_ms);
    code = stint_connect(&w->options, &w->s);
    if (code != 0)
        snprintf(w->why, sizeof(w->why), "%s", stint_error_message());
    return code;
}

static int
count_worker(void *arg, const struct stint_peer_row *row)
{
    uint64_t *count = arg;

    if (row->kind == STINT_WORKER && row->alive && !row->draining) *count += 1;
    return 0;
}

/* The status is one number; only when it is enough are the draining ones worth
 * a look at each. */
static int
count_all(struct waiting *w, int64_t timeout_ms)
{
    struct stint_status status;
    int code = stint_status(w->s, &status, timeout_ms);

    if (code != 0) return code;
    w->workers = status.workers;
    if (w->wanted == 0 || status.workers < w->wanted) return 0;
    w->workers = 0;
    return stint_list_peers(w->s, count_worker, &w->workers, timeout_ms);
}

static int
see_queue(void *arg, const struct stint_queue_row *row)
{
    struct waiting *w = arg;

    w->has_queue = true;
    w->workers = row->workers;
    return 0;
}

static int
count_of_queue(struct waiting *w, int64_t timeout_ms)
{
    int code;

    w->has_queue = false;
    w->workers = 0;
    code = stint_list_queues(w->s, w->queue, see_queue, w, timeout_ms);
    return code == STINT_ENOQUEUE ? 0 : code;
}

static int
look(struct waiting *w)
{
    int64_t timeout_ms = at_most(left_ms(w), CALL_MS);
    int code;

    if (timeout_ms < LOOK_MS) timeout_ms = LOOK_MS;
    code = w->queue != NULL ? count_of_queue(w, timeout_ms)
                            : count_all(w, timeout_ms);
    if (code == 0) {
        w->answered = true;
        w->try_ms = TRY_FIRST_MS;
        return 0;
    }
    snprintf(w->why, sizeof(w->why), "%s", stint_error_message());
    w->answered = false;
    stint_abandon(w->s);
    w->s = NULL;
    return code;
}

static bool
is_ready(const struct waiting *w)
{
    return w->s != NULL && w->answered && w->workers >= w->wanted
           && (w->queue == NULL || w->has_queue);
}

/* Returns 0 when all is there or the time is over, else what ends it sooner. */
static int
wait_until_ready(struct waiting *w)
{
    for (;;) {
        int64_t began = pace_now_ms();
        int code = w->s != NULL ? 0 : try_connect(w);

        if (code == 0) code = look(w);
        if (code != 0 && is_for_ever(code)) return code;
        if (is_ready(w) || left_ms(w) == 0) return 0;
        pace_sleep_ms(at_most(LOOK_MS - (pace_now_ms() - began), left_ms(w)));
    }
}

static int
say_missing(const struct run *run, const struct waiting *w)
{
    const char *after = setting_text(run, "timeout");

    if (w->s == NULL)
        return exit_say(
            EXIT_AGAIN, "not ready after %s: no master: %s", after, w->why);
    if (w->queue != NULL && !w->has_queue)
        return exit_say(EXIT_AGAIN,
            "not ready after %s: the master answers, but has no queue '%s' "
            "yet; the first worker or put of the queue makes it",
            after, w->queue);
    return exit_say(EXIT_AGAIN,
        "not ready after %s: the master answers, but %" PRIu64 " of %" PRIu64
        " workers are connected%s%s; `stint workers` lists all that are",
        after, w->workers, w->wanted, w->queue != NULL ? " on queue " : "",
        w->queue != NULL ? w->queue : "");
}

static void
print_ready(const struct run *run, const struct waiting *w)
{
    double waited = (double)(pace_now_ms() - w->began_ms) / 1e3;
    char text[VALUE_TEXT];

    switch (table_form(run)) {
    case TABLE_JSON:
        printf("{\"ready\": %s, \"answers\": %s, \"workers\": %" PRIu64
               ", \"waited\": %.3f}\n",
            is_ready(w) ? "true" : "false", w->s != NULL ? "true" : "false",
            w->workers, waited);
        break;
    case TABLE_PLAIN:
        printf("%s\t%" PRIu64 "\t%.3f\n", is_ready(w) ? "true" : "false",
            w->workers, waited);
        break;
    case TABLE_IDS:
        break;
    case TABLE_PEOPLE:
    default:
        value_show_duration((int64_t)(waited * 1e9), text);
        if (is_ready(w))
            printf("ready after %s, %" PRIu64 " worker%s\n", text, w->workers,
                w->workers == 1 ? "" : "s");
    }
}

/* As the master sees it, who would only say that there is none of the name. */
static bool
can_be_a_queue(const char *name)
{
    size_t length = 0;

    for (; name[length] != '\0'; length++) {
        unsigned char c = (unsigned char)name[length];
        if (c < 0x20 || c == 0x7f) return false;
    }
    return length >= 1 && length <= QUEUE_NAME_MAX;
}

static int
take_settings(const struct run *run, struct waiting *w)
{
    const char *workers = setting_text(run, "workers");

    *w = (struct waiting){ .queue = setting_text(run, "queue"),
        .timeout_ms = setting_ms(run, "timeout"),
        .began_ms = pace_now_ms(),
        .try_ms = TRY_FIRST_MS };
    if (!setting_flag(run, "ready") && workers == NULL && w->queue == NULL)
        return exit_say(EXIT_USAGE,
            "what for? `stint wait last` waits for a job, `stint wait --ready` "
            "for the master, with --workers 3 for its workers as well");
    if (w->queue != NULL && !can_be_a_queue(w->queue))
        return exit_say(EXIT_USAGE,
            "--queue: a queue name is 1 to %d bytes without control characters",
            QUEUE_NAME_MAX);
    w->wanted = w->queue != NULL ? 1 : 0;
    if (workers != NULL) w->wanted = (uint64_t)setting_number(run, "workers");
    connect_options(run, &w->options);
    w->options.kind = STINT_TOOL;
    w->try_max_ms = w->options.connect_timeout_ms;
    if (w->try_max_ms == STINT_FOREVER) w->try_max_ms = TRY_LONG_MS;
    w->options.timeout_ms = CALL_MS;
    return EXIT_FINE;
}

static int
run_wait(struct run *run)
{
    struct waiting w;
    int code, status;

    if (run->word_count > 0 || setting_text(run, "job") != NULL)
        return wait_jobs(run);
    status = take_settings(run, &w);
    if (status != EXIT_FINE) return status;
    code = wait_until_ready(&w);
    if (code != 0) return exit_say(exit_of(code), "%s", w.why);
    print_ready(run, &w);
    status = table_flush();
    if (!is_ready(&w)) status = say_missing(run, &w);
    (void)stint_close(w.s);
    return status;
}

const struct command command_wait = {
    .name = "wait",
    .group = "Work",
    .args = "[JOB...]",
    .summary = "Wait until jobs have ended, or master and workers are there",
    .examples = "stint wait last\n"
                "stint wait 3 4 --timeout 1h\n"
                "stint wait --ready\n"
                "stint wait --ready --workers 3 --timeout 10s\n"
                "stint wait --ready --queue gpu --workers 2 -q && ./submit\n",
    .notes = "JOB is its number, name or key, or 'last'.  0: all is there, or "
             "ended well; 1: "
             "tasks of a job failed; 75: not in time, and what was missing; "
             "76, 77: no waiting would help.  With --ready a master, a key or "
             "an access file that is not there yet is waited for.",
    .args_max = 1 << 30,
    .groups = { &wait_group, &opt_output, &opt_connection, &opt_general },
    .run = run_wait,
};
