/* What a store says of bytes that are not what it wrote, and what it does not
 * say; what store_check() and store_copy() make of them. */
#include <inttypes.h>

#include "tests/unit/store/shelf.h"

static const char first_name[] = "0000000000000001.log";

/* Rows 1 … 6 in three segments, closed. */
static struct shelf
three_segments(void)
{
    struct shelf s = shelf_new();

    for (uint64_t id = 1; id <= 6; id++)
        shelf_put(&s, id, 0, FULL - 300);
    shelf_close(&s);
    return s;
}

static void
refused(struct shelf *s, int code, const char *file, const char *words)
{
    assert_int_equal(shelf_try_open(s), code);
    assert_int_equal(fake_handles(s->fake), 0);
    shelf_said(file);
    shelf_said(words);
}

/* Where the n-th block of a file begins, from 0. */
static uint64_t
block_at(const struct shelf *s, const char *name, unsigned n)
{
    struct slice bytes = fake_contents(s->fake, name);

    for (uint64_t at = FORMAT_SEGMENT_HEADER; at < bytes.length; at += 8) {
        if (memcmp(bytes.bytes + at, "BLOK", 4) == 0 && n-- == 0) return at;
    }
    fail_msg("%s has fewer blocks", name);
    return 0;
}

static void
flip(struct shelf *s, const char *name, uint64_t at)
{
    fake_flip(s->fake, name, at, 0x10);
}

/* ---- refused ------------------------------------------------------------- */

static void
a_missing_segment_is_refused_by_name(void **state)
{
    (void)state;
    static const char *const names[] = { "0000000000000001.log",
        "0000000000000002.log" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct shelf s = three_segments();
        fake_lose(s.fake, names[i]);
        refused(&s, STINT_EDAMAGED, names[i], "missing");
        fake_free(s.fake);
    }
}

/* Closed in order, also when nobody tended. */
static void
a_newest_segment_that_is_missing_is_missed_by_the_one_before(void **state)
{
    (void)state;

    for (int tended = 0; tended < 2; tended++) {
        struct shelf s = shelf_new();
        for (uint64_t id = 1; id <= 6; id++) {
            shelf_put(&s, id, 0, FULL - 300);
            if (tended != 0) shelf_tend(&s);
        }
        if (tended != 0) shelf_kill(&s);
        if (tended == 0) shelf_close(&s);
        assert_true(shelf_has_file(&s, "0000000000000003.log"));
        assert_false(shelf_has_file(&s, "0000000000000004.log"));
        fake_lose(s.fake, "0000000000000003.log");
        refused(&s, STINT_EDAMAGED, "0000000000000002.log", "missing");
        fake_free(s.fake);
    }
}

/* The header of `name`, changed and with a right checksum. */
static void
change_header(struct shelf *s, const char *name,
    void (*change)(struct format_segment *header))
{
    uint8_t bytes[FORMAT_SEGMENT_HEADER], new[FORMAT_SEGMENT_HEADER];
    struct format_segment header;

    memcpy(bytes, fake_contents(s->fake, name).bytes, sizeof bytes);
    assert_int_equal(format_read_segment(bytes, &header), 0);
    change(&header);
    format_write_segment(new, &header);
    for (size_t i = 0; i < sizeof bytes; i++)
        fake_flip(s->fake, name, i, bytes[i] ^ new[i]);
}

static void
change_id(struct format_segment *header)
{
    header->id[3] ^= 1;
}

static void
change_version(struct format_segment *header)
{
    header->version += 1;
}

static void
a_segment_of_another_store_is_refused_by_name(void **state)
{
    (void)state;
    struct shelf s = three_segments();

    change_header(&s, "0000000000000002.log", change_id);
    refused(&s, STINT_EDAMAGED, "0000000000000002.log", "another store");
    fake_free(s.fake);
}

static void
a_segment_of_another_version_is_refused_by_name(void **state)
{
    (void)state;
    static const char *const names[] = { "0000000000000001.log",
        "0000000000000002.log", "0000000000000003.log" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct shelf s = three_segments();
        change_header(&s, names[i], change_version);
        refused(&s, STINT_EFORMAT, names[i], "version");
        fake_free(s.fake);
    }
}

static void
a_segment_that_is_cut_short_is_refused_by_name(void **state)
{
    (void)state;
    struct shelf s = three_segments();

    fake_resize(s.fake, "0000000000000002.log", 40);
    refused(&s, STINT_EDAMAGED, "0000000000000002.log", "cut short");
    fake_free(s.fake);
}

/* All bytes of all files, so that a change is seen. */
static uint64_t
sum(const struct shelf *s)
{
    uint64_t sum = 0;

    for (size_t i = 0; fake_name(s->fake, i) != NULL; i++) {
        struct slice bytes = fake_contents(s->fake, fake_name(s->fake, i));
        for (size_t j = 0; j < bytes.length; j++)
            sum = sum * 31 + bytes.bytes[j];
    }
    return sum;
}

static void
a_flipped_bit_is_refused_with_file_and_offset_and_nothing_changes(void **state)
{
    (void)state;
    static const uint64_t places[] = { 0, 5, 20, 44, 48, 60, 1000 };

    for (unsigned block = 0; block < 2; block++) {
        for (size_t i = 0; i < ARRAY_LEN(places); i++) {
            struct shelf s = three_segments();
            char words[64];
            uint64_t at = block_at(&s, "0000000000000002.log", block);

            flip(&s, "0000000000000002.log", at + places[i]);
            (void)snprintf(words, sizeof words, "at byte %" PRIu64, at);
            uint64_t before = sum(&s);
            refused(&s, STINT_EDAMAGED, "0000000000000002.log", words);
            shelf_said("stint store check");
            assert_true(sum(&s) == before);
            fake_free(s.fake);
        }
    }
}

static void
damage_in_the_newest_segment_before_what_was_synced_is_refused(void **state)
{
    (void)state;
    struct shelf s = shelf_new();

    for (uint64_t id = 1; id <= 4; id++)
        shelf_put(&s, id, 0, 100);
    shelf_kill(&s);
    flip(&s, first_name, block_at(&s, first_name, 1) + 50);
    refused(&s, STINT_EDAMAGED, first_name, "at byte");
    fake_free(s.fake);
}

static void
a_closed_log_has_no_torn_end(void **state)
{
    (void)state;
    struct shelf s = shelf_new();

    shelf_put(&s, 1, 0, 100);
    shelf_put(&s, 2, 0, 100);
    shelf_close(&s);
    flip(&s, first_name, block_at(&s, first_name, 1) + 50);
    refused(&s, STINT_EDAMAGED, first_name, "cannot be read");
    fake_free(s.fake);
}

static void
a_row_that_rots_while_the_store_is_open_is_not_handed_out(void **state)
{
    (void)state;
    struct shelf s = shelf_new();
    struct buf got;

    shelf_put(&s, 1, 0, 100);
    shelf_put(&s, 2, 0, 100);
    flip(&s, first_name, block_at(&s, first_name, 0) + 100);
    buf_init(&got);
    assert_int_equal(store_read(s.store, 7, 1, &got), STINT_EDAMAGED);
    shelf_said(first_name);
    assert_int_equal(got.length, 0);
    buf_fini(&got);
    shelf_has(&s, 2, 0, 100);
    shelf_free(&s);
}

/* ---- torn ---------------------------------------------------------------- */

static void
a_torn_end_is_cut_wherever_it_was_torn(void **state)
{
    (void)state;

    for (uint64_t keep = 0; keep < 148; keep += 3) {
        struct shelf s = shelf_new();

        shelf_put(&s, 1, 0, 100);
        shelf_put(&s, 2, 0, 100);
        shelf_kill(&s);
        fake_resize(s.fake, first_name, block_at(&s, first_name, 1) + keep);
        shelf_open(&s);
        shelf_has(&s, 1, 0, 100);
        shelf_has_not(&s, 7, 2);
        assert_int_equal(store_stat(s.store).torn > 0, keep >= 48);
        shelf_put(&s, 3, 0, 30);
        shelf_reopen(&s);
        assert_true(store_stat(s.store).torn == 0);
        shelf_has(&s, 1, 0, 100);
        shelf_has_not(&s, 7, 2);
        shelf_has(&s, 3, 0, 30);
        shelf_free(&s);
    }
}

static void
what_stood_in_a_torn_end_never_comes_back(void **state)
{
    (void)state;
    struct shelf s = shelf_new();

    shelf_put(&s, 1, 0, 100);
    uint64_t at = block_at(&s, first_name, 0) + 160;
    struct buf ops;

    /* Unsynced batches, of which the first is lost and the others are not. */
    buf_init(&ops);
    for (uint64_t id = 2; id <= 5; id++) {
        buf_clear(&ops);
        row_put(&ops, 7, id, slice_of("unsynced"));
        assert_int_equal(store_commit(s.store,
                             (struct slice){ ops.bytes, ops.length }, false),
            0);
    }
    buf_fini(&ops);
    shelf_kill(&s);
    flip(&s, first_name, at + 20);
    shelf_open(&s);
    assert_true(store_stat(s.store).torn > 0);
    for (uint64_t id = 2; id <= 5; id++)
        shelf_has_not(&s, 7, id);
    /* A batch as long as the lost one: behind it stood a whole one. */
    shelf_put_text(&s, 7, 2, "synced!!");
    shelf_kill(&s);
    shelf_open(&s);
    shelf_has_text(&s, 7, 2, "synced!!");
    shelf_has_not(&s, 7, 3);
    shelf_free(&s);
}

/* ---- payloads ------------------------------------------------------------ */

/* A header of a block for each place in [from, to), of a store whose id is not
 * known to who writes it, which claims a future that needs all of it. */
static void
forge(struct buf *value, uint64_t from, uint64_t to, unsigned shift)
{
    static const uint8_t id[FORMAT_ID_BYTES] = { 0 };

    buf_clear(value);
    buf_append(value, "1234567", shift);
    for (uint64_t at = from; at < to; at += FORMAT_BLOCK_HEADER) {
        uint8_t bytes[FORMAT_BLOCK_HEADER];
        struct format_block b = {
            .number = 1000 + at, .first = 1000, .synced = 1000 + at
        };
        format_write_block(bytes, (struct format_place){ id, 1, at }, &b,
            (struct slice){ NULL, 0 });
        buf_append(value, bytes, sizeof bytes);
    }
}

/* The last block has this payload; torn or whole, nothing in it is a block. */
static void
is_no_block(struct shelf *s, struct slice value)
{
    struct buf ops;

    buf_init(&ops);
    row_put(&ops, 7, 2, value);
    assert_int_equal(
        store_commit(s->store, (struct slice){ ops.bytes, ops.length }, true),
        0);
    shelf_kill(s);
    buf_fini(&ops);
    struct fake *whole = fake_copy(s->fake, 1);
    flip(s, first_name, block_at(s, first_name, 1) + 20);
    shelf_open(s);
    shelf_has(s, 1, 0, 100);
    shelf_has_not(s, 7, 2);
    shelf_free(s);

    s->fake = whole;
    shelf_open(s);
    shelf_has(s, 1, 0, 100);
    assert_true(store_stat(s->store).rows == 2);
    assert_true(store_stat(s->store).torn == 0);
    shelf_free(s);
}

static void
a_payload_that_looks_like_blocks_is_none(void **state)
{
    (void)state;

    for (unsigned shift = 0; shift < 8; shift++) {
        struct shelf s = shelf_new();
        struct buf value;

        shelf_put(&s, 1, 0, 100);
        buf_init(&value);
        forge(&value, 200, 4000, shift);
        is_no_block(&s, (struct slice){ value.bytes, value.length });
        buf_fini(&value);
    }
}

static void
a_payload_that_is_a_copy_of_the_log_is_none(void **state)
{
    (void)state;

    for (unsigned shift = 0; shift < 8; shift++) {
        struct shelf s = shelf_new();
        struct buf value;

        shelf_put(&s, 1, 0, 100);
        struct slice log = fake_contents(s.fake, first_name);
        buf_init(&value);
        buf_append(&value, "1234567", shift);
        buf_append(&value, log.bytes, log.length < 400 ? log.length : 400);
        is_no_block(&s, (struct slice){ value.bytes, value.length });
        buf_fini(&value);
    }
}

/* ---- store_check --------------------------------------------------------- */

struct report {
    unsigned found, rows;
    char file[FORMAT_NAME];
    uint64_t at;
    bool ids[10];
};

static void
note_found(void *arg, const char *file, uint64_t offset, const char *what)
{
    struct report *r = arg;

    assert_true(strlen(what) > 0);
    if (r->found++ > 0) return;
    (void)snprintf(r->file, sizeof r->file, "%s", file);
    r->at = offset;
}

static int
note_row(void *arg, const struct row *row)
{
    struct report *r = arg;

    r->rows++;
    if (row->id < ARRAY_LEN(r->ids)) r->ids[row->id] = !row->deleted;
    return 0;
}

static int
check(struct shelf *s, struct report *r, struct store_stat *stat)
{
    const struct store_check check = {
        .found = note_found, .row = note_row, .arg = r
    };

    *r = (struct report){ .found = 0 };
    uint64_t before = sum(s);
    int rc = store_check(fake_disk(s->fake), &check, stat);
    assert_true(sum(s) == before);
    return rc;
}

static void
a_check_of_a_sound_store_shows_its_rows_and_finds_nothing(void **state)
{
    (void)state;
    struct shelf s = three_segments();
    struct store_stat stat;
    struct report r;

    assert_int_equal(check(&s, &r, &stat), 0);
    assert_int_equal(r.found, 0);
    assert_int_equal(r.rows, 6);
    assert_true(stat.rows == 6);
    assert_true(stat.was_closed);
    assert_int_equal(stat.segments, 3);
    shelf_open(&s);
    assert_true(store_stat(s.store).live == stat.live);
    shelf_put_text(&s, 7, 8, "in use");
    assert_int_equal(check(&s, &r, NULL), 0);
    assert_true(r.ids[8]);
    shelf_free(&s);
}

static void
a_check_of_no_store_finds_nothing(void **state)
{
    (void)state;
    struct shelf s = { .fake = fake_new(1) };
    struct report r;

    assert_int_equal(check(&s, &r, NULL), 0);
    assert_int_equal(r.found + r.rows, 0);
    fake_free(s.fake);
}

static void
a_check_finds_file_and_offset_and_shows_the_rest(void **state)
{
    (void)state;

    for (uint64_t id = 1; id <= 6; id++) {
        struct shelf s = three_segments();
        struct report r;
        char name[FORMAT_NAME];

        format_name(name, (id + 1) / 2);
        uint64_t at = block_at(&s, name, (unsigned)(id + 1) % 2);
        flip(&s, name, at + 100);
        assert_int_equal(check(&s, &r, NULL), STINT_EDAMAGED);
        assert_int_equal(r.found, 1);
        assert_string_equal(r.file, name);
        assert_true(r.at == at);
        for (uint64_t other = 1; other <= 6; other++)
            assert_int_equal(r.ids[other], other != id);
        fake_free(s.fake);
    }
}

static void
a_check_shows_what_is_left_when_a_segment_is_gone(void **state)
{
    (void)state;

    for (uint64_t gone = 1; gone <= 3; gone++) {
        struct shelf s = three_segments();
        struct report r;
        char name[FORMAT_NAME];

        format_name(name, gone);
        fake_lose(s.fake, name);
        assert_int_equal(check(&s, &r, NULL), STINT_EDAMAGED);
        assert_int_equal(r.found, 1);
        /* Of the newest only the one before it can tell. */
        format_name(name, gone < 3 ? gone : 2);
        assert_string_equal(r.file, name);
        for (uint64_t id = 1; id <= 6; id++)
            assert_int_equal(r.ids[id], (id + 1) / 2 != gone);
        fake_free(s.fake);
    }
}

static void
a_check_shows_what_is_left_when_a_header_is_not_known(void **state)
{
    (void)state;

    for (uint64_t bad = 1; bad <= 2; bad++) {
        struct shelf s = three_segments();
        struct report r;
        char name[FORMAT_NAME];

        format_name(name, bad);
        change_header(&s, name, change_version);
        assert_int_equal(check(&s, &r, NULL), STINT_EFORMAT);
        assert_int_equal(r.found, 1);
        assert_string_equal(r.file, name);
        for (uint64_t id = 1; id <= 6; id++)
            assert_int_equal(r.ids[id], (id + 1) / 2 != bad);
        fake_free(s.fake);
    }
}

/* ---- store_copy ---------------------------------------------------------- */

static void
a_copy_of_a_store_in_use_opens(void **state)
{
    (void)state;
    struct shelf s = shelf_new(), copy = { .fake = fake_new(2) };
    struct store_stat stat;

    for (unsigned turn = 0; turn < 30; turn++) {
        shelf_put(&s, turn % 3, turn, FULL - 200);
        shelf_tend(&s);
    }
    assert_int_equal(
        store_copy(fake_disk(s.fake), fake_disk(copy.fake), &stat), 0);
    assert_true(stat.rows == 3);
    fake_cut_power(copy.fake);
    shelf_open(&copy);
    for (unsigned turn = 27; turn < 30; turn++)
        shelf_has(&copy, turn % 3, turn, FULL - 200);
    shelf_put(&s, 5, 0, 100);
    shelf_has_not(&copy, 7, 5);
    shelf_free(&copy);
    shelf_free(&s);
}

/* Somebody who commits between any two calls of the copy. */
struct busy {
    struct shelf *shelf;
    unsigned turn, most;
    bool inside;
};

static void
commit_too(void *arg, enum fake_call call, const char *name, uint64_t at,
    uint64_t length, int64_t result)
{
    struct busy *b = arg;

    (void)call;
    (void)name;
    (void)at;
    (void)length;
    (void)result;
    if (b->inside || b->turn == b->most) return;
    b->inside = true;
    b->turn++;
    shelf_put(b->shelf, 1, b->turn, 1000);
    (void)store_tend(b->shelf->store);
    b->inside = false;
}

static void
a_copy_made_while_somebody_commits_is_as_it_was_at_some_time(void **state)
{
    (void)state;

    for (unsigned most = 1; most < 60; most++) {
        struct shelf s = shelf_new(), copy = { .fake = fake_new(2) };
        struct busy busy = { .shelf = &s, .most = most };
        bool found = false;

        shelf_put_text(&s, 7, 2, "old");
        for (unsigned turn = 0; turn < 20; turn++) {
            shelf_put(&s, 1, 0, 1000);
            shelf_tend(&s);
        }
        fake_watch(s.fake, commit_too, &busy);
        assert_int_equal(
            store_copy(fake_disk(s.fake), fake_disk(copy.fake), NULL), 0);
        fake_watch(s.fake, NULL, NULL);
        shelf_open(&copy);
        shelf_has_text(&copy, 7, 2, "old");
        for (unsigned turn = 0; turn <= busy.turn; turn++)
            found = found || shelf_is(copy.store, 1, turn, 1000);
        assert_true(found);
        shelf_free(&copy);
        shelf_free(&s);
    }
}

static void
a_copy_wants_an_empty_place_and_a_sound_store(void **state)
{
    (void)state;
    struct shelf s = three_segments(), other = shelf_new();
    struct shelf copy = { .fake = fake_new(2) };

    shelf_close(&other);
    assert_int_equal(store_copy(fake_disk(s.fake), fake_disk(other.fake), NULL),
        STINT_EEXISTS);
    shelf_said("not empty");
    flip(&s, "0000000000000002.log", 200);
    assert_int_equal(store_copy(fake_disk(s.fake), fake_disk(copy.fake), NULL),
        STINT_EDAMAGED);
    shelf_said("0000000000000002.log");
    fake_free(copy.fake);
    fake_free(other.fake);
    fake_free(s.fake);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_segment_is_refused_by_name),
        cmocka_unit_test(
            a_newest_segment_that_is_missing_is_missed_by_the_one_before),
        cmocka_unit_test(a_segment_of_another_store_is_refused_by_name),
        cmocka_unit_test(a_segment_of_another_version_is_refused_by_name),
        cmocka_unit_test(a_segment_that_is_cut_short_is_refused_by_name),
        cmocka_unit_test(
            a_flipped_bit_is_refused_with_file_and_offset_and_nothing_changes),
        cmocka_unit_test(
            damage_in_the_newest_segment_before_what_was_synced_is_refused),
        cmocka_unit_test(a_closed_log_has_no_torn_end),
        cmocka_unit_test(
            a_row_that_rots_while_the_store_is_open_is_not_handed_out),
        cmocka_unit_test(a_torn_end_is_cut_wherever_it_was_torn),
        cmocka_unit_test(what_stood_in_a_torn_end_never_comes_back),
        cmocka_unit_test(a_payload_that_looks_like_blocks_is_none),
        cmocka_unit_test(a_payload_that_is_a_copy_of_the_log_is_none),
        cmocka_unit_test(
            a_check_of_a_sound_store_shows_its_rows_and_finds_nothing),
        cmocka_unit_test(a_check_of_no_store_finds_nothing),
        cmocka_unit_test(a_check_finds_file_and_offset_and_shows_the_rest),
        cmocka_unit_test(a_check_shows_what_is_left_when_a_segment_is_gone),
        cmocka_unit_test(a_check_shows_what_is_left_when_a_header_is_not_known),
        cmocka_unit_test(a_copy_of_a_store_in_use_opens),
        cmocka_unit_test(
            a_copy_made_while_somebody_commits_is_as_it_was_at_some_time),
        cmocka_unit_test(a_copy_wants_an_empty_place_and_a_sound_store),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
