/* A worker whose master goes away and comes back. */
#include "tests/integration/folders.h"
#include "tests/integration/hired.h"

enum { LEASE_MS = 3000 };

static char dir[FOLDER_MAX], address[64];
static atomic_bool cancelled;
static atomic_uint gone, back;

/* Runs until it is let go, or is told that its task is not its own any more. */
static int
last(struct stint_call *call)
{
    atomic_fetch_add(&running, 1);
    while (!atomic_load(&let_go)) {
        if (stint_call_cancelled(call)) {
            atomic_store(&cancelled, true);
            return -1;
        }
        (void)usleep(1000);
    }
    return stint_call_result(call, "lasted", 6);
}

static const struct stint_handler lasting[] = { { "last", last }, { 0 } };

static void
hear(void *arg, int level, const char *line)
{
    (void)arg;
    (void)level;
    if (strstr(line, "master is gone") != NULL) atomic_fetch_add(&gone, 1);
    if (strstr(line, "master is back") != NULL) atomic_fetch_add(&back, 1);
}

static void
begin(bool memory)
{
    const struct stint_master_options options = {
        .listen = address, .state_dir = dir, .memory = memory
    };

    ok(stint_master_start(&options, &master));
    (void)snprintf(address, sizeof address, "%s", stint_master_address(master));
}

static void
be_away(int64_t ms, bool memory)
{
    stint_master_stop(master);
    (void)usleep((unsigned)ms * 1000);
    begin(memory);
}

static void
engage(struct hand *hand)
{
    static const char *const queues[] = { "work", NULL };
    const struct stint_options who = { .kind = STINT_WORKER, .name = "hand" };
    const struct stint_worker_options options = {
        .queues = queues, .slots = 1, .handlers = lasting, .log = hear
    };

    *hand = (struct hand){ .code = 0 };
    ok(stint_master_connect(master, &who, &hand->s));
    ok(stint_worker_new(hand->s, &options, &hand->worker));
    assert_int_equal(pthread_create(&hand->thread, NULL, serve, hand), 0);
}

static void
wait_for(const atomic_bool *flag)
{
    int64_t until = now_ms() + WAIT_MS;

    while (!atomic_load(flag) && now_ms() < until)
        (void)usleep(1000);
    assert_true(atomic_load(flag));
}

static void
what_runs_goes_on_while_the_master_is_away_for_longer_than_the_lease(
    void **state)
{
    struct hand hand;
    struct stint_bytes result;

    (void)state;
    engage(&hand);
    struct stint_future *f = submit("last", "x", 1);
    wait_until_running(1);
    be_away(LEASE_MS + 1000, false);
    (void)usleep(500000);
    assert_false(atomic_load(&cancelled));
    atomic_store(&let_go, true);
    ok(stint_future_get(f, &result, WAIT_MS));
    assert_int_equal(result.size, 6);
    assert_int_equal(stint_future_attempts(f), 1);
    stint_future_free(f);
    struct stint_worker_counts counts = dismiss(&hand);
    assert_int_equal(counts.done, 1);
    assert_int_equal(atomic_load(&gone), 1);
    assert_int_equal(atomic_load(&back), 1);
}

static void
what_ends_meanwhile_is_delivered_when_the_master_is_back(void **state)
{
    struct hand hand;

    (void)state;
    engage(&hand);
    struct stint_future *f = submit("last", "x", 1);
    wait_until_running(1);
    stint_master_stop(master);
    atomic_store(&let_go, true);
    (void)usleep(300000);
    begin(false);
    ok(stint_future_get(f, NULL, WAIT_MS));
    assert_int_equal(stint_future_attempts(f), 1);
    stint_future_free(f);
    (void)dismiss(&hand);
}

static void
a_master_that_forgot_the_task_has_its_handler_told(void **state)
{
    struct hand hand;

    (void)state;
    engage(&hand);
    struct stint_future *f = submit("last", "x", 1);
    wait_until_running(1);
    while (stint_future_task(f) == 0)
        (void)usleep(1000); /* Else it is put again. */
    be_away(0, true);
    wait_for(&cancelled);
    assert_int_equal(stint_future_get(f, NULL, WAIT_MS), STINT_ELOST);
    stint_future_free(f);
    (void)dismiss(&hand);
}

static int
set_up_kept(void **state)
{
    const struct stint_queue_options work = { .lease_ms = LEASE_MS };

    (void)state;
    atomic_store(&let_go, false);
    atomic_store(&cancelled, false);
    atomic_store(&running, 0);
    atomic_store(&gone, 0);
    atomic_store(&back, 0);
    (void)snprintf(address, sizeof address, "tcp://127.0.0.1:0");
    assert_int_equal(folder_make(dir, "away"), 0);
    begin(false);
    ok(stint_master_connect(master, NULL, &client));
    ok(stint_queue_open(client, "work", &work, &queue));
    return 0;
}

static int
tear_down_kept(void **state)
{
    (void)tear_down(state);
    return folder_remove(dir);
}

#define KEPT(name) \
    cmocka_unit_test_setup_teardown(name, set_up_kept, tear_down_kept)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        KEPT(
            what_runs_goes_on_while_the_master_is_away_for_longer_than_the_lease),
        KEPT(what_ends_meanwhile_is_delivered_when_the_master_is_back),
        KEPT(a_master_that_forgot_the_task_has_its_handler_told),
    };

    return cmocka_run_group_tests_name("worker away", tests, NULL, NULL);
}
