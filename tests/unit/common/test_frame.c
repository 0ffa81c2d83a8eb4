#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>

#include "common/frame.h"

static struct frame *
frame_of(const char *text, uint64_t number)
{
    size_t length = strlen(text);
    uint8_t *bytes = malloc(length + 1);

    assert_non_null(bytes);
    memcpy(bytes, text, length + 1);
    struct frame *f = frame_new(bytes, length, number);
    assert_non_null(f);
    return f;
}

static void
a_frame_owns_its_bytes(void **state)
{
    (void)state;
    struct frame *f = frame_of("abc", 7);

    assert_int_equal(f->length, 3);
    assert_memory_equal(f->bytes, "abc", 3);
    assert_int_equal(f->number, 7);
    assert_true(list_is_empty(&f->node));
    frame_drop(f);
    frame_drop(NULL);
}

static void
the_last_owner_frees_it(void **state)
{
    (void)state;
    struct frame *f = frame_of("abc", 0);

    assert_ptr_equal(frame_hold(f), f);
    frame_drop(f);
    assert_memory_equal(f->bytes, "abc", 3);
    frame_drop(f);
}

/* The thread sanitizer and the leak checker are the judges. */
static void *
hold_and_drop(void *arg)
{
    struct frame *f = arg;

    for (int i = 0; i < 10000; i++)
        frame_drop(frame_hold(f));
    frame_drop(f);
    return NULL;
}

static void
owners_may_let_go_in_several_threads(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    struct frame *f = frame_of("abc", 1);
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, hold_and_drop, frame_hold(f)), 0);
    }
    frame_drop(f);
    for (int i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_owns_its_bytes),
        cmocka_unit_test(the_last_owner_frees_it),
        cmocka_unit_test(owners_may_let_go_in_several_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
