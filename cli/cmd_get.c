#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <stint.h>

#include "cli/command.h"
#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/value.h"

enum { BATCH = 256 };

static const struct opt options[] = {
    { "timeout", 0, OPT_DURATION, "TIME", "0s",
        "How long to wait for each task; 0s takes what is there, 'forever' "
        "waits" },
    { "count", 'n', OPT_TEXT, "N|all", "1", "How many tasks at most" },
    { "raw", 0, OPT_FLAG, NULL, NULL,
        "Print payloads as they are, without a newline behind each" },
    { 0 },
};
static const struct opt_group group = { "get", "Tasks:", options };

static void
print_json(struct stint_bytes item, const char *queue)
{
    bool hex;
    char *text = value_show_bytes(item, &hex);
    json_t *line = json_pack("{s:s, s:I, s:s}", "queue", queue, "bytes",
        (json_int_t)item.size, hex ? "payload_hex" : "payload", text);

    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(line);
    free(text);
}

static void
print(const struct run *run, struct stint_bytes item)
{
    if (setting_flag(run, "json")) {
        print_json(item, run->words[0]);
        return;
    }
    fwrite(item.data, 1, item.size, stdout);
    if (!setting_flag(run, "raw")) putchar('\n');
}

/* Only what stdout took is acknowledged. */
static int
hand_over(const struct run *run, struct stint_queue *q,
    const struct stint_bytes *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        print(run, items[i]);
    if (fflush(stdout) != 0 || ferror(stdout))
        return exit_say(EXIT_FAILED,
            "stdout cannot be written: %s; %zu tasks go back to their queue",
            strerror(errno), count);
    for (size_t i = 0; i < count; i++) {
        int code = stint_queue_task_done(q);

        if (code != 0) return exit_error(code);
    }
    return EXIT_FINE;
}

static int
found_nothing(const struct run *run)
{
    const char *name = run->words[0];

    if (setting_ms(run, "timeout") == 0)
        return exit_say(
            EXIT_AGAIN, "queue '%s' is empty; wait with --timeout 5s", name);
    return exit_say(EXIT_AGAIN, "no task came into queue '%s' within %s", name,
        setting_text(run, "timeout"));
}

/* *got counts what was printed. */
static int
get_some(
    const struct run *run, struct stint_queue *q, uint64_t want, uint64_t *got)
{
    int64_t timeout = setting_ms(run, "timeout");

    while (*got < want) {
        struct stint_bytes items[BATCH];
        uint64_t left = want - *got;
        size_t count = 0;
        int status, code = stint_queue_get_many(q, items,
                        left < BATCH ? (size_t)left : BATCH, &count, timeout);

        if (code != 0 && *got > 0 && exit_of(code) == EXIT_AGAIN)
            return EXIT_FINE;
        if (code == STINT_EEMPTY) return found_nothing(run);
        if (code != 0) return exit_error(code);
        status = hand_over(run, q, items, count);
        if (status != EXIT_FINE) return status;
        *got += count;
    }
    return EXIT_FINE;
}

static int
run_get(struct run *run)
{
    const char *count = setting_text(run, "count");
    struct stint_queue *q;
    uint64_t got = 0;
    int64_t want = INT64_MAX;
    struct stint *s;
    int code, status;

    if (strcmp(count, "all") != 0 && !value_number(count, 1, INT64_MAX, &want))
        return exit_say(EXIT_USAGE,
            "-n wants a whole number from 1, or all, not '%s'", count);
    /* A reader that leaves is an error of write(), after which what it did not
     * read goes back, and not the death of us. */
    signal(SIGPIPE, SIG_IGN);
    status = connect_as(run, STINT_CLIENT, &s);
    if (status != EXIT_FINE) return status;
    status = connect_queue(s, run->words[0], &q);
    if (status == EXIT_FINE) status = get_some(run, q, (uint64_t)want, &got);
    if (status == EXIT_FAILED) {
        /* A clean close would acknowledge what was not written. */
        stint_abandon(s);
        return status;
    }
    code = stint_close(s);
    return status == EXIT_FINE && code != 0 ? exit_error(code) : status;
}

const struct command command_get = {
    .name = "get",
    .group = "Work",
    .args = "QUEUE",
    .summary = "Take tasks from a queue and print them",
    .examples = "stint get results\n"
                "stint get results --timeout 5s\n"
                "stint get results -n all --timeout 10s > results.txt\n"
                "stint get images --raw > image.png\n",
    .notes = "A task is acknowledged when it has been written, and goes back "
             "to its place when it could not be.  When nothing came in time "
             "the exit code is 75; fewer than N are fine.",
    .args_min = 1,
    .args_max = 1,
    .groups = { &group, &opt_output, &opt_connection, &opt_general },
    .run = run_get,
};
