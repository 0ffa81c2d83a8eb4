#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base.h"
#include "common/error.h"

static const struct {
    int code;
    const char *name;
    bool can_retry;
} all[] = {
#define ROW(name, number, retry, text) { number, #name, (retry) != 0 },
    STINT_ERRORS(ROW)
#undef ROW
};

static void
every_error_has_a_name_and_a_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        assert_string_equal(error_name(all[i].code), all[i].name);
        assert_true(strlen(error_text(all[i].code)) > 10);
        assert_true(error_can_retry(all[i].code) == all[i].can_retry);
    }
}

static void
numbers_run_from_minus_one_without_a_gap(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        assert_int_equal(all[i].code, -(int)i - 1);
    }
    assert_int_equal(all[ARRAY_LEN(all) - 1].code, STINT_ERROR_LAST_);
}

static void
no_two_errors_share_a_name_or_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(all[i].name, all[j].name);
            assert_string_not_equal(
                error_text(all[i].code), error_text(all[j].code));
        }
    }
}

static void
success_and_strange_numbers_have_words_too(void **state)
{
    (void)state;
    static const int strange[] = { 1, STINT_ERROR_LAST_ - 1, INT32_MIN,
        INT32_MAX };

    assert_string_equal(error_name(STINT_OK), "OK");
    assert_string_equal(error_text(STINT_OK), "no error");
    assert_false(error_can_retry(STINT_OK));
    for (size_t i = 0; i < ARRAY_LEN(strange); i++) {
        assert_string_equal(error_name(strange[i]), "EUNKNOWN");
        assert_non_null(error_text(strange[i]));
        assert_false(error_can_retry(strange[i]));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_a_name_and_a_text),
        cmocka_unit_test(numbers_run_from_minus_one_without_a_gap),
        cmocka_unit_test(no_two_errors_share_a_name_or_text),
        cmocka_unit_test(success_and_strange_numbers_have_words_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
