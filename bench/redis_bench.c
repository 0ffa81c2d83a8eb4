/*
 * redis_bench.c - the same work over Redis lists, through hiredis.
 *
 *   redis_bench PORT worker NAME lrem|ltrim|one|big
 *   redis_bench PORT many COUNT | one COUNT | big COUNT | queued COUNT
 *
 * The reliable list: a worker moves tasks to a processing list of its own
 * (LMOVE), then takes each out of it (LREM, or LTRIM for a whole batch at once)
 * in the same pipeline that pushes the results.  Commands are pipelined in
 * batches and the next batch is asked for together with the last one's
 * answers, which is as fast as this client gets.
 */
#include <hiredis/hiredis.h>

#include "bench/bench.h"

enum { BATCH = 256, WINDOW = 16384, BIG_WINDOW = 16 };

static redisContext *redis;

static void
append(const char *const *argv, const size_t *sizes, int argc)
{
    /* hiredis takes pointers that it does not write through. */
    const char **args = (const char **)(uintptr_t)argv;
    if (redisAppendCommandArgv(redis, argc, args, sizes) != REDIS_OK)
        bench_fail("redis", redis->errstr);
}

static redisReply *
answer(void)
{
    void *reply = NULL;
    if (redisGetReply(redis, &reply) != REDIS_OK)
        bench_fail("redis", redis->errstr);
    return reply;
}

static void
drop_answers(int count)
{
    while (count-- > 0)
        freeReplyObject(answer());
}

static void
push(const char *list, const void *data, size_t size)
{
    const char *argv[] = { "LPUSH", list, data };
    const size_t sizes[] = { 5, strlen(list), size };
    append(argv, sizes, 3);
}

static void
move(const char *mine)
{
    const char *argv[] = { "LMOVE", "tasks", mine, "RIGHT", "LEFT" };
    const size_t sizes[] = { 5, 5, strlen(mine), 5, 4 };
    append(argv, sizes, 5);
}

/* The oldest task of ours stands at the tail, where LREM -1 finds it at once.
 */
static void
take_out(const char *mine, const char *data, size_t size)
{
    const char *argv[] = { "LREM", mine, "-1", data };
    const size_t sizes[] = { 4, strlen(mine), 2, size };
    append(argv, sizes, 4);
}

/* ---- the worker ---------------------------------------------------------- */

static redisReply *
wait_for_one(const char *mine)
{
    redisReply *r;
    do {
        r = redisCommand(redis, "BLMOVE tasks %s RIGHT LEFT 5", mine);
        if (r == NULL) exit(0); /* The server was stopped: the round is over. */
        if (r->type == REDIS_REPLY_STRING) return r;
        freeReplyObject(r);
    } while (1);
}

static void
trim_and_push_all(const char *mine, redisReply *const *tasks, size_t count)
{
    static const char *argv[BATCH + 2];
    static size_t sizes[BATCH + 2];
    argv[0] = "LPUSH";
    argv[1] = "results";
    sizes[0] = 5;
    sizes[1] = 7;
    for (size_t i = 0; i < count; i++) {
        argv[i + 2] = tasks[i]->str;
        sizes[i + 2] = tasks[i]->len;
    }
    append(argv, sizes, (int)count + 2);
    redisAppendCommand(redis, "LTRIM %s 0 %d", mine, -1 - (int)count);
}

/* Answer what we have and ask for the next batch, in one pipeline. */
static size_t
exchange(const char *mine, redisReply **tasks, size_t count, int trim)
{
    int answers = 0;
    if (trim && count > 0) {
        trim_and_push_all(mine, tasks, count);
        answers = 2;
    }
    for (size_t i = 0; !trim && i < count; i++) {
        push("results", tasks[i]->str, tasks[i]->len);
        take_out(mine, tasks[i]->str, tasks[i]->len);
        answers += 2;
    }
    for (int i = 0; i < BATCH; i++)
        move(mine);
    for (size_t i = 0; i < count; i++)
        freeReplyObject(tasks[i]);
    drop_answers(answers);
    size_t got = 0;
    for (int i = 0; i < BATCH; i++) {
        redisReply *r = answer();
        if (r->type == REDIS_REPLY_STRING)
            tasks[got++] = r;
        else
            freeReplyObject(r);
    }
    return got;
}

static _Noreturn void
work_in_batches(const char *mine, int trim)
{
    static redisReply *tasks[BATCH];
    size_t count = 0;
    while (1) {
        count = exchange(mine, tasks, count, trim);
        if (count == 0) {
            tasks[0] = wait_for_one(mine);
            count = 1;
        }
    }
}

static _Noreturn void
work_one_by_one(const char *mine, int big)
{
    while (1) {
        redisReply *task = wait_for_one(mine);
        push("results", task->str, SMALL_BYTES);
        if (big)
            redisAppendCommand(redis, "LTRIM %s 0 -2", mine);
        else
            take_out(mine, task->str, task->len);
        freeReplyObject(task);
        drop_answers(2);
    }
}

/* ---- the producer -------------------------------------------------------- */

/* Take what results there are, waiting for the first; returns how many. */
static size_t
collect(void)
{
    redisReply *r = redisCommand(redis, "RPOP results 1024");
    if (r == NULL) bench_fail("RPOP", redis->errstr);
    size_t count = r->type == REDIS_REPLY_ARRAY ? r->elements : 0;
    freeReplyObject(r);
    if (count > 0) return count;
    r = redisCommand(redis, "BRPOP results 5");
    if (r == NULL || r->type != REDIS_REPLY_ARRAY)
        bench_fail("BRPOP", "no result within 5 seconds");
    freeReplyObject(r);
    return 1;
}

static void
produce(size_t count, size_t bytes, size_t batch, size_t window)
{
    char *payload = calloc(1, bytes);
    if (payload == NULL) bench_fail("calloc", "no memory");
    double start = bench_now();
    for (size_t sent = 0, have = 0; have < count;) {
        int pushed = 0;
        for (; (size_t)pushed < batch && sent < count && sent - have < window;
             pushed++) {
            bench_number(payload, sent++);
            push("tasks", payload, bytes);
        }
        drop_answers(pushed);
        if (sent == count || sent - have >= window) have += collect();
    }
    double seconds = bench_now() - start;
    printf("tasks_per_s %.0f\n", (double)count / seconds);
    printf("mb_per_s %.1f\n", (double)count * (double)bytes / seconds / 1e6);
    free(payload);
}

static void
produce_one_by_one(size_t count)
{
    char payload[SMALL_BYTES] = { 0 };
    double *seconds = calloc(count, sizeof *seconds);
    if (seconds == NULL) bench_fail("calloc", "no memory");
    for (size_t i = 0; i < count; i++) {
        double start = bench_now();
        bench_number(payload, i);
        push("tasks", payload, sizeof payload);
        redisAppendCommand(redis, "BRPOP results 5");
        drop_answers(2);
        seconds[i] = bench_now() - start;
    }
    bench_percentiles(seconds, count);
    free(seconds);
}

static long long
used_memory(void)
{
    redisReply *r = redisCommand(redis, "INFO memory");
    if (r == NULL) bench_fail("INFO", redis->errstr);
    const char *at = strstr(r->str, "used_memory:");
    long long bytes = at ? strtoll(at + 12, NULL, 10) : 0;
    freeReplyObject(r);
    return bytes;
}

static void
fill(size_t count)
{
    char payload[SMALL_BYTES] = { 0 };
    long long before = used_memory();
    for (size_t i = 0; i < count; i += BATCH) {
        for (size_t k = 0; k < BATCH; k++) {
            bench_number(payload, i + k);
            push("tasks", payload, sizeof payload);
        }
        drop_answers(BATCH);
    }
    count = (count + BATCH - 1) / BATCH * BATCH;
    printf("bytes_per_task %.0f\n",
        (double)(used_memory() - before) / (double)count);
}

int
main(int argc, char **argv)
{
    if (argc < 4) bench_fail("usage", "redis_bench PORT MODE COUNT");
    redis = redisConnect("127.0.0.1", (int)strtol(argv[1], NULL, 10));
    if (redis == NULL || redis->err)
        bench_fail("redis", redis ? redis->errstr : "no memory");
    const char *mode = argv[2];
    size_t count = strtoul(argv[3], NULL, 10);
    if (strcmp(mode, "worker") == 0 && argc > 4) {
        if (argv[4][0] == 'l')
            work_in_batches(argv[3], strcmp(argv[4], "ltrim") == 0);
        work_one_by_one(argv[3], strcmp(argv[4], "big") == 0);
    }
    if (strcmp(mode, "many") == 0)
        produce(count, SMALL_BYTES, BATCH, WINDOW);
    else if (strcmp(mode, "one") == 0)
        produce_one_by_one(count);
    else if (strcmp(mode, "big") == 0)
        produce(count, BIG_BYTES, 4, BIG_WINDOW);
    else if (strcmp(mode, "queued") == 0)
        fill(count);
    else
        bench_fail(mode, "no such mode");
    redisFree(redis);
    return 0;
}
