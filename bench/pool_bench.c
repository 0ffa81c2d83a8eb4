/*
 * pool_bench.c - a map of items that need nothing, over a pool of two.
 *
 *   pool_bench COUNT CHUNK    CHUNK 0: the default one
 */
#include <stint_pool.h>

#include "bench/bench.h"

static int
nothing(struct stint_call *call)
{
    (void)call;
    return 0;
}

static const struct stint_handler functions[] = { { "nothing", nothing },
    { 0 } };

static void
must(int code, const char *what)
{
    if (code < 0) bench_fail(what, stint_error_message());
}

static double
map(struct stint_pool *pool, const struct stint_bytes *items, size_t count,
    size_t chunk)
{
    const struct stint_map_options options = { .chunk = chunk };
    struct stint_bytes *results;

    double from = bench_now();
    must(stint_pool_map(pool, "nothing", items, count, &options, &results),
        "map");
    double took = bench_now() - from;
    stint_results_free(results, count);
    return took;
}

int
main(int argc, char **argv)
{
    const struct stint_pool_options options = { .processes = 2,
        .functions = functions };
    struct stint_pool *pool;

    if (argc != 3) bench_fail("usage", "pool_bench COUNT CHUNK");
    size_t count = (size_t)strtoull(argv[1], NULL, 10);
    size_t chunk = (size_t)strtoull(argv[2], NULL, 10);
    struct stint_bytes *items = calloc(count + 1, sizeof *items);
    if (items == NULL) bench_fail("calloc", "no memory");
    for (size_t i = 0; i < count; i++)
        items[i] = (struct stint_bytes){ "x", 1 };

    must(stint_pool_open(&options, &pool), "open");
    (void)map(pool, items, count / 20 + 1, chunk);
    double took = map(pool, items, count, chunk);
    printf("items_per_s %.0f\n", (double)count / took);
    stint_pool_free(pool);
    free(items);
    return 0;
}
