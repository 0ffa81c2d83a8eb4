/* Jobs over lines that break and through silences for which the master takes a
 * client for dead: what was put keeps its order, what ended is read once. */
#include "tests/integration/crew.h"
#include "tests/integration/through_proxy.h"

#include <stint_test.h>

enum { TASKS = 2000 };

static struct stint_job *job;

static void
put_number(unsigned i)
{
    char text[16];
    int length = snprintf(text, sizeof text, "%u", i);

    OK(stint_job_put(job, text, (size_t)length, 60000));
}

static void
expect_numbers(unsigned count)
{
    struct stint_end end;
    char text[16];

    for (unsigned i = 1; i <= count; i++) {
        OK(stint_job_next(job, &end, 60000));
        (void)snprintf(text, sizeof text, "%u", i);
        assert_int_equal(end.seq, i);
        assert_int_equal(end.code, 0);
        expect(end.value, text);
        expect(end.out, text);
    }
    assert_int_equal(stint_job_next(job, &end, 60000), STINT_EEMPTY);
}

static void
frames_that_are_lost_or_come_twice_change_nothing(void **state)
{
    const struct stint_test_fault fault = {
        .seed = 7, .drop = 0.02, .cut = 0.02, .duplicate = 0.05
    };
    const struct stint_job_options options = { .attempts_max = 1000 };
    const struct stint_read_options reading = { .drop = true };
    struct stint_job_row row;
    struct stint_test_count count;

    (void)state;
    OK(stint_test_start(NULL, &master));
    s = connect_as("test");
    OK(stint_test_fault(master, &fault));
    OK(stint_job_open(s, &options, &job));
    stint_job_read(job, &reading);
    hire(2);
    for (unsigned i = 1; i <= TASKS; i++)
        put_number(i);
    OK(stint_job_close_input(job, 60000));
    expect_numbers(TASKS);
    OK(stint_test_count(master, &count));
    assert_true(count.dropped + count.cut > 0);
    OK(stint_test_fault(master, NULL));
    OK(stint_job_look(job, &row, PATIENCE_MS));
    assert_int_equal(row.done, TASKS);
    stint_job_free(job);
    dismiss();
    OK(stint_close(s));
    stint_master_stop(master);
}

struct pauser {
    struct stint *s;
    atomic_bool leaves;
    int code;
};

/* Let the job run for a moment now and then. */
static void *
pause_and_undo(void *arg)
{
    struct pauser *p = arg;
    uint64_t number = stint_job_number(job);

    while (p->code == 0 && !atomic_load(&p->leaves)) {
        p->code = stint_pause(p->s, NULL, number, false);
        (void)usleep(900000);
        if (p->code == 0) p->code = stint_pause(p->s, NULL, number, true);
        (void)usleep(20000);
    }
    return NULL;
}

/* The window is full most of the time, so that puts wait at the master when it
 * ends all waits of a client that it takes for dead. */
static void
who_was_taken_for_dead_puts_on_in_order(void **state)
{
    const struct stint_job_options options = { .window = 5 };
    struct through through = { .pid = 0 };
    struct pauser pauser = { .code = 0 };
    pthread_t thread;
    struct stint_master_options quick = { .listen = "tcp://127.0.0.1:0",
        .memory = true,
        .silence_ms = 300,
        .authkey = through.authkey };

    (void)state;
    stint_key_generate(through.authkey);
    OK(stint_master_start(&quick, &master));
    through.master = master;
    through_spawn(&through, "3", "0", "1000");
    s = through_connect(&through);
    assert_non_null(s);
    OK(stint_job_open(s, &options, &job));
    hire(1);
    pauser.s = connect_as("pauser");
    assert_int_equal(pthread_create(&thread, NULL, pause_and_undo, &pauser), 0);
    int64_t end = now_ms() + 6000;
    unsigned i = 0;
    while (now_ms() < end) {
        put_number(++i);
        (void)usleep(500);
    }
    atomic_store(&pauser.leaves, true);
    (void)pthread_join(thread, NULL);
    OK(pauser.code);
    OK(stint_job_close_input(job, 60000));
    expect_numbers(i);
    stint_job_free(job);
    dismiss();
    OK(stint_close(pauser.s));
    OK(stint_close(s));
    (void)through_end(&through);
}

/* Pings go every 15 s: were they what brings it, the test would not wait. */
static void
a_recall_reaches_a_worker_that_is_in_no_call(void **state)
{
    const struct stint_master_options slow = { .silence_ms = 60000 };
    struct hand idle = { .s = NULL };
    const struct stint_duties duties = { .recalled = note_recall,
        .arg = &idle };
    struct stint_selection which = { .job = 0 };
    struct stint_task *t;

    (void)state;
    OK(stint_test_start(&slow, &master));
    s = connect_as("test");
    idle.s = connect_as("idle");
    stint_duties(idle.s, &duties);
    OK(stint_job_open(s, NULL, &job));
    put_number(1);
    q = open_queue(idle.s, "default");
    OK(stint_queue_take(q, NULL, &t, PATIENCE_MS));
    (void)usleep(20000); /* The keeper has nothing to do any more. */
    which.job = stint_job_number(job);
    OK(stint_cancel(s, &which, NULL));
    int64_t end = now_ms() + 1000;
    while (atomic_load(&idle.recalled) != stint_task_id(t)) {
        assert_true(now_ms() < end);
        (void)usleep(1000);
    }
    assert_true(stint_task_remaining_ms(t) < 0);
    stint_task_free(t);
    stint_job_free(job);
    OK(stint_close(idle.s));
    OK(stint_close(s));
    stint_master_stop(master);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recall_reaches_a_worker_that_is_in_no_call),
        cmocka_unit_test(frames_that_are_lost_or_come_twice_change_nothing),
        cmocka_unit_test(who_was_taken_for_dead_puts_on_in_order),
    };

    return cmocka_run_group_tests_name("jobs_faults", tests, NULL, NULL);
}
