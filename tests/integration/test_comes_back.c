/* A master with a state directory, stopped and started again. */
#include "tests/integration/folders.h"
#include "tests/integration/with_master.h"

#include <sys/stat.h>

static char dir[FOLDER_MAX];

static struct stint_master_options
durable(void)
{
    return (struct stint_master_options){ .listen = "tcp://127.0.0.1:0",
        .state_dir = dir };
}

static void
start(const struct stint_master_options *options)
{
    OK(stint_master_start(options, &master));
    s = connect_as("test");
    q = open_queue(s, "q");
}

static void
stop(void)
{
    stint_queue_close(q);
    OK(stint_close(s));
    stint_master_stop(master);
}

static void
restart(const struct stint_master_options *options)
{
    stop();
    start(options);
}

static int
new_dir(void **state)
{
    (void)state;
    return folder_make(dir, "back");
}

static int
remove_dir(void **state)
{
    (void)state;
    return folder_remove(dir);
}

static void
what_was_put_is_there_in_its_order(void **state)
{
    struct stint_master_options options = durable();

    (void)state;
    start(&options);
    put(q, "one");
    put(q, "two");
    restart(&options);
    put(q, "three");
    restart(&options);
    assert_int_equal(qsize(q), 3);
    get(q, "one");
    get(q, "two");
    get(q, "three");
    stop();
}

static void
what_is_done_does_not_come_back(void **state)
{
    struct stint_master_options options = durable();

    (void)state;
    start(&options);
    put(q, "one");
    put(q, "two");
    get(q, "one");
    OK(stint_queue_task_done(q));
    restart(&options);
    assert_int_equal(qsize(q), 1);
    get(q, "two");
    stop();
}

static void
with_memory_only_the_keys_survive(void **state)
{
    struct stint_master_options options = durable();

    (void)state;
    options.memory = true;
    start(&options);
    put(q, "one");
    restart(&options);
    assert_int_equal(qsize(q), 0);
    stop();
}

static void
a_queue_in_memory_is_there_again_and_empty(void **state)
{
    struct stint_master_options options = durable();

    (void)state;
    options.durability = "memory";
    start(&options);
    put(q, "one");
    restart(&options);
    assert_int_equal(qsize(q), 0);
    stop();
}

static void
a_delay_goes_on_while_no_master_runs(void **state)
{
    struct stint_master_options options = durable();
    const struct stint_put_options later = { .delay_ms = 1500 };
    struct stint_bytes item;

    (void)state;
    start(&options);
    int64_t began = now_ms();
    OK(stint_queue_put_with(q, "late", 4, &later, PATIENCE_MS));
    stop();
    (void)usleep(700 * 1000);
    start(&options);
    OK(stint_queue_get(q, &item, PATIENCE_MS));
    int64_t took = now_ms() - began;
    assert_in_range(took, 1400, 2400);
    stop();
}

static void
a_second_master_is_refused(void **state)
{
    struct stint_master_options options = durable();
    struct stint_master *second;

    (void)state;
    start(&options);
    assert_int_equal(stint_master_start(&options, &second), STINT_EBUSY);
    assert_non_null(strstr(stint_error_message(), dir));
    stop();
}

/* Two directories of which one has the other's store, as a mount or a link
 * makes it. */
static void
a_second_master_of_the_store_alone_is_refused_too(void **state)
{
    struct stint_master_options options = durable(), other = durable();
    struct stint_master *second;
    char path[128], store[128], link[160];

    (void)state;
    start(&options);
    (void)snprintf(store, sizeof store, "%s/store", dir);
    (void)snprintf(path, sizeof path, "%s/other", dir);
    (void)snprintf(link, sizeof link, "%s/store", path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(symlink(store, link), 0);
    other.state_dir = path;
    assert_int_equal(stint_master_start(&other, &second), STINT_EBUSY);
    assert_non_null(strstr(stint_error_message(), "store"));
    stop();
}

static void
an_unknown_durability_is_refused(void **state)
{
    struct stint_master_options options = durable();
    struct stint_master *none;

    (void)state;
    options.durability = "sync";
    assert_int_equal(stint_master_start(&options, &none), STINT_EINVAL);
    assert_non_null(strstr(stint_error_message(), "synced, written or memory"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_dir, remove_dir)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_put_is_there_in_its_order),
        TEST(what_is_done_does_not_come_back),
        TEST(with_memory_only_the_keys_survive),
        TEST(a_queue_in_memory_is_there_again_and_empty),
        TEST(a_delay_goes_on_while_no_master_runs),
        TEST(a_second_master_is_refused),
        TEST(a_second_master_of_the_store_alone_is_refused_too),
        TEST(an_unknown_durability_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
