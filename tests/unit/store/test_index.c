#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <string.h>

#include "common/base.h"
#include "master/store/index.h"
#include "tests/disk/luck.h"

enum { CHUNK = 256 };

static struct index_place
at(uint32_t place)
{
    return (struct index_place){
        .segment = 1 + place % 5, .at = place, .length = place + 9
    };
}

static struct index_place
put(struct index *ix, unsigned kind, uint64_t id, uint32_t place)
{
    assert_int_equal(index_reserve(ix, kind, id), 0);
    return index_set(ix, kind, id, at(place));
}

static void
is_at(const struct index *ix, unsigned kind, uint64_t id, uint32_t place)
{
    struct index_place want = at(place), got = index_find(ix, kind, id);

    assert_int_equal(got.segment, want.segment);
    assert_int_equal(got.at, want.at);
    assert_int_equal(got.length, want.length);
}

static size_t
chunks(const struct index *ix)
{
    size_t count = 0;

    for (unsigned i = 0; i < ROW_KINDS; i++)
        count += ix->kinds[i].count;
    return count;
}

static void
an_empty_index_finds_nothing(void **state)
{
    (void)state;
    struct index ix;
    uint64_t id = 0;

    index_init(&ix);
    assert_int_equal(index_find(&ix, 1, 0).segment, 0);
    assert_int_equal(index_find(&ix, 31, UINT64_MAX).segment, 0);
    assert_int_equal(index_next(&ix, 1, &id).segment, 0);
    assert_int_equal(index_clear(&ix, 1, 0).segment, 0);
    index_trim(&ix);
    index_fini(&ix);
}

static void
a_row_is_found_where_it_was_set_last(void **state)
{
    (void)state;
    struct index ix;

    index_init(&ix);
    assert_int_equal(put(&ix, 3, 77, 1).segment, 0);
    is_at(&ix, 3, 77, 1);
    assert_int_equal(put(&ix, 3, 77, 2).at, 1);
    is_at(&ix, 3, 77, 2);
    assert_int_equal(index_find(&ix, 4, 77).segment, 0);
    assert_int_equal(index_find(&ix, 3, 76).segment, 0);
    assert_int_equal(index_find(&ix, 3, 77 + CHUNK).segment, 0);
    assert_true(ix.rows == 1);
    assert_int_equal(index_clear(&ix, 3, 77).at, 2);
    assert_int_equal(index_clear(&ix, 3, 77).segment, 0);
    assert_int_equal(index_find(&ix, 3, 77).segment, 0);
    assert_true(ix.rows == 0);
    index_fini(&ix);
}

static void
the_ends_of_kinds_and_ids_are_rows_like_others(void **state)
{
    (void)state;
    static const uint64_t ids[] = { 0, CHUNK - 1, CHUNK, UINT64_MAX };
    struct index ix;

    index_init(&ix);
    for (unsigned kind = 1; kind < ROW_KINDS; kind += 30) {
        for (uint32_t i = 0; i < ARRAY_LEN(ids); i++)
            (void)put(&ix, kind, ids[i], kind * 10 + i);
    }
    for (unsigned kind = 1; kind < ROW_KINDS; kind += 30) {
        uint64_t id = 0;
        for (uint32_t i = 0; i < ARRAY_LEN(ids); i++) {
            assert_int_equal(index_next(&ix, kind, &id).at, kind * 10 + i);
            assert_true(id == ids[i]);
            id++;
        }
    }
    index_fini(&ix);
}

static void
chunks_without_rows_are_freed_by_a_trim(void **state)
{
    (void)state;
    struct index ix;

    index_init(&ix);
    for (uint64_t id = 0; id < 10 * CHUNK; id++)
        (void)put(&ix, 7, id, 1);
    index_trim(&ix);
    assert_int_equal(chunks(&ix), 10);
    for (uint64_t id = 0; id < 10 * CHUNK; id++) {
        if (id / CHUNK != 4) (void)index_clear(&ix, 7, id);
    }
    index_trim(&ix);
    assert_int_equal(chunks(&ix), 1);
    assert_true(ix.rows == CHUNK);
    is_at(&ix, 7, 4 * CHUNK + 3, 1);
    index_fini(&ix);
}

static void
a_reservation_that_is_not_used_costs_nothing_after_a_trim(void **state)
{
    (void)state;
    struct index ix;

    index_init(&ix);
    for (uint64_t id = 0; id < 100; id++)
        assert_int_equal(index_reserve(&ix, 2, id * CHUNK), 0);
    (void)index_set(&ix, 2, 50 * CHUNK, at(9));
    index_trim(&ix);
    assert_int_equal(chunks(&ix), 1);
    is_at(&ix, 2, 50 * CHUNK, 9);
    index_fini(&ix);
}

static void
a_chunk_that_empties_and_fills_before_the_trim_stays(void **state)
{
    (void)state;
    struct index ix;

    index_init(&ix);
    for (int i = 0; i < 5; i++) {
        (void)put(&ix, 2, 5, 1);
        (void)index_clear(&ix, 2, 5);
    }
    (void)put(&ix, 2, 6, 2);
    index_trim(&ix);
    is_at(&ix, 2, 6, 2);
    assert_int_equal(chunks(&ix), 1);
    index_fini(&ix);
}

static void
ids_that_rise_and_die_in_order_need_little_room(void **state)
{
    (void)state;
    struct index ix;

    index_init(&ix);
    for (uint64_t id = 0; id < 1000 * CHUNK; id++) {
        (void)put(&ix, 7, id, 1);
        if (id >= 1000) (void)index_clear(&ix, 7, id - 1000);
        index_trim(&ix);
    }
    assert_true(ix.rows == 1000);
    assert_true(chunks(&ix) <= 5);
    assert_true(ix.kinds[7].capacity <= 32);
    index_fini(&ix);
}

/* ---- against something simple -------------------------------------------- */

enum { IDS = 3000, KINDS = 3, STEPS = 200000 };

struct model {
    uint32_t places[KINDS][IDS]; /* 0: no such row. */
    uint64_t spread;             /* Between two ids. */
};

static void
agree(const struct index *ix, const struct model *m)
{
    uint64_t rows = 0;

    for (unsigned kind = 1; kind <= KINDS; kind++) {
        uint64_t next = 0;
        for (uint64_t i = 0; i < IDS; i++) {
            uint32_t place = m->places[kind - 1][i];
            if (place == 0) {
                assert_int_equal(
                    index_find(ix, kind, i * m->spread).segment, 0);
                continue;
            }
            is_at(ix, kind, i * m->spread, place);
            assert_int_equal(index_next(ix, kind, &next).at, place);
            assert_true(next == i * m->spread);
            next++;
            rows++;
        }
        assert_int_equal(index_next(ix, kind, &next).segment, 0);
    }
    assert_true(ix->rows == rows);
}

static void
play(uint64_t seed, uint64_t spread)
{
    struct model *m = calloc(1, sizeof *m);
    struct luck luck = { seed };
    struct index ix;

    assert_non_null(m);
    m->spread = spread;
    index_init(&ix);
    for (uint32_t step = 1; step <= STEPS; step++) {
        unsigned kind = 1 + (unsigned)luck_below(&luck, KINDS);
        size_t i = luck_below(&luck, IDS);
        uint32_t *place = &m->places[kind - 1][i];
        /* It fills up, then it empties. */
        if (luck_has(&luck, step < STEPS / 2 ? 3 : 1, 4)) {
            assert_int_equal(put(&ix, kind, i * spread, step).at, *place);
            *place = step;
        } else {
            assert_int_equal(index_clear(&ix, kind, i * spread).at, *place);
            *place = 0;
        }
        if (luck_has(&luck, 1, 10)) index_trim(&ix);
        if (step % (STEPS / 8) == 0) agree(&ix, m);
    }
    index_fini(&ix);
    free(m);
}

static void
dense_ids_in_any_order_are_found(void **state)
{
    (void)state;
    play(1, 1);
}

static void
sparse_ids_in_any_order_are_found(void **state)
{
    (void)state;
    play(2, 100);
    play(3, UINT64_C(1) << 40);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_index_finds_nothing),
        cmocka_unit_test(a_row_is_found_where_it_was_set_last),
        cmocka_unit_test(the_ends_of_kinds_and_ids_are_rows_like_others),
        cmocka_unit_test(chunks_without_rows_are_freed_by_a_trim),
        cmocka_unit_test(
            a_reservation_that_is_not_used_costs_nothing_after_a_trim),
        cmocka_unit_test(a_chunk_that_empties_and_fills_before_the_trim_stays),
        cmocka_unit_test(ids_that_rise_and_die_in_order_need_little_room),
        cmocka_unit_test(dense_ids_in_any_order_are_found),
        cmocka_unit_test(sparse_ids_in_any_order_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
