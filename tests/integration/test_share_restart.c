/* Dicts, lists and values of a master that is stopped and started again while
 * they are used. */
#include "tests/integration/folders.h"
#include "tests/integration/with_master.h"

#include <stdatomic.h>
#include <stint_shared.h>

static char dir[FOLDER_MAX], address[128];

static struct stint_master_options
durable(void)
{
    return (struct stint_master_options){ .listen = address, .state_dir = dir };
}

static void
restart(void)
{
    const struct stint_master_options options = durable();

    stint_master_stop(master);
    OK(stint_master_start(&options, &master));
}

static int
start_here(void **state)
{
    struct stint_master_options options = { .listen = "tcp://127.0.0.1:0",
        .state_dir = dir };

    (void)state;
    if (folder_make(dir, "share") != 0) return -1;
    OK(stint_master_start(&options, &master));
    (void)snprintf(address, sizeof address, "%s", stint_master_address(master));
    s = connect_as("test");
    return 0;
}

static int
end_here(void **state)
{
    (void)state;
    OK(stint_close(s));
    stint_master_stop(master);
    return folder_remove(dir);
}

/* ---- what survives ------------------------------------------------------- */

static void
a_handle_goes_on_after_a_restart_with_all_that_was_there(void **state)
{
    const struct stint_value_options nine = { .length = 9 };
    struct stint_bytes value;
    struct stint_dict *d;
    struct stint_list *l;
    struct stint_value *v;
    int64_t number;

    (void)state;
    OK(stint_dict_open(s, "d", NULL, &d));
    OK(stint_list_open(s, "l", NULL, &l));
    OK(stint_value_open(s, "v", &nine, &v));
    OK(stint_dict_set(d, "ada", 3, "36", 2));
    OK(stint_list_append(l, "b", 1));
    OK(stint_list_insert(l, 0, "a", 1));
    OK(stint_value_set_int(v, -1, 7));
    restart();
    OK(stint_dict_get(d, "ada", 3, &value));
    expect(value, "36");
    stint_bytes_free(&value);
    OK(stint_list_pop(l, 0, &value));
    expect(value, "a");
    stint_bytes_free(&value);
    OK(stint_value_add(v, 8, 1, &number));
    assert_int_equal(number, 8);
    stint_dict_close(d);
    stint_list_close(l);
    stint_value_close(v);
}

/* Nobody goes on with an empty one without knowing. */
static void
what_lived_in_memory_is_told_to_be_gone(void **state)
{
    const struct stint_object_options memory = { .durability = "memory" };
    struct stint_dict *d;
    uint64_t length;

    (void)state;
    OK(stint_dict_open(s, "m", &memory, &d));
    OK(stint_dict_set(d, "a", 1, "1", 1));
    restart();
    assert_int_equal(stint_dict_len(d, &length), STINT_ENOOBJECT);
    stint_dict_close(d);
    OK(stint_dict_open(s, "m", &memory, &d));
    OK(stint_dict_len(d, &length));
    assert_int_equal(length, 0);
    stint_dict_close(d);
}

/* ---- all the while ------------------------------------------------------- */

enum { ADDERS = 3, RESTARTS = 3 };

static atomic_bool over;
static atomic_ullong added;

static void *
keep_adding(void *arg)
{
    while (!atomic_load(&over)) {
        if (stint_dict_add(arg, "n", 1, 1, NULL) != 0) return arg;
        (void)atomic_fetch_add(&added, 1);
    }
    return NULL;
}

/* I6: what was answered was done, what is sent again is not done twice. */
static void
adds_through_restarts_are_counted_once(void **state)
{
    pthread_t threads[ADDERS];
    struct stint_dict *d;
    void *failed;
    int64_t sum;

    (void)state;
    OK(stint_dict_open(s, "count", NULL, &d));
    for (int i = 0; i < ADDERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, keep_adding, d), 0);
    }
    for (int i = 0; i < RESTARTS; i++) {
        unsigned long long before = atomic_load(&added);
        while (atomic_load(&added) < before + 20)
            (void)usleep(1000);
        restart();
    }
    atomic_store(&over, true);
    for (int i = 0; i < ADDERS; i++) {
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    OK(stint_dict_add(d, "n", 1, 0, &sum));
    assert_int_equal(sum, atomic_load(&added));
    stint_dict_close(d);
}

/* A watch that is under way waits on. */
static void *
set_soon(void *arg)
{
    (void)usleep(50 * 1000);
    restart();
    return stint_dict_set(arg, "a", 1, "1", 1) == 0 ? NULL : arg;
}

static void
a_watch_survives_a_restart(void **state)
{
    struct stint_dict *d;
    uint64_t version = 0;
    pthread_t thread;
    void *failed;

    (void)state;
    OK(stint_dict_open(s, "watched", NULL, &d));
    assert_int_equal(pthread_create(&thread, NULL, set_soon, d), 0);
    OK(stint_dict_watch(d, "a", 1, &version, 20000));
    assert_int_equal(pthread_join(thread, &failed), 0);
    assert_null(failed);
    assert_true(version > 0);
    stint_dict_close(d);
}

#define HERE(name) cmocka_unit_test_setup_teardown(name, start_here, end_here)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        HERE(a_handle_goes_on_after_a_restart_with_all_that_was_there),
        HERE(what_lived_in_memory_is_told_to_be_gone),
        HERE(adds_through_restarts_are_counted_once),
        HERE(a_watch_survives_a_restart),
    };

    return cmocka_run_group_tests_name("share: restarts", tests, NULL, NULL);
}
