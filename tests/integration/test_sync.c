/* Locks, semaphores, conditions, events and barriers through the public
 * library, as multiprocessing has them; of a master in this process. */
#include "tests/integration/with_sync.h"

static struct stint_semaphore *
open_semaphore(
    struct stint *on, const char *name, struct stint_semaphore_options options)
{
    struct stint_semaphore *sem;

    OK(stint_semaphore_open(on, name, &options, &sem));
    return sem;
}

static struct stint_event *
open_event(struct stint *on, const char *name)
{
    struct stint_event *e;

    OK(stint_event_open(on, name, NULL, &e));
    return e;
}

static struct stint_barrier *
open_barrier(
    struct stint *on, const char *name, struct stint_barrier_options options)
{
    struct stint_barrier *b;

    OK(stint_barrier_open(on, name, &options, &b));
    return b;
}

/* ---- Lock ---------------------------------------------------------------- */

static void
lock_acquire_and_release(void **state)
{
    struct stint_lock *lock = open_lock(s, fresh());

    (void)state;
    assert_int_equal(stint_lock_locked(lock), 0);
    OK(stint_lock_acquire(lock, 0));
    assert_int_equal(stint_lock_locked(lock), 1);
    OK(stint_lock_release(lock));
    assert_int_equal(stint_lock_locked(lock), 0);
    stint_lock_close(lock);
}

static void
lock_acquire_without_waiting_says_that_it_is_held(void **state)
{
    struct stint *other = connect_as("other");
    const char *name = fresh();
    struct stint_lock *mine = open_lock(s, name), *theirs;

    (void)state;
    theirs = open_lock(other, name);
    OK(stint_lock_acquire(mine, 0));
    int64_t from = now_ms();
    assert_int_equal(stint_lock_acquire(theirs, 0), STINT_ETIMEOUT);
    assert_in_range(now_ms() - from, 0, 500);
    assert_int_equal(stint_lock_acquire(theirs, 100), STINT_ETIMEOUT);
    assert_int_equal(stint_lock_acquire(theirs, -2), STINT_EINVAL);
    OK(stint_lock_release(mine));
    OK(stint_lock_acquire(theirs, 0));
    stint_lock_close(mine);
    stint_lock_close(theirs);
    OK(stint_close(other));
}

static void
lock_is_not_recursive(void **state)
{
    struct stint_lock *lock = open_lock(s, fresh());

    (void)state;
    OK(stint_lock_acquire(lock, 0));
    assert_int_equal(stint_lock_acquire(lock, 50), STINT_ETIMEOUT);
    OK(stint_lock_release(lock));
    assert_int_equal(stint_lock_locked(lock), 0);
    stint_lock_close(lock);
}

static void
lock_release_of_a_free_one_is_an_error(void **state)
{
    struct stint_lock *lock = open_lock(s, fresh());

    (void)state;
    assert_int_equal(stint_lock_release(lock), STINT_ENOTHELD);
    OK(stint_lock_acquire(lock, 0));
    OK(stint_lock_release(lock));
    assert_int_equal(stint_lock_release(lock), STINT_ENOTHELD);
    stint_lock_close(lock);
}

static void
lock_may_be_released_by_another_process(void **state)
{
    struct stint *other = connect_as("other");
    const char *name = fresh();
    struct stint_lock *mine = open_lock(s, name);
    struct stint_lock *theirs = open_lock(other, name);

    (void)state;
    OK(stint_lock_acquire(mine, 0));
    OK(stint_lock_release(theirs));
    OK(stint_lock_acquire(theirs, 0));
    /* Ours was released for us; theirs is not ours to release. */
    assert_int_equal(stint_lock_release(mine), STINT_ESTALE);
    assert_int_equal(stint_lock_locked(mine), 1);
    stint_lock_close(mine);
    stint_lock_close(theirs);
    OK(stint_close(other));
}

static void *
release_it(void *arg)
{
    struct stint_lock *lock = arg;

    (void)usleep(50000);
    OK(stint_lock_release(lock));
    return NULL;
}

static void
lock_may_be_released_by_another_thread(void **state)
{
    struct stint_lock *lock = open_lock(s, fresh());
    pthread_t thread;

    (void)state;
    OK(stint_lock_acquire(lock, 0));
    uint64_t fence = stint_lock_fence(lock);
    (void)pthread_create(&thread, NULL, release_it, lock);
    OK(stint_lock_acquire(lock, PATIENCE_MS));
    (void)pthread_join(thread, NULL);
    assert_true(stint_lock_fence(lock) > fence);
    stint_lock_close(lock);
}

static void
lock_fences_only_grow_even_when_the_lock_is_made_anew(void **state)
{
    const char *name = fresh();
    struct stint_lock *lock = open_lock(s, name);
    uint64_t last = 0;

    (void)state;
    assert_int_equal(stint_lock_fence(lock), 0);
    for (int i = 0; i < 3; i++) {
        OK(stint_lock_acquire(lock, 0));
        assert_true(stint_lock_fence(lock) > last);
        last = stint_lock_fence(lock);
        OK(stint_lock_release(lock));
    }
    OK(stint_object_delete(s, name));
    assert_int_equal(stint_lock_acquire(lock, 0), STINT_ENOOBJECT);
    stint_lock_close(lock);
    lock = open_lock(s, name);
    OK(stint_lock_acquire(lock, 0));
    assert_true(stint_lock_fence(lock) > last);
    stint_lock_close(lock);
}

static void
lock_close_gives_it_back_and_that_is_no_death(void **state)
{
    struct stint *other = connect_as("other");
    const char *name = fresh();
    struct stint_lock *mine = open_lock(s, name);
    struct stint_lock *theirs = open_lock(other, name);

    (void)state;
    OK(stint_lock_acquire(mine, 0));
    stint_lock_close(mine);
    OK(stint_lock_acquire(theirs, PATIENCE_MS));
    stint_lock_close(theirs);
    OK(stint_close(other));
}

static void
lock_of_one_who_left_with_it_comes_with_owner_died(void **state)
{
    struct stint *other = connect_as("other");
    const char *name = fresh();
    struct stint_lock *mine = open_lock(s, name);
    struct stint_lock *theirs = open_lock(other, name);

    (void)state;
    OK(stint_lock_acquire(theirs, 0));
    uint64_t fence = stint_lock_fence(theirs);
    OK(stint_close(other));
    assert_int_equal(stint_lock_acquire(mine, PATIENCE_MS), STINT_OWNER_DIED);
    assert_true(stint_lock_fence(mine) > fence);
    OK(stint_lock_release(mine));
    OK(stint_lock_acquire(mine, 0)); /* It is told once. */
    assert_int_equal(stint_lock_acquire(theirs, 0), STINT_ECLOSED);
    stint_lock_close(theirs);
    stint_lock_close(mine);
}

static void
lock_of_one_who_was_abandoned_comes_free_after_its_silence(void **state)
{
    struct stint *other = connect_as("other");
    const char *name = fresh();
    struct stint_lock *mine = open_lock(s, name);
    struct stint_lock *theirs = open_lock(other, name);

    (void)state;
    OK(stint_lock_acquire(theirs, 0));
    stint_abandon(other);
    int64_t from = now_ms();
    assert_int_equal(stint_lock_acquire(mine, PATIENCE_MS), STINT_OWNER_DIED);
    assert_in_range(now_ms() - from, 300, 2500);
    stint_lock_close(theirs);
    stint_lock_close(mine);
}

/* ---- RLock --------------------------------------------------------------- */

static void
rlock_is_free_after_as_many_releases(void **state)
{
    struct stint *other = connect_as("other");
    const char *name = fresh();
    struct stint_lock *mine = open_rlock(s, name);
    struct stint_lock *theirs = open_rlock(other, name);

    (void)state;
    for (int i = 0; i < 3; i++)
        OK(stint_lock_acquire(mine, 0));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(stint_lock_acquire(theirs, 0), STINT_ETIMEOUT);
        OK(stint_lock_release(mine));
    }
    OK(stint_lock_acquire(theirs, 0));
    assert_int_equal(stint_lock_release(mine), STINT_ENOTHELD);
    stint_lock_close(mine);
    stint_lock_close(theirs);
    OK(stint_close(other));
}

static void *
try_it(void *arg)
{
    struct stint_lock *lock = arg;
    intptr_t release = stint_lock_release(lock);
    intptr_t acquire = stint_lock_acquire(lock, 0);

    return (void *)(release == STINT_ENOTHELD && acquire == STINT_ETIMEOUT
                        ? (intptr_t)1
                        : (intptr_t)0);
}

static void
rlock_belongs_to_a_thread(void **state)
{
    struct stint_lock *lock = open_rlock(s, fresh());
    pthread_t thread;
    void *fine;

    (void)state;
    OK(stint_lock_acquire(lock, 0));
    (void)pthread_create(&thread, NULL, try_it, lock);
    (void)pthread_join(thread, &fine);
    assert_non_null(fine);
    OK(stint_lock_release(lock));
    stint_lock_close(lock);
}

/* ---- Semaphore ----------------------------------------------------------- */

static uint64_t
value_of(struct stint_semaphore *sem)
{
    uint64_t value;

    OK(stint_semaphore_value(sem, &value));
    return value;
}

static void
semaphore_release_may_exceed_the_start_value(void **state)
{
    struct stint_semaphore *sem = open_semaphore(
        s, fresh(), (struct stint_semaphore_options){ .value = 2 });

    (void)state;
    assert_int_equal(value_of(sem), 2);
    OK(stint_semaphore_acquire(sem, 0));
    OK(stint_semaphore_acquire(sem, 0));
    assert_int_equal(stint_semaphore_acquire(sem, 0), STINT_ETIMEOUT);
    assert_int_equal(stint_semaphore_acquire(sem, 50), STINT_ETIMEOUT);
    OK(stint_semaphore_release(sem, 5));
    assert_int_equal(value_of(sem), 5);
    assert_int_equal(stint_semaphore_release(sem, 0), STINT_EINVAL);
    stint_semaphore_close(sem);
}

static void
semaphore_may_begin_with_none_and_its_value_is_seen_by_all(void **state)
{
    struct stint_semaphore_options none = { .none = true };
    struct stint *other = connect_as("other");
    const char *name = fresh();
    struct stint_semaphore *mine = open_semaphore(s, name, none);
    struct stint_semaphore *theirs = open_semaphore(other, name, none);

    (void)state;
    assert_int_equal(value_of(theirs), 0);
    assert_int_equal(stint_semaphore_acquire(mine, 0), STINT_ETIMEOUT);
    OK(stint_semaphore_release(theirs, 1));
    assert_int_equal(value_of(mine), 1);
    OK(stint_semaphore_acquire(mine, PATIENCE_MS));
    assert_int_equal(value_of(theirs), 0);
    stint_semaphore_close(theirs);
    stint_semaphore_close(mine);
    OK(stint_close(other));
}

static void
bounded_semaphore_over_release_is_an_error(void **state)
{
    struct stint_semaphore *sem = open_semaphore(s, fresh(),
        (struct stint_semaphore_options){ .value = 2, .bounded = true });

    (void)state;
    assert_int_equal(stint_semaphore_release(sem, 1), STINT_ENOTHELD);
    OK(stint_semaphore_acquire(sem, 0));
    assert_int_equal(stint_semaphore_release(sem, 2), STINT_ENOTHELD);
    assert_int_equal(value_of(sem), 1);
    OK(stint_semaphore_release(sem, 1));
    assert_int_equal(value_of(sem), 2);
    stint_semaphore_close(sem);
}

static void
bounded_semaphore_may_be_released_by_another_process(void **state)
{
    struct stint *other = connect_as("other");
    struct stint_semaphore_options options = { .value = 1, .bounded = true };
    const char *name = fresh();
    struct stint_semaphore *mine = open_semaphore(s, name, options);
    struct stint_semaphore *theirs = open_semaphore(other, name, options);

    (void)state;
    OK(stint_semaphore_acquire(theirs, 0));
    OK(stint_semaphore_release(mine, 1));
    assert_int_equal(value_of(mine), 1);
    OK(stint_close(other)); /* Nothing is left that could return. */
    assert_int_equal(value_of(mine), 1);
    stint_semaphore_close(theirs);
    stint_semaphore_close(mine);
}

static void
semaphore_permits_of_the_dead_return_unless_they_are_not_to(void **state)
{
    struct stint_semaphore_options places = { .value = 3 };
    struct stint_semaphore_options signals = { .value = 3, .no_return = true };
    struct stint *other = connect_as("other");
    char first[32];
    (void)snprintf(first, sizeof first, "%s", fresh());
    const char *second = fresh();
    struct stint_semaphore *a = open_semaphore(s, first, places);
    struct stint_semaphore *b = open_semaphore(s, second, signals);
    struct stint_semaphore *c = open_semaphore(other, first, places);
    struct stint_semaphore *d = open_semaphore(other, second, signals);

    (void)state;
    OK(stint_semaphore_acquire(c, 0));
    OK(stint_semaphore_acquire(c, 0));
    OK(stint_semaphore_acquire(d, 0));
    assert_int_equal(value_of(a), 1);
    OK(stint_close(other));
    assert_int_equal(value_of(a), 3);
    assert_int_equal(value_of(b), 2);
    stint_semaphore_close(c);
    stint_semaphore_close(d);
    stint_semaphore_close(a);
    stint_semaphore_close(b);
}

/* ---- Event --------------------------------------------------------------- */

static void *
wait_for_event(void *arg)
{
    return (void *)(intptr_t)(stint_event_wait(arg, PATIENCE_MS) == 0);
}

static void
event_set_wakes_all_and_clear_is_no_matter_to_them(void **state)
{
    struct stint_event *e = open_event(s, fresh());
    pthread_t threads[5];
    void *fine;

    (void)state;
    assert_int_equal(stint_event_is_set(e), 0);
    assert_int_equal(stint_event_wait(e, 0), STINT_ETIMEOUT);
    for (int i = 0; i < 5; i++)
        (void)pthread_create(&threads[i], NULL, wait_for_event, e);
    (void)usleep(100000);
    OK(stint_event_set(e));
    OK(stint_event_clear(e));
    for (int i = 0; i < 5; i++) {
        (void)pthread_join(threads[i], &fine);
        assert_non_null(fine);
    }
    assert_int_equal(stint_event_is_set(e), 0);
    OK(stint_event_set(e));
    OK(stint_event_set(e));
    OK(stint_event_wait(e, 0));
    assert_int_equal(stint_event_is_set(e), 1);
    stint_event_close(e);
}

/* ---- Condition ----------------------------------------------------------- */

static void
condition_wait_and_notify_need_the_lock(void **state)
{
    struct stint_condition *c = open_condition(s, fresh(), NULL);

    (void)state;
    assert_int_equal(stint_condition_wait(c, 0), STINT_ENOTHELD);
    assert_int_equal(stint_condition_notify(c, 1), STINT_ENOTHELD);
    assert_int_equal(stint_condition_notify_all(c), STINT_ENOTHELD);
    assert_int_equal(stint_condition_release(c), STINT_ENOTHELD);
    stint_condition_close(c);
}

static void
condition_wait_times_out_with_the_lock_held_as_deep_as_before(void **state)
{
    struct stint_condition *c = open_condition(s, fresh(), NULL);

    (void)state;
    OK(stint_condition_acquire(c, 0));
    OK(stint_condition_acquire(c, 0));
    uint64_t fence = stint_condition_fence(c);
    assert_int_equal(stint_condition_wait(c, 50), STINT_ETIMEOUT);
    assert_int_equal(stint_condition_wait(c, 0), STINT_ETIMEOUT);
    assert_true(stint_condition_fence(c) > fence);
    OK(stint_condition_release(c));
    OK(stint_condition_release(c));
    assert_int_equal(stint_condition_release(c), STINT_ENOTHELD);
    stint_condition_close(c);
}

struct waiting {
    struct stint_condition *c;
    int woken;
    int codes[8];
};

static void *
wait_for_notice(void *arg)
{
    struct waiting *w = arg;

    OK(stint_condition_acquire(w->c, PATIENCE_MS));
    int rc = stint_condition_wait(w->c, 700);
    w->codes[w->woken++] = rc; /* The lock is held. */
    OK(stint_condition_release(w->c));
    return NULL;
}

static void
condition_notify_wakes_at_most_so_many_and_is_not_remembered(void **state)
{
    struct waiting w = { .c = open_condition(s, fresh(), NULL) };
    pthread_t threads[5];
    int notified = 0;

    (void)state;
    OK(stint_condition_acquire(w.c, 0));
    OK(stint_condition_notify(w.c, 3)); /* Nobody waits: that is fine. */
    OK(stint_condition_release(w.c));
    for (int i = 0; i < 5; i++)
        (void)pthread_create(&threads[i], NULL, wait_for_notice, &w);
    (void)usleep(200000);
    OK(stint_condition_acquire(w.c, PATIENCE_MS));
    OK(stint_condition_notify(w.c, 2));
    OK(stint_condition_notify(w.c, 1));
    OK(stint_condition_release(w.c));
    for (int i = 0; i < 5; i++)
        (void)pthread_join(threads[i], NULL);
    assert_int_equal(w.woken, 5);
    for (int i = 0; i < 5; i++)
        notified += w.codes[i] == 0;
    assert_int_equal(notified, 3);
    stint_condition_close(w.c);
}

static bool
is_five(void *arg)
{
    return *(int *)arg == 5;
}

struct counting {
    struct stint_condition *c;
    int number;
};

static void *
count_up(void *arg)
{
    struct counting *count = arg;

    for (int i = 0; i < 5; i++) {
        OK(stint_condition_acquire(count->c, PATIENCE_MS));
        count->number++;
        OK(stint_condition_notify_all(count->c));
        OK(stint_condition_release(count->c));
    }
    return NULL;
}

static void
condition_wait_for_returns_when_it_is_true_or_late(void **state)
{
    struct counting count = { .c = open_condition(s, fresh(), NULL) };
    pthread_t thread;

    (void)state;
    OK(stint_condition_acquire(count.c, 0));
    assert_int_equal(
        stint_condition_wait_for(count.c, is_five, &count.number, 30),
        STINT_ETIMEOUT);
    (void)pthread_create(&thread, NULL, count_up, &count);
    OK(stint_condition_wait_for(count.c, is_five, &count.number, PATIENCE_MS));
    OK(stint_condition_release(count.c));
    (void)pthread_join(thread, NULL);
    stint_condition_close(count.c);
}

static void
condition_shares_a_lock_that_is_there(void **state)
{
    char name[32];
    (void)snprintf(name, sizeof name, "%s", fresh());
    struct stint_condition_options options = { .lock = name };
    const char *first = fresh();
    struct stint_condition *c;

    (void)state;
    assert_int_equal(
        stint_condition_open(s, first, &options, &c), STINT_ENOOBJECT);
    struct stint_lock *lock = open_lock(s, name);
    c = open_condition(s, first, name);
    OK(stint_lock_acquire(lock, 0));
    assert_int_equal(stint_condition_acquire(c, 0), STINT_ETIMEOUT);
    assert_int_equal(stint_condition_wait(c, 20), STINT_ETIMEOUT);
    OK(stint_condition_notify_all(c));
    OK(stint_lock_release(lock)); /* Though it was had again by the wait. */
    assert_int_equal(stint_object_delete(s, name), STINT_EBUSY);
    OK(stint_object_delete(s, first));
    OK(stint_object_delete(s, name));
    stint_condition_close(c);
    stint_lock_close(lock);
}

/* ---- Barrier ------------------------------------------------------------- */

struct meeting {
    struct stint_barrier *b;
    int64_t timeout_ms;
    int code;
    unsigned index;
};

static void *
meet(void *arg)
{
    struct meeting *m = arg;

    m->code = stint_barrier_wait(m->b, &m->index, m->timeout_ms);
    return NULL;
}

static int
count_action(void *arg)
{
    *(int *)arg += 1;
    return 0;
}

static int
fail_action(void *arg)
{
    (void)arg;
    return 1;
}

static void
meet_all(struct meeting *meetings, int count, struct stint_barrier *b)
{
    pthread_t threads[8];

    for (int i = 0; i < count; i++) {
        meetings[i] = (struct meeting){ .b = b, .timeout_ms = PATIENCE_MS };
        (void)pthread_create(&threads[i], NULL, meet, &meetings[i]);
    }
    for (int i = 0; i < count; i++)
        (void)pthread_join(threads[i], NULL);
}

static void
barrier_wait_gives_each_index_once_and_runs_the_action_once(void **state)
{
    int acted = 0;
    struct stint_barrier *b = open_barrier(s, fresh(),
        (struct stint_barrier_options){
            .parties = 4, .action = count_action, .arg = &acted });
    struct stint_barrier_state look;
    struct meeting meetings[4];

    (void)state;
    for (int round = 1; round <= 3; round++) {
        unsigned seen = 0;
        meet_all(meetings, 4, b);
        for (int i = 0; i < 4; i++) {
            assert_int_equal(meetings[i].code, 0);
            seen |= 1U << meetings[i].index;
        }
        assert_int_equal(seen, 15);
        assert_int_equal(acted, round);
    }
    OK(stint_barrier_look(b, &look));
    assert_int_equal(look.parties, 4);
    assert_int_equal(look.waiting, 0);
    assert_false(look.broken);
    stint_barrier_close(b);
}

static void
barrier_action_error_breaks_it_for_all(void **state)
{
    struct stint_barrier *b = open_barrier(s, fresh(),
        (struct stint_barrier_options){ .parties = 3, .action = fail_action });
    struct stint_barrier_state look;
    struct meeting meetings[3];

    (void)state;
    meet_all(meetings, 3, b);
    for (int i = 0; i < 3; i++)
        assert_int_equal(meetings[i].code, STINT_EBROKEN);
    OK(stint_barrier_look(b, &look));
    assert_true(look.broken);
    assert_int_equal(stint_barrier_wait(b, NULL, 0), STINT_EBROKEN);
    OK(stint_barrier_reset(b));
    OK(stint_barrier_look(b, &look));
    assert_false(look.broken);
    stint_barrier_close(b);
}

static void
barrier_timeout_abort_and_reset_break_it_for_those_who_wait(void **state)
{
    struct stint_barrier *b = open_barrier(
        s, fresh(), (struct stint_barrier_options){ .parties = 3 });
    struct meeting patient = { .b = b, .timeout_ms = PATIENCE_MS };
    pthread_t thread;

    (void)state;
    for (int how = 0; how < 3; how++) {
        (void)pthread_create(&thread, NULL, meet, &patient);
        (void)usleep(50000);
        if (how == 0) {
            assert_int_equal(stint_barrier_wait(b, NULL, 30), STINT_ETIMEOUT);
        } else if (how == 1) {
            OK(stint_barrier_abort(b));
        }
        if (how < 2) {
            assert_int_equal(stint_barrier_wait(b, NULL, 30), STINT_EBROKEN);
        }
        OK(stint_barrier_reset(b));
        (void)pthread_join(thread, NULL);
        assert_int_equal(patient.code, STINT_EBROKEN);
    }
    assert_int_equal(stint_barrier_wait(b, NULL, 0), STINT_ETIMEOUT);
    stint_barrier_close(b);
}

static void
barrier_with_a_dead_party_breaks(void **state)
{
    const char *name = fresh();
    struct stint *other = connect_as("other");
    struct stint_barrier_options options = { .parties = 3 };
    struct stint_barrier *mine = open_barrier(s, name, options);
    struct meeting theirs = { .b = open_barrier(other, name, options),
        .timeout_ms = PATIENCE_MS };
    pthread_t thread;

    (void)state;
    (void)pthread_create(&thread, NULL, meet, &theirs);
    (void)usleep(100000);
    OK(stint_close(other));
    (void)pthread_join(thread, NULL);
    assert_int_not_equal(theirs.code, 0);
    assert_int_equal(stint_barrier_wait(mine, NULL, 100), STINT_EBROKEN);
    stint_barrier_close(mine);
    stint_barrier_close(theirs.b);
}

static void
barrier_of_no_parties_is_refused(void **state)
{
    struct stint_barrier_options options = { .parties = 0 };
    struct stint_barrier *b;

    (void)state;
    assert_int_equal(
        stint_barrier_open(s, fresh(), &options, &b), STINT_EINVAL);
    options.parties = 65536;
    assert_int_equal(
        stint_barrier_open(s, fresh(), &options, &b), STINT_EINVAL);
    options.parties = 1;
    b = open_barrier(s, fresh(), options);
    OK(stint_barrier_wait(b, NULL, 0));
    stint_barrier_close(b);
}

/* ---- names --------------------------------------------------------------- */

static void
an_object_of_another_kind_or_with_other_options_is_not_opened(void **state)
{
    struct stint_object_options only = { .only_open = true };
    struct stint_semaphore_options two = { .value = 2 };
    const char *name = fresh();
    struct stint_semaphore *sem;
    struct stint_event *e;

    (void)state;
    assert_int_equal(stint_event_open(s, name, &only, &e), STINT_ENOOBJECT);
    e = open_event(s, name);
    assert_int_equal(stint_semaphore_open(s, name, NULL, &sem), STINT_EEXISTS);
    stint_event_close(e);
    OK(stint_event_open(s, name, &only, &e));
    stint_event_close(e);
    name = fresh();
    sem = open_semaphore(s, name, two);
    struct stint_semaphore *again;
    const struct stint_semaphore_options one = { .value = 1 };
    assert_int_equal(
        stint_semaphore_open(s, name, &one, &again), STINT_EEXISTS);
    OK(stint_semaphore_open(s, name, NULL, &again)); /* As it is. */
    stint_semaphore_close(again);
    stint_semaphore_close(sem);
    assert_int_equal(stint_event_open(s, "", NULL, &e), STINT_EINVAL);
    assert_int_equal(stint_object_delete(s, "nothing"), STINT_ENOOBJECT);
}

static void
who_waits_for_an_object_that_is_deleted_is_told(void **state)
{
    const char *name = fresh();
    struct stint_event *e = open_event(s, name);
    pthread_t thread;
    void *fine;

    (void)state;
    (void)pthread_create(&thread, NULL, wait_for_event, e);
    (void)usleep(50000);
    int64_t from = now_ms();
    OK(stint_object_delete(s, name));
    (void)pthread_join(thread, &fine);
    assert_null(fine);
    assert_in_range(now_ms() - from, 0, 20000);
    stint_event_close(e);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CONNECTED(lock_acquire_and_release),
        CONNECTED(lock_acquire_without_waiting_says_that_it_is_held),
        CONNECTED(lock_is_not_recursive),
        CONNECTED(lock_release_of_a_free_one_is_an_error),
        CONNECTED(lock_may_be_released_by_another_process),
        CONNECTED(lock_may_be_released_by_another_thread),
        CONNECTED(lock_fences_only_grow_even_when_the_lock_is_made_anew),
        CONNECTED(lock_close_gives_it_back_and_that_is_no_death),
        CONNECTED(lock_of_one_who_left_with_it_comes_with_owner_died),
        CONNECTED(lock_of_one_who_was_abandoned_comes_free_after_its_silence),
        CONNECTED(rlock_is_free_after_as_many_releases),
        CONNECTED(rlock_belongs_to_a_thread),
        CONNECTED(semaphore_release_may_exceed_the_start_value),
        CONNECTED(semaphore_may_begin_with_none_and_its_value_is_seen_by_all),
        CONNECTED(bounded_semaphore_over_release_is_an_error),
        CONNECTED(bounded_semaphore_may_be_released_by_another_process),
        CONNECTED(semaphore_permits_of_the_dead_return_unless_they_are_not_to),
        CONNECTED(event_set_wakes_all_and_clear_is_no_matter_to_them),
        CONNECTED(condition_wait_and_notify_need_the_lock),
        CONNECTED(
            condition_wait_times_out_with_the_lock_held_as_deep_as_before),
        CONNECTED(condition_notify_wakes_at_most_so_many_and_is_not_remembered),
        CONNECTED(condition_wait_for_returns_when_it_is_true_or_late),
        CONNECTED(condition_shares_a_lock_that_is_there),
        CONNECTED(barrier_wait_gives_each_index_once_and_runs_the_action_once),
        CONNECTED(barrier_action_error_breaks_it_for_all),
        CONNECTED(barrier_timeout_abort_and_reset_break_it_for_those_who_wait),
        CONNECTED(barrier_with_a_dead_party_breaks),
        CONNECTED(barrier_of_no_parties_is_refused),
        CONNECTED(
            an_object_of_another_kind_or_with_other_options_is_not_opened),
        CONNECTED(who_waits_for_an_object_that_is_deleted_is_told),
    };

    return cmocka_run_group_tests_name(
        "sync", tests, start_master, stop_master);
}
