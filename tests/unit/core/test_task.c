#include "tests/unit/core/unit.h"

#include "common/base.h"
#include "master/core/task.h"

static struct task_table table;

static int
set_up(void **state)
{
    (void)state;
    task_table_init(&table);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    for (struct task *t; (t = task_table_next(&table, 0)) != NULL;) {
        task_table_remove(&table, t);
        task_free(t);
    }
    task_table_fini(&table);
    return 0;
}

static struct task *
add(void)
{
    struct task *t = task_new(slice_of("payload"));

    assert_non_null(t);
    assert_true(task_table_reserve(&table, 1));
    task_table_add(&table, t);
    return t;
}

static void
drop(struct task *t)
{
    task_table_remove(&table, t);
    task_free(t);
}

static size_t
chunks(void)
{
    size_t count = 0;

    for (size_t i = 0; i < table.count; i++)
        count += table.chunks[i] != NULL;
    return count;
}

static void
ids_rise_and_are_found(void **state)
{
    (void)state;
    for (uint64_t id = 1; id <= 3 * TASK_CHUNK; id++) {
        struct task *t = add();
        assert_int_equal(t->id, id);
        assert_ptr_equal(task_table_find(&table, id), t);
    }
    assert_null(task_table_find(&table, 0));
    assert_null(task_table_find(&table, 3 * TASK_CHUNK + 1));
    assert_null(task_table_find(&table, UINT64_MAX));
}

static void
an_id_is_never_given_again(void **state)
{
    (void)state;
    drop(add());
    assert_null(task_table_find(&table, 1));
    assert_int_equal(add()->id, 2);
}

static void
next_walks_over_every_hole(void **state)
{
    struct task *kept[3] = { NULL };

    (void)state;
    for (uint64_t id = 1; id <= 5 * TASK_CHUNK; id++) {
        struct task *t = add();
        if (id == 7) {
            kept[0] = t;
        } else if (id == 8) {
            kept[1] = t;
        } else if (id == 5 * TASK_CHUNK - 1) {
            kept[2] = t;
        } else {
            drop(t);
        }
    }
    assert_ptr_equal(task_table_next(&table, 0), kept[0]);
    assert_ptr_equal(task_table_next(&table, 7), kept[1]);
    assert_ptr_equal(task_table_next(&table, 8), kept[2]);
    assert_null(task_table_next(&table, 5 * TASK_CHUNK - 1));
}

static void
one_old_task_keeps_one_chunk(void **state)
{
    (void)state;
    (void)add();
    for (int i = 0; i < 10 * TASK_CHUNK; i++)
        drop(add());
    assert_true(chunks() <= 3);
}

static void
tasks_that_end_before_the_next_comes_leave_nothing_behind(void **state)
{
    (void)state;
    for (int i = 0; i < 300 * TASK_CHUNK; i++)
        drop(add());
    assert_true(chunks() <= 2);
    assert_true(table.capacity <= 256);
}

static void
a_window_of_tasks_that_moves_on_stays_small(void **state)
{
    enum { WINDOW = 2 * TASK_CHUNK };
    static struct task *ring[WINDOW];

    (void)state;
    for (int i = 0; i < 300 * TASK_CHUNK; i++) {
        if (i >= WINDOW) drop(ring[i % WINDOW]);
        ring[i % WINDOW] = add();
        if (i % 5000 == 0) {
            struct task *t = ring[i % WINDOW];
            assert_ptr_equal(task_table_find(&table, t->id), t);
        }
    }
    assert_true(chunks() <= 4);
    assert_true(table.capacity <= 256);
}

/* Between tasks that are there, and before the first of them. */
static void
an_old_id_is_given_back_to_its_task(void **state)
{
    static const uint64_t LAST = 200 * TASK_CHUNK;
    static const uint64_t ids[] = { 7, 3, 150 * TASK_CHUNK,
        200 * TASK_CHUNK - 3 };

    (void)state;
    for (uint64_t i = 0; i < LAST; i++)
        drop(add());
    assert_true(table.base > 0);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        struct task *t = task_new(slice_of("again"));
        assert_true(task_table_return(&table, t, ids[i]));
        assert_ptr_equal(task_table_find(&table, ids[i]), t);
    }
    assert_int_equal(task_table_next(&table, 0)->id, 3);
    assert_int_equal(task_table_next(&table, 7)->id, 150 * TASK_CHUNK);
    assert_int_equal(add()->id, LAST + 1);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        drop(task_table_find(&table, ids[i]));
    assert_int_equal(task_table_next(&table, 0)->id, LAST + 1);
    assert_true(chunks() <= 2);
}

static void
a_task_counts_what_it_holds(void **state)
{
    (void)state;
    struct task *t = task_new(slice_of("12345"));
    size_t bare = task_memory(t);

    assert_true(bare >= sizeof *t + 5);
    assert_non_null(task_more(t));
    assert_int_equal(task_memory(t), bare + sizeof *t->more);
    t->failures = t->lost = t->timeouts = 2;
    t->released = 9;
    assert_int_equal(task_tries(t), 6);
    t->seq = 1;
    assert_int_equal(task_tries(t), 4);
    t->lost = TASK_LOST_FREE + 1;
    assert_int_equal(task_tries(t), 5);
    task_free(t);
    task_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ids_rise_and_are_found),
        TEST(an_id_is_never_given_again),
        TEST(next_walks_over_every_hole),
        TEST(one_old_task_keeps_one_chunk),
        TEST(tasks_that_end_before_the_next_comes_leave_nothing_behind),
        TEST(a_window_of_tasks_that_moves_on_stays_small),
        TEST(an_old_id_is_given_back_to_its_task),
        TEST(a_task_counts_what_it_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
