/*
 * task_master.c - the master of the tutorial pair, as Python has it:
 *
 *     QueueManager.register('get_task_queue', callable=lambda: task_queue)
 *     QueueManager.register('get_result_queue', callable=lambda: result_queue)
 *     manager = QueueManager(address=('127.0.0.1', 5000), authkey=b'abc')
 *     manager.start()
 *     task = manager.get_task_queue()
 *     result = manager.get_result_queue()
 *     for i in range(10):
 *         n = random.randint(0, 10000)
 *         print('Put task %d...' % n)
 *         task.put(n)
 *     print('Try get results...')
 *     for i in range(10):
 *         print('Result: %s' % result.get(timeout=60))
 *     task.shutdown()
 *     task.join()
 *     manager.shutdown()
 *     print('master exit.')
 *
 * Start task_worker in another terminal, before or after.  For two hosts:
 *     task_master tcp://10.0.0.1:5000      task_worker tcp://10.0.0.1:5000
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <stint.h>

static void
check(int code)
{
    if (code == 0) return;
    fprintf(stderr, "task_master: %s\n", stint_error_message());
    exit(1);
}

int
main(int argc, char *argv[])
{
    const char *const queues[] = { "get_task_queue", "get_result_queue", NULL };
    struct stint_master_options options = {
        .listen = argc > 1 ? argv[1] : "tcp://127.0.0.1:5000",
        .queues = queues,
        .authkey = "abc",
        .allow_weak_authkey = true,
        .memory = true,
    };
    struct stint_master *manager;
    struct stint_queue *task, *result;
    struct stint_bytes r;
    struct stint *s;

    check(stint_master_start(&options, &manager));
    check(stint_master_connect(manager, NULL, &s));
    check(stint_queue_open(s, "get_task_queue", NULL, &task));
    check(stint_queue_open(s, "get_result_queue", NULL, &result));

    srandom((unsigned)getpid());
    for (int i = 0; i < 10; i++) {
        char n[16];
        int size = snprintf(n, sizeof(n), "%ld", random() % 10001);

        printf("Put task %s...\n", n);
        check(stint_queue_put(task, n, (size_t)size, 1000));
    }
    printf("Try get results...\n");
    for (int i = 0; i < 10; i++) {
        check(stint_queue_get(result, &r, 60000));
        printf("Result: %.*s\n", (int)r.size, (const char *)r.data);
    }
    /* No worker need wait for more, and each shall have heard of it. */
    check(stint_queue_shutdown(task, false));
    if (stint_queue_join(task, 5000) != 0)
        printf("A worker left without a word.\n");
    check(stint_close(s));
    stint_master_stop(manager);
    printf("master exit.\n");
    return 0;
}
