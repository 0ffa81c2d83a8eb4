/* The committer with a real store on a disk that does as it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>

#include "common/stint_error.h"
#include "common/sys/say.h"
#include "master/server/committer.h"
#include "tests/unit/server/gate.h"

enum { SHORT_MS = 100, LONG_MS = 20000, SEGMENT = 64 << 10 };

struct rig {
    struct gate gate;
    char path[64];
    struct store *store;
    struct committer *committer;
};

static int
set_up(void **state)
{
    static struct rig r;
    const struct store_config config = { .segment = SEGMENT };
    const struct logger silent = { .write = NULL };

    (void)snprintf(r.path, sizeof r.path, "%s", gate_folder());
    assert_true(gate_init(&r.gate, r.path));
    assert_int_equal(store_open(&r.gate.disk, &config, &r.store), 0);
    assert_int_equal(committer_start(r.store, &silent, &r.committer), 0);
    *state = &r;
    return 0;
}

static int
tear_down(void **state)
{
    struct rig *r = *state;

    gate_shut(&r->gate, false);
    gate_fill(&r->gate, false);
    committer_stop(r->committer);
    store_close(r->store);
    gate_fini(&r->gate);
    gate_remove_folder(r->path);
    return 0;
}

/* A row of `size` bytes. */
static void
give(struct rig *r, uint64_t number, size_t size)
{
    struct core_batch batch = { .number = number, .sync = true };
    uint8_t *value = calloc(1, size + 1);

    assert_non_null(value);
    buf_init(&batch.ops);
    row_put(&batch.ops, 7, number, (struct slice){ value, size });
    free(value);
    committer_give(r->committer, &batch);
    assert_null(batch.ops.bytes);
}

/* Wait for news; false when none come in time. */
static bool
hear(struct rig *r, int patience_ms, struct committer_news *news)
{
    struct pollfd fd = { .fd = committer_fd(r->committer), .events = POLLIN };

    memset(news, 0, sizeof *news);
    while (poll(&fd, 1, patience_ms) > 0) {
        committer_wake(r->committer);
        if (committer_hear(r->committer, news)) return true;
    }
    return false;
}

/* Wait until the batch is done. */
static void
hear_done(struct rig *r, uint64_t number, struct committer_news *news)
{
    do {
        assert_true(hear(r, LONG_MS, news));
        assert_int_equal(news->failed, 0);
    } while (news->number == 0);
    assert_int_equal(news->number, number);
    assert_non_null(news->ops.bytes);
    buf_fini(&news->ops);
}

static void
a_batch_is_done_when_it_is_on_the_disk(void **state)
{
    struct rig *r = *state;
    struct committer_news news;

    gate_shut(&r->gate, true);
    assert_true(committer_is_idle(r->committer));
    give(r, 1, 10);
    assert_false(committer_is_idle(r->committer));
    assert_false(hear(r, SHORT_MS, &news));
    gate_shut(&r->gate, false);
    hear_done(r, 1, &news);
    assert_true(committer_is_idle(r->committer));
    assert_false(news.full);
}

static void
what_is_done_can_be_read_and_is_not_told_twice(void **state)
{
    struct rig *r = *state;
    struct committer_news news;
    struct buf value;

    for (uint64_t i = 1; i <= 100; i++) {
        give(r, i, (size_t)i * 100);
        hear_done(r, i, &news);
    }
    assert_false(hear(r, SHORT_MS, &news));
    buf_init(&value);
    assert_int_equal(store_read(r->store, 7, 100, &value), 0);
    assert_int_equal(value.length, 10000);
    buf_fini(&value);
}

static void
a_full_disk_keeps_the_batch_and_goes_on_when_there_is_room(void **state)
{
    struct rig *r = *state;
    struct committer_news news;

    gate_fill(&r->gate, true);
    give(r, 1, 20 * SEGMENT); /* More than any reserve. */
    assert_true(hear(r, LONG_MS, &news));
    assert_int_equal(news.failed, 0);
    assert_int_equal(news.number, 0);
    assert_true(news.full);
    assert_false(committer_is_idle(r->committer));

    gate_fill(&r->gate, false);
    hear_done(r, 1, &news);
    while (news.full) {
        assert_true(hear(r, LONG_MS, &news));
    }
}

static void
a_full_disk_does_not_keep_it_from_stopping(void **state)
{
    struct rig *r = *state;
    struct committer_news news;

    gate_fill(&r->gate, true);
    give(r, 1, 20 * SEGMENT);
    assert_true(hear(r, LONG_MS, &news));
    committer_stop(r->committer);
    r->committer = NULL;
}

static void
a_failed_sync_is_told_and_nothing_is_done_any_more(void **state)
{
    struct rig *r = *state;
    struct committer_news news;

    gate_break(&r->gate, 0, -EIO);
    give(r, 1, 10);
    assert_true(hear(r, LONG_MS, &news));
    assert_int_equal(news.failed, STINT_EDISK);
    assert_int_equal(news.number, 0);
    assert_string_not_equal(say_message(), "");
    gate_break(&r->gate, 0, 0);
    assert_false(hear(r, SHORT_MS, &news));
    assert_false(committer_is_idle(r->committer));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_batch_is_done_when_it_is_on_the_disk),
        TEST(what_is_done_can_be_read_and_is_not_told_twice),
        TEST(a_full_disk_keeps_the_batch_and_goes_on_when_there_is_room),
        TEST(a_full_disk_does_not_keep_it_from_stopping),
        TEST(a_failed_sync_is_told_and_nothing_is_done_any_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
