/*
 * steady.c - a client to whom nothing may seem to happen while masters come and
 * go.
 *
 *   steady put QUEUE ITEM MS        put it, waiting so long for room
 *   steady get QUEUE MS             get one, waiting so long
 *   steady join QUEUE MS
 *   steady hold QUEUE COUNT MS      take so many tasks, hold them so long, end
 *                                   them with done; print each answer
 *   steady keep QUEUE COUNT MS      the same through a consumer, posted
 *   steady submit QUEUE COUNT MS    submit the numbers from 1, wait so long for
 *                                   each result and print it
 *   steady beside QUEUE COUNT MS    the same, with one more in queue "beside"
 *   steady post QUEUE COUNT MS      post so many puts, then flush
 *
 * Says "ready" before the call that takes its time, begins it at a line on
 * stdin, and prints what became of it with the milliseconds that it took.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <stint.h>

enum { MANY = 10000, PATIENCE_MS = 60000 };

static struct stint *s;
static struct stint_queue *q;
static int64_t began;

static int64_t
now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
must(int code, const char *what)
{
    if (code >= 0) return;
    fprintf(stderr, "steady: %s: %s: %s\n", what, stint_error_name(code),
        stint_error_message());
    exit(1);
}

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void
say(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}

static void
ready(void)
{
    char text[8];

    say("ready");
    if (fgets(text, sizeof text, stdin) == NULL) exit(1);
    began = now_ms();
}

static void
tell(int code, const char *well)
{
    say("%s %lld", code == 0 ? well : stint_error_name(code),
        (long long)(now_ms() - began));
}

static void
sleep_ms(int64_t ms)
{
    struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

    (void)nanosleep(&t, NULL);
}

static void
get(int64_t ms)
{
    struct stint_bytes item;
    char text[64];

    ready();
    int code = stint_queue_get(q, &item, ms);
    if (code == 0) {
        (void)snprintf(
            text, sizeof text, "%.*s", (int)item.size, (const char *)item.data);
    }
    tell(code, text);
}

static void
hold(unsigned count, int64_t ms)
{
    static struct stint_task *tasks[MANY];

    for (unsigned i = 0; i < count; i++)
        must(stint_queue_take(q, NULL, &tasks[i], PATIENCE_MS), "take");
    ready();
    sleep_ms(ms);
    for (unsigned i = 0; i < count; i++) {
        unsigned attempt = stint_task_attempt(tasks[i]);
        int code = stint_task_done(tasks[i], "held", 4);
        say("%s %u", code == 0 ? "done" : stint_error_name(code), attempt);
    }
}

static void
keep(const char *queue, unsigned count, int64_t ms)
{
    const char *const names[] = { queue, NULL };
    const struct stint_consumer_options options = { .credit_tasks = 1000 };
    struct stint_consumer *c;
    struct stint_task *task;

    must(stint_consumer_open(s, names, &options, &c), "consumer");
    while (stint_consumer_ready(c) < count)
        sleep_ms(10);
    ready();
    sleep_ms(ms);
    for (unsigned i = 0; i < count; i++) {
        must(stint_consumer_next(c, &task, PATIENCE_MS), "next");
        must(stint_task_post_done(task, "kept", 4), "post");
    }
    stint_consumer_close(c);
    tell(stint_flush(s, PATIENCE_MS), "kept");
}

static void
submit(unsigned count, int64_t ms)
{
    static struct stint_future *futures[MANY];
    struct stint_bytes result;
    char text[24];

    for (unsigned i = 0; i < count; i++) {
        int size = snprintf(text, sizeof text, "%u", i + 1);
        must(stint_queue_submit(q, text, (size_t)size, NULL, &futures[i]),
            "submit");
    }
    ready();
    for (unsigned i = 0; i < count; i++) {
        int code = stint_future_get(futures[i], &result, ms);
        if (code != 0) {
            say("%s", stint_error_name(code));
        } else {
            say("%.*s %u", (int)result.size, (const char *)result.data,
                stint_future_attempts(futures[i]));
        }
        stint_future_free(futures[i]);
    }
}

static void
submit_beside(unsigned count, int64_t ms)
{
    struct stint_queue *beside;
    struct stint_future *future;

    must(stint_queue_open(s, "beside", NULL, &beside), "open");
    must(stint_queue_submit(beside, "x", 1, NULL, &future), "submit");
    submit(count, ms);
    stint_future_free(future);
    stint_queue_close(beside);
}

static void
post(unsigned count, int64_t ms)
{
    char text[24];

    ready();
    for (unsigned i = 0; i < count; i++) {
        int size = snprintf(text, sizeof text, "%u", i + 1);
        must(stint_queue_post(q, text, (size_t)size, NULL), "post");
    }
    tell(stint_flush(s, ms), "flushed");
}

int
main(int argc, char **argv)
{
    const struct stint_options options = { .timeout_ms = PATIENCE_MS };
    const char *what = argc > 3 ? argv[1] : "";
    const char *queue = argc > 3 ? argv[2] : "";
    int64_t ms = atoll(argv[argc - 1]);
    unsigned count = argc > 4 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;

    must(stint_connect(&options, &s), "connect");
    must(stint_queue_open(s, queue, NULL, &q), "open");
    if (strcmp(what, "put") == 0) {
        ready();
        tell(stint_queue_put(q, argv[3], strlen(argv[3]), ms), "put");
    } else if (strcmp(what, "get") == 0) {
        get(ms);
    } else if (strcmp(what, "join") == 0) {
        ready();
        tell(stint_queue_join(q, ms), "joined");
    } else if (strcmp(what, "hold") == 0) {
        hold(count < MANY ? count : MANY, ms);
    } else if (strcmp(what, "keep") == 0) {
        keep(queue, count, ms);
    } else if (strcmp(what, "submit") == 0) {
        submit(count < MANY ? count : MANY, ms);
    } else if (strcmp(what, "beside") == 0) {
        submit_beside(count < MANY ? count : MANY, ms);
    } else {
        post(count, ms);
    }
    must(stint_close(s), "close");
    return 0;
}
