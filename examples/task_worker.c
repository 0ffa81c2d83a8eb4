/*
 * task_worker.c - the worker of the tutorial pair, as Python has it:
 *
 *     m = QueueManager(address=('127.0.0.1', 5000), authkey=b'abc')
 *     m.connect()
 *     task = m.get_task_queue()
 *     result = m.get_result_queue()
 *     while True:
 *         try:
 *             n = task.get(timeout=1)
 *             print('run task %d * %d...' % (n, n))
 *             result.put('%d * %d = %d' % (n, n, n * n))
 *         except queue.Empty:
 *             print('task queue is empty.')
 *             break
 *     print('worker exit.')
 *
 * It may be started before its master, and as often as one likes; a number
 * whose worker is killed goes to another one, which Python's loses.
 */
#include <stdio.h>
#include <stdlib.h>

#include <stint.h>

static void
check(int code)
{
    if (code == 0) return;
    fprintf(stderr, "task_worker: %s\n", stint_error_message());
    exit(1);
}

int
main(int argc, char *argv[])
{
    struct stint_options options = {
        .master = argc > 1 ? argv[1] : "tcp://127.0.0.1:5000",
        .authkey = "abc",
        .allow_weak_authkey = true,
    };
    struct stint_queue *task, *result;
    struct stint_bytes item;
    struct stint *m;
    int code;

    printf("Connect to server %s...\n", options.master);
    check(stint_connect(&options, &m));
    check(stint_queue_open(m, "get_task_queue", NULL, &task));
    check(stint_queue_open(m, "get_result_queue", NULL, &result));

    while ((code = stint_queue_get(task, &item, 1000)) == 0) {
        char text[16], r[64];
        long n;
        int size;

        snprintf(text, sizeof(text), "%.*s", (int)item.size,
            (const char *)item.data);
        n = strtol(text, NULL, 10);
        size = snprintf(r, sizeof(r), "%ld * %ld = %ld", n, n, n * n);
        printf("run task %ld * %ld...\n", n, n);
        check(stint_queue_put(result, r, (size_t)size, 1000));
    }
    if (code != STINT_EEMPTY && code != STINT_ESHUTDOWN) check(code);
    printf("task queue is empty.\n");
    stint_close(m);
    printf("worker exit.\n");
    return 0;
}
