/* Locks and their like over a restart of their master. */
#include "tests/integration/folders.h"
#include "tests/integration/with_sync.h"

static char folder[FOLDER_MAX], state_dir[FOLDER_MAX + 8];
static char listening[64], authkey[STINT_AUTHKEY_TEXT];
static bool in_memory;

static void
start_again(void)
{
    struct stint_master_options options = { .listen = listening,
        .authkey = authkey,
        .state_dir = in_memory ? NULL : state_dir,
        .memory = in_memory,
        .silence_ms = 2000 };

    OK(stint_master_start(&options, &master));
    (void)snprintf(
        listening, sizeof listening, "%s", stint_master_address(master));
}

static void
restart(void)
{
    stint_master_stop(master);
    start_again();
}

static struct stint *
connect_there(void)
{
    struct stint_options options = {
        .master = listening, .authkey = authkey, .timeout_ms = 20000
    };
    struct stint *made;

    OK(stint_connect(&options, &made));
    return made;
}

static void
a_durable_lock_is_held_over_a_restart(void **state)
{
    struct stint *other = connect_there();
    struct stint_lock *mine = open_lock(s, "held");
    struct stint_lock *theirs = open_lock(other, "held");

    (void)state;
    OK(stint_lock_acquire(mine, 0));
    uint64_t fence = stint_lock_fence(mine);
    restart();
    assert_int_equal(stint_lock_acquire(theirs, 200), STINT_ETIMEOUT);
    OK(stint_lock_release(mine));
    OK(stint_lock_acquire(theirs, 20000));
    assert_true(stint_lock_fence(theirs) > fence);
    stint_lock_close(mine);
    stint_lock_close(theirs);
    OK(stint_close(other));
}

static void *
acquire_it(void *arg)
{
    return (void *)(intptr_t)(stint_lock_acquire(arg, 20000) == 0);
}

static void
a_wait_goes_on_over_a_restart(void **state)
{
    struct stint *other = connect_there();
    struct stint_lock *mine = open_lock(s, "waited-for");
    struct stint_lock *theirs = open_lock(other, "waited-for");
    pthread_t thread;
    void *fine;

    (void)state;
    OK(stint_lock_acquire(mine, 0));
    (void)pthread_create(&thread, NULL, acquire_it, theirs);
    (void)usleep(100000);
    restart();
    assert_int_equal(stint_lock_locked(mine), 1);
    OK(stint_lock_release(mine));
    (void)pthread_join(thread, &fine);
    assert_non_null(fine);
    stint_lock_close(mine);
    stint_lock_close(theirs);
    OK(stint_close(other));
}

static void
a_lock_in_memory_is_made_again_and_was_taken_from_its_holder(void **state)
{
    struct stint_lock *lock = open_lock(s, "fleeting");

    (void)state;
    OK(stint_lock_acquire(lock, 0));
    uint64_t fence = stint_lock_fence(lock);
    restart();
    assert_int_equal(stint_lock_release(lock), STINT_ESTALE);
    OK(stint_lock_acquire(lock, 20000));
    assert_true(stint_lock_fence(lock) > fence);
    OK(stint_lock_release(lock));
    stint_lock_close(lock);
}

static void
one_that_was_only_opened_is_not_made_again(void **state)
{
    struct stint_object_options only = { .only_open = true };
    struct stint *other = connect_there();
    struct stint_lock *made = open_lock(s, "opened"), *opened;

    (void)state;
    OK(stint_lock_open(other, "opened", &only, &opened));
    restart();
    assert_int_equal(stint_lock_acquire(opened, 20000), STINT_ENOOBJECT);
    OK(stint_lock_acquire(made, 20000));
    assert_int_equal(stint_lock_acquire(opened, 0), STINT_ETIMEOUT);
    stint_lock_close(opened);
    stint_lock_close(made);
    OK(stint_close(other));
}

struct meeting {
    struct stint_barrier *b;
    int code;
};

static void *
meet(void *arg)
{
    struct meeting *m = arg;

    m->code = stint_barrier_wait(m->b, NULL, 20000);
    return NULL;
}

/* All of them ask again. */
static void
a_barrier_is_passed_though_its_master_was_restarted(void **state)
{
    struct stint_barrier_options options = { .parties = 3 };
    struct meeting meetings[3];
    pthread_t threads[3];

    (void)state;
    for (int i = 0; i < 3; i++)
        OK(stint_barrier_open(s, "met", &options, &meetings[i].b));
    for (int i = 0; i < 2; i++)
        (void)pthread_create(&threads[i], NULL, meet, &meetings[i]);
    (void)usleep(100000);
    restart();
    (void)pthread_create(&threads[2], NULL, meet, &meetings[2]);
    for (int i = 0; i < 3; i++) {
        (void)pthread_join(threads[i], NULL);
        assert_int_equal(meetings[i].code, 0);
        stint_barrier_close(meetings[i].b);
    }
}

/* ---- all ----------------------------------------------------------------- */

static int
begin(bool memory)
{
    in_memory = memory;
    (void)snprintf(listening, sizeof listening, "tcp://127.0.0.1:0");
    start_again();
    s = connect_there();
    return 0;
}

static int
durable(void **state)
{
    (void)state;
    return begin(false);
}

static int
memory(void **state)
{
    (void)state;
    return begin(true);
}

static int
finish(void **state)
{
    (void)state;
    OK(stint_close(s));
    stint_master_stop(master);
    return 0;
}

static int
make_folder(void **state)
{
    (void)state;
    stint_key_generate(authkey);
    if (folder_make(folder, "sync-restart") != 0) return -1;
    (void)snprintf(state_dir, sizeof state_dir, "%s/state", folder);
    return 0;
}

static int
remove_folder(void **state)
{
    (void)state;
    return folder_remove(folder);
}

#define OVER(name, start) cmocka_unit_test_setup_teardown(name, start, finish)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        OVER(a_durable_lock_is_held_over_a_restart, durable),
        OVER(a_wait_goes_on_over_a_restart, durable),
        OVER(a_barrier_is_passed_though_its_master_was_restarted, durable),
        OVER(a_lock_in_memory_is_made_again_and_was_taken_from_its_holder,
            memory),
        OVER(one_that_was_only_opened_is_not_made_again, memory),
        OVER(a_barrier_is_passed_though_its_master_was_restarted, memory),
    };

    return cmocka_run_group_tests_name(
        "sync restart", tests, make_folder, remove_folder);
}
