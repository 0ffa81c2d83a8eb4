#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stint.h>

#include "cli/command.h"
#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/mem.h"
#include "cli/sink.h"

enum { READ_BYTES = 1 << 18 };

static const struct opt options[] = {
    { "lines", 0, OPT_FLAG, NULL, NULL,
        "A task for each line of stdin, put as they come" },
    { "null", '0', OPT_FLAG, NULL, NULL,
        "As --lines, with a NUL at the end of each task" },
    { "result", 0, OPT_FLAG, NULL, NULL,
        "Wait for the results and print them in the order of the tasks" },
    { "result-timeout", 0, OPT_DURATION, "TIME", "forever",
        "Wait no longer for a result" },
    { "priority", 0, OPT_NUMBER, "N", NULL,
        "Smaller goes first, in a priority queue" },
    { "delay", 0, OPT_DURATION, "TIME", NULL, "Not to be run before" },
    { "expires", 0, OPT_DURATION, "TIME", NULL,
        "Forget it when nobody began by then" },
    { "attempts", 0, OPT_COUNT, "N", NULL,
        "Attempts in all, else as the queue says" },
    { "handler", 0, OPT_TEXT, "NAME", NULL, "Which handler runs it" },
    { 0 },
};
static const struct opt_group group = { "put", "Tasks:", options };

/* Stdin on its way into tasks: bytes [0, used) of `data` are read and not yet
 * put. */
struct input {
    char *data;
    size_t used, room;
    char delimiter;
    bool is_end;
};

/* One read; more room first if there is little.  Returns the exit status. */
static int
read_more(struct input *in)
{
    ssize_t n;

    if (in->room - in->used < READ_BYTES) {
        in->room = in->room * 2 + READ_BYTES;
        in->data = mem_grow(in->data, in->room, 1);
    }
    do
        n = read(STDIN_FILENO, in->data + in->used, in->room - in->used);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return exit_say(EXIT_FAILED,
            "stdin cannot be read: %s; check what it comes from",
            strerror(errno));
    in->used += (size_t)n;
    in->is_end = n == 0;
    return EXIT_FINE;
}

/* Takes up to `max` whole tasks from the front.  Returns how many, and in *end
 * where they end.  The last one of all needs no delimiter. */
static size_t
split(
    const struct input *in, struct stint_bytes *items, size_t max, size_t *end)
{
    size_t count = 0, at = 0;

    while (count < max && at < in->used) {
        const char *begin = in->data + at;
        const char *stop = memchr(begin, in->delimiter, in->used - at);

        if (stop == NULL && !in->is_end) break;
        items[count].data = begin;
        items[count++].size =
            stop != NULL ? (size_t)(stop - begin) : in->used - at;
        at = stop != NULL ? (size_t)(stop - in->data) + 1 : in->used;
    }
    *end = at;
    return count;
}

/* What one read brought goes out together; nothing waits for more. */
static int
put_lines(struct sink *sink, char delimiter)
{
    static struct stint_bytes items[SINK_BATCH];
    struct input in = { .delimiter = delimiter };
    int status = EXIT_FINE;

    while (status == EXIT_FINE && !in.is_end) {
        size_t count, end, done = 0;

        status = read_more(&in);
        while (status == EXIT_FINE) {
            struct input rest = in;

            rest.data += done;
            rest.used -= done;
            count = split(&rest, items, SINK_BATCH, &end);
            if (count == 0) break;
            status = sink_put(sink, items, count);
            done += end;
        }
        memmove(in.data, in.data + done, in.used - done);
        in.used -= done;
    }
    free(in.data);
    return status;
}

static int
put_whole_stdin(struct sink *sink)
{
    struct input in = { 0 };
    int status = EXIT_FINE;

    while (status == EXIT_FINE && !in.is_end)
        status = read_more(&in);
    if (status == EXIT_FINE)
        status = sink_put(sink, &(struct stint_bytes){ in.data, in.used }, 1);
    free(in.data);
    return status;
}

/* Neighbours go together; a "-" among them is stdin. */
static int
put_values(struct sink *sink, char *const values[])
{
    struct stint_bytes items[256];
    int status = EXIT_FINE;

    while (*values != NULL && status == EXIT_FINE) {
        size_t count = 0;

        while (count < 256 && values[count] != NULL
               && strcmp(values[count], "-") != 0) {
            items[count].data = values[count];
            items[count].size = strlen(values[count]);
            count++;
        }
        status = sink_put(sink, items, count);
        values += count;
        if (status == EXIT_FINE && count == 0) {
            status = put_whole_stdin(sink);
            values++;
        }
    }
    return status;
}

static int
put_all(struct sink *sink, const struct run *run)
{
    static char dash[] = "-";
    char *only_stdin[] = { dash, NULL };
    char **values = run->words + 1;
    int status;

    if (setting_flag(run, "null"))
        status = put_lines(sink, '\0');
    else if (setting_flag(run, "lines"))
        status = put_lines(sink, '\n');
    else
        status = put_values(sink, *values != NULL ? values : only_stdin);
    return status == EXIT_FINE ? sink_finish(sink) : status;
}

static int
check(const struct run *run)
{
    bool has_values = run->word_count > 1;
    bool in_lines = setting_flag(run, "lines") || setting_flag(run, "null");

    if (in_lines && run->word_count == 2 && strcmp(run->words[1], "-") == 0)
        return EXIT_FINE;
    if (in_lines && has_values)
        return exit_say(EXIT_USAGE,
            "--lines reads the tasks from stdin; leave "
            "out '%s' or --lines",
            run->words[1]);
    if (!has_values && isatty(STDIN_FILENO) == 1)
        return exit_say(EXIT_USAGE,
            "put what? stint put %s VALUE, or lead "
            "something into stdin; - reads the "
            "terminal",
            run->words[0]);
    return EXIT_FINE;
}

static int
run_put(struct run *run)
{
    static struct sink sink;
    int closed, status = check(run);

    if (status != EXIT_FINE) return status;
    sink_init(&sink, run);
    status = connect_as(run, STINT_CLIENT, &sink.s);
    if (status != EXIT_FINE) return status;
    status = connect_queue(sink.s, run->words[0], &sink.q);
    if (status == EXIT_FINE) status = put_all(&sink, run);
    sink_fini(&sink);
    closed = stint_close(sink.s);
    return status == EXIT_FINE && closed != 0 ? exit_error(closed) : status;
}

const struct command command_put = {
    .name = "put",
    .group = "Work",
    .args = "QUEUE [VALUE|-]...",
    .summary = "Put tasks into a queue",
    .examples = "stint put jobs hello\n"
                "stint put jobs - < image.png\n"
                "seq 1000000 | stint put jobs --lines\n"
                "stint put jobs 7 8 9 --result\n",
    .notes = "Each VALUE is a task; - is all of stdin, as is no VALUE at all.  "
             "It returns when the master has the tasks; a full queue is waited "
             "for until --timeout, then the exit code is 75.  With --result "
             "the exit code is 1 when a task failed.",
    .args_min = 1,
    .args_max = 1 << 30,
    .groups = { &group, &opt_output, &opt_connection, &opt_general },
    .run = run_put,
};
