/* Named objects seen from outside: which there are, who holds them, what is in
 * them; and deleting those that nobody uses. */
#include "tests/integration/with_master.h"

#include <stint_objects.h>
#include <stint_pipe.h>

struct seen {
    unsigned count;
    struct stint_object_row row; /* The last one; its texts are gone. */
    char name[256], holder[256];
};

static int
see_object(void *arg, const struct stint_object_row *row)
{
    struct seen *seen = arg;

    seen->count++;
    seen->row = *row;
    (void)snprintf(seen->name, sizeof seen->name, "%s", row->name);
    (void)snprintf(seen->holder, sizeof seen->holder, "%s", row->holder.name);
    return 0;
}

static struct seen
look(const char *name)
{
    struct seen seen = { .count = 0 };

    OK(stint_list_objects(s, name, see_object, &seen, PATIENCE_MS));
    return seen;
}

static int
stop(void *arg, const struct stint_object_row *row)
{
    (void)row;
    *(unsigned *)arg += 1;
    return 7;
}

static void
objects_are_seen_without_being_opened(void **state)
{
    struct stint *other = connect_as("maker");
    struct stint_lock *lock;

    (void)state;
    OK(stint_lock_open(other, "seen-lock", NULL, &lock));
    assert_int_equal(look("seen-lock").row.held, false);
    OK(stint_lock_acquire(lock, PATIENCE_MS));
    struct seen seen = look("seen-lock");
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.name, "seen-lock");
    assert_int_equal(seen.row.kind, STINT_OBJECT_LOCK);
    assert_true(seen.row.held);
    assert_string_equal(seen.holder, "maker");
    assert_int_equal(seen.row.holder.fence, stint_lock_fence(lock));
    assert_int_equal(seen.row.holder.pid, getpid());
    assert_true(look(NULL).count >= 1);
    stint_lock_close(lock);
    OK(stint_close(other));
    OK(stint_object_delete(s, "seen-lock"));
}

static void
what_see_returns_ends_the_list(void **state)
{
    struct stint_event *a, *b;
    unsigned count = 0;

    (void)state;
    OK(stint_event_open(s, "stop-a", NULL, &a));
    OK(stint_event_open(s, "stop-b", NULL, &b));
    assert_int_equal(stint_list_objects(s, NULL, stop, &count, PATIENCE_MS), 7);
    assert_int_equal(count, 1);
    stint_event_close(a);
    stint_event_close(b);
}

static void
what_is_not_there_is_no_object(void **state)
{
    struct seen seen;

    (void)state;
    assert_int_equal(
        stint_list_objects(s, "nobody", see_object, &seen, PATIENCE_MS),
        STINT_ENOOBJECT);
    assert_int_equal(
        stint_list_object_users(s, "nobody", NULL, NULL, PATIENCE_MS),
        STINT_ENOOBJECT);
    assert_int_equal(
        stint_object_each(s, "nobody", NULL, NULL), STINT_ENOOBJECT);
    assert_int_equal(stint_list_objects(s, "", see_object, &seen, PATIENCE_MS),
        STINT_EINVAL);
}

/* ---- who ----------------------------------------------------------------- */

struct users {
    unsigned count;
    struct stint_object_user all[8];
};

static int
see_user(void *arg, const struct stint_object_user *user)
{
    struct users *users = arg;

    if (users->count < 8) users->all[users->count] = *user;
    users->count++;
    return 0;
}

static void *
wait_for_lock(void *arg)
{
    return stint_lock_acquire(arg, PATIENCE_MS) == 0 ? arg : NULL;
}

static void
who_holds_and_who_waits_is_told_in_order(void **state)
{
    struct stint *other = connect_as("waiter");
    struct stint_lock *mine, *theirs;
    struct users users = { .count = 0 };
    pthread_t thread;

    (void)state;
    OK(stint_lock_open(s, "users-lock", NULL, &mine));
    OK(stint_lock_open(other, "users-lock", NULL, &theirs));
    OK(stint_lock_acquire(mine, PATIENCE_MS));
    assert_int_equal(pthread_create(&thread, NULL, wait_for_lock, theirs), 0);
    while (look("users-lock").row.waiting == 0)
        (void)usleep(1000);
    OK(stint_list_object_users(s, "users-lock", see_user, &users, PATIENCE_MS));
    assert_int_equal(users.count, 2);
    assert_int_equal(users.all[0].how, STINT_HOLDS);
    assert_int_equal(users.all[0].fence, stint_lock_fence(mine));
    assert_int_equal(users.all[1].how, STINT_WAITS);
    assert_true(users.all[1].left_ns > 0
                && users.all[1].left_ns <= (int64_t)PATIENCE_MS * 1000000);
    assert_int_equal(stint_object_delete_idle(s, "users-lock"), STINT_EBUSY);
    OK(stint_lock_release(mine));
    assert_int_equal(pthread_join(thread, NULL), 0);
    OK(stint_lock_release(theirs));
    OK(stint_object_delete_idle(s, "users-lock"));
    stint_lock_close(mine);
    stint_lock_close(theirs);
    OK(stint_close(other));
}

/* ---- what is in them ----------------------------------------------------- */

enum { ENTRIES = 2500 };

static int
count_entry(void *arg, const struct stint_entry *entry)
{
    unsigned *count = arg;
    char key[16];

    int size = snprintf(key, sizeof key, "k%u", *count);
    assert_int_equal(entry->key.size, size);
    assert_memory_equal(entry->key.data, key, (size_t)size);
    *count += 1;
    return 0;
}

static void
a_dict_is_read_page_by_page_in_its_order(void **state)
{
    struct stint_dict *d;
    struct stint_batch *b = stint_batch_new(s);
    unsigned count = 0;
    char key[16];

    (void)state;
    OK(stint_dict_open(s, "pages", NULL, &d));
    for (unsigned i = 0; i < ENTRIES; i++) {
        int size = snprintf(key, sizeof key, "k%u", i);
        stint_batch_dict_set(b, d, key, (size_t)size, "v", 1);
    }
    OK(stint_batch_run(b, NULL));
    OK(stint_object_each(s, "pages", count_entry, &count));
    assert_int_equal(count, ENTRIES);
    assert_int_equal(look("pages").row.count, ENTRIES);
    stint_batch_free(b);
    stint_dict_close(d);
}

static int
add_double(void *arg, const struct stint_entry *entry)
{
    double number;

    OK(stint_unpack_double(&entry->value, &number));
    assert_int_equal(entry->key.size, 0);
    *(double *)arg += number;
    return 0;
}

static void
values_are_read_by_their_places(void **state)
{
    const struct stint_value_options options = { .type = STINT_DOUBLE,
        .length = 3 };
    struct stint_value *v;
    double sum = 0;

    (void)state;
    OK(stint_value_open(s, "doubles", &options, &v));
    OK(stint_value_set_double(v, 0, 1.5));
    OK(stint_value_set_double(v, 2, 2.5));
    OK(stint_object_each(s, "doubles", add_double, &sum));
    assert_true(sum > 3.9 && sum < 4.1);
    assert_int_equal(look("doubles").row.type, STINT_DOUBLE);
    stint_value_close(v);
}

static void
what_has_no_entries_is_of_another_type(void **state)
{
    struct stint_event *e;

    (void)state;
    OK(stint_event_open(s, "no-entries", NULL, &e));
    assert_int_equal(
        stint_object_each(s, "no-entries", NULL, NULL), STINT_ETYPE);
    stint_event_close(e);
}

static void
a_pipe_is_seen_while_an_end_is_held(void **state)
{
    struct stint_pipe *p;

    (void)state;
    OK(stint_pipe_open(s, "seen-pipe", 0, NULL, &p));
    OK(stint_pipe_send(p, "hello", 5, PATIENCE_MS));
    struct seen seen = look("seen-pipe");
    assert_int_equal(seen.row.to[1].messages, 1);
    assert_int_equal(seen.row.to[1].bytes, 5);
    assert_false(seen.row.closed[0]);
    stint_pipe_close(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CONNECTED(objects_are_seen_without_being_opened),
        CONNECTED(what_see_returns_ends_the_list),
        CONNECTED(what_is_not_there_is_no_object),
        CONNECTED(who_holds_and_who_waits_is_told_in_order),
        CONNECTED(a_dict_is_read_page_by_page_in_its_order),
        CONNECTED(values_are_read_by_their_places),
        CONNECTED(what_has_no_entries_is_of_another_type),
        CONNECTED(a_pipe_is_seen_while_an_end_is_held),
    };

    return cmocka_run_group_tests_name(
        "objects", tests, start_master, stop_master);
}
