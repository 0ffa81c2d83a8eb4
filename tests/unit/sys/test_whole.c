#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "common/sys/whole.h"

enum { LARGE = 1 << 20 }; /* More than a pipe holds. */

static char sent[LARGE], got[LARGE];

static void *
feed(void *arg)
{
    const int *to = arg;
    int error = whole_write(*to, sent, sizeof sent);

    (void)close(*to);
    return error == 0 ? NULL : arg;
}

static void
what_goes_through_in_pieces_arrives_whole(void **state)
{
    pthread_t writer;
    int ends[2];
    void *failed;
    (void)state;

    for (size_t i = 0; i < sizeof sent; i++) {
        sent[i] = (char)(i * 31 % 251);
    }
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(pthread_create(&writer, NULL, feed, &ends[1]), 0);
    assert_int_equal(whole_read(ends[0], got, sizeof got), sizeof got);
    assert_memory_equal(got, sent, sizeof got);
    assert_int_equal(whole_read(ends[0], got, sizeof got), 0);
    assert_int_equal(pthread_join(writer, &failed), 0);
    assert_null(failed);
    (void)close(ends[0]);
}

static void
an_end_before_the_size_is_no_error(void **state)
{
    int ends[2];
    (void)state;

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(whole_write(ends[1], "abc", 3), 0);
    (void)close(ends[1]);
    assert_int_equal(whole_read(ends[0], got, sizeof got), 3);
    (void)close(ends[0]);
}

static void
a_full_disk_is_told(void **state)
{
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    (void)state;

    assert_true(full >= 0);
    assert_int_equal(whole_write(full, "abc", 3), ENOSPC);
    assert_int_equal(whole_write(full, NULL, 0), 0);
    (void)close(full);
    assert_int_equal(whole_read(full, got, 1), -1);
    assert_int_equal(errno, EBADF);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_through_in_pieces_arrives_whole),
        cmocka_unit_test(an_end_before_the_size_is_no_error),
        cmocka_unit_test(a_full_disk_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
