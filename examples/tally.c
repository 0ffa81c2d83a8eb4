/*
 * tally.c - factor many numbers, and count whether each result came once.
 *
 *     stint worker --plugin ./libfactor.so &
 *     tally 4000
 *
 * Each number is a task for libfactor.so.  A result is right when its factors
 * multiply to the number.  In the end the master is asked as well: had it taken
 * two results of one task, it would count more tasks done than were put.  Kill
 * workers and the master meanwhile.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <stint.h>

enum { COUNT = 4000, COUNT_MAX = 100000, PATIENCE_S = 300 };

static const uint64_t FIRST = UINT64_C(300000000000001);

struct tally {
    struct stint_future **futures; /* NULL: counted. */
    size_t count, came, wrong, failed;
};

/* What the master counts of the queue. */
struct counts {
    uint64_t done, lost;
};

static int
complain(const char *what)
{
    fprintf(stderr, "tally: %s: %s\n", what, stint_error_message());
    return 1;
}

static bool
is_right(uint64_t number, struct stint_bytes result)
{
    char text[256] = "", *at = text, *end;
    uint64_t product = 1;

    if (result.size == 0 || result.size >= sizeof text) return false;
    memcpy(text, result.data, result.size);
    for (uint64_t f; (f = strtoull(at, &end, 10)) > 1; at = end)
        if (__builtin_mul_overflow(product, f, &product)) return false;
    return *end == '\0' && product == number;
}

static int
submit(struct stint_queue *q, struct tally *t)
{
    struct stint_put_options options = { .attempts_max = 100 };
    char text[24];

    for (size_t i = 0; i < t->count; i++) {
        int size = snprintf(text, sizeof text, "%" PRIu64, FIRST + i);
        if (stint_queue_submit(q, text, (size_t)size, &options, &t->futures[i])
            != 0)
            return complain("submit");
    }
    return 0;
}

/* Take what has come; its future goes, so nothing is counted twice here. */
static void
collect(struct tally *t)
{
    struct stint_bytes result;

    for (size_t i = 0; i < t->count; i++) {
        struct stint_future *f = t->futures[i];
        if (f == NULL || !stint_future_ready(f)) continue;
        t->came++;
        if (stint_future_get(f, &result, 0) != 0) {
            complain("a task");
            t->failed++;
        } else if (!is_right(FIRST + i, result)) {
            t->wrong++;
        }
        stint_future_free(f);
        t->futures[i] = NULL;
    }
}

static int
wait_for_all(struct tally *t)
{
    time_t end = time(NULL) + PATIENCE_S, next = 0;

    while (t->came < t->count) {
        int code = stint_futures_wait(
            t->futures, t->count, t->came + 1 + (t->count - t->came) / 20, 250);
        if (code < 0 && code != STINT_ETIMEOUT && !stint_error_can_retry(code))
            return complain("wait");
        collect(t);
        if (time(NULL) >= end) break;
        if (time(NULL) < next && t->came < t->count) continue;
        next = time(NULL) + 1;
        printf("%5zu of %zu results\n", t->came, t->count);
        fflush(stdout);
    }
    return 0;
}

static int
see_counts(void *arg, const struct stint_queue_row *row)
{
    *(struct counts *)arg = (struct counts){ row->done, row->lost };
    return 0;
}

static int
say_it_all(const struct tally *t, uint64_t done, uint64_t lost)
{
    size_t missing = t->count - t->came;
    bool good = missing + t->failed + t->wrong == 0 && done == t->count;

    printf("%zu tasks, %zu results: %zu missing, %zu failed, %zu wrong\n",
        t->count, t->came, missing, t->failed, t->wrong);
    printf("the master counts %" PRIu64 " done, and %" PRIu64
           " times a worker was lost with a task\n%s\n",
        done, lost, good ? "each exactly once" : "NOT each exactly once");
    return good ? 0 : 1;
}

static int
run(struct stint *s, struct stint_queue *q, struct tally *t)
{
    struct counts before = { 0, 0 }, after = { 0, 0 };

    if (stint_list_queues(s, "default", see_counts, &before, 20000) != 0)
        return complain("ask the master");
    if (submit(q, t) != 0 || wait_for_all(t) != 0) return 1;
    if (stint_list_queues(s, "default", see_counts, &after, 20000) != 0)
        return complain("ask the master");
    return say_it_all(t, after.done - before.done, after.lost - before.lost);
}

int
main(int argc, char **argv)
{
    struct tally t = { .count = COUNT };
    struct stint *s;
    struct stint_queue *q;
    int code;

    if (argc > 1) t.count = strtoul(argv[1], NULL, 10);
    if (t.count < 1 || t.count > COUNT_MAX) {
        fprintf(stderr, "usage: tally [COUNT]   (%d at most)\n", COUNT_MAX);
        return 64;
    }
    t.futures = calloc(t.count, sizeof *t.futures);
    if (t.futures == NULL) return complain("memory");
    if (stint_connect(NULL, &s) != 0) return complain("connect");
    if (stint_queue_open(s, "default", NULL, &q) != 0) return complain("open");
    code = run(s, q, &t);
    for (size_t i = 0; i < t.count; i++)
        stint_future_free(t.futures[i]);
    free(t.futures);
    if (stint_close(s) != 0) return complain("close");
    return code;
}
