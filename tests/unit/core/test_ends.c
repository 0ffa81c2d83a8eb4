/* The tables of how tasks ended. */
#include "common/stint_error.h"
#include "master/core/ends.h"
#include "master/core/task.h"
#include "tests/unit/core/unit.h"

enum { MANY = 10 * ENDS_CHUNK };

/* Task `seq` ends next. */
static struct end *
end_one(struct ends *ends, struct task *t, uint64_t seq, const char *output)
{
    const struct rec_end r = {
        .seq = seq,
        .task = 1000 + seq,
        .worker = slice_of("w"),
        .payload = slice_of("p"),
        .output = slice_of(output),
    };

    assert_true(ends_reserve(ends, seq));
    t->seq = seq;
    ends_open(ends, t);
    struct end *e = ends_make(ends, &r, false, 0);
    assert_non_null(e);
    ends_add(ends, e);
    return e;
}

static void
an_end_is_found_by_place_and_by_number(void **state)
{
    struct ends ends;
    struct task t = { .seq = 0 };

    (void)state;
    ends_init(&ends);
    struct end *last = end_one(&ends, &t, 2, "second place");
    struct end *first = end_one(&ends, &t, 1, "first place");
    assert_ptr_equal(ends_at(&ends, ENDS_BY_SEQ, 1).is.end, first);
    assert_ptr_equal(ends_at(&ends, ENDS_BY_NUMBER, 1).is.end, last);
    assert_int_equal(ends_at(&ends, ENDS_BY_SEQ, 3).kind, ENDS_NONE);
    struct rec_end r = ends_record(first);
    assert_true(slice_equal(r.output, slice_of("first place")));
    assert_true(slice_equal(r.payload, slice_of("p")));
    assert_true(slice_equal(r.worker, slice_of("w")));
    ends_fini(&ends);
}

static void
what_is_dropped_keeps_no_memory_and_is_passed_over(void **state)
{
    struct ends ends;
    struct task t = { .seq = 0 };

    (void)state;
    ends_init(&ends);
    for (uint64_t seq = 1; seq <= MANY; seq++)
        (void)end_one(&ends, &t, seq, "x");
    size_t full = ends.memory;
    for (uint64_t seq = 1; seq < MANY; seq++)
        ends_drop(&ends, ends_at(&ends, ENDS_BY_SEQ, seq).is.end);
    assert_int_equal(ends.dropped, MANY - 1);
    assert_int_equal(ends.kept, 1);
    assert_true(ends.memory < full / 10);
    assert_int_equal(ends_skip(&ends, ENDS_BY_SEQ, 0), MANY);
    assert_int_equal(ends_skip(&ends, ENDS_BY_NUMBER, 0), MANY);
    ends_fini(&ends);
}

static void
a_withdrawn_end_leaves_its_place_and_not_its_number(void **state)
{
    struct ends ends;
    struct task t = { .seq = 0 };

    (void)state;
    ends_init(&ends);
    struct end *e = end_one(&ends, &t, 1, "no");
    ends_withdraw(&ends, e, &t);
    assert_int_equal(ends_at(&ends, ENDS_BY_SEQ, 1).kind, ENDS_TASK);
    assert_int_equal(ends_at(&ends, ENDS_BY_NUMBER, 1).kind, ENDS_GONE);
    e = end_one(&ends, &t, 1, "yes");
    assert_int_equal(e->number, 2);
    ends_fini(&ends);
}

static void
what_the_store_does_not_have_is_gone(void **state)
{
    struct ends ends;
    uint64_t gone = 0;
    const struct rec_end r = { .seq = 3 * ENDS_CHUNK, .task = 1, .number = 7 };

    (void)state;
    ends_init(&ends);
    ends.given = 9;
    assert_int_equal(ends_restore(&ends, &r, true), 0);
    assert_int_equal(ends_restore(&ends, &r, true), STINT_EDAMAGED);
    assert_true(ends_settle(&ends, MANY, &gone));
    assert_int_equal(gone, MANY - 1);
    assert_int_equal(ends_skip(&ends, ENDS_BY_SEQ, 0), 3 * ENDS_CHUNK);
    assert_int_equal(ends_skip(&ends, ENDS_BY_NUMBER, 0), 7);
    assert_int_equal(ends_skip(&ends, ENDS_BY_NUMBER, 7), 10);
    ends_fini(&ends);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_is_found_by_place_and_by_number),
        cmocka_unit_test(what_is_dropped_keeps_no_memory_and_is_passed_over),
        cmocka_unit_test(a_withdrawn_end_leaves_its_place_and_not_its_number),
        cmocka_unit_test(what_the_store_does_not_have_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
