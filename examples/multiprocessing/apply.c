/*
 * apply.c - one in line, the other side by side:
 *
 *     for i in range(3): pool.apply(work, (i,))     # each waits for its end
 *     rs = [pool.apply_async(work, (i,)) for i in range(3)]
 *     for r in rs: r.get()                          # all at once
 */
#include <stint_pool.h>

#include "tutorial.h"

static int
work(struct stint_call *call)
{
    int64_t i;
    int rc = stint_call_int(call, &i);

    if (rc != 0) return rc;
    sleep_ms(300);
    return stint_call_return_int(call, i * i);
}

static const struct stint_handler functions[] = { { "work", work }, { 0 } };

int
main(void)
{
    struct stint_pool_options options = { .processes = 3,
        .functions = functions };
    struct stint_pool *pool;
    struct stint_async *results[3];
    int64_t square;

    check(stint_pool_open(&options, &pool));

    double begun = seconds();
    for (int i = 0; i < 3; i++) {
        check(stint_pool_apply_int(pool, "work", i, &square));
        printf("apply %d: %d\n", i, (int)square);
    }
    printf("in line: about %.1f s\n", seconds() - begun);

    begun = seconds();
    for (int i = 0; i < 3; i++)
        check(stint_pool_apply_async_int(pool, "work", i, NULL, &results[i]));
    for (int i = 0; i < 3; i++) {
        check(stint_async_get_int(results[i], &square, STINT_FOREVER));
        printf("apply_async %d: %d\n", i, (int)square);
        stint_async_free(results[i]);
    }
    printf("side by side: about %.1f s\n", seconds() - begun);
    stint_pool_free(pool);
    return 0;
}
