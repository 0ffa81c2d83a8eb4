/*
 * The ways in which a worker leaves, and what becomes of its tasks.
 */
#include "tests/integration/hired.h"

static void
a_drained_worker_finishes_what_runs_and_gives_back_the_rest(void **state)
{
    (void)state;
    enum { TASKS = 10 };
    struct stint_future *futures[TASKS];
    struct hand hand;

    for (unsigned i = 0; i < TASKS; i++) {
        futures[i] = submit_nap(300);
    }
    hire(&hand, (struct stint_worker_options){ .slots = 2 });
    wait_until_running(2);
    struct stint_worker_counts counts = dismiss(&hand);
    assert_int_equal(counts.done, 2);
    assert_int_equal(counts.failed + counts.stale, 0);

    struct stint_status st = status();
    assert_int_equal(st.done, 2);
    assert_int_equal(st.ready, TASKS - 2);
    assert_int_equal(st.leased, 0);
    for (unsigned i = 0; i < TASKS; i++) {
        stint_future_free(futures[i]);
    }
}

static void
a_handler_that_is_stopped_may_leave_and_its_task_is_ready_again(void **state)
{
    (void)state;
    struct hand hand;
    struct stint_future *future = submit("obey", NULL, 0);

    hire(&hand, (struct stint_worker_options){ .slots = 1 });
    wait_until_running(1);
    stint_worker_stop(hand.worker);
    struct stint_worker_counts counts = wait_for_end(&hand);
    assert_int_equal(hand.code, 0);
    assert_int_equal(counts.released, 1);
    assert_int_equal(counts.failed, 0);
    assert_int_equal(status().ready, 1);
    stint_future_free(future);
}

static void
a_handler_that_hangs_is_left_behind_by_a_stop(void **state)
{
    (void)state;
    struct hand hand;
    struct stint_future *future = submit("hang", NULL, 0);
    int64_t before = now_ms();

    hire(&hand, (struct stint_worker_options){ .slots = 1 });
    wait_until_running(1);
    stint_worker_stop(hand.worker);
    struct stint_worker_counts counts = wait_for_end(&hand);
    assert_int_equal(hand.code, 0);
    assert_true(now_ms() - before < WAIT_MS);
    assert_int_equal(counts.released, 1);
    assert_int_equal(status().ready, 1);

    /* It comes back to a worker that only it still knows. */
    atomic_store(&let_go, true);
    (void)usleep(100000);
    assert_int_equal(status().ready, 1);
    stint_future_free(future);
}

/* A task for a command that removes the file "{}" when it has begun. */
static struct stint_future *
submit_file(char path[32])
{
    (void)snprintf(path, 32, "/tmp/stint-test-XXXXXX");
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    (void)close(fd);
    return submit(NULL, path, strlen(path));
}

static void
wait_until_gone(const char *path)
{
    int64_t until = now_ms() + WAIT_MS;

    while (access(path, F_OK) == 0 && now_ms() < until) {
        (void)usleep(1000);
    }
    assert_int_equal(access(path, F_OK), -1);
}

static void
the_end_of_the_grace_stops(void **state)
{
    (void)state;
    static const char *const command[] = { "sh", "-c",
        "rm \"$0\"; exec sleep 100", "{}", NULL };
    struct hand hand;
    char path[32];
    struct stint_future *future = submit_file(path);

    hire(&hand, (struct stint_worker_options){
                    .slots = 1, .command = command, .grace_ms = 300 });
    wait_until_gone(path);
    int64_t before = now_ms();
    struct stint_worker_counts counts = dismiss(&hand);
    assert_in_range(now_ms() - before, 300, WAIT_MS);
    assert_int_equal(counts.released, 1);
    assert_int_equal(status().ready, 1);
    stint_future_free(future);
}

static void
a_worker_leaves_after_tasks_max(void **state)
{
    (void)state;
    struct hand hand;

    for (uint32_t i = 0; i < 100; i++) {
        ok(stint_queue_post(queue, &i, sizeof i, NULL));
    }
    ok(stint_flush(client, WAIT_MS));
    hire(&hand, (struct stint_worker_options){ .slots = 4, .tasks_max = 37 });
    struct stint_worker_counts counts = wait_for_end(&hand);
    assert_int_equal(hand.code, 0);
    assert_int_equal(counts.done, 37);
    struct stint_status st = status();
    assert_int_equal(st.done, 37);
    assert_int_equal(st.ready, 63);
}

static void
an_idle_worker_leaves(void **state)
{
    (void)state;
    struct hand hand;
    int64_t before = now_ms();

    hire(&hand, (struct stint_worker_options){ .slots = 2, .idle_ms = 300 });
    stint_future_free(submit_nap(400));
    (void)wait_for_end(&hand);
    assert_int_equal(hand.code, 0);
    assert_in_range(now_ms() - before, 600, WAIT_MS);
    assert_int_equal(status().done, 1);
}

static void
a_worker_serves_once(void **state)
{
    (void)state;
    struct hand hand;

    hire(&hand, (struct stint_worker_options){ .slots = 1, .tasks_max = 1 });
    expect_text(submit("tell", NULL, 0), "work 1 1");
    assert_int_equal(pthread_join(hand.thread, NULL), 0);
    assert_int_equal(hand.code, 0);
    assert_int_equal(stint_worker_serve(hand.worker), STINT_ECLOSED);
    stint_worker_free(hand.worker);
    ok(stint_close(hand.s));
}

static void
a_worker_whose_every_slot_hangs_ends_itself(void **state)
{
    (void)state;
    struct hand hand;

    hire(&hand, (struct stint_worker_options){
                    .slots = 2, .task_timeout_ms = 50, .grace_ms = 200 });
    struct stint_future *a = submit("hang", NULL, 0);
    struct stint_future *b = submit("hang", NULL, 0);
    (void)wait_for_end(&hand);
    assert_int_equal(hand.code, STINT_ETIMEOUT);
    assert_non_null(strstr(hand.sentence, "every slot"));
    stint_future_free(a);
    stint_future_free(b);
}

static void
a_command_that_is_stopped_is_killed_and_given_back(void **state)
{
    (void)state;
    static const char *const command[] = { "sh", "-c",
        "trap '' TERM; rm \"$0\"; while :; do sleep 1; done", "{}", NULL };
    struct hand hand;
    char path[32];
    struct stint_future *future = submit_file(path);

    hire(
        &hand, (struct stint_worker_options){ .slots = 1, .command = command });
    wait_until_gone(path);
    int64_t before = now_ms();
    stint_worker_stop(hand.worker);
    struct stint_worker_counts counts = wait_for_end(&hand);
    assert_in_range(now_ms() - before, 2000, WAIT_MS);
    assert_int_equal(counts.released, 1);
    assert_int_equal(status().ready, 1);
    stint_future_free(future);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_worker_whose_every_slot_hangs_ends_itself),
        TEST(a_drained_worker_finishes_what_runs_and_gives_back_the_rest),
        TEST(a_handler_that_is_stopped_may_leave_and_its_task_is_ready_again),
        TEST(a_handler_that_hangs_is_left_behind_by_a_stop),
        TEST(the_end_of_the_grace_stops),
        TEST(a_worker_leaves_after_tasks_max),
        TEST(an_idle_worker_leaves),
        TEST(a_worker_serves_once),
        TEST(a_command_that_is_stopped_is_killed_and_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
