/* Locks and their like when somebody stops waiting for them, or closes what he
 * has. */
#include "tests/integration/with_sync.h"

/* ---- closing ------------------------------------------------------------- */

static bool
is_free(struct stint_lock *of_another)
{
    int rc = stint_lock_acquire(of_another, 0);

    if (rc == 0) OK(stint_lock_release(of_another));
    return rc == 0;
}

static void
rlock_close_gives_back_what_was_taken_by_its_handle_and_nothing_else(
    void **state)
{
    struct stint *other = connect_as("other");
    const char *name = fresh();
    struct stint_lock *theirs = open_rlock(other, name);
    struct stint_lock *one = open_rlock(s, name), *two = open_rlock(s, name);

    (void)state;
    OK(stint_lock_acquire(one, 0));
    OK(stint_lock_acquire(two, 0));
    OK(stint_lock_release(one));
    stint_lock_close(one);
    assert_false(is_free(theirs)); /* It is held by the other handle. */
    one = open_rlock(s, name);
    OK(stint_lock_acquire(one, 0));
    OK(stint_lock_acquire(one, 0));
    stint_lock_close(one);
    assert_false(is_free(theirs));
    OK(stint_lock_release(two));
    assert_true(is_free(theirs));
    assert_int_equal(stint_lock_release(two), STINT_ENOTHELD);
    stint_lock_close(two);
    stint_lock_close(theirs);
    OK(stint_close(other));
}

/* ---- stopping ------------------------------------------------------------ */

struct interrupted {
    struct stint_lock *lock;
    int code;
};

static void *
acquire_long(void *arg)
{
    struct interrupted *i = arg;

    i->code = stint_lock_acquire(i->lock, STINT_FOREVER);
    return NULL;
}

static void
an_acquire_that_was_interrupted_takes_nothing_later(void **state)
{
    struct stint *other = connect_as("other");
    const char *name = fresh();
    struct stint_lock *mine = open_lock(s, name);
    struct interrupted i = { .lock = open_lock(other, name) };
    pthread_t thread;

    (void)state;
    OK(stint_lock_acquire(mine, 0));
    (void)pthread_create(&thread, NULL, acquire_long, &i);
    (void)usleep(100000);
    stint_interrupt(other);
    (void)pthread_join(thread, NULL);
    assert_int_equal(i.code, STINT_ECANCELLED);
    stint_resume(other);
    OK(stint_lock_release(mine));
    /* It was handed to who had left, and comes back at once. */
    OK(stint_lock_acquire(mine, PATIENCE_MS));
    stint_lock_close(mine);
    stint_lock_close(i.lock);
    OK(stint_close(other));
}

static struct stint_condition *interrupted_condition;

static void *
wait_long(void *arg)
{
    struct stint_condition *c = arg;
    int64_t length = c == interrupted_condition ? STINT_FOREVER : PATIENCE_MS;
    int rc = stint_condition_acquire(c, PATIENCE_MS);

    if (rc == 0) rc = stint_condition_wait(c, length);
    if (rc == 0) rc = stint_condition_release(c);
    return (void *)(intptr_t)rc;
}

/* Until somebody waits and has let go of the lock. */
static void
start_waiting(struct stint_condition *c, pthread_t *thread)
{
    (void)pthread_create(thread, NULL, wait_long, c);
    (void)usleep(100000);
}

static void
a_notify_for_who_was_interrupted_goes_to_the_next(void **state)
{
    struct stint *one = connect_as("one"), *two = connect_as("two");
    const char *name = fresh();
    struct stint_condition *mine = open_condition(s, name, NULL);
    struct stint_condition *next = open_condition(two, name, NULL);
    pthread_t first, second;
    void *code;

    (void)state;
    interrupted_condition = open_condition(one, name, NULL);
    start_waiting(interrupted_condition, &first);
    start_waiting(next, &second);
    stint_interrupt(one);
    (void)pthread_join(first, &code);
    assert_int_equal((intptr_t)code, STINT_ECANCELLED);
    stint_resume(one);
    OK(stint_condition_acquire(mine, PATIENCE_MS));
    OK(stint_condition_notify(mine, 1));
    OK(stint_condition_release(mine));
    (void)pthread_join(second, &code);
    assert_int_equal((intptr_t)code, 0);
    /* And the lock is nobody's. */
    OK(stint_condition_acquire(mine, PATIENCE_MS));
    stint_condition_close(mine);
    stint_condition_close(next);
    stint_condition_close(interrupted_condition);
    OK(stint_close(one));
    OK(stint_close(two));
}

static void *
meet_long(void *arg)
{
    return (void *)(intptr_t)stint_barrier_wait(arg, NULL, STINT_FOREVER);
}

static void
a_party_that_was_interrupted_breaks_the_barrier(void **state)
{
    struct stint *other = connect_as("other");
    const struct stint_barrier_options two = { .parties = 2 };
    const char *name = fresh();
    struct stint_barrier *mine, *theirs;
    pthread_t thread;
    void *code;

    (void)state;
    OK(stint_barrier_open(s, name, &two, &mine));
    OK(stint_barrier_open(other, name, &two, &theirs));
    (void)pthread_create(&thread, NULL, meet_long, theirs);
    (void)usleep(100000);
    stint_interrupt(other);
    (void)pthread_join(thread, &code);
    assert_int_equal((intptr_t)code, STINT_ECANCELLED);
    stint_resume(other);
    struct stint_barrier_state now = { .broken = false };
    for (int i = 0; i < PATIENCE_MS && !now.broken; i++) {
        (void)usleep(1000);
        OK(stint_barrier_look(mine, &now));
    }
    assert_int_equal(
        stint_barrier_wait(mine, NULL, PATIENCE_MS), STINT_EBROKEN);
    stint_barrier_close(mine);
    stint_barrier_close(theirs);
    OK(stint_close(other));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CONNECTED(
            rlock_close_gives_back_what_was_taken_by_its_handle_and_nothing_else),
        CONNECTED(an_acquire_that_was_interrupted_takes_nothing_later),
        CONNECTED(a_notify_for_who_was_interrupted_goes_to_the_next),
        CONNECTED(a_party_that_was_interrupted_breaks_the_barrier),
    };

    return cmocka_run_group_tests(tests, start_master, stop_master);
}
