/*
 * pool.c - a pool of three for five tasks:
 *
 *     def long_time_task(name):
 *         print('Run task %s' % name); time.sleep(...)
 *     p = Pool(3)
 *     for i in range(5): p.apply_async(long_time_task, args=(i,))
 *     print('Waiting for all subprocesses done...')
 *     p.close(); p.join()
 */
#include <stint_pool.h>

#include "tutorial.h"

static int
long_time_task(struct stint_call *call)
{
    int64_t name;
    int rc = stint_call_int(call, &name);

    if (rc != 0) return rc;
    sleep_ms(100);
    return stint_call_return_int(call, getpid());
}

static const struct stint_handler functions[] = {
    { "long_time_task", long_time_task }, { 0 }
};

int
main(void)
{
    struct stint_pool_options options = { .processes = 3,
        .functions = functions };
    struct stint_pool *pool;
    struct stint_async *results[5];
    int64_t pids[5];
    int different = 0;

    check(stint_pool_open(&options, &pool));
    for (int i = 0; i < 5; i++)
        check(stint_pool_apply_async_int(
            pool, "long_time_task", i, NULL, &results[i]));
    printf("Waiting for all subprocesses done...\n");
    stint_pool_close(pool);
    check(stint_pool_join(pool, STINT_FOREVER));

    for (int i = 0; i < 5; i++) {
        check(stint_async_get_int(results[i], &pids[i], 0));
        int seen = 0;
        for (int k = 0; k < i; k++)
            seen |= pids[k] == pids[i];
        different += !seen;
        stint_async_free(results[i]);
    }
    printf("Task 0 to 4 were run by %d processes, none of them this one\n",
        different);
    stint_pool_free(pool);
    return 0;
}
