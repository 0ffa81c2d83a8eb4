/* Who asks for much waits for it, and nobody else does. */
#include "master/core/inside.h"
#include "tests/unit/core/rig.h"

enum { SHARE = 10 };

/* Requests of `count` looks, in one frame; returns the first number. */
static uint64_t
ask_much(struct rig_peer *p, unsigned count)
{
    uint64_t first = p->last + 1;

    for (unsigned i = 0; i < count; i++) {
        struct msg m = { .type = MSG_status };
        m.as.status.request = ++p->last;
        codec_message(stream_message(&p->stream), &m);
    }
    rig_send(p);
    return first;
}

static unsigned
count_answers(const struct rig_peer *p)
{
    unsigned count = 0;

    for (unsigned i = 0; i < p->count; i++)
        count += p->inbox[i].type == MSG_master_row;
    return count;
}

static void
the_rest_of_a_frame_is_done_in_later_turns(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);

    rig->core->config.share_max = SHARE;
    uint64_t first = ask_much(p, 200);
    rig_turn(rig);
    assert_true(count_answers(p) < 3 * SHARE);
    assert_int_equal(core_next_deadline(rig->core), rig->core->born);
    for (unsigned i = 0; i < 200; i++)
        rig_turn(rig);
    assert_int_equal(count_answers(p), 200);
    assert_non_null(rig_find(p, MSG_master_row, first + 199));
    assert_true(core_next_deadline(rig->core) > rig->now);
}

static void
later_frames_of_who_asked_for_much_stand_behind_it_and_others_do_not(
    void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *other = rig_worker(rig);

    rig->core->config.share_max = SHARE;
    (void)ask_much(p, 100);
    uint64_t put = rig_put(p, "q", "behind");
    uint64_t own = rig_put(other, "q", "before");
    rig_turn(rig);
    assert_null(rig_find(p, MSG_put_ok, put));
    assert_non_null(rig_find(other, MSG_put_ok, own));
    for (unsigned i = 0; i < 100; i++)
        rig_turn(rig);
    assert_non_null(rig_find(p, MSG_put_ok, put));
    struct rig_task t = rig_get_one(other, "q");
    assert_string_equal(t.payload, "before");
}

static void
all_who_asked_for_much_go_on_in_turn(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *peers[8];

    rig->core->config.share_max = SHARE;
    for (unsigned i = 0; i < 8; i++)
        peers[i] = i == 0 ? rig_submitter(rig) : NULL;
    for (unsigned i = 1; i < 8; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "key %u", i);
        peers[i] = rig_peer(rig, key, ROLE_SUBMIT);
    }
    for (unsigned i = 0; i < 8; i++)
        (void)ask_much(peers[i], 100);
    for (unsigned i = 0; i < 8; i++)
        rig_turn(rig);
    for (unsigned i = 0; i < 8; i++) {
        assert_true(count_answers(peers[i]) > SHARE);
        assert_true(count_answers(peers[i]) < 100);
    }
}

/* What it asked for it will not hear; what it holds by then would be lost. */
static void
who_is_silent_is_served_when_it_is_back(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);

    rig->core->config.share_max = SHARE;
    rig_put(p, "q", "a");
    (void)ask_much(w, 100);
    uint64_t get = rig_get(w, "q", 1, 600 * TICK_S);
    w->mute = true;
    rig->now += 4 * TICK_S;
    core_stalled(rig->core, 0);
    rig->core->config.share_max = 1;
    for (unsigned i = 0; i < 300; i++)
        rig_turn(rig);
    assert_int_equal(core_totals(rig->core).leased, 0);
    rig->core->config.share_max = SHARE;
    w->mute = false;
    rig_bare(w, NULL);
    for (unsigned i = 0; i < 100; i++)
        rig_turn(rig);
    struct rig_task t;
    assert_int_equal(rig_tasks(w, get, &t, 1), 1);
}

static void
who_is_forgotten_leaves_nothing(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);

    rig->core->config.share_max = SHARE;
    (void)ask_much(p, 100);
    (void)ask_much(p, 100);
    assert_true(rig->core->backlog_bytes > 0);
    assert_true(core_forget(rig->core, rig->now, p->session));
    assert_int_equal(rig->core->backlog_bytes, 0);
    rig_turn(rig);
}

static void
who_asks_for_more_than_may_be_kept_is_ended(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);

    rig->core->config.share_max = SHARE;
    rig->core->config.memory_max = 16 << 10;
    rig->core->config.frame_max = 4 << 10;
    for (unsigned i = 0; i < 100; i++)
        (void)ask_much(p, 40);
    rig_turn(rig);
    assert_int_equal(rig_see(p, MSG_refused, 0)->as.refused.code, STINT_ELIMIT);
    assert_int_equal(rig->core->backlog_bytes, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_RIG(the_rest_of_a_frame_is_done_in_later_turns),
        ON_A_RIG(
            later_frames_of_who_asked_for_much_stand_behind_it_and_others_do_not),
        ON_A_RIG(all_who_asked_for_much_go_on_in_turn),
        ON_A_RIG(who_is_silent_is_served_when_it_is_back),
        ON_A_RIG(who_is_forgotten_leaves_nothing),
        ON_A_RIG(who_asks_for_more_than_may_be_kept_is_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
