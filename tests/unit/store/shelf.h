/**
 * shelf.h - a store on a fake disk, and what is said about it in a line.
 * [tests]
 */
#ifndef SHELF_H
#define SHELF_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <string.h>

#include "common/base.h"
#include "common/stint_error.h"
#include "common/sys/say.h"
#include "master/store/format.h"
#include "master/store/store.h"
#include "tests/disk/fake.h"

enum { SEGMENT = 8 << 10, FULL = SEGMENT / 2 }; /* Half a segment is much. */

struct shelf {
    struct fake *fake;
    struct store *store; /* NULL: closed. */
};

static inline int
shelf_try_open(struct shelf *s)
{
    const struct store_config config = { .segment = SEGMENT };

    s->store = NULL;
    return store_open(fake_disk(s->fake), &config, &s->store);
}

static inline void
shelf_open(struct shelf *s)
{
    assert_int_equal(shelf_try_open(s), 0);
}

static inline struct shelf
shelf_new(void)
{
    struct shelf s = { .fake = fake_new(1) };

    shelf_open(&s);
    return s;
}

static inline void
shelf_close(struct shelf *s)
{
    store_close(s->store);
    s->store = NULL;
    assert_int_equal(fake_handles(s->fake), 0);
}

static inline void
shelf_reopen(struct shelf *s)
{
    shelf_close(s);
    shelf_open(s);
}

static inline int
shelf_see_nothing(void *arg, const char *name)
{
    (void)arg;
    (void)name;
    return 0;
}

/* The process dies, then maybe the power is cut: nothing more is written. */
static inline void
shelf_stop(struct shelf *s)
{
    struct disk *disk = fake_disk(s->fake);

    /* The call at which all stops may still have its effect. */
    fake_stop_at(s->fake, 1);
    assert_int_equal(disk->list(disk, shelf_see_nothing, NULL), FAKE_STOPPED);
    shelf_close(s);
}

static inline void
shelf_kill(struct shelf *s)
{
    shelf_stop(s);
    fake_kill(s->fake);
}

static inline void
shelf_cut_power(struct shelf *s)
{
    shelf_stop(s);
    fake_cut_power(s->fake);
}

static inline void
shelf_free(struct shelf *s)
{
    shelf_close(s);
    fake_free(s->fake);
}

/* The `length` bytes that row `id` has as its value of this turn. */
static inline void
shelf_value(struct buf *b, uint64_t id, unsigned turn, size_t length)
{
    buf_clear(b);
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = (uint8_t)(id * 31 + turn * 7 + i);
        buf_append(b, &byte, 1);
    }
    assert_false(b->failed);
}

static inline int
shelf_try_put(struct store *store, unsigned kind, uint64_t id, unsigned turn,
    size_t length)
{
    struct buf value, ops;

    buf_init(&value);
    buf_init(&ops);
    shelf_value(&value, id, turn, length);
    row_put(&ops, kind, id, (struct slice){ value.bytes, value.length });
    int rc = store_commit(store, (struct slice){ ops.bytes, ops.length }, true);
    buf_fini(&value);
    buf_fini(&ops);
    return rc;
}

static inline void
shelf_put(struct shelf *s, uint64_t id, unsigned turn, size_t length)
{
    assert_int_equal(shelf_try_put(s->store, 7, id, turn, length), 0);
}

static inline void
shelf_put_text(struct shelf *s, unsigned kind, uint64_t id, const char *text)
{
    struct buf ops;

    buf_init(&ops);
    row_put(&ops, kind, id, slice_of(text));
    assert_int_equal(
        store_commit(s->store, (struct slice){ ops.bytes, ops.length }, true),
        0);
    buf_fini(&ops);
}

static inline void
shelf_delete(struct shelf *s, unsigned kind, uint64_t id)
{
    struct buf ops;

    buf_init(&ops);
    row_delete(&ops, kind, id);
    assert_int_equal(
        store_commit(s->store, (struct slice){ ops.bytes, ops.length }, true),
        0);
    buf_fini(&ops);
}

static inline bool
shelf_is(struct store *store, uint64_t id, unsigned turn, size_t length)
{
    struct buf want, got;

    buf_init(&want);
    buf_init(&got);
    shelf_value(&want, id, turn, length);
    bool is = store_read(store, 7, id, &got) == 0
              && slice_equal((struct slice){ got.bytes, got.length },
                  (struct slice){ want.bytes, want.length });
    buf_fini(&want);
    buf_fini(&got);
    return is;
}

static inline void
shelf_has(struct shelf *s, uint64_t id, unsigned turn, size_t length)
{
    assert_true(shelf_is(s->store, id, turn, length));
}

static inline void
shelf_has_text(struct shelf *s, unsigned kind, uint64_t id, const char *text)
{
    struct buf got;

    buf_init(&got);
    assert_int_equal(store_read(s->store, kind, id, &got), 0);
    assert_true(
        slice_equal((struct slice){ got.bytes, got.length }, slice_of(text)));
    buf_fini(&got);
}

static inline void
shelf_has_not(struct shelf *s, unsigned kind, uint64_t id)
{
    struct buf got;

    buf_init(&got);
    assert_int_equal(store_read(s->store, kind, id, &got), STINT_ENOTASK);
    assert_int_equal(got.length, 0);
    buf_fini(&got);
}

/* All that can wait is done. */
static inline void
shelf_tend(struct shelf *s)
{
    int rc;

    while ((rc = store_tend(s->store)) == 1) {}
    assert_int_equal(rc, 0);
}

/* The sentence that was said last has these words. */
static inline void
shelf_said(const char *words)
{
    if (strstr(say_message(), words) != NULL) return;
    fail_msg("\"%s\" is not in: %s", words, say_message());
}

static inline bool
shelf_has_file(const struct shelf *s, const char *name)
{
    for (size_t i = 0; fake_name(s->fake, i) != NULL; i++) {
        if (strcmp(fake_name(s->fake, i), name) == 0) return true;
    }
    return false;
}

#endif
