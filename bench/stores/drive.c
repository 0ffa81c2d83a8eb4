/*
 * drive.c - an engine alone: batches like a master's, one behind the other.
 *
 *   drive DIR ROWS_A_COMMIT SECONDS [sync|written]
 *
 * A steady stream: each task is put (64 bytes of payload), gets a state, ends
 * (a result is put, task and state are deleted) and is heard of (the result is
 * deleted).  WAITING tasks lie between each step and the next, so that rows of
 * a batch are not neighbours.  Printed are rows a second, and what a commit
 * took.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "bench/bench.h"
#include "common/sys/say.h"
#include "master/store/store.h"

enum {
    TASK = 7,
    STATE = 8,
    RESULT = 9,
    TASK_BYTES = 100, /* Of a task's row, its payload with it. */
    STATE_BYTES = 24,
    RESULT_BYTES = 90,
    ROWS_A_TASK = 6,
    WAITING = 4000,
    SAMPLES = 1 << 20
};

static void
put(struct buf *ops, unsigned kind, uint64_t id, size_t length)
{
    static const uint8_t bytes[TASK_BYTES] = { 0x9f };

    row_put(ops, kind, id, (struct slice){ bytes, length });
}

/* What happens when task `id` is put: so do the next steps of older ones. */
static void
step(struct buf *ops, uint64_t id)
{
    put(ops, TASK, id, TASK_BYTES);
    if (id > WAITING) put(ops, STATE, id - WAITING, STATE_BYTES);
    if (id > 2 * WAITING) {
        put(ops, RESULT, id - 2 * WAITING, RESULT_BYTES);
        row_delete(ops, TASK, id - 2 * WAITING);
        row_delete(ops, STATE, id - 2 * WAITING);
    }
    if (id > 3 * WAITING) row_delete(ops, RESULT, id - 3 * WAITING);
}

static void
must(int rc, const char *what)
{
    if (rc < 0) bench_fail(what, say_message());
}

static size_t
tasks_of(size_t rows)
{
    return rows < ROWS_A_TASK ? 1 : rows / ROWS_A_TASK;
}

static void
drive(struct store *s, size_t rows, double seconds, bool sync)
{
    double *took = calloc(SAMPLES, sizeof *took);
    struct buf ops;
    uint64_t id = 0;
    size_t commits = 0;

    if (took == NULL) bench_fail("calloc", "no memory");
    buf_init(&ops);
    for (; id < 3 * WAITING;) { /* Until the stream is steady. */
        buf_clear(&ops);
        for (int i = 0; i < WAITING; i++)
            step(&ops, ++id);
        must(store_commit(s, (struct slice){ ops.bytes, ops.length }, sync),
            "commit");
    }
    const uint64_t first = id;
    const double start = bench_now();
    double now = start;
    while (now - start < seconds && commits < SAMPLES) {
        buf_clear(&ops);
        for (size_t i = tasks_of(rows); i > 0; i--)
            step(&ops, ++id);
        now = bench_now();
        must(store_commit(s, (struct slice){ ops.bytes, ops.length }, sync),
            "commit");
        took[commits++] = bench_now() - now;
        if (commits % 16 == 0) must(store_tend(s), "tend");
        now = bench_now();
    }
    const double tasks = (double)(id - first);
    printf("tasks_per_s %.0f\n", tasks / (now - start));
    printf("rows_per_s %.0f\n", tasks * ROWS_A_TASK / (now - start));
    bench_percentiles(took, commits);
    printf("mb_of_files %.1f\n", (double)store_stat(s).bytes / 1e6);
    buf_fini(&ops);
    free(took);
}

int
main(int argc, char **argv)
{
    struct disk *disk;
    struct store *store;

    if (argc < 4) bench_fail("usage", "drive DIR ROWS SECONDS [written]");
    const bool sync = argc < 5 || strcmp(argv[4], "written") != 0;
    if (disk_open(argv[1], &disk) != 0) bench_fail(argv[1], "cannot be made");
    must(store_open(disk, NULL, &store), "open");
    drive(store, strtoul(argv[2], NULL, 10), strtod(argv[3], NULL), sync);
    store_close(store);
    disk_close(disk);
    return 0;
}
