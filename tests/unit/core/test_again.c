/* Tasks that were cancelled, expired or are dead, and are tried again. */
#include "tests/unit/core/jobs_rig.h"
#include "tests/unit/core/kept.h"

enum { CANCEL, RETRY };

static uint64_t
retry(struct rig_peer *p, uint64_t job)
{
    return jobs_count(
        p, (struct msg_end_tasks){ .verb = RETRY, .job = job, .cancelled = 1 });
}

static void
cancel(struct rig_peer *p, uint64_t job)
{
    jobs_count(p, (struct msg_end_tasks){ .verb = CANCEL, .job = job });
    jobs_settle(p->rig);
}

static void
a_cancelled_job_goes_on_with_all_its_tasks(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig), *w = rig_worker(rig);
    struct jobs_end e[4];

    uint64_t job = jobs_open(s, (struct msg_job_open){ .halt = 0 });
    jobs_put(s, job, 3, (const char *const[]){ "a", "b", "c" });
    struct rig_task t = jobs_take(w);
    cancel(s, job);
    assert_int_equal(jobs_row(s, job).cancelled, 3);
    assert_int_equal(retry(s, job), 3);
    struct rec_job_row row = jobs_row(s, job);
    assert_int_equal(row.state, RUNNING);
    assert_int_equal(row.ready, 3);
    assert_int_equal(row.cancelled, 0);
    jobs_finish(w, &t, "old"); /* Its lease was over. */
    assert_int_equal(jobs_row(s, job).done, 0);
    for (unsigned i = 0; i < 3; i++) {
        struct rig_task u = jobs_take(w);
        assert_int_equal(u.task, t.task + i);
        assert_int_equal(u.attempt, i == 0 ? 2 : 1);
        jobs_finish(w, &u, u.payload);
    }
    assert_int_equal(jobs_row(s, job).state, DONE);
    uint64_t r = jobs_ask(s, (struct msg_job_ends){ .job = job });
    assert_int_equal(jobs_ends(s, r, e), 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(e[i].seq, i + 1);
        assert_int_equal(e[i].number, i + 4);
        assert_string_equal(e[i].payload, e[i].output);
    }
    core_check(rig->core);
}

static void
only_who_asks_for_it_gets_what_was_cancelled(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig);

    uint64_t job = jobs_open(s, (struct msg_job_open){ .halt = 0 });
    jobs_put(s, job, 2, (const char *const[]){ "a", "b" });
    cancel(s, job);
    assert_int_equal(
        jobs_count(s, (struct msg_end_tasks){ .verb = RETRY, .job = job }), 0);
    assert_int_equal(jobs_row(s, job).state, CANCELLED);
    const struct msg_end_tasks wrong[] = {
        { .verb = RETRY, .cancelled = 1 },
        { .verb = CANCEL, .job = job, .cancelled = 1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        uint64_t request = rig_say(
            s, (struct msg){ .type = MSG_end_tasks, .as.end_tasks = wrong[i] });
        jobs_settle(rig);
        assert_int_equal(rig_code(s, request), STINT_EINVAL);
    }
}

static void
a_halted_job_goes_on_and_may_be_halted_anew(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig), *w = rig_worker(rig);

    uint64_t job =
        jobs_open(s, (struct msg_job_open){ .halt = 1, .halt_count = 1 });
    jobs_put(s, job, 3, (const char *const[]){ "a", "b", "c" });
    jobs_close(s, job);
    struct rig_task t = jobs_take(w);
    jobs_fail(w, &t, "no");
    jobs_settle(rig);
    assert_int_equal(jobs_row(s, job).state, HALTED);
    assert_int_equal(retry(s, job), 3); /* The dead one, too. */
    t = jobs_take(w);
    assert_string_equal(t.payload, "a");
    jobs_finish(w, &t, "A");
    t = jobs_take(w);
    jobs_fail(w, &t, "no");
    jobs_settle(rig);
    struct rec_job_row row = jobs_row(s, job);
    assert_int_equal(row.state, HALTED);
    assert_int_equal(row.done, 1);
    assert_int_equal(row.cancelled, 1);
}

static void
what_expired_is_tried_again_and_does_not_expire_at_once(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig), *w = rig_worker(rig);

    uint64_t job =
        jobs_open(s, (struct msg_job_open){ .expires_ns = (uint64_t)TICK_S });
    jobs_put(s, job, 1, (const char *const[]){ "a" });
    rig_sleep(rig, 2 * TICK_S);
    jobs_settle(rig);
    assert_int_equal(jobs_row(s, job).cancelled, 1);
    assert_int_equal(retry(s, job), 1);
    rig_sleep(rig, 2 * TICK_S);
    struct rig_task t = jobs_take(w);
    jobs_finish(w, &t, "A");
    assert_int_equal(jobs_row(s, job).done, 1);
}

static void
some_of_them_by_their_ids(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig), *w = rig_worker(rig);

    uint64_t job = jobs_open(s, (struct msg_job_open){ .halt = 0 });
    jobs_put(s, job, 3, (const char *const[]){ "a", "b", "c" });
    cancel(s, job);
    const struct msg_end_tasks some = {
        .verb = RETRY, .job = job, .first = 2, .last = 2, .cancelled = 1
    };
    assert_int_equal(jobs_count(s, some), 1);
    assert_string_equal(jobs_take(w).payload, "b");
    assert_int_equal(jobs_row(s, job).cancelled, 2);
    core_check(rig->core);
}

static void
more_than_a_turn_takes_are_tried_again_in_the_next_ones(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig);

    uint64_t job = jobs_open(s, (struct msg_job_open){ .halt = 0 });
    for (unsigned i = 0; i < 10; i++)
        jobs_put(s, job, 3, (const char *const[]){ "a", "b", "c" });
    kept_settle(rig);
    rig->core->config.steps_max = 4;
    rig_say(s, (struct msg){ .type = MSG_end_tasks, .as.end_tasks.job = job });
    /* Both at once: the second waits for the first. */
    uint64_t request = rig_say(
        s, (struct msg){ .type = MSG_end_tasks,
               .as.end_tasks = { .verb = RETRY, .job = job, .cancelled = 1 } });
    for (unsigned i = 0; i < 40; i++)
        kept_settle(rig);
    assert_int_equal(rig_see(s, MSG_ok, request)->as.ok.value, 30);
    assert_int_equal(jobs_row(s, job).ready, 30);
}

/* Its bytes are in no memory until the store has them. */
static void
what_only_the_store_has_is_tried_again_when_it_has_it(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig), *w = rig_worker(rig);
    static char large[4 * ENDS_COLD];

    memset(large, 'x', sizeof large - 1);
    uint64_t job = jobs_open(s, (struct msg_job_open){ .halt = 0 });
    jobs_put(s, job, 1, (const char *const[]){ large });
    kept_settle(rig);
    rig_say(s, (struct msg){ .type = MSG_end_tasks,
                   .as.end_tasks = { .job = job, .first = 1 } });
    uint64_t request = rig_say(
        s, (struct msg){ .type = MSG_end_tasks,
               .as.end_tasks = { .verb = RETRY, .job = job, .cancelled = 1 } });
    rig_turn(rig);
    rig_turn(rig);
    assert_null(task_table_next(&rig->core->tasks, 0));
    assert_int_equal(core_next_deadline(rig->core) > rig->now, 1);
    kept_settle(rig);
    kept_settle(rig);
    assert_int_equal(rig_see(s, MSG_ok, request)->as.ok.value, 1);
    uint64_t get = rig_get(w, "q", 1, TICK_S);
    kept_settle(rig);
    const struct msg *m = rig_see(w, MSG_tasks, get);
    assert_non_null(m);
    core_check(rig->core);
}

static void
one_whose_payload_is_not_kept_stays_ended(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig);
    static char huge[ENDS_PAYLOAD_MAX + 2];

    memset(huge, 'x', sizeof huge - 1);
    uint64_t job = jobs_open(s, (struct msg_job_open){ .halt = 0 });
    jobs_put(s, job, 2, (const char *const[]){ huge, "b" });
    cancel(s, job);
    assert_int_equal(retry(s, job), 1);
    assert_int_equal(jobs_row(s, job).cancelled, 1);
    core_check(rig->core);
}

static void
a_full_disk_and_a_full_memory_say_so(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig);
    const struct msg m = { .type = MSG_end_tasks,
        .as.end_tasks = { .verb = RETRY, .job = 1, .cancelled = 1 } };

    uint64_t job = jobs_open(s, (struct msg_job_open){ .halt = 0 });
    jobs_put(s, job, 1, (const char *const[]){ "a" });
    cancel(s, job);
    core_disk_full(rig->core, true);
    uint64_t request = rig_say(s, m);
    kept_settle(rig);
    assert_int_equal(rig_code(s, request), STINT_ENOSPACE);
    core_disk_full(rig->core, false);
    size_t max = rig->core->config.memory_max;
    rig->core->config.memory_max = rig->core->memory;
    request = rig_say(s, m);
    kept_settle(rig);
    assert_int_equal(rig_code(s, request), STINT_EBUDGET);
    rig->core->config.memory_max = max;
    assert_int_equal(retry(s, job), 1);
}

static void
after_a_restart_it_is_all_the_same(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig), *w = rig_worker(rig);

    uint64_t job = jobs_open(s, (struct msg_job_open){ .halt = 0 });
    jobs_put(s, job, 2, (const char *const[]){ "a", "b" });
    struct rig_task t = jobs_take(w);
    cancel(s, job);
    kept_restart(rig);
    rig_hello(s, PROTO_VERSION);
    assert_int_equal(retry(s, job), 2);
    assert_int_equal(kept_count_rows(ROW_end), 0);
    assert_int_equal(kept_count_rows(ROW_task), 2);
    kept_restart(rig);
    rig_hello(s, PROTO_VERSION);
    rig_hello(w, PROTO_VERSION);
    struct rig_task u = jobs_take(w);
    assert_int_equal(u.task, t.task);
    assert_int_equal(u.attempt, 2);
    jobs_finish(w, &u, "A");
    u = jobs_take(w);
    jobs_finish(w, &u, "B");
    assert_int_equal(jobs_row(s, job).done, 2);
    assert_int_equal(jobs_row(s, job).cancelled, 0);
    core_check(rig->core);
}

int
main(void)
{
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, kept_set_up, kept_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_cancelled_job_goes_on_with_all_its_tasks),
        TEST(only_who_asks_for_it_gets_what_was_cancelled),
        TEST(a_halted_job_goes_on_and_may_be_halted_anew),
        TEST(what_expired_is_tried_again_and_does_not_expire_at_once),
        TEST(some_of_them_by_their_ids),
        TEST(more_than_a_turn_takes_are_tried_again_in_the_next_ones),
        TEST(what_only_the_store_has_is_tried_again_when_it_has_it),
        TEST(one_whose_payload_is_not_kept_stays_ended),
        TEST(a_full_disk_and_a_full_memory_say_so),
        TEST(after_a_restart_it_is_all_the_same),
    };

    jobs_settle = kept_settle;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
