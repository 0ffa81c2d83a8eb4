/* Order, gets, results, and the end of a queue. */
#include "tests/unit/core/rig.h"

static const struct msg release = { .type = MSG_release };

/* ---- order --------------------------------------------------------------- */

static void
get_all(struct rig_peer *w, const char *queue, char out[], unsigned count)
{
    struct rig_task tasks[8] = { { .task = 0 } };
    uint64_t request = rig_get(w, queue, 8, 0);

    rig_turn(w->rig);
    assert_int_equal(rig_tasks(w, request, tasks, 8), count);
    for (unsigned i = 0; i < count; i++)
        out[i] = tasks[i].payload[0];
    out[count] = '\0';
}

static void
priorities_come_smallest_first_and_fifo_among_equals(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    const int priorities[] = { 0, 5, -1, 0, -1 };
    const char *names[] = { "a", "b", "c", "d", "e" };
    char order[8];

    rig_declare(p, "q", (struct msg_declare){ .kind = 2 });
    for (unsigned i = 0; i < 5; i++) {
        struct msg_put put = {
            .queue = slice_of("q"),
            .priority = priorities[i],
        };
        rig_put_as(p, put, 1, &names[i]);
    }
    get_all(w, "q", order, 5);
    assert_string_equal(order, "ceadb");
}

static void
a_lifo_queue_hands_out_the_newest(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    const char *names[] = { "a", "b", "c" };
    struct msg_put put = { .queue = slice_of("q") };
    char order[8];

    rig_declare(p, "q", (struct msg_declare){ .kind = 1 });
    rig_put_as(p, put, 3, names);
    get_all(w, "q", order, 3);
    assert_string_equal(order, "cba");
}

/* ---- the ends of a queue ------------------------------------------------- */

static uint64_t
shut(struct rig_peer *p, const char *queue, bool immediate)
{
    struct msg m = { .type = MSG_shutdown };

    m.as.shutdown.queue = slice_of(queue);
    m.as.shutdown.immediate = immediate;
    return rig_say(p, m);
}

static void
a_shut_queue_takes_nothing_and_is_drained(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);

    rig_put(p, "q", "a");
    shut(p, "q", false);
    uint64_t refused = rig_put(p, "q", "b");
    struct rig_task t = rig_get_one(w, "q");
    uint64_t waiting = rig_get(w, "q", 1, 60 * TICK_S);
    rig_turn(rig);
    assert_int_equal(rig_code(p, refused), STINT_ESHUTDOWN);
    assert_int_equal(rig_code(w, waiting), 1);
    rig_done(w, &t, "x");
    rig_turn(rig);
    assert_int_equal(rig_code(w, waiting), STINT_ESHUTDOWN);
}

static void
an_immediate_shutdown_cancels_what_is_open_and_what_comes_back(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    struct rec_result r;

    rig_put(p, "q", "a");
    rig_put(p, "q", "b");
    struct rig_task t = rig_get_one(w, "q");
    shut(p, "q", true);
    rig_turn(rig);
    assert_int_equal(core_totals(rig->core).cancelled, 1);
    rig_show(w, release, &t);
    rig_turn(rig);
    assert_int_equal(core_totals(rig->core).cancelled, 2);
    assert_int_equal(rig_results(p, &r), 2);
    assert_int_equal(r.code, STINT_ECANCELLED);
}

static void
join_waits_for_the_last_task(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    struct msg m = { .type = MSG_join };

    rig_put(p, "q", "a");
    struct rig_task t = rig_get_one(w, "q");
    m.as.join.queue = slice_of("q");
    m.as.join.wait_ns = (uint64_t)TICK_S;
    uint64_t late = rig_say(p, m);
    m.as.join.wait_ns = 60 * (uint64_t)TICK_S;
    uint64_t patient = rig_say(p, m);
    rig_sleep(rig, 2 * TICK_S);
    assert_int_equal(rig_code(p, late), STINT_ETIMEOUT);
    assert_int_equal(rig_code(p, patient), 1);
    rig_done(w, &t, "x");
    rig_turn(rig);
    assert_int_equal(rig_code(p, patient), 0);
}

static void
one_cancels_what_ones_own_key_put(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *other = rig_peer(rig, "submit too", ROLE_SUBMIT);
    struct msg cancel = { .type = MSG_cancel };
    struct rig_task t = { .task = 1, .attempt = 1 };
    struct rec_result r;

    rig_put(p, "q", "a");
    uint64_t foreign = rig_show(other, cancel, &t);
    uint64_t own = rig_show(p, cancel, &t);
    uint64_t again = rig_show(p, cancel, &t);
    rig_turn(rig);
    assert_int_equal(rig_outcome(other, foreign), STINT_EROLE);
    assert_int_equal(rig_outcome(p, own), 0);
    assert_int_equal(rig_outcome(p, again), STINT_ENOTASK);
    assert_int_equal(rig_results(p, &r), 1);
    assert_int_equal(r.code, STINT_ECANCELLED);
}

/* ---- gets ---------------------------------------------------------------- */

static void
a_get_of_nothing_is_empty_now_or_at_its_deadline(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *w = rig_worker(rig);
    uint64_t now = rig_get(w, "q", 1, 0);
    uint64_t later = rig_get(w, "q", 1, 2 * TICK_S);

    rig_turn(rig);
    assert_int_equal(rig_code(w, now), STINT_EEMPTY);
    assert_int_equal(rig_code(w, later), 1);
    rig_sleep(rig, 2 * TICK_S);
    assert_int_equal(rig_code(w, later), STINT_EEMPTY);
}

static void
a_get_takes_from_the_queues_that_have_tasks(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    const char *queues[] = { "x", "y", "x" };
    struct msg_get get = { .tasks = 3, .wait_ns = (uint64_t)TICK_S };
    struct rig_task t[3];

    uint64_t request = rig_get_from(w, get, 3, queues);
    rig_turn(rig);
    rig_put(p, "y", "b");
    rig_turn(rig);
    assert_int_equal(rig_tasks(w, request, t, 3), 1);
    assert_int_equal(t[0].queue, 1);
    assert_int_equal(rig_code(w, request), 0);
}

static void
a_get_that_keeps_stays_until_its_credit_is_used(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    const char *queue = "q";
    struct msg_get get = {
        .tasks = 2,
        .wait_ns = 60 * (uint64_t)TICK_S,
        .keep = 1,
    };
    struct rig_task t[3];

    uint64_t request = rig_get_from(w, get, 1, &queue);
    rig_put(p, "q", "a");
    rig_turn(rig);
    assert_int_equal(rig_tasks(w, request, t, 3), 1);
    assert_int_equal(rig_code(w, request), 1);
    rig_put(p, "q", "b");
    rig_put(p, "q", "c");
    rig_turn(rig);
    assert_int_equal(rig_tasks(w, request, t, 3), 2);
    assert_int_equal(rig_code(w, request), 0);
}

static void
a_get_that_is_cancelled_ends(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *w = rig_worker(rig);
    struct msg m = { .type = MSG_get_cancel };

    m.as.get_cancel.get = rig_get(w, "q", 1, 60 * TICK_S);
    codec_message(stream_message(&w->stream), &m);
    rig_send(w);
    rig_turn(rig);
    assert_int_equal(rig_code(w, m.as.get_cancel.get), STINT_ECANCELLED);
}

static void
tasks_are_shared_among_those_who_wait(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    struct rig_peer *v = rig_other_worker(rig);
    const char *names[] = { "a", "b", "c", "d", "e", "f" };
    struct msg_put put = { .queue = slice_of("q") };
    struct rig_task t[8];

    uint64_t one = rig_get(w, "q", 8, TICK_S);
    uint64_t two = rig_get(v, "q", 8, TICK_S);
    rig_turn(rig);
    rig_put_as(p, put, 6, names);
    rig_turn(rig);
    assert_int_equal(rig_tasks(w, one, t, 8), 3);
    assert_int_equal(rig_tasks(v, two, t, 8), 3);
}

static void
credit_in_bytes_holds_but_for_the_first_task(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    const char *queue = "q";
    const char *names[] = { "0123456789", "0123456789" };
    struct msg_put put = { .queue = slice_of("q") };
    struct msg_get get = { .tasks = 2, .bytes = 5 };
    struct rig_task t[2];

    rig_put_as(p, put, 2, names);
    uint64_t request = rig_get_from(w, get, 1, &queue);
    rig_turn(rig);
    assert_int_equal(rig_tasks(w, request, t, 2), 1);
}

/* ---- results ------------------------------------------------------------- */

static void
results_over_the_window_come_when_it_opens(void **state)
{
    enum { TASKS = 100 };
    struct rig *rig = *state;
    struct rig_peer *p = rig_stranger(rig, "submit", ROLE_SUBMIT);
    struct rig_peer *w = rig_worker(rig);
    static char large[4096];
    struct rec_result r;

    memset(large, 'x', sizeof large - 1);
    p->window = 64 << 10;
    rig_hello(p, PROTO_VERSION);
    for (int i = 0; i < TASKS; i++)
        rig_put(p, "q", "a");
    rig_turn(rig);
    p->mute = true;
    for (int i = 0; i < TASKS; i++) {
        struct rig_task t = rig_get_one(w, "q");
        rig_done(w, &t, large);
        rig_turn(rig);
        rig_forget_inbox(w);
    }
    assert_in_range(rig_results(p, &r), 10, 20);
    p->mute = false;
    for (int i = 0; i < 20; i++)
        rig_turn(rig);
    assert_int_equal(rig_results(p, &r), TASKS);
}

static void
a_get_held_back_by_a_full_window_goes_on_when_it_opens(void **state)
{
    enum { TASKS = 100 };
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_stranger(rig, "work", ROLE_WORK);
    static char large[4096];
    static struct rig_task t[TASKS];

    memset(large, 'x', sizeof large - 1);
    w->window = 64 << 10;
    rig_hello(w, PROTO_VERSION);
    for (int i = 0; i < TASKS; i++)
        rig_put(p, "q", large);
    w->mute = true;
    uint64_t request = rig_get(w, "q", TASKS, TICK_S);
    uint64_t second = rig_get(w, "q", TASKS, TICK_S);
    rig_turn(rig);
    assert_int_equal(rig_code(w, request), 0);
    assert_in_range(rig_tasks(w, request, t, TASKS), 10, 20);
    assert_int_equal(rig_tasks(w, second, t, TASKS), 0);
    w->mute = false;
    rig_bare(w, NULL);
    rig_turn(rig);
    assert_true(rig_tasks(w, second, t, TASKS) > 0);
}

static void
results_wait_for_a_session_that_is_away(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    struct rec_result r;

    rig_put(p, "q", "a");
    rig_turn(rig);
    rig_disconnect(p);
    rig_sleep(rig, 10 * TICK_S);
    struct rig_task t = rig_get_one(w, "q");
    rig_done(w, &t, "x");
    rig_turn(rig);
    rig_hello(p, PROTO_VERSION);
    rig_turn(rig);
    assert_int_equal(rig_results(p, &r), 1);
}

static void
results_come_to_one_that_was_silent_without_a_new_hello(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    struct rec_result r;

    rig_put(p, "q", "a");
    rig_turn(rig);
    p->mute = true;
    rig_sleep(rig, 10 * TICK_S);
    struct rig_task t = rig_get_one(w, "q");
    rig_done(w, &t, "x");
    rig_turn(rig);
    p->mute = false;
    rig_sleep(rig, TICK_S);
    assert_int_equal(rig_results(p, &r), 1);
}

static void
a_forgotten_session_is_told_so(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);

    core_totals(rig->core);
    rig_disconnect(p);
    rig_sleep(rig, rig->config.silence + rig->config.session_ttl + TICK_S);
    assert_int_equal(core_totals(rig->core).sessions, 0);
    rig_forget_inbox(p);
    rig_hello(p, PROTO_VERSION);
    assert_int_equal(rig_see(p, MSG_welcome, 0)->as.welcome.resumed, 0);
}

static void
bye_gives_back_politely(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    struct msg m = { .type = MSG_bye };

    rig_put(p, "q", "a");
    (void)rig_get_one(w, "q");
    uint64_t request = rig_say(w, m);
    rig_turn(rig);
    assert_int_equal(rig_code(w, request), 0);
    assert_int_equal(core_totals(rig->core).ready, 1);
    assert_int_equal(rig_tries(p, 1), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_RIG(priorities_come_smallest_first_and_fifo_among_equals),
        ON_A_RIG(a_lifo_queue_hands_out_the_newest),
        ON_A_RIG(a_shut_queue_takes_nothing_and_is_drained),
        ON_A_RIG(
            an_immediate_shutdown_cancels_what_is_open_and_what_comes_back),
        ON_A_RIG(join_waits_for_the_last_task),
        ON_A_RIG(one_cancels_what_ones_own_key_put),
        ON_A_RIG(a_get_of_nothing_is_empty_now_or_at_its_deadline),
        ON_A_RIG(a_get_takes_from_the_queues_that_have_tasks),
        ON_A_RIG(a_get_that_keeps_stays_until_its_credit_is_used),
        ON_A_RIG(a_get_that_is_cancelled_ends),
        ON_A_RIG(tasks_are_shared_among_those_who_wait),
        ON_A_RIG(credit_in_bytes_holds_but_for_the_first_task),
        ON_A_RIG(results_over_the_window_come_when_it_opens),
        ON_A_RIG(a_get_held_back_by_a_full_window_goes_on_when_it_opens),
        ON_A_RIG(results_wait_for_a_session_that_is_away),
        ON_A_RIG(results_come_to_one_that_was_silent_without_a_new_hello),
        ON_A_RIG(a_forgotten_session_is_told_so),
        ON_A_RIG(bye_gives_back_politely),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
