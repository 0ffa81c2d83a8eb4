#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "master/core/news.h"

static void
add(struct news *news, uint64_t task)
{
    news_add(news, &(struct news_item){ .kind = NEWS_DEAD, .task = task },
        slice_of("w"), slice_of("q"), slice_of("why"));
}

static void
news_come_in_order_and_once(void **state)
{
    static struct news news;
    struct news_item item;

    (void)state;
    for (uint64_t i = 1; i <= 200; i++) {
        add(&news, i);
        add(&news, i + 1000);
        assert_true(news_next(&news, &item));
        assert_int_equal(item.task, i);
        assert_string_equal(item.who, "w");
        assert_string_equal(item.where, "q");
        assert_string_equal(item.what, "why");
        assert_true(news_next(&news, &item));
        assert_int_equal(item.task, i + 1000);
        assert_false(news_next(&news, &item));
    }
    assert_int_equal(news_missed(&news), 0);
}

static void
a_storm_is_counted_and_not_kept(void **state)
{
    static struct news news;
    struct news_item item;
    unsigned kept = 0;

    (void)state;
    for (uint64_t i = 0; i < 1000; i++) {
        add(&news, i);
    }
    while (news_next(&news, &item)) {
        assert_int_equal(item.task, kept);
        kept++;
    }
    assert_int_equal(kept, NEWS_ROOM);
    assert_int_equal(news_missed(&news), 1000 - NEWS_ROOM);
    assert_int_equal(news_missed(&news), 0);
    add(&news, 7);
    assert_true(news_next(&news, &item));
}

static void
long_names_are_cut(void **state)
{
    static struct news news;
    struct news_item item;
    uint8_t name[255];

    (void)state;
    memset(name, 'n', sizeof name);
    news_add(&news, &(struct news_item){ .kind = NEWS_LOST },
        (struct slice){ name, sizeof name }, (struct slice){ NULL, 0 },
        slice_of(""));
    assert_true(news_next(&news, &item));
    assert_int_equal(strlen(item.who), NEWS_NAME - 1);
    assert_string_equal(item.where, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(news_come_in_order_and_once),
        cmocka_unit_test(a_storm_is_counted_and_not_kept),
        cmocka_unit_test(long_names_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
