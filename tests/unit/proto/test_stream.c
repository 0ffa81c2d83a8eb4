#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base.h"
#include "common/stint_error.h"
#include "proto/stream.h"

static void
add_message(struct stream *s, uint64_t request)
{
    struct msg m = { .type = MSG_bye, .as.bye.request = request };

    codec_message(stream_message(s), &m);
}

/* Seal `count` frames of one message each. */
static void
seal_frames(struct stream *s, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        add_message(s, s->sent + 1);
        assert_int_equal(stream_seal(s), 0);
    }
}

static struct codec_frame
header_of(const struct frame *f)
{
    struct codec_frame header = { .number = 0 };

    assert_int_equal(
        codec_open((struct slice){ f->bytes, f->length }, &header), 0);
    return header;
}

/* All that stream_next() gives are the frames first … last, in order. */
static void
sends_exactly(struct stream *s, uint64_t first, uint64_t last)
{
    for (uint64_t number = first; number <= last; number++) {
        const struct frame *f = stream_next(s);
        assert_non_null(f);
        assert_int_equal(f->number, number);
        assert_int_equal(header_of(f).number, number);
    }
    assert_null(stream_next(s));
}

/* The invariant of the header, counted. */
static void
holds(struct stream *s)
{
    uint64_t number = s->acked;
    size_t bytes = 0;
    bool found = s->next == &s->kept;

    assert_true(s->acked <= s->sent);
    LIST_FOREACH (node, after, &s->kept) {
        const struct frame *f = CONTAINER_OF(node, struct frame, node);
        assert_int_equal(f->number, ++number);
        bytes += f->length;
        if (s->next == node) found = true;
    }
    assert_int_equal(number, s->sent);
    assert_int_equal(s->kept_count, s->sent - s->acked);
    assert_int_equal(s->kept_bytes, bytes);
    assert_true(found);
}

static void
frames_are_numbered_from_1(void **state)
{
    (void)state;
    struct stream s;

    stream_init(&s);
    assert_int_equal(stream_seal(&s), 0);
    assert_null(stream_next(&s));
    seal_frames(&s, 3);
    holds(&s);
    sends_exactly(&s, 1, 3);
    stream_fini(&s);
}

static void
a_frame_holds_what_was_appended(void **state)
{
    (void)state;
    struct codec_frame header;
    struct stream s;
    struct msg m;
    const char *where;

    stream_init(&s);
    assert_int_equal(stream_open_bytes(&s), 0);
    add_message(&s, 5);
    size_t one = stream_open_bytes(&s);
    assert_true(one > 0);
    add_message(&s, 6);
    assert_int_equal(stream_open_bytes(&s), 2 * one);
    assert_int_equal(stream_seal(&s), 0);
    assert_int_equal(stream_open_bytes(&s), 0);
    header = header_of(stream_next(&s));
    for (uint64_t request = 5; request <= 6; request++) {
        assert_int_equal(codec_next(&header, &m, &where), 1);
        assert_int_equal(m.as.bye.request, request);
    }
    assert_int_equal(codec_next(&header, &m, &where), 0);
    stream_fini(&s);
}

static void
sealing_takes_the_memory_of_the_buffer(void **state)
{
    (void)state;
    struct stream s;

    stream_init(&s);
    add_message(&s, 1);
    assert_int_equal(stream_seal(&s), 0);
    assert_null(s.open.bytes);
    assert_int_equal(s.open.capacity, 0);
    stream_fini(&s);
}

static void
a_full_frame_seals_itself(void **state)
{
    (void)state;
    struct stream s;

    stream_init(&s);
    for (uint64_t i = 1; i <= FRAME_MESSAGES_MAX + 1; i++) {
        add_message(&s, i);
    }
    assert_int_equal(s.sent, 1);
    assert_int_equal(s.open_messages, 1);
    assert_int_equal(header_of(stream_next(&s)).left, FRAME_MESSAGES_MAX);
    stream_fini(&s);
}

static void
a_failed_append_fails_the_seal(void **state)
{
    (void)state;
    struct stream s;

    stream_init(&s);
    stream_message(&s)->failed = true;
    assert_int_equal(stream_seal(&s), STINT_ENOMEM);
    assert_null(stream_next(&s));
    stream_fini(&s);
}

static void
frames_are_kept_until_they_are_acknowledged(void **state)
{
    (void)state;
    struct stream s;

    stream_init(&s);
    seal_frames(&s, 5);
    assert_int_equal(stream_accept(&s, 1, 2), 1);
    holds(&s);
    assert_int_equal(s.kept_count, 3);
    sends_exactly(&s, 3, 5);
    assert_int_equal(s.kept_count, 3);
    assert_int_equal(stream_accept(&s, 2, 4), 1);
    assert_int_equal(stream_accept(&s, 3, 1), 1); /* An old ack is harmless. */
    holds(&s);
    assert_int_equal(s.kept_count, 1);
    assert_int_equal(stream_accept(&s, 0, 5), 1);
    assert_int_equal(s.kept_count, 0);
    assert_int_equal(s.kept_bytes, 0);
    seal_frames(&s, 1);
    sends_exactly(&s, 6, 6);
    holds(&s);
    stream_fini(&s);
}

static void
a_held_frame_outlives_its_acknowledgement(void **state)
{
    (void)state;
    struct stream s;

    stream_init(&s);
    seal_frames(&s, 1);
    struct frame *f = frame_hold(stream_next(&s));
    assert_int_equal(stream_accept(&s, 0, 1), 1);
    assert_int_equal(header_of(f).number, 1);
    frame_drop(f);
    stream_fini(&s);
}

static void
duplicates_are_ignored_and_gaps_refused(void **state)
{
    (void)state;
    struct stream s;

    stream_init(&s);
    assert_int_equal(stream_accept(&s, 2, 0), STINT_EMALFORMED);
    assert_int_equal(stream_accept(&s, UINT64_MAX, 0), STINT_EMALFORMED);
    assert_int_equal(stream_accept(&s, 1, 0), 1);
    assert_int_equal(stream_accept(&s, 1, 0), 0);
    assert_int_equal(stream_accept(&s, 2, 0), 1);
    assert_int_equal(stream_accept(&s, 1, 0), 0);
    assert_int_equal(stream_accept(&s, 4, 0), STINT_EMALFORMED);
    assert_int_equal(s.seen, 2);
    assert_int_equal(stream_accept(&s, 3, 0), 1);
    stream_fini(&s);
}

static void
an_ack_of_what_was_never_sent_is_refused(void **state)
{
    (void)state;
    struct stream s;

    stream_init(&s);
    seal_frames(&s, 2);
    assert_int_equal(stream_accept(&s, 1, 3), STINT_EMALFORMED);
    assert_int_equal(stream_accept(&s, 0, UINT64_MAX), STINT_EMALFORMED);
    assert_int_equal(stream_resume(&s, 3), STINT_EMALFORMED);
    assert_int_equal(s.seen, 0);
    assert_int_equal(s.kept_count, 2);
    holds(&s);
    stream_fini(&s);
}

static void
a_frame_refused_for_its_number_acknowledges_nothing(void **state)
{
    (void)state;
    struct stream s;

    stream_init(&s);
    seal_frames(&s, 2);
    assert_int_equal(stream_accept(&s, 2, 1), STINT_EMALFORMED);
    assert_int_equal(s.acked, 0);
    assert_int_equal(s.kept_count, 2);
    stream_fini(&s);
}

static void
a_frame_tells_what_was_seen(void **state)
{
    (void)state;
    struct stream s;

    stream_init(&s);
    assert_false(stream_owes_ack(&s));
    assert_int_equal(stream_accept(&s, 1, 0), 1);
    assert_true(stream_owes_ack(&s));
    seal_frames(&s, 1);
    assert_false(stream_owes_ack(&s));
    assert_int_equal(header_of(stream_next(&s)).ack, 1);

    assert_int_equal(stream_accept(&s, 2, 0), 1);
    struct frame *f = stream_bare(&s, NULL);
    assert_non_null(f);
    assert_false(stream_owes_ack(&s));
    assert_int_equal(f->length, FRAME_HEADER_BYTES);
    assert_int_equal(header_of(f).number, 0);
    assert_int_equal(header_of(f).ack, 2);
    assert_int_equal(header_of(f).left, 0);
    assert_int_equal(f->number, 0);
    frame_drop(f);
    assert_int_equal(s.sent, 1);
    holds(&s);
    stream_fini(&s);
}

static void
a_bare_frame_carries_one_message_and_no_number(void **state)
{
    (void)state;
    struct msg m = { .type = MSG_ping, .as.ping.echo = 9 }, got;
    const char *where;
    struct stream s;

    stream_init(&s);
    add_message(&s, 1); /* The open frame is left alone. */
    struct frame *f = stream_bare(&s, &m);
    assert_non_null(f);
    struct codec_frame header = header_of(f);
    assert_int_equal(header.number, 0);
    assert_int_equal(codec_next(&header, &got, &where), 1);
    assert_int_equal(got.type, MSG_ping);
    assert_int_equal(got.as.ping.echo, 9);
    assert_int_equal(codec_next(&header, &got, &where), 0);
    frame_drop(f);
    assert_int_equal(s.open_messages, 1);
    assert_int_equal(s.sent, 0);
    stream_fini(&s);
}

static void
a_resumed_stream_sends_exactly_the_rest(void **state)
{
    (void)state;
    struct stream s;

    stream_init(&s);
    seal_frames(&s, 5);
    sends_exactly(&s, 1, 5);
    assert_int_equal(stream_resume(&s, 2), 0);
    holds(&s);
    sends_exactly(&s, 3, 5);
    assert_int_equal(stream_resume(&s, 2), 0);
    assert_int_equal(stream_next(&s)->number, 3);
    assert_int_equal(stream_resume(&s, 4), 0);
    seal_frames(&s, 1);
    sends_exactly(&s, 5, 6);
    assert_int_equal(stream_resume(&s, 6), 0);
    sends_exactly(&s, 1, 0);
    holds(&s);
    stream_fini(&s);
}

static void
a_restarted_stream_counts_from_1_again(void **state)
{
    (void)state;
    struct codec_frame header;
    struct stream s;
    struct msg m;
    const char *where;

    stream_init(&s);
    seal_frames(&s, 5);
    for (uint64_t i = 1; i <= 7; i++) {
        assert_int_equal(stream_accept(&s, i, 2), 1);
    }
    seal_frames(&s, 1); /* Its header tells of 7. */
    add_message(&s, 99);
    assert_int_equal(stream_restart(&s), 0);
    holds(&s);
    assert_int_equal(s.seen, 0);
    assert_false(stream_owes_ack(&s));
    for (uint64_t number = 1; number <= 4; number++) {
        header = header_of(stream_next(&s));
        assert_int_equal(header.number, number);
        assert_int_equal(header.ack, 0);
        assert_int_equal(codec_next(&header, &m, &where), 1);
        assert_int_equal(m.as.bye.request, number + 2);
        assert_int_equal(codec_next(&header, &m, &where), 0);
    }
    assert_null(stream_next(&s));
    assert_int_equal(s.open_messages, 1);
    assert_int_equal(stream_seal(&s), 0);
    sends_exactly(&s, 5, 5);
    assert_int_equal(stream_accept(&s, 1, 5), 1);
    assert_int_equal(s.kept_count, 0);
    stream_fini(&s);
}

/* Another thread may be sending it. */
static void
a_restart_leaves_held_frames_as_they_are(void **state)
{
    (void)state;
    struct stream s;

    stream_init(&s);
    seal_frames(&s, 2);
    (void)stream_next(&s);
    struct frame *f = frame_hold(stream_next(&s));
    assert_int_equal(stream_accept(&s, 0, 1), 1);
    uint8_t before[256];
    assert_true(f->length <= sizeof(before));
    memcpy(before, f->bytes, f->length);
    assert_int_equal(stream_restart(&s), 0);
    assert_memory_equal(f->bytes, before, f->length);
    assert_int_equal(f->number, 2);
    assert_int_equal(stream_next(&s)->number, 1);
    frame_drop(f);
    stream_fini(&s);
}

/* ---- two streams over a connection that loses, 20,000 random steps ------- */

enum { WIRE = 64 };

struct end {
    struct stream stream;
    struct frame *wire[WIRE]; /* On their way to this end, in order. */
    size_t flying;
    uint64_t said;  /* Last request number appended. */
    uint64_t heard; /* Last one that arrived. */
};

static void
cut(struct end *e)
{
    for (size_t i = 0; i < e->flying; i++)
        frame_drop(e->wire[i]);
    e->flying = 0;
}

static void
receive_one(struct end *e)
{
    struct codec_frame f;
    struct msg m;
    const char *where;

    if (e->flying == 0) return;
    struct frame *frame = e->wire[0];
    memmove(e->wire, e->wire + 1, --e->flying * sizeof(*e->wire));
    f = header_of(frame);
    int rc = stream_accept(&e->stream, f.number, f.ack);
    assert_true(rc >= 0);
    while (rc == 1 && codec_next(&f, &m, &where) == 1) {
        assert_int_equal(m.as.bye.request, ++e->heard);
    }
    frame_drop(frame);
}

static void
send_one(struct end *from, struct end *to)
{
    if (to->flying == WIRE) return;
    struct frame *f = stream_next(&from->stream);
    if (f != NULL) to->wire[to->flying++] = frame_hold(f);
}

static void
every_message_arrives_once_and_in_order_whatever_breaks(void **state)
{
    (void)state;
    static struct end ends[2];
    uint64_t seed = 7;

    for (int i = 0; i < 2; i++)
        stream_init(&ends[i].stream);
    for (int step = 0; step < 20000; step++) {
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        struct end *e = &ends[seed >> 40 & 1], *other = &ends[~seed >> 40 & 1];
        unsigned what = seed >> 50 & 63;
        if (what == 0) {
            cut(e);
            cut(other);
            uint64_t seen = e->stream.seen;
            assert_int_equal(stream_resume(&e->stream, other->stream.seen), 0);
            assert_int_equal(stream_resume(&other->stream, seen), 0);
        } else if (what < 20) {
            add_message(&e->stream, ++e->said);
        } else if (what < 32) {
            assert_int_equal(stream_seal(&e->stream), 0);
        } else if (what < 48) {
            send_one(e, other);
        } else {
            receive_one(e);
        }
        holds(&e->stream);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(stream_seal(&ends[i].stream), 0);
        while (ends[i].stream.next != &ends[i].stream.kept) {
            send_one(&ends[i], &ends[1 - i]);
            receive_one(&ends[1 - i]);
        }
        while (ends[1 - i].flying > 0)
            receive_one(&ends[1 - i]);
        assert_true(ends[i].said > 1000);
        assert_int_equal(ends[1 - i].heard, ends[i].said);
    }
    for (int i = 0; i < 2; i++) {
        cut(&ends[i]);
        stream_fini(&ends[i].stream);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_numbered_from_1),
        cmocka_unit_test(a_frame_holds_what_was_appended),
        cmocka_unit_test(sealing_takes_the_memory_of_the_buffer),
        cmocka_unit_test(a_full_frame_seals_itself),
        cmocka_unit_test(a_failed_append_fails_the_seal),
        cmocka_unit_test(frames_are_kept_until_they_are_acknowledged),
        cmocka_unit_test(a_held_frame_outlives_its_acknowledgement),
        cmocka_unit_test(duplicates_are_ignored_and_gaps_refused),
        cmocka_unit_test(an_ack_of_what_was_never_sent_is_refused),
        cmocka_unit_test(a_frame_refused_for_its_number_acknowledges_nothing),
        cmocka_unit_test(a_frame_tells_what_was_seen),
        cmocka_unit_test(a_bare_frame_carries_one_message_and_no_number),
        cmocka_unit_test(a_resumed_stream_sends_exactly_the_rest),
        cmocka_unit_test(a_restarted_stream_counts_from_1_again),
        cmocka_unit_test(a_restart_leaves_held_frames_as_they_are),
        cmocka_unit_test(
            every_message_arrives_once_and_in_order_whatever_breaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
