/*
 * callback.c - callbacks are run in the parent:
 *
 *     def done(result): print('callback in parent: %s' % result)
 *     def failed(error): print('error_callback in parent: %s' % error)
 *     pool.apply_async(divide, (12,), callback=done, error_callback=failed)
 *     pool.apply_async(divide, (0,), callback=done, error_callback=failed)
 *     pool.close(); pool.join()
 */
#include <stint_pool.h>

#include "tutorial.h"

static pid_t parent;

static int
divide(struct stint_call *call)
{
    int64_t by;
    int rc = stint_call_int(call, &by);

    if (rc != 0) return rc;
    if (by == 0) return stint_call_fail(call, "division by zero");
    return stint_call_return_int(call, 84 / by);
}

static const struct stint_handler functions[] = { { "divide", divide }, { 0 } };

static int
done(void *arg, const struct stint_bytes *results, size_t count)
{
    int64_t number;

    (void)arg;
    if (count != 1 || stint_unpack_int(&results[0], &number) != 0) return -1;
    printf("callback in the %s: %d\n", getpid() == parent ? "parent" : "child",
        (int)number);
    return 0;
}

static void
failed(void *arg, const struct stint_failure *failure)
{
    (void)arg;
    printf("error_callback in the %s: %s\n",
        getpid() == parent ? "parent" : "child", failure->text);
}

int
main(void)
{
    struct stint_pool_options options = { .processes = 1,
        .functions = functions };
    struct stint_callbacks callbacks = { done, failed, NULL };
    struct stint_pool *pool;

    parent = getpid();
    check(stint_pool_open(&options, &pool));
    check(stint_pool_apply_async_int(pool, "divide", 12, &callbacks, NULL));
    check(stint_pool_apply_async_int(pool, "divide", 0, &callbacks, NULL));
    stint_pool_close(pool);
    check(stint_pool_join(pool, STINT_FOREVER));
    stint_pool_free(pool);
    return 0;
}
