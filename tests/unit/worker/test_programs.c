#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "worker/programs.h"

enum { SLOTS = 8, JOBS = 100 };

static struct stint_master *master;
static struct stint *s;
static struct environment *base;
static struct programs *programs;

static int
start_master(void **state)
{
    static const struct stint_master_options options = {
        .listen = "tcp://127.0.0.1:0", .memory = true
    };
    (void)state;

    if (stint_master_start(&options, &master) != 0) return -1;
    if (stint_master_connect(master, NULL, &s) != 0) return -1;
    base = environment_new();
    return base != NULL ? 0 : -1;
}

static int
stop_master(void **state)
{
    (void)state;
    environment_free(base);
    stint_close(s);
    stint_master_stop(master);
    return 0;
}

static int
make_programs(void **state)
{
    (void)state;
    programs = programs_new(s, base);
    return programs != NULL ? 0 : -1;
}

static int
free_programs(void **state)
{
    (void)state;
    programs_free(programs);
    return 0;
}

/* The number of a job that runs `echo WORD`. */
static uint64_t
open_job(const char *word)
{
    const char *const argv[] = { "echo", word, NULL };
    const struct stint_job_options options = { .program = STINT_PROGRAM_COMMAND,
        .command.argv = argv };
    struct stint_job *job;

    assert_int_equal(stint_job_open(s, &options, &job), 0);
    uint64_t number = stint_job_number(job);
    stint_job_free(job);
    return number;
}

static const struct program *
get(uint64_t job)
{
    const struct program *p;

    assert_int_equal(programs_get(programs, job, &p), 0);
    return p;
}

static void
assert_word(const struct program *p, const char *word)
{
    assert_string_equal(p->what->command.argv[1], word);
}

static void
a_job_is_asked_for_once(void **state)
{
    uint64_t job = open_job("a");
    (void)state;

    const struct program *first = get(job);
    assert_word(first, "a");
    assert_int_equal(first->what->program, STINT_PROGRAM_COMMAND);
    assert_non_null(first->command);
    assert_ptr_equal(get(job), first);
    programs_drop(programs, first);
    programs_drop(programs, first);
    assert_ptr_equal(get(job), first);
    programs_drop(programs, first);
}

static void
what_a_handler_runs_has_no_command(void **state)
{
    const struct stint_job_options options = { .program = STINT_PROGRAM_HANDLER,
        .handler = "square" };
    struct stint_job *job;
    (void)state;

    assert_int_equal(stint_job_open(s, &options, &job), 0);
    const struct program *p = get(stint_job_number(job));
    assert_string_equal(p->what->handler, "square");
    assert_null(p->command);
    programs_drop(programs, p);
    stint_job_free(job);
}

static void
a_job_that_is_none_is_an_error_each_time(void **state)
{
    const struct program *p;
    (void)state;

    assert_int_equal(programs_get(programs, 999999, &p), STINT_ENOJOB);
    assert_null(p);
    assert_int_equal(programs_get(programs, 999999, &p), STINT_ENOJOB);
}

/* Another master may have a job of the same number. */
static void
what_is_forgotten_is_asked_for_anew_and_lent_on_till_it_is_dropped(void **state)
{
    uint64_t job = open_job("a");
    (void)state;

    const struct program *old = get(job);
    programs_forget(programs);
    const struct program *new = get(job);
    assert_ptr_not_equal(new, old);
    assert_word(old, "a");
    programs_drop(programs, old);
    assert_ptr_equal(get(job), new);
    programs_drop(programs, new);
    programs_drop(programs, new);
}

static void
what_is_lent_stays_however_many_jobs_there_are(void **state)
{
    uint64_t job = open_job("kept");
    (void)state;

    const struct program *kept = get(job);
    for (int i = 0; i < JOBS; i++) {
        programs_drop(programs, get(open_job("another")));
    }
    assert_word(kept, "kept");
    assert_ptr_equal(get(job), kept);
    programs_drop(programs, kept);
    programs_drop(programs, kept);
}

struct asker {
    pthread_t thread;
    uint64_t job;
    const struct program *got;
};

static void *
ask(void *arg)
{
    struct asker *a = arg;

    return programs_get(programs, a->job, &a->got) == 0 ? NULL : arg;
}

static void
slots_that_ask_at_the_same_time_get_the_same(void **state)
{
    struct asker askers[SLOTS];
    uint64_t job = open_job("a");
    (void)state;

    for (int i = 0; i < SLOTS; i++) {
        askers[i].job = job;
        assert_int_equal(
            pthread_create(&askers[i].thread, NULL, ask, &askers[i]), 0);
    }
    for (int i = 0; i < SLOTS; i++) {
        void *failed;

        assert_int_equal(pthread_join(askers[i].thread, &failed), 0);
        assert_null(failed);
        assert_ptr_equal(askers[i].got, askers[0].got);
    }
    for (int i = 0; i < SLOTS; i++) {
        programs_drop(programs, askers[i].got);
    }
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, make_programs, free_programs)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_job_is_asked_for_once),
        TEST(what_a_handler_runs_has_no_command),
        TEST(a_job_that_is_none_is_an_error_each_time),
        TEST(
            what_is_forgotten_is_asked_for_anew_and_lent_on_till_it_is_dropped),
        TEST(what_is_lent_stays_however_many_jobs_there_are),
        TEST(slots_that_ask_at_the_same_time_get_the_same),
    };

    return cmocka_run_group_tests(tests, start_master, stop_master);
}
