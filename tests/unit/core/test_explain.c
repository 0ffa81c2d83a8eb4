/* Why does a task not run?  The sentences that people read. */
#include "master/core/words.h"
#include "tests/unit/core/place_rig.h"

/* The reasons for a task, or with 0 for the next one of a job: "code text",
 * one a line. */
static const char *
why(struct rig_peer *p, uint64_t task, uint64_t job)
{
    static char text[4096];
    struct msg m = { .type = MSG_explain };
    struct rec_because r;
    size_t length = 0;

    m.as.explain.task = task;
    m.as.explain.job = job;
    uint64_t request = rig_say(p, m);
    rig_turn(p->rig);
    struct proto_list list =
        rig_see(p, MSG_explained, request)->as.explained.reasons;
    text[0] = '\0';
    while (codec_list_next(&list, RECORD_because, &r)) {
        length += (size_t)snprintf(text + length, sizeof text - length,
            "%u %.*s\n", (unsigned)r.code, (int)r.text.length,
            (const char *)r.text.bytes);
    }
    return text;
}

static void
nobody_serves_the_queue(void **state)
{
    struct rig_peer *p = rig_submitter(*state);
    uint64_t job = place_job(p, "");

    place_put(p, job, 1);
    assert_string_equal(why(p, 0, job),
        "6 no worker serves queue jobs: start one with stint worker "
        "--queue jobs\n");
}

static void
none_may_run_commands(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    uint64_t job = place_job(p, "exec");

    (void)place_get(place_worker(rig, "w", 1, ""), 1);
    place_put(p, job, 1);
    assert_string_equal(why(p, 0, job),
        "12 no worker that may run commands serves queue jobs: start one with "
        "stint worker --allow-exec --queue jobs\n");
}

static void
none_has_as_much_as_it_needs(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    uint64_t job = place_job(p, "gpus*2");

    (void)place_get(place_worker(rig, "a", 1, "gpus*1"), 1);
    place_put(p, job, 1);
    assert_string_equal(why(p, 0, job),
        "7 needs gpus 2; the worker of queue jobs has 1: start one with stint "
        "worker --resource gpus=2 --queue jobs\n");
    (void)place_get(place_worker(rig, "b", 1, ""), 1);
    (void)place_get(place_worker(rig, "c", 1, "gpus*1"), 1);
    assert_string_equal(why(p, 0, job),
        "7 needs gpus 2; the 3 workers of queue jobs have at most 1: start one "
        "with stint worker --resource gpus=2 --queue jobs\n");
}

static void
none_has_the_label_or_the_handler(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    uint64_t job = place_job(p, "zone=eu handler=square");

    (void)place_get(place_worker(rig, "a", 1, "zone=us"), 1);
    place_put(p, job, 1);
    assert_string_equal(why(p, 0, job),
        "7 no worker of queue jobs has the handler square: start one with "
        "stint worker --plugin FILE --queue jobs\n"
        "7 no worker of queue jobs is labelled zone=eu: start one with stint "
        "worker --label zone=eu --queue jobs\n");
}

static void
no_single_worker_has_all_of_it(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    uint64_t job = place_job(p, "zone=eu gpus*1");

    (void)place_get(place_worker(rig, "a", 1, "zone=eu"), 1);
    (void)place_get(place_worker(rig, "b", 1, "gpus*1"), 1);
    place_put(p, job, 1);
    assert_string_equal(why(p, 0, job),
        "7 it needs 2 things, and no single worker of queue jobs has all of "
        "them\n");
}

static void
what_it_needs_is_in_use(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 8, "gpus*4");
    uint64_t job = place_job(p, "gpus*3");

    (void)place_get(w, 8);
    place_put(p, job, 2);
    assert_string_equal(why(p, 0, job),
        "9 needs gpus 3; of the 4 of queue jobs 3 are in use\n");
}

static void
it_is_paused_and_others_stand_before_it(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    uint64_t soon = place_open(p, (struct msg_job_open){ .priority = -1 }, "");
    uint64_t job = place_job(p, "");

    (void)place_get(place_worker(rig, "w", 8, ""), 8);
    assert_int_equal(place_pause(p, "jobs", 0, false), 0);
    assert_int_equal(place_pause(p, "", job, false), 0);
    place_put(p, soon, 2);
    place_put(p, job, 3);
    assert_string_equal(why(p, 5, 0),
        "2 queue jobs is paused: stint resume jobs\n"
        "2 job 2 is paused: stint resume --job 2\n"
        "3 4 tasks stand before it, 2 of them of others than its job\n");
    assert_string_equal(
        why(p, 1, 0), "2 queue jobs is paused: stint resume jobs\n");
    assert_string_equal(why(p, 2, 0),
        "2 queue jobs is paused: stint resume jobs\n"
        "3 1 task stands before it\n");
}

static void
its_job_is_bound(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    uint64_t job = place_open(p, (struct msg_job_open){ .running_max = 2 }, "");

    (void)place_get(place_worker(rig, "w", 8, ""), 8);
    place_put(p, job, 3);
    assert_string_equal(
        why(p, 0, job), "10 job 1 runs 2 at a time, and 2 run\n");
}

static void
no_slot_is_free(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    uint64_t job = place_job(p, "");

    (void)place_get(place_worker(rig, "w", 2, ""), 2);
    place_put(p, job, 3);
    assert_string_equal(why(p, 0, job),
        "8 no slot is free: the worker that suits it holds 2 tasks in 2 "
        "slots\n");
}

static void
all_who_could_run_it_drain(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *admin = rig_peer(rig, "admin", ROLE_ADMIN);
    uint64_t job = place_job(p, "gpus*1");

    (void)place_get(place_worker(rig, "w", 2, "gpus*1"), 2);
    (void)rig_say(admin,
        (struct msg){ .type = MSG_drain, .as.drain.worker = slice_of("peer") });
    place_put(p, job, 1);
    assert_string_equal(why(p, 0, job),
        "11 the worker that could run it drains and is given no more tasks: "
        "stint drain --all --undo\n");
}

static void
it_waits_for_a_retry(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 2, "");
    struct msg fail = { .type = MSG_fail };
    struct rig_task t;

    place_put(p, place_job(p, ""), 1);
    uint64_t get = place_get(w, 1);
    assert_int_equal(rig_tasks(w, get, &t, 1), 1);
    rig_sleep(rig, 5 * TICK_S);
    assert_string_equal(why(p, 1, 0),
        "0 worker peer on host ? has had it for 5 s (attempt 1 "
        "of 3)\n");
    fail.as.fail.reason = slice_of("exit code 3");
    fail.as.fail.retry_ns = (uint64_t)(14 * TICK_S);
    (void)rig_show(w, fail, &t);
    rig_turn(rig);
    assert_string_equal(why(p, 1, 0), "5 retry 1 of 2 in 14 s, as the last "
                                      "attempt failed: exit code 3\n");
}

static void
it_has_ended(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 2, "");
    struct msg fail = { .type = MSG_fail };
    struct rig_task t[2];
    uint64_t job = place_job(p, "");

    place_put(p, job, 2);
    uint64_t get = place_get(w, 2);
    assert_int_equal(rig_tasks(w, get, t, 2), 2);
    (void)rig_done(w, &t[0], "");
    fail.as.fail.final = 1;
    fail.as.fail.reason = slice_of("no");
    (void)rig_show(w, fail, &t[1]);
    rig_sleep(rig, 2 * TICK_S);
    assert_string_equal(why(p, 1, 0), "1 it is done: it is task 1 of job 1\n");
    assert_string_equal(why(p, 2, 0),
        "1 it failed for good after 1 attempt: no (try it again: stint retry "
        "2)\n");
    (void)rig_say(
        p, (struct msg){ .type = MSG_job_close, .as.job_close.job = job });
    rig_turn(rig);
    assert_string_equal(
        why(p, 0, job), "1 the job has ended: 1 done, 1 failed, 0 cancelled\n");
}

static void
nothing_holds_it_up(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 2, "");

    (void)rig_get(w, "jobs", 1, 0); /* It has asked, and does not wait. */
    rig_turn(rig);
    (void)rig_put(p, "jobs", "x");
    assert_string_equal(why(p, 1, 0),
        "13 nothing holds it up: it goes to the next worker of queue jobs that "
        "asks\n");
}

static void
what_is_not_there_is_an_error(void **state)
{
    struct rig_peer *p = rig_submitter(*state);
    struct msg m = { .type = MSG_explain };

    m.as.explain.task = 9;
    uint64_t task = rig_say(p, m);
    m.as.explain.task = 0;
    m.as.explain.job = 9;
    uint64_t job = rig_say(p, m);
    rig_turn(p->rig);
    assert_int_equal(rig_code(p, task), STINT_ENOTASK);
    assert_int_equal(rig_code(p, job), STINT_ENOJOB);
}

static void
numbers_and_times_are_as_people_say_them(void **state)
{
    (void)state;
    assert_string_equal(words_count(0).text, "0");
    assert_string_equal(words_count(999).text, "999");
    assert_string_equal(words_count(1204).text, "1,204");
    assert_string_equal(words_count(12345678).text, "12,345,678");
    assert_string_equal(words_time(1).text, "1 s");
    assert_string_equal(words_time(59 * TICK_S).text, "59 s");
    assert_string_equal(words_time(200 * TICK_S).text, "3 min 20 s");
    assert_string_equal(words_time(7500 * TICK_S).text, "2 h 5 min");
    assert_string_equal(words_time(90000 * TICK_S).text, "1 d 1 h");
    assert_string_equal(words_size(512).text, "512 B");
    assert_string_equal(words_size(UINT64_C(3) << 29).text, "1.5 GiB");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_RIG(nobody_serves_the_queue),
        ON_A_RIG(none_may_run_commands),
        ON_A_RIG(none_has_as_much_as_it_needs),
        ON_A_RIG(none_has_the_label_or_the_handler),
        ON_A_RIG(no_single_worker_has_all_of_it),
        ON_A_RIG(what_it_needs_is_in_use),
        ON_A_RIG(it_is_paused_and_others_stand_before_it),
        ON_A_RIG(its_job_is_bound),
        ON_A_RIG(no_slot_is_free),
        ON_A_RIG(all_who_could_run_it_drain),
        ON_A_RIG(it_waits_for_a_retry),
        ON_A_RIG(it_has_ended),
        ON_A_RIG(nothing_holds_it_up),
        ON_A_RIG(what_is_not_there_is_an_error),
        cmocka_unit_test(numbers_and_times_are_as_people_say_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
