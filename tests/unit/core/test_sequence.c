/* An array with room at both ends: what it costs, in places that were moved. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "master/core/shared/sequence.h"

enum { MANY = 100000 };

static void
insert(struct sequence *q, size_t at, uint8_t byte)
{
    struct entry *e = entry_new((struct slice){ &byte, 1 });

    assert_non_null(e);
    assert_true(sequence_reserve(q));
    sequence_insert(q, at, e);
}

static uint8_t
byte_at(const struct sequence *q, size_t at)
{
    return entry_value(sequence_at(q, at)).bytes[0];
}

static void
fill(struct sequence *q)
{
    sequence_init(q);
    for (size_t i = 0; i < MANY; i++)
        insert(q, i, 'a');
}

static void
what_comes_before_the_first_moves_the_rest_but_rarely(void **state)
{
    struct sequence q;

    (void)state;
    fill(&q);
    for (size_t i = 0; i < MANY; i++)
        insert(&q, 0, 'b');
    assert_true(q.moved < (uint64_t)40 * MANY);
    assert_int_equal(byte_at(&q, MANY - 1), 'b');
    assert_int_equal(byte_at(&q, MANY), 'a');
    sequence_check(&q);
    sequence_fini(&q);
}

/* As when a batch is undone, which reserves nothing. */
static void
what_was_taken_comes_back_though_the_room_is_at_the_other_end(void **state)
{
    enum { TAKEN = 1000 };
    static struct entry *taken[TAKEN];
    struct sequence q;

    (void)state;
    fill(&q);
    for (size_t i = 0; i < TAKEN; i++)
        taken[i] = sequence_take(&q, 0);
    uint64_t before = q.moved;
    for (size_t i = 0; i < TAKEN; i++)
        sequence_insert(&q, q.count, taken[i]);
    for (size_t i = 0; i < TAKEN; i++)
        taken[i] = sequence_take(&q, q.count - 1);
    for (size_t i = 0; i < TAKEN; i++)
        sequence_insert(&q, 0, taken[i]);
    assert_true(q.moved - before < (uint64_t)40 * MANY);
    assert_int_equal(q.count, MANY);
    sequence_check(&q);
    sequence_fini(&q);
}

/* Against the plain way, wherever it is. */
static void
whatever_is_put_and_taken_the_order_is_right(void **state)
{
    uint8_t plain[2000];
    size_t count = 0;
    struct sequence q;

    (void)state;
    sequence_init(&q);
    for (unsigned i = 0; i < 20000; i++) {
        unsigned draw = i * 2654435761U;
        size_t at = (draw >> 8) % (count + 1);
        if (draw % 3 == 0) at = 0;
        if (draw % 16 < 9 && count < sizeof plain) {
            memmove(plain + at + 1, plain + at, count - at);
            plain[at] = (uint8_t)i;
            insert(&q, at, (uint8_t)i);
            count += 1;
        } else if (at < count) {
            entry_free(sequence_take(&q, at));
            count -= 1;
            memmove(plain + at, plain + at + 1, count - at);
            sequence_settle(&q);
        }
    }
    assert_true(count > 100);
    assert_int_equal(q.count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(byte_at(&q, i), plain[i]);
    sequence_check(&q);
    sequence_fini(&q);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_before_the_first_moves_the_rest_but_rarely),
        cmocka_unit_test(
            what_was_taken_comes_back_though_the_room_is_at_the_other_end),
        cmocka_unit_test(whatever_is_put_and_taken_the_order_is_right),
    };

    return cmocka_run_group_tests_name("sequence", tests, NULL, NULL);
}
