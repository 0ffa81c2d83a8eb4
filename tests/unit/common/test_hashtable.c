/* A hash table that grows and shrinks a little with each change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base.h"
#include "common/hashtable.h"

enum { ITEMS = 5000 };

struct item {
    struct hashtable_node node;
    uint64_t key;
    int in;
};

static struct item items[ITEMS];

/* Odd multipliers spread neighbours; the same for each fourth key, so that some
 * have the same hash. */
static uint64_t
hash_of(uint64_t key)
{
    uint64_t h = key / 4 * UINT64_C(0x9e3779b97f4a7c15);

    return h ^ h >> 29;
}

static struct item *
find(const struct hashtable *t, uint64_t key)
{
    struct hashtable_node *node = hashtable_find(t, hash_of(key));

    for (; node != NULL; node = hashtable_next(node)) {
        struct item *item = CONTAINER_OF(node, struct item, node);
        if (item->key == key) return item;
    }
    return NULL;
}

static void
turn(struct hashtable *t, uint64_t key)
{
    struct item *item = &items[key];

    item->key = key;
    if (item->in) {
        hashtable_remove(t, &item->node);
    } else {
        hashtable_add(t, &item->node, hash_of(key));
    }
    item->in = !item->in;
}

static void
an_empty_table_finds_nothing(void **state)
{
    struct hashtable t;

    (void)state;
    hashtable_init(&t);
    assert_null(hashtable_find(&t, 0));
    hashtable_check(&t);
    hashtable_fini(&t);
}

static void
what_was_added_is_found_until_it_is_removed(void **state)
{
    struct hashtable t;
    uint64_t random = 1;

    (void)state;
    hashtable_init(&t);
    /* More and more of them, then fewer and fewer. */
    for (uint64_t step = 0; step < 40 * ITEMS; step++) {
        random = random * UINT64_C(6364136223846793005) + 1;
        uint64_t key = (random >> 33) % ITEMS;
        bool grows = step < 20 * ITEMS;
        if (items[key].in == grows && (random >> 20) % 8 != 0) continue;
        turn(&t, key);
        assert_ptr_equal(find(&t, key), items[key].in ? &items[key] : NULL);
        if (step % 1000 != 0) continue;
        hashtable_check(&t);
        for (uint64_t i = 0; i < ITEMS; i++)
            assert_ptr_equal(find(&t, i), items[i].in ? &items[i] : NULL);
    }
    for (uint64_t key = 0; key < ITEMS; key++)
        if (items[key].in) turn(&t, key);
    assert_int_equal(t.count, 0);
    hashtable_fini(&t);
}

/* Else a million keys would stand still for a quarter of a second. */
static void
no_add_or_remove_moves_more_than_a_few_buckets(void **state)
{
    struct hashtable t;
    size_t before = 0, moved = 0;

    (void)state;
    hashtable_init(&t);
    for (uint64_t i = 0; i < 2 * (uint64_t)ITEMS; i++) {
        turn(&t, i % ITEMS);
        size_t now = t.before != NULL ? t.moved : 0;
        if (t.before != NULL && now > before) {
            assert_true(now - before <= 16);
            moved += now - before;
        }
        before = now;
        assert_true(t.size_before == 0 || t.size_before * 2 == t.size
                    || t.size_before == t.size * 2 || t.size == 8);
    }
    assert_true(moved > ITEMS / 2);
    hashtable_fini(&t);
}

static void
there_is_about_a_bucket_for_each_node(void **state)
{
    struct hashtable t;

    (void)state;
    hashtable_init(&t);
    for (uint64_t key = 0; key < ITEMS; key++) {
        turn(&t, key);
        assert_true(t.size <= 2 * t.count || t.size == 8);
        assert_true(t.count <= 2 * t.size);
    }
    size_t full = hashtable_memory(&t);
    for (uint64_t key = 0; key < ITEMS; key++)
        turn(&t, key);
    assert_true(hashtable_memory(&t) < full / 100);
    hashtable_fini(&t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_table_finds_nothing),
        cmocka_unit_test(what_was_added_is_found_until_it_is_removed),
        cmocka_unit_test(no_add_or_remove_moves_more_than_a_few_buckets),
        cmocka_unit_test(there_is_about_a_bucket_for_each_node),
    };

    return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
