#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base.h"
#include "common/heap.h"

struct item {
    struct heap_node node;
    uint64_t key;
    uint64_t order; /* Breaks ties, so that the order is strict. */
    bool in;
};

static bool
item_less(const struct heap_node *a, const struct heap_node *b)
{
    const struct item *x = CONTAINER_OF_CONST(a, struct item, node);
    const struct item *y = CONTAINER_OF_CONST(b, struct item, node);

    return x->key != y->key ? x->key < y->key : x->order < y->order;
}

static void
an_empty_heap_has_no_least(void **state)
{
    (void)state;
    struct heap h;

    heap_init(&h, item_less);
    assert_null(heap_peek(&h));
}

static void
the_least_comes_first_and_equals_in_their_order(void **state)
{
    (void)state;
    static const uint64_t keys[] = { 5, 3, 9, 3, 1, 5, 1 };
    static const size_t sorted[] = { 4, 6, 1, 3, 0, 5, 2 };
    struct item items[ARRAY_LEN(keys)];
    struct heap h;

    heap_init(&h, item_less);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        items[i] = (struct item){ .key = keys[i], .order = i };
        heap_add(&h, &items[i].node);
    }
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        assert_ptr_equal(heap_peek(&h), &items[sorted[i]].node);
        heap_remove(&h, &items[sorted[i]].node);
    }
    assert_null(heap_peek(&h));
}

static struct item *
least_of(struct item *items, size_t count)
{
    struct item *least = NULL;

    for (size_t i = 0; i < count; i++) {
        if (!items[i].in) continue;
        if (least == NULL || item_less(&items[i].node, &least->node)) {
            least = &items[i];
        }
    }
    return least;
}

/* Any node may be taken out, not only the least. */
static void
the_heap_agrees_with_a_plain_array(void **state)
{
    (void)state;
    enum { ITEMS = 61, STEPS = 100000 };
    static struct item items[ITEMS];
    struct heap h;
    uint64_t seed = 1;

    heap_init(&h, item_less);
    for (size_t i = 0; i < ITEMS; i++)
        items[i].order = i;
    for (int step = 0; step < STEPS; step++) {
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        struct item *item = &items[(seed >> 33) % ITEMS];
        if (item->in) {
            heap_remove(&h, &item->node);
        } else {
            item->key = (seed >> 20) % 17;
            heap_add(&h, &item->node);
        }
        item->in = !item->in;
        struct item *least = least_of(items, ITEMS);
        assert_ptr_equal(heap_peek(&h), least == NULL ? NULL : &least->node);
    }
}

static void
a_long_sorted_run_needs_no_stack(void **state)
{
    (void)state;
    enum { ITEMS = 200000 };
    static struct item items[ITEMS];
    struct heap h;

    heap_init(&h, item_less);
    for (size_t i = ITEMS; i-- > 0;) {
        items[i].key = i;
        heap_add(&h, &items[i].node);
    }
    for (size_t i = 0; i < ITEMS; i++) {
        assert_ptr_equal(heap_peek(&h), &items[i].node);
        heap_remove(&h, &items[i].node);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_heap_has_no_least),
        cmocka_unit_test(the_least_comes_first_and_equals_in_their_order),
        cmocka_unit_test(the_heap_agrees_with_a_plain_array),
        cmocka_unit_test(a_long_sorted_run_needs_no_stack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
