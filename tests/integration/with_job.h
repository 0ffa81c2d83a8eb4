/**
 * with_job.h - a master in this process, a job in each test. [layer: tests]
 */
#ifndef WITH_JOB_H
#define WITH_JOB_H

#include "tests/integration/crew.h"

static struct stint_job *job;

static inline void
open_job(const struct stint_job_options *options)
{
    OK(stint_job_open(s, options, &job));
    assert_true(stint_job_number(job) > 0);
}

static inline void
put_value(const char *value)
{
    OK(stint_job_put(job, value, strlen(value), PATIENCE_MS));
}

/* The values "1" to "count". */
static inline void
put_numbers(unsigned count)
{
    char text[16];

    for (unsigned i = 1; i <= count; i++) {
        (void)snprintf(text, sizeof text, "%u", i);
        put_value(text);
    }
}

static inline void
close_job(void)
{
    OK(stint_job_close_input(job, PATIENCE_MS));
}

static inline struct stint_end
next_end(void)
{
    struct stint_end end;

    OK(stint_job_next(job, &end, PATIENCE_MS));
    return end;
}

static inline void
expect_all_read(void)
{
    struct stint_end end;

    assert_int_equal(stint_job_next(job, &end, PATIENCE_MS), STINT_EEMPTY);
}

static inline struct stint_job_row
look(void)
{
    struct stint_job_row row;

    OK(stint_job_look(job, &row, PATIENCE_MS));
    return row;
}

static inline bool
is_busy(void)
{
    return atomic_load(&crew[0].running) != 0;
}

static inline void
until(bool (*is)(void))
{
    int64_t end = now_ms() + PATIENCE_MS;

    while (!is()) {
        assert_true(now_ms() < end);
        (void)usleep(1000);
    }
}

/* ---- set-up -------------------------------------------------------------- */

static inline int
connect_for_jobs(void **state)
{
    (void)state;
    job = NULL;
    s = connect_as("test");
    return 0;
}

/* What a test left open must not meet the next one's workers. */
static inline int
clean_up(void **state)
{
    struct stint_selection all = { .queue = NULL };

    (void)state;
    if (job != NULL) {
        all.job = stint_job_number(job);
        (void)!stint_cancel(s, &all, NULL);
    }
    dismiss();
    stint_job_free(job);
    OK(stint_close(s));
    return 0;
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, connect_for_jobs, clean_up)

#endif
