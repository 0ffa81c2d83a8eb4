/* A call about a named object that fails says which object, and what of it. */
#include "tests/integration/with_master.h"

#include <stint_shared.h>
#include <stint_sync.h>

static void
says(int rc, int code, const char *text)
{
    assert_int_equal(rc, code);
    if (strstr(stint_error_message(), text) != NULL) return;
    fail_msg("\"%s\" does not say: %s", stint_error_message(), text);
}

/* ---- what is not there ----------------------------------------------------- */

static void
a_dict_names_the_key_that_is_not_there(void **state)
{
    struct stint_dict *d;
    struct stint_bytes value;
    char longest[100];

    (void)state;
    memset(longest, 'k', sizeof longest);
    OK(stint_dict_open(s, "ages", NULL, &d));
    says(stint_dict_get(d, "ada", 3, &value), STINT_ENOENTRY,
        "dict \"ages\" has no key \"ada\"");
    says(stint_dict_delete(d, "a\"\n\x80", 4), STINT_ENOENTRY,
        "key \"a\\\"\\x0a\\x80\"");
    says(stint_dict_pop(d, longest, sizeof longest, &value), STINT_ENOENTRY,
        "kkk\"...");
    says(stint_dict_pop(d, "", 0, &value), STINT_ENOENTRY, "no key \"\"");
    stint_dict_close(d);
}

static void
a_list_names_the_place_that_is_not_there(void **state)
{
    struct stint_list *l;
    struct stint_bytes value;
    uint64_t at;

    (void)state;
    OK(stint_list_open(s, "names", NULL, &l));
    says(stint_list_get(l, -7, &value), STINT_ENOENTRY,
        "list \"names\" has no place -7");
    says(stint_list_index(l, "ada", 3, &at), STINT_ENOENTRY,
        "list \"names\" holds no value");
    stint_list_close(l);
}

static void
an_object_that_was_deleted_is_named(void **state)
{
    struct stint_lock *lock;

    (void)state;
    OK(stint_lock_open(s, "gone", NULL, &lock));
    OK(stint_object_delete(s, "gone"));
    says(stint_lock_acquire(lock, 0), STINT_ENOOBJECT, "no lock \"gone\"");
    stint_lock_close(lock);
    says(stint_object_delete(s, "gone"), STINT_ENOOBJECT, "\"gone\"");
}

/* ---- what it holds --------------------------------------------------------- */

static void
who_adds_to_bytes_is_told_how_to_pack_them(void **state)
{
    struct stint_dict *d;

    (void)state;
    OK(stint_dict_open(s, "counts", NULL, &d));
    OK(stint_dict_set(d, "ada", 3, "36!", 3));
    says(stint_dict_add(d, "ada", 3, 1, NULL), STINT_ETYPE,
        "key \"ada\" of dict \"counts\" holds bytes");
    says(stint_dict_add(d, "ada", 3, 1, NULL), STINT_ETYPE, "stint_pack_int()");
    stint_dict_close(d);
}

static void
a_batch_names_the_object_of_the_operation_that_failed(void **state)
{
    struct stint_batch *b = stint_batch_new(s);
    struct stint_dict *d;
    struct stint_list *l;
    size_t which;

    (void)state;
    OK(stint_dict_open(s, "batch-d", NULL, &d));
    OK(stint_list_open(s, "batch-l", NULL, &l));
    stint_batch_dict_set(b, d, "x", 1, "y", 1);
    stint_batch_list_pop(b, l, 3);
    says(stint_batch_run(b, &which), STINT_ENOENTRY,
        "list \"batch-l\" has no place 3");
    assert_int_equal(which, 1);
    stint_batch_free(b);
    stint_dict_close(d);
    stint_list_close(l);
}

/* ---- what did not come ----------------------------------------------------- */

static void
a_timeout_says_of_what_and_how_long(void **state)
{
    struct stint *other = connect_as("holder");
    struct stint_lock *lock, *theirs;
    struct stint_event *e;
    struct stint_barrier *b;
    struct stint_dict *d;
    uint64_t version = 0;
    const struct stint_barrier_options two = { .parties = 2 };

    (void)state;
    OK(stint_lock_open(s, "late", NULL, &lock));
    OK(stint_lock_open(other, "late", NULL, &theirs));
    OK(stint_lock_acquire(theirs, PATIENCE_MS));
    says(stint_lock_acquire(lock, 50), STINT_ETIMEOUT,
        "lock \"late\" did not come free within 50 ms");
    says(stint_lock_acquire(lock, 0), STINT_ETIMEOUT,
        "lock \"late\" is not free now");
    OK(stint_event_open(s, "late-e", NULL, &e));
    says(stint_event_wait(e, 50), STINT_ETIMEOUT,
        "event \"late-e\" was not set within 50 ms");
    OK(stint_barrier_open(s, "late-b", &two, &b));
    says(stint_barrier_wait(b, NULL, 50), STINT_ETIMEOUT,
        "barrier \"late-b\" was not reached by all parties within 50 ms");
    says(stint_barrier_wait(b, NULL, 50), STINT_EBROKEN,
        "barrier \"late-b\" is broken");
    OK(stint_dict_open(s, "late-d", NULL, &d));
    says(stint_dict_watch(d, NULL, 0, &version, 50), STINT_ETIMEOUT,
        "dict \"late-d\" did not change within 50 ms");
    stint_dict_close(d);
    stint_barrier_close(b);
    stint_event_close(e);
    stint_lock_close(theirs);
    stint_lock_close(lock);
    OK(stint_close(other));
}

/* ---- what is held ---------------------------------------------------------- */

static void
a_release_of_what_is_free_or_was_released_by_another_says_so(void **state)
{
    struct stint *other = connect_as("another");
    struct stint_lock *lock, *theirs;

    (void)state;
    OK(stint_lock_open(s, "free", NULL, &lock));
    OK(stint_lock_open(other, "free", NULL, &theirs));
    says(stint_lock_release(lock), STINT_ENOTHELD,
        "lock \"free\" is held by nobody");
    OK(stint_lock_acquire(lock, PATIENCE_MS));
    OK(stint_lock_release(theirs));
    says(stint_lock_release(lock), STINT_ESTALE, "another released it");
    stint_lock_close(theirs);
    stint_lock_close(lock);
    OK(stint_close(other));
}

/* ---- opening --------------------------------------------------------------- */

static void
null_opens_what_is_there(void **state)
{
    const struct stint_semaphore_options five = { .value = 5 };
    const struct stint_value_options array = { .type = STINT_DOUBLE,
        .length = 4 };
    const struct stint_condition_options shared = { .lock = "there-l" };
    const struct stint_barrier_options three = { .parties = 3 };
    struct stint_semaphore *sem;
    struct stint_value *v;
    struct stint_lock *lock;
    struct stint_condition *c;
    struct stint_barrier *b;
    struct stint_barrier_state is;
    uint64_t permits;

    (void)state;
    for (int again = 0; again < 2; again++) {
        OK(stint_semaphore_open(s, "there-s", again ? NULL : &five, &sem));
        OK(stint_semaphore_value(sem, &permits));
        assert_int_equal(permits, 5);
        stint_semaphore_close(sem);
        OK(stint_value_open(s, "there-v", again ? NULL : &array, &v));
        assert_int_equal(stint_value_length(v), 4);
        OK(stint_value_set_double(v, 3, 1.5));
        stint_value_close(v);
        OK(stint_lock_open(s, "there-l", NULL, &lock));
        OK(stint_condition_open(s, "there-c", again ? NULL : &shared, &c));
        stint_condition_close(c);
        stint_lock_close(lock);
        OK(stint_barrier_open(s, "there-b", again ? NULL : &three, &b));
        OK(stint_barrier_look(b, &is));
        assert_int_equal(is.parties, 3);
        stint_barrier_close(b);
    }
}

static void
null_makes_no_barrier_and_says_what_does(void **state)
{
    struct stint_barrier *b;

    (void)state;
    says(stint_barrier_open(s, "no-barrier", NULL, &b), STINT_ENOOBJECT,
        "no barrier \"no-barrier\", and only options with .parties");
}

static void
an_object_made_otherwise_is_named_and_so_is_the_way_to_open_it(void **state)
{
    const struct stint_semaphore_options two = { .value = 2 };
    const struct stint_object_options no = { .only_open = true };
    struct stint_semaphore *sem, *same;
    struct stint_lock *lock;

    (void)state;
    OK(stint_semaphore_open(s, "taken", NULL, &sem));
    says(stint_semaphore_open(s, "taken", &two, &same), STINT_EEXISTS,
        "\"taken\" is there already");
    says(stint_semaphore_open(s, "taken", &two, &same), STINT_EEXISTS,
        ".only_open");
    says(stint_lock_open(s, "taken", &no, &lock), STINT_EEXISTS,
        "\"taken\" is there, but is no lock");
    says(stint_lock_open(s, "not-there", &no, &lock), STINT_ENOOBJECT,
        "there is no lock \"not-there\"");
    stint_semaphore_close(sem);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CONNECTED(a_dict_names_the_key_that_is_not_there),
        CONNECTED(a_list_names_the_place_that_is_not_there),
        CONNECTED(an_object_that_was_deleted_is_named),
        CONNECTED(who_adds_to_bytes_is_told_how_to_pack_them),
        CONNECTED(a_batch_names_the_object_of_the_operation_that_failed),
        CONNECTED(a_timeout_says_of_what_and_how_long),
        CONNECTED(a_release_of_what_is_free_or_was_released_by_another_says_so),
        CONNECTED(null_opens_what_is_there),
        CONNECTED(null_makes_no_barrier_and_says_what_does),
        CONNECTED(
            an_object_made_otherwise_is_named_and_so_is_the_way_to_open_it),
    };

    return cmocka_run_group_tests_name(
        "object messages", tests, start_master, stop_master);
}
