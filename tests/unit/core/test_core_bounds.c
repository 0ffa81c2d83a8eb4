/* What peers may cost the master, whatever they do. */
#include "master/core/inside.h"
#include "tests/unit/core/rig.h"

/* ---- puts that wait ------------------------------------------------------ */

static void
a_put_that_gives_up_lets_the_next_one_in(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    const char *held = "12345678", *large = "1234", *small = "1";
    struct msg_put put = { .queue = slice_of("q") };

    rig_declare(p, "q", (struct msg_declare){ .max_bytes = 10 });
    rig_put_as(p, put, 1, &held);
    put.wait_ns = TICK_S;
    uint64_t first = rig_put_as(p, put, 1, &large);
    put.wait_ns = 600 * TICK_S;
    uint64_t second = rig_put_as(p, put, 1, &small);
    rig_turn(rig);
    assert_null(rig_find(p, MSG_put_ok, second));
    rig_sleep(rig, TICK_S);
    assert_int_equal(rig_code(p, first), STINT_EFULL);
    assert_non_null(rig_find(p, MSG_put_ok, second));
}

/* ---- frames -------------------------------------------------------------- */

static void
a_frame_without_a_number_holds_one_message(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct stream several;
    const struct msg ping = { .type = MSG_ping };

    stream_init(&several);
    for (int i = 0; i < 3; i++)
        codec_message(stream_message(&several), &ping);
    assert_int_equal(stream_seal(&several), 0);
    struct frame *f = stream_next(&several);
    codec_header(f->bytes, 0, p->stream.seen, 3);
    rig_give(p, f);
    stream_fini(&several);
    rig_turn(rig);
    assert_int_equal(
        rig_see(p, MSG_refused, 0)->as.refused.code, STINT_EMALFORMED);
    assert_null(rig_find(p, MSG_pong, 0));
}

/* ---- memory -------------------------------------------------------------- */

static void
a_forgotten_session_that_is_still_owed_a_result_counts(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct msg_put put = {
        .queue = slice_of("q"), .result = 1, .delay_ns = INT64_MAX
    };
    const char *payload = "x";

    for (unsigned i = 0; i < 100; i++) {
        rig_put_as(p, put, 1, &payload);
        rig_turn(rig);
        struct msg bye = { .type = MSG_bye };
        rig_say(p, bye);
        rig_turn(rig);
        p->session[1] += 1;
        p->last = 0;
        rig_forget_inbox(p);
        stream_fini(&p->stream);
        rig_hello(p, PROTO_VERSION);
    }
    rig_sleep(rig, 2 * TICK_S);
    assert_int_equal(core_totals(rig->core).sessions, 1);
    assert_true(core_totals(rig->core).memory > (size_t)100 * 1000);
}

static void
gets_that_wait_are_bounded_in_all(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *w = rig_worker(rig);
    const char *queues[] = { "q" };
    struct msg_get get = { .tasks = 1, .wait_ns = INT64_MAX };
    uint64_t last = 0;

    for (unsigned i = 0; i < 1000; i++)
        last = rig_get_from(w, get, 1, queues);
    rig_turn(rig);
    assert_int_equal(rig_code(w, last), STINT_EBUDGET);
    /* One that does not wait is served all the same. */
    struct rig_peer *p = rig_submitter(rig);
    rig_put(p, "r", "x");
    assert_int_equal(rig_get_one(w, "r").attempt, 1);
}

/* Tasks of no size whose results are large: `how_many` of them, for `p`. */
static unsigned
fill_with_results(struct rig *rig, struct rig_peer *p, unsigned how_many)
{
    static char large[200 << 10];
    struct rig_peer *w = rig_worker(rig);
    struct msg_put put = { .queue = slice_of("q"), .result = 1 };
    const char *payload = "x";
    unsigned refused = 0;

    memset(large, 'r', sizeof large - 1);
    for (unsigned i = 0; i < how_many; i++)
        rig_put_as(p, put, 1, &payload);
    rig_turn(rig);
    p->deaf = p->mute = true;
    for (unsigned i = 0; i < how_many; i++) {
        struct rig_task t = rig_get_one(w, "q");
        uint64_t request = rig_done(w, &t, large);
        rig_turn(rig);
        if (rig_outcome(w, request) == STINT_EBUDGET) refused++;
        assert_true(
            core_totals(rig->core).memory <= rig->config.memory_max + 1000);
    }
    return refused;
}

static void
results_that_nobody_fetches_stay_within_the_budget(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);

    assert_true(fill_with_results(rig, p, 20) > 0);
}

static void
results_for_the_dead_make_room(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *dead = rig_submitter(rig);
    struct rig_peer *p = rig_peer(rig, "another", ROLE_SUBMIT);

    struct rig_peer *w = rig_other_worker(rig);
    struct msg_put put = { .queue = slice_of("r"), .result = 1 };
    const char *payload = "x";
    struct rec_result r;
    static char large[400 << 10];

    memset(large, 'r', sizeof large - 1);
    rig_put_as(p, put, 1, &payload);
    rig_turn(rig);
    struct rig_task t = rig_get_one(w, "r");
    (void)fill_with_results(rig, dead, 10);
    rig_sleep(rig, 4 * TICK_S);
    uint64_t request = rig_done(w, &t, large);
    rig_turn(rig);
    assert_int_equal(rig_outcome(w, request), 0);
    assert_int_equal(rig_results(p, &r), 1);
}

/* ---- looking ------------------------------------------------------------- */

/* Ask for dead tasks, of which there are none, behind `after`. */
static uint64_t
look_for_dead(struct rig_peer *p, uint64_t after)
{
    struct msg m = { .type = MSG_list };

    m.as.list.what = 2;
    m.as.list.state = 5;
    m.as.list.after = after;
    return rig_say(p, m);
}

static void
many_looks_in_one_turn_get_short_pages(void **state)
{
    enum { TASKS = 4000, LOOKS = 60 };
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    static const char *payloads[TASKS];
    struct msg_put put = { .queue = slice_of("q") };
    uint64_t first, last = 0;

    /* As if many looked, each within its share of the turn. */
    rig->core->config.share_max = UINT32_MAX;
    for (unsigned i = 0; i < TASKS; i++)
        payloads[i] = "x";
    rig_put_as(p, put, TASKS, payloads);
    rig_turn(rig);
    first = look_for_dead(p, 0);
    for (unsigned i = 0; i < LOOKS; i++)
        last = look_for_dead(p, 0);
    rig_turn(rig);
    assert_int_equal(rig_see(p, MSG_task_rows, first)->as.task_rows.next, 0);
    uint64_t next = rig_see(p, MSG_task_rows, last)->as.task_rows.next;
    assert_in_range(next, 1, TASKS - 1);
    /* Who goes on comes to the end. */
    last = look_for_dead(p, next);
    rig_turn(rig);
    assert_int_equal(rig_see(p, MSG_task_rows, last)->as.task_rows.next, 0);
}

/* One that says it is a worker. */
static struct rig_peer *
greet_worker(struct rig *rig, const char *key)
{
    struct rig_peer *p = rig_stranger(rig, key, ROLE_WORK);
    struct msg m = { .type = MSG_hello };

    p->conn = ++rig->conns;
    m.as.hello.version = PROTO_VERSION;
    m.as.hello.session = (struct slice){ p->session, PROTO_SESSION_BYTES };
    m.as.hello.kind = 1;
    rig_bare(p, &m);
    rig_turn(rig);
    return p;
}

static uint64_t
workers_of(struct rig_peer *p, const char *queue)
{
    struct msg m = { .type = MSG_list };
    struct rec_queue_row row;
    uint64_t request;

    m.as.list.queue = slice_of(queue);
    rig_sleep(p->rig, TICK_S);
    request = rig_say(p, m);
    rig_turn(p->rig);
    struct proto_list rows =
        rig_see(p, MSG_queue_rows, request)->as.queue_rows.rows;
    assert_true(codec_list_next(&rows, RECORD_queue_row, &row));
    return row.workers;
}

static void
a_queue_counts_the_workers_that_ask_it_for_tasks(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *busy = greet_worker(rig, "busy");
    struct rig_peer *waiting = greet_worker(rig, "waiting");

    rig_put(p, "q", "a");
    rig_put(p, "other", "b");
    assert_int_equal(workers_of(p, "q"), 0);
    rig_get(busy, "q", 1, 0);
    rig_turn(rig);
    assert_int_equal(workers_of(p, "q"), 1);
    rig_get(waiting, "q", 1, 9 * TICK_S);
    rig_get(waiting, "q", 1, 9 * TICK_S);
    /* Neither twice, nor a client that gets, nor on another queue. */
    rig_get(p, "q", 1, 9 * TICK_S);
    rig_turn(rig);
    assert_int_equal(workers_of(p, "q"), 2);
    assert_int_equal(workers_of(p, "other"), 0);
    rig_say(waiting, (struct msg){ .type = MSG_bye });
    assert_int_equal(workers_of(p, "q"), 1);
}

static int
set_up_small(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);

    assert_non_null(rig);
    rig_begin(rig);
    rig->config.memory_max = 1 << 20;
    rig_start(rig);
    *state = rig;
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_RIG(a_put_that_gives_up_lets_the_next_one_in),
        ON_A_RIG(a_frame_without_a_number_holds_one_message),
        ON_A_RIG(a_forgotten_session_that_is_still_owed_a_result_counts),
        ON_A_RIG(many_looks_in_one_turn_get_short_pages),
        ON_A_RIG(a_queue_counts_the_workers_that_ask_it_for_tasks),
        cmocka_unit_test_setup_teardown(
            results_that_nobody_fetches_stay_within_the_budget, set_up_small,
            rig_tear_down),
        cmocka_unit_test_setup_teardown(
            results_for_the_dead_make_room, set_up_small, rig_tear_down),
        cmocka_unit_test_setup_teardown(
            gets_that_wait_are_bounded_in_all, set_up_small, rig_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
