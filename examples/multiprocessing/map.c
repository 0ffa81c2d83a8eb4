/*
 * map.c - one function over many values:
 *
 *     def total(n): return sum(range(n + 1))
 *     with Pool(3) as pool: print(pool.map(total, [50, 100, 150]))
 */
#include <inttypes.h>

#include <stint_pool.h>

#include "tutorial.h"

static int
total(struct stint_call *call)
{
    int64_t n, sum = 0;
    int rc = stint_call_int(call, &n);

    if (rc != 0) return rc;
    for (int64_t i = 0; i <= n; i++)
        sum += i;
    return stint_call_return_int(call, sum);
}

static const struct stint_handler functions[] = { { "total", total }, { 0 } };

int
main(void)
{
    struct stint_pool_options options = { .processes = 3,
        .functions = functions };
    const int64_t items[] = { 50, 100, 150 };
    int64_t sums[3];
    struct stint_pool *pool;

    check(stint_pool_open(&options, &pool));
    check(stint_pool_map_ints(pool, "total", items, 3, NULL, sums));
    for (int i = 0; i < 3; i++)
        printf("%" PRId64 " -> %" PRId64 "\n", items[i], sums[i]);
    stint_pool_free(pool);
    return 0;
}
