/* Why there is no process, in words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "process/family.h"

static void
a_call_that_is_not_there_is_named(void **state)
{
    (void)state;
    const char *why = family_why(ENOSYS);

    assert_non_null(strstr(why, "pidfd_open"));
    assert_non_null(strstr(why, "valgrind"));
}

static void
what_else_there_may_be_is_told_as_the_system_does(void **state)
{
    (void)state;
    assert_string_equal(family_why(EMFILE), strerrordesc_np(EMFILE));
    assert_string_equal(family_why(EAGAIN), strerrordesc_np(EAGAIN));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_that_is_not_there_is_named),
        cmocka_unit_test(what_else_there_may_be_is_told_as_the_system_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
