/* Which part of an output is standard output, whatever a peer wrote of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base.h"
#include "proto/attempts.h"
#include "proto/record.h"

static void
add(struct buf *notes, uint64_t attempt, uint64_t out)
{
    const struct rec_attempt r = { .attempt = attempt, .out = out };

    record_write(notes, RECORD_attempt, &r);
}

static size_t
out_of(const struct buf *notes, size_t length, uint64_t attempts)
{
    const struct rec_end end = {
        .attempts = attempts,
        .notes = { notes->bytes, notes->length },
        .output = { slice_of("outputerror").bytes, 11 },
    };
    struct slice out, err;

    attempts_split(&end, &out, &err);
    assert_int_equal(out.length + err.length, length);
    assert_ptr_equal(out.bytes, end.output.bytes);
    if (err.length > 0) assert_ptr_equal(err.bytes, out.bytes + out.length);
    return out.length;
}

static void
only_the_last_attempt_says_and_no_more_than_there_is(void **state)
{
    struct buf notes;

    (void)state;
    buf_init(&notes);
    assert_int_equal(out_of(&notes, 11, 1), 11); /* Nothing is said. */
    add(&notes, 1, 3);
    assert_int_equal(out_of(&notes, 11, 1), 3);
    assert_int_equal(out_of(&notes, 11, 2), 11); /* An older one. */
    add(&notes, 2, 6);
    assert_int_equal(out_of(&notes, 11, 2), 6);
    add(&notes, 3, 400);
    assert_int_equal(out_of(&notes, 11, 3), 11);
    buf_fini(&notes);
}

static void
what_is_no_attempt_ends_the_list(void **state)
{
    struct buf notes;

    (void)state;
    buf_init(&notes);
    add(&notes, 1, 3);
    buf_append(&notes, "\xc1", 1);
    add(&notes, 1, 7);
    assert_int_equal(out_of(&notes, 11, 1), 3);
    buf_fini(&notes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_last_attempt_says_and_no_more_than_there_is),
        cmocka_unit_test(what_is_no_attempt_ends_the_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
