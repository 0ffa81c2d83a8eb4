/*
 * stint_bench.c - the same work over Stint.
 *
 *   stint_bench submit COUNT    one producer, results by futures
 *   stint_bench post COUNT      put one by one without waiting, then join
 *   stint_bench one COUNT       one task in flight
 *   stint_bench big COUNT       tasks of 1 MiB
 *   stint_bench queued COUNT    leave COUNT tasks in the queue "parked"
 *   stint_bench idle COUNT      so many idle workers connected, until stdin
 * ends stint_bench lean            a worker with the leanest loop there is
 *
 * Master and key come from the environment, as for every program.
 */
#include <stint.h>
#include <unistd.h>

#include "bench/bench.h"

enum { WINDOW = 16384, BIG_WINDOW = 16, WAIT_MS = 60000, LEAN_CREDIT = 4096 };

static void
must(int code, const char *what)
{
    if (code < 0) bench_fail(what, stint_error_message());
}

static struct stint *
join_master(enum stint_peer_kind kind)
{
    struct stint_options options = { .kind = kind, .name = "bench" };
    struct stint *s;
    must(stint_connect(&options, &s), "connect");
    return s;
}

static struct stint_queue *
open_queue(struct stint *s, const char *name)
{
    struct stint_queue *q;
    must(stint_queue_open(s, name, NULL, &q), "open");
    return q;
}

static void
take_result(struct stint_future *f)
{
    struct stint_bytes result;
    must(stint_future_get(f, &result, WAIT_MS), "result");
    if (result.size != SMALL_BYTES)
        bench_fail("result", "it is not what was asked for");
    stint_future_free(f);
}

/* Keep up to `window` tasks under way; a result is taken in the order of its
 * task, as an application would that writes them to a file. */
static void
produce(struct stint_queue *q, size_t count, size_t bytes, size_t window,
    const char *handler)
{
    struct stint_put_options options = { .handler = handler };
    struct stint_future **futures = calloc(window, sizeof *futures);
    char *payload = calloc(1, bytes);
    if (futures == NULL || payload == NULL) bench_fail("calloc", "no memory");
    double start = bench_now();
    for (size_t i = 0; i < count + window; i++) {
        struct stint_future **f = &futures[i % window];
        if (i >= window && i - window < count) take_result(*f);
        if (i < count) {
            bench_number(payload, i);
            must(stint_queue_submit(q, payload, bytes, &options, f), "submit");
        }
    }
    double seconds = bench_now() - start;
    printf("tasks_per_s %.0f\n", (double)count / seconds);
    printf("mb_per_s %.1f\n", (double)count * (double)bytes / seconds / 1e6);
    free(payload);
    free(futures);
}

static void
post(struct stint *s, struct stint_queue *q, size_t count, int join)
{
    char payload[SMALL_BYTES] = { 0 };
    double start = bench_now();
    for (size_t i = 0; i < count; i++) {
        bench_number(payload, i);
        must(stint_queue_post(q, payload, sizeof payload, NULL), "post");
    }
    must(stint_flush(s, WAIT_MS), "flush");
    if (join) must(stint_queue_join(q, WAIT_MS), "join");
    double seconds = bench_now() - start;
    printf("tasks_per_s %.0f\n", (double)count / seconds);
}

static void
produce_one_by_one(struct stint_queue *q, size_t count)
{
    char payload[SMALL_BYTES] = { 0 };
    struct stint_future *f;
    double *seconds = calloc(count, sizeof *seconds);
    if (seconds == NULL) bench_fail("calloc", "no memory");
    for (size_t i = 0; i < count; i++) {
        double start = bench_now();
        bench_number(payload, i);
        must(
            stint_queue_submit(q, payload, sizeof payload, NULL, &f), "submit");
        take_result(f);
        seconds[i] = bench_now() - start;
    }
    bench_percentiles(seconds, count);
    free(seconds);
}

/* What `stint worker` does, without its threads, counts and care. */
static void
work_lean(struct stint *s)
{
    static const char *const queues[] = { "bench", NULL };
    struct stint_consumer_options options = { .credit_tasks = LEAN_CREDIT };
    struct stint_consumer *c;
    struct stint_task *t;
    must(stint_consumer_open(s, queues, &options, &c), "consumer");
    while (stint_consumer_next(c, &t, STINT_FOREVER) == 0) {
        struct stint_bytes payload = stint_task_payload(t);
        size_t size = payload.size < SMALL_BYTES ? payload.size : SMALL_BYTES;
        must(stint_task_post_done(t, payload.data, size), "done");
    }
    stint_consumer_close(c);
}

/* A connection each, as so many worker processes would have. */
static void
idle(size_t count)
{
    static const char *const queues[] = { "nothing", NULL };
    struct stint **all = calloc(count, sizeof(struct stint *));
    char end;
    if (all == NULL) bench_fail("calloc", "no memory");
    for (size_t i = 0; i < count; i++) {
        struct stint_consumer *c;
        all[i] = join_master(STINT_WORKER);
        must(stint_consumer_open(all[i], queues, NULL, &c), "consumer");
    }
    printf("ready\n");
    fflush(stdout);
    while (read(STDIN_FILENO, &end, 1) > 0) {}
    for (size_t i = 0; i < count; i++)
        stint_abandon(all[i]);
    free(all);
}

int
main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    size_t count = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    if (strcmp(mode, "idle") == 0) {
        idle(count);
        return 0;
    }
    int is_lean = strcmp(mode, "lean") == 0;
    struct stint *s = join_master(is_lean ? STINT_WORKER : STINT_CLIENT);
    if (is_lean)
        work_lean(s);
    else if (strcmp(mode, "submit") == 0)
        produce(open_queue(s, "bench"), count, SMALL_BYTES, WINDOW, NULL);
    else if (strcmp(mode, "post") == 0)
        post(s, open_queue(s, "bench"), count, 1);
    else if (strcmp(mode, "queued") == 0)
        post(s, open_queue(s, "parked"), count, 0);
    else if (strcmp(mode, "one") == 0)
        produce_one_by_one(open_queue(s, "bench"), count);
    else if (strcmp(mode, "big") == 0)
        produce(open_queue(s, "bench"), count, BIG_BYTES, BIG_WINDOW, "head");
    else
        bench_fail("usage", "stint_bench MODE COUNT");
    must(stint_close(s), "close");
    return 0;
}
