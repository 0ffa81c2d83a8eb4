#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base.h"
#include "common/list.h"

struct item {
    struct list node;
    int value;
};

static struct item
item_of(int value)
{
    return (struct item){ .value = value };
}

static int
value_of(const struct list *node)
{
    if (node == NULL) return -1;
    return CONTAINER_OF_CONST(node, struct item, node)->value;
}

static void
holds(const struct list *head, const int *values, size_t count)
{
    const struct list *node = head;

    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(node->next->prev, node);
        node = node->next;
        assert_ptr_not_equal(node, head);
        assert_int_equal(value_of(node), values[i]);
    }
    assert_ptr_equal(node->next, head);
    assert_ptr_equal(head->prev, node);
}

static void
an_empty_list_has_no_ends(void **state)
{
    (void)state;
    struct list head;

    list_init(&head);
    assert_true(list_is_empty(&head));
    assert_null(list_first(&head));
    assert_null(list_last(&head));
    assert_null(list_pop(&head));
}

static void
pushes_go_to_their_end_and_pops_take_the_first(void **state)
{
    (void)state;
    struct item items[4];
    struct list head;

    list_init(&head);
    for (int i = 0; i < 4; i++)
        items[i] = item_of(i);
    list_push(&head, &items[1].node);
    list_push(&head, &items[2].node);
    list_push_front(&head, &items[0].node);
    list_push(&head, &items[3].node);
    holds(&head, (const int[]){ 0, 1, 2, 3 }, 4);
    assert_false(list_is_empty(&head));
    assert_int_equal(value_of(list_first(&head)), 0);
    assert_int_equal(value_of(list_last(&head)), 3);
    for (int i = 0; i < 4; i++)
        assert_int_equal(value_of(list_pop(&head)), i);
    assert_true(list_is_empty(&head));
}

static void
a_removed_node_is_in_no_list_and_may_be_removed_again(void **state)
{
    (void)state;
    struct item items[3];
    struct list head;

    list_init(&head);
    for (int i = 0; i < 3; i++) {
        items[i] = item_of(i);
        list_push(&head, &items[i].node);
    }
    list_remove(&items[1].node);
    assert_true(list_is_empty(&items[1].node));
    list_remove(&items[1].node);
    holds(&head, (const int[]){ 0, 2 }, 2);
    list_push(&head, &items[1].node);
    holds(&head, (const int[]){ 0, 2, 1 }, 3);
}

static void
the_node_at_hand_may_be_removed_in_a_walk(void **state)
{
    (void)state;
    struct item items[6];
    struct list head;

    list_init(&head);
    for (int i = 0; i < 6; i++) {
        items[i] = item_of(i);
        list_push(&head, &items[i].node);
    }
    LIST_FOREACH (node, after, &head) {
        if (value_of(node) % 2 == 0) list_remove(node);
    }
    holds(&head, (const int[]){ 1, 3, 5 }, 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_list_has_no_ends),
        cmocka_unit_test(pushes_go_to_their_end_and_pops_take_the_first),
        cmocka_unit_test(a_removed_node_is_in_no_list_and_may_be_removed_again),
        cmocka_unit_test(the_node_at_hand_may_be_removed_in_a_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
