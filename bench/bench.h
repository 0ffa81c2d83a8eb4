/**
 * bench.h - what the benchmarks of both systems share.        [layer: bench]
 *
 * A task is 64 bytes (or 1 MiB) that begin with its number, so that a result
 * can be told from another; an answer of the small ones is the task itself, of
 * the big ones its first 64 bytes.  Results are printed as "name value" lines,
 * which bench/run reads.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SMALL_BYTES = 64, BIG_BYTES = 1 << 20 };

static inline double
bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/** Write the number of a task where its payload begins, as 16 hex digits. */
static inline void
bench_number(char *payload, unsigned long n)
{
    char digits[17];
    snprintf(digits, sizeof digits, "%016lx", n);
    memcpy(payload, digits, 16);
}

static inline int
bench_compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/** Print the median and the 99th percentile of `n` times in seconds. */
static inline void
bench_percentiles(double *seconds, size_t n)
{
    qsort(seconds, n, sizeof *seconds, bench_compare);
    printf("p50_us %.1f\n", seconds[n / 2] * 1e6);
    printf("p99_us %.1f\n", seconds[n * 99 / 100] * 1e6);
}

_Noreturn static inline void
bench_fail(const char *what, const char *why)
{
    fprintf(stderr, "bench: %s: %s\n", what, why);
    exit(1);
}

#endif
