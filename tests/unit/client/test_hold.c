/* Leases that this process holds, and what a master that was started again is
 * shown of them.  No socket: what would be sent is read from the rpc. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "client/hold.h"
#include "common/stint_error.h"
#include "proto/stream.h"

enum { MANY = 5000, RENEWS_MAX = 8 };

#define NOW (1000 * TICK_S)
#define LEASE (30 * TICK_S)

struct renewed {
    uint64_t request, lease_ns, all;
    uint32_t count;
    uint64_t first; /* Task. */
};

struct world {
    struct stint s;
    struct stream master;
    struct hold holds[MANY];
    struct renewed renews[RENEWS_MAX];
    unsigned count;
};

/* ---- a master ------------------------------------------------------------ */

static void
note_renew(struct world *w, const struct msg *m)
{
    struct proto_list list = m->as.renew.tasks;
    struct rec_fence fence = { .task = 0 };

    assert_true(w->count < RENEWS_MAX);
    (void)codec_list_next(&list, RECORD_fence, &fence);
    w->renews[w->count++] = (struct renewed){ .request = m->as.renew.request,
        .lease_ns = m->as.renew.lease_ns,
        .all = m->as.renew.all,
        .count = m->as.renew.tasks.count,
        .first = fence.task };
}

static void
take_frames(struct world *w)
{
    struct codec_frame f;
    const char *where;
    struct frame *frame;
    struct msg m;

    while ((frame = rpc_send(w->s.rpc, NOW, true)) != NULL) {
        assert_int_equal(
            codec_open((struct slice){ frame->bytes, frame->length }, &f), 0);
        if (f.number != 0) {
            assert_int_equal(stream_accept(&w->master, f.number, f.ack), 1);
        }
        while (codec_next(&f, &m, &where) > 0) {
            if (m.type == MSG_renew) note_renew(w, &m);
        }
        frame_drop(frame);
    }
}

static void
give(struct world *w, const struct frame *f)
{
    assert_int_equal(
        rpc_receive(w->s.rpc, NOW, (struct slice){ f->bytes, f->length }), 0);
}

static void
welcome(struct world *w)
{
    static const uint8_t start[PROTO_SESSION_BYTES] = { 1 };
    struct msg m = { .type = MSG_welcome };

    rpc_disconnected(w->s.rpc);
    rpc_connected(w->s.rpc, NOW);
    take_frames(w);
    m.as.welcome = (struct msg_welcome){ .version = PROTO_VERSION,
        .master = { start, sizeof start },
        .payload_max = 1 << 20,
        .frame_max = (1 << 20) + 65536,
        .silence_ns = 3 * TICK_S,
        .role = 7 };
    stream_fini(&w->master);
    struct frame *f = stream_bare(&w->master, &m);
    assert_non_null(f);
    give(w, f);
    frame_drop(f);
}

/* Answer a renew; `refused` are `count` indices. */
static void
answer(
    struct world *w, uint64_t request, const uint64_t *refused, unsigned count)
{
    struct msg m = { .type = MSG_outcome };

    m.as.outcome.request = request;
    struct buf *b = stream_message(&w->master);
    struct codec_list list = codec_list_begin(b, &m);
    for (unsigned i = 0; i < count; i++) {
        struct rec_refusal refusal = { .index = refused[i],
            .code = STINT_ESTALE };
        codec_list_add(b, &list, RECORD_refusal, &refusal);
    }
    codec_list_end(b, &list);
    assert_int_equal(stream_seal(&w->master), 0);
    give(w, stream_next(&w->master));
}

/* ---- leases -------------------------------------------------------------- */

static void
hold(struct world *w, unsigned from, unsigned end, tick_ns asked)
{
    for (unsigned i = from; i < end; i++) {
        struct hold *h = &w->holds[i];
        *h = (struct hold){ .task = i + 1,
            .attempt = 1,
            .nonce = 7,
            .length = asked > 0 ? asked : LEASE,
            .asked = asked };
        hold_add(&w->s, h, NOW, true);
    }
}

static void
an_empty_hand_is_shown_too(void **state)
{
    struct world *w = *state;

    hold_show(&w->s, NOW);
    take_frames(w);
    assert_int_equal(w->count, 1);
    assert_int_equal(w->renews[0].count, 0);
    assert_int_equal(w->renews[0].all, 1);
}

static void
thousands_are_shown_in_messages_of_4096_and_the_last_says_all(void **state)
{
    struct world *w = *state;

    hold(w, 0, MANY, 0);
    hold_show(&w->s, NOW);
    take_frames(w);
    assert_int_equal(w->count, 2);
    assert_int_equal(w->renews[0].count, 4096);
    assert_int_equal(w->renews[0].all, 0);
    assert_int_equal(w->renews[1].count, MANY - 4096);
    assert_int_equal(w->renews[1].first, 4097);
    assert_int_equal(w->renews[1].all, 1);
}

static void
leases_of_other_lengths_are_shown_apart(void **state)
{
    struct world *w = *state;

    hold(w, 0, 2, 0);
    hold(w, 2, 3, 5 * TICK_S);
    hold(w, 3, 4, 0);
    hold_show(&w->s, NOW);
    take_frames(w);
    assert_int_equal(w->count, 2);
    assert_int_equal(w->renews[0].count, 3);
    assert_int_equal(w->renews[0].all, 0);
    assert_int_equal(w->renews[1].count, 1);
    assert_int_equal(w->renews[1].first, 3);
    assert_true(w->renews[1].lease_ns == 5 * TICK_S);
    assert_int_equal(w->renews[1].all, 1);
}

static void
what_ends_and_what_is_lost_is_not_shown(void **state)
{
    struct world *w = *state;

    hold(w, 0, 3, 0);
    w->holds[0].ending = true;
    w->holds[1].lost = true;
    hold_show(&w->s, NOW);
    take_frames(w);
    assert_int_equal(w->count, 1);
    assert_int_equal(w->renews[0].count, 1);
    assert_int_equal(w->renews[0].first, 3);
}

static void
what_is_refused_is_lost_and_the_rest_is_held(void **state)
{
    struct world *w = *state;
    const uint64_t refused[] = { 4, 1, 77 };

    hold(w, 0, 6, 0);
    hold_show(&w->s, NOW);
    take_frames(w);
    hold_remove(&w->holds[0]); /* Ended meanwhile: indices stay. */
    hold_remove(&w->holds[3]);
    answer(w, w->renews[0].request, refused, 3);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(w->holds[i].lost, i == 1 || i == 4);
    assert_int_equal(w->holds[5].renewing, 0);
    assert_true(hold_left(&w->s, &w->holds[4], NOW) < 0);
    assert_true(hold_left(&w->s, &w->holds[5], NOW) == LEASE);
}

static void
a_renewal_that_was_under_way_is_not_repeated_but_shown(void **state)
{
    struct world *w = *state;

    hold(w, 0, 2, 0);
    assert_int_equal(hold_renew(&w->s, &w->holds[0], NOW, 9 * TICK_S), 0);
    take_frames(w);
    assert_int_equal(w->count, 1);
    w->count = 0;
    welcome(w);
    assert_int_equal(w->holds[0].renewing, 0);
    hold_show(&w->s, NOW);
    take_frames(w);
    assert_int_equal(w->count, 2);
    assert_true(w->renews[0].lease_ns == 9 * TICK_S);
    answer(w, w->renews[0].request, NULL, 0);
    assert_int_equal(w->holds[0].renewing, 0);
    assert_true(w->holds[0].breaks == NOW + 9 * TICK_S);
}

static void
no_lease_is_over_by_our_clock_while_the_master_is_away(void **state)
{
    struct world *w = *state;
    const struct hold *h = &w->holds[0];

    hold(w, 0, 1, 0);
    assert_true(hold_left(&w->s, h, NOW + LEASE + 1) < 0);
    rpc_disconnected(w->s.rpc);
    assert_true(hold_left(&w->s, h, NOW + TICK_S) == LEASE - TICK_S);
    assert_true(hold_left(&w->s, h, NOW + LEASE + TICK_S) == 0);
    welcome(w);
    hold_show(&w->s, NOW + LEASE + TICK_S);
    assert_true(hold_left(&w->s, h, NOW + LEASE + TICK_S) == 0);
    take_frames(w);
    answer(w, w->renews[0].request, NULL, 0);
    assert_true(hold_left(&w->s, h, NOW + LEASE + TICK_S) == LEASE);
}

/* ---- set-up -------------------------------------------------------------- */

static int
set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct rpc_config config = { .arg = w };

    assert_non_null(w);
    list_init(&w->s.held);
    w->s.renew_at = TICK_NEVER;
    w->s.rpc = rpc_new(&config, NOW);
    assert_non_null(w->s.rpc);
    stream_init(&w->master);
    welcome(w);
    *state = w;
    return 0;
}

static int
tear_down(void **state)
{
    struct world *w = *state;

    rpc_fail_all(w->s.rpc, STINT_ECLOSED);
    rpc_free(w->s.rpc);
    stream_fini(&w->master);
    free(w);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_hand_is_shown_too),
        TEST(thousands_are_shown_in_messages_of_4096_and_the_last_says_all),
        TEST(leases_of_other_lengths_are_shown_apart),
        TEST(what_ends_and_what_is_lost_is_not_shown),
        TEST(what_is_refused_is_lost_and_the_rest_is_held),
        TEST(a_renewal_that_was_under_way_is_not_repeated_but_shown),
        TEST(no_lease_is_over_by_our_clock_while_the_master_is_away),
    };

    return cmocka_run_group_tests_name("hold", tests, NULL, NULL);
}
