/* Jobs over a restart of the master, and what their rows are. */
#include "tests/unit/core/jobs_rig.h"
#include "tests/unit/core/kept.h"

#include "proto/record.h"

static void
jobs_and_their_ends_are_there_again(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig), *w = rig_worker(rig);
    struct jobs_end e[8];

    uint64_t job = jobs_open(s,
        (struct msg_job_open){ .name = slice_of("name"), .attempts_max = 1 });
    jobs_put(s, job, 4, (const char *const[]){ "a", "b", "c", "d" });
    struct rig_task t[3] = { jobs_take(w), jobs_take(w), jobs_take(w) };
    jobs_finish(w, &t[1], "B");
    jobs_fail(w, &t[0], "no");
    kept_settle(rig);
    kept_restart(rig);
    core_check(rig->core);
    rig_hello(s, PROTO_VERSION);
    struct rec_job_row row = jobs_row(s, job);
    assert_true(rig_is(row.name, "name"));
    assert_int_equal(row.tasks, 4);
    assert_int_equal(row.done, 1);
    assert_int_equal(row.failed, 1);
    assert_int_equal(row.running, 1);
    assert_int_equal(row.ready, 1);
    uint64_t r = jobs_ask(s, (struct msg_job_ends){ .job = job, .by = 1 });
    assert_int_equal(jobs_ends(s, r, e), 2);
    assert_int_equal(e[0].seq, 2);
    assert_string_equal(e[0].payload, "b");
    assert_string_equal(e[0].output, "B");
    assert_int_equal(e[1].code, STINT_EDEAD);
    assert_string_equal(e[1].reason, "no");
    assert_string_equal(e[1].payload, "a");
}

static void
an_end_is_not_told_before_its_commit(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig), *w = rig_worker(rig);
    struct jobs_end e[4];

    uint64_t job = jobs_open(s, (struct msg_job_open){ .halt = 0 });
    jobs_put(s, job, 1, (const char *const[]){ "a" });
    struct rig_task t = jobs_take(w);
    rig_done(w, &t, "A");
    uint64_t r = rig_say(
        s, (struct msg){ .type = MSG_job_ends, .as.job_ends.job = job });
    rig_turn(rig);
    assert_null(rig_find(s, MSG_job_ended, r));
    kept_settle(rig);
    assert_int_equal(jobs_ends(s, r, e), 1);
}

static void
a_large_output_is_read_from_the_store(void **state)
{
    static char large[5000];
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig), *w = rig_worker(rig);
    struct rec_end r;

    memset(large, 'x', sizeof large - 1);
    uint64_t job = jobs_open(s, (struct msg_job_open){ .halt = 0 });
    jobs_put(s, job, 1, (const char *const[]){ "a" });
    struct rig_task t = jobs_take(w);
    size_t before = core_totals(rig->core).memory;
    uint64_t request = rig_say(
        s, (struct msg){ .type = MSG_job_ends,
               .as.job_ends = { .job = job, .wait_ns = (uint64_t)TICK_S } });
    rig_done(w, &t, large);
    rig_turn(rig);
    assert_true(core_totals(rig->core).memory < before + sizeof large);
    kept_settle(rig);
    struct proto_list list =
        rig_see(s, MSG_job_ended, request)->as.job_ended.ends;
    assert_true(codec_list_next(&list, RECORD_end, &r));
    assert_int_equal(r.output.length, sizeof large - 1);
    kept_restart(rig);
    rig_hello(s, PROTO_VERSION);
    request = jobs_ask(s, (struct msg_job_ends){ .job = job });
    list = rig_see(s, MSG_job_ended, request)->as.job_ended.ends;
    assert_true(codec_list_next(&list, RECORD_end, &r));
    assert_memory_equal(r.output.bytes, large, sizeof large - 1);
    assert_true(rig_is(r.payload, "a"));
}

static void
an_opening_that_is_asked_again_opens_nothing_again(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig);

    s->deaf = s->mute = true;
    uint64_t request = s->last + 1;
    (void)jobs_open(s, (struct msg_job_open){ .halt = 0 });
    kept_restart(rig);
    s->deaf = s->mute = false;
    rig_hello(s, PROTO_VERSION);
    kept_again(s, request);
    uint64_t job = jobs_open(s, (struct msg_job_open){ .halt = 0 });
    assert_int_equal(job, 1);
    assert_int_equal(rig_see(s, MSG_job_is, request)->as.job_is.existed, 0);
}

static void
a_dead_task_is_tried_again_after_a_restart(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig), *w = rig_worker(rig);
    struct jobs_end e[4];

    uint64_t job = jobs_open(s, (struct msg_job_open){ .attempts_max = 1 });
    jobs_put(s, job, 1, (const char *const[]){ "a" });
    struct rig_task t = jobs_take(w);
    jobs_fail(w, &t, "no");
    jobs_close(s, job);
    kept_restart(rig);
    rig_hello(s, PROTO_VERSION);
    assert_int_equal(
        jobs_count(s, (struct msg_end_tasks){ .verb = 1, .job = job }), 1);
    assert_int_equal(kept_count_rows(ROW_end), 0);
    kept_restart(rig);
    core_check(rig->core);
    rig_hello(s, PROTO_VERSION);
    rig_hello(w, PROTO_VERSION);
    t = jobs_take(w);
    assert_int_equal(t.attempt, 2);
    jobs_finish(w, &t, "A");
    uint64_t r = jobs_ask(s, (struct msg_job_ends){ .job = job, .by = 1 });
    assert_int_equal(jobs_ends(s, r, e), 1);
    assert_int_equal(e[0].number, 2);
    assert_int_equal(rig_see(s, MSG_job_ended, r)->as.job_ended.over, 1);
}

static void
what_was_dropped_stays_so_and_counts(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig), *w = rig_worker(rig);
    struct jobs_end e[4];

    uint64_t job = jobs_open(s, (struct msg_job_open){ .halt = 0 });
    jobs_put(s, job, 2, (const char *const[]){ "a", "b" });
    struct rig_task t = jobs_take(w);
    jobs_finish(w, &t, "A");
    t = jobs_take(w);
    jobs_finish(w, &t, "B");
    jobs_ask(s, (struct msg_job_ends){ .job = job, .drop = 2 });
    kept_settle(rig);
    assert_int_equal(kept_count_rows(ROW_end), 0);
    kept_restart(rig);
    core_check(rig->core);
    rig_hello(s, PROTO_VERSION);
    assert_int_equal(jobs_row(s, job).done, 2);
    jobs_put(s, job, 1, (const char *const[]){ "c" });
    rig_hello(w, PROTO_VERSION);
    t = jobs_take(w);
    jobs_finish(w, &t, "C");
    uint64_t r = jobs_ask(s, (struct msg_job_ends){ .job = job, .by = 1 });
    assert_int_equal(jobs_ends(s, r, e), 1);
    assert_int_equal(e[0].number, 3);
    assert_int_equal(e[0].seq, 3);
}

static void
a_forgotten_job_leaves_no_row_and_its_number_is_not_given_again(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig), *w = rig_worker(rig);

    uint64_t job = jobs_open(s, (struct msg_job_open){ .attempts_max = 1 });
    jobs_put(s, job, 2, (const char *const[]){ "a", "b" });
    struct rig_task t = jobs_take(w);
    jobs_finish(w, &t, "A");
    t = jobs_take(w);
    jobs_fail(w, &t, "no");
    jobs_close(s, job);
    rig_say(
        s, (struct msg){ .type = MSG_job_forget, .as.job_forget.job = job });
    kept_settle(rig);
    static const unsigned kinds[] = { ROW_job, ROW_end, ROW_task, ROW_state };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        assert_int_equal(kept_count_rows(kinds[i]), 0);
    assert_int_equal(kept_count_rows(ROW_queue), 1);
    kept_restart(rig);
    rig_hello(s, PROTO_VERSION);
    assert_int_equal(jobs_open(s, (struct msg_job_open){ .halt = 0 }), 2);
}

static struct rec_queue_row
look_at_queue(struct rig_peer *p)
{
    struct rec_queue_row row = { .ready = 0 };
    uint64_t request = rig_say(
        p, (struct msg){ .type = MSG_list, .as.list.queue = slice_of("q") });

    kept_settle(p->rig);
    struct proto_list rows =
        rig_see(p, MSG_queue_rows, request)->as.queue_rows.rows;
    assert_true(codec_list_next(&rows, RECORD_queue_row, &row));
    return row;
}

static void
a_queue_counts_the_tasks_of_its_jobs_beside_its_own(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig), *w = rig_worker(rig);

    uint64_t job = jobs_open(s, (struct msg_job_open){ .attempts_max = 1 });
    jobs_put(s, job, 5, (const char *const[]){ "a", "b", "c", "d", "e" });
    struct rig_task t = jobs_take(w);
    jobs_finish(w, &t, "A");
    t = jobs_take(w);
    jobs_fail(w, &t, "no");
    t = jobs_take(w);
    rig_put_as(s, (struct msg_put){ .queue = slice_of("q") }, 1,
        (const char *const[]){ "own" });
    for (int restarts = 0; restarts < 2; restarts++) {
        struct rec_queue_row row = look_at_queue(s);
        assert_int_equal(row.accepted, 1);
        assert_int_equal(row.ready, 1);
        assert_int_equal(row.jobs_accepted, 5);
        assert_int_equal(row.jobs_ready, 2);
        assert_int_equal(row.jobs_leased, 1);
        assert_int_equal(row.jobs_running, 1);
        assert_int_equal(row.jobs_done, 1);
        assert_int_equal(row.jobs_dead, 1);
        assert_int_equal(row.jobs_failures, 1);
        kept_settle(rig);
        kept_restart(rig);
        core_check(rig->core);
        rig_hello(s, PROTO_VERSION);
    }
}

static void
what_a_queues_jobs_ever_did_outlives_them(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig), *w = rig_worker(rig);

    uint64_t job = jobs_open(s, (struct msg_job_open){ .attempts_max = 1 });
    jobs_put(s, job, 3, (const char *const[]){ "a", "b", "c" });
    struct rig_task t = jobs_take(w);
    jobs_finish(w, &t, "A");
    t = jobs_take(w);
    jobs_finish(w, &t, "B");
    t = jobs_take(w);
    jobs_fail(w, &t, "no");
    jobs_close(s, job);
    rig_say(
        s, (struct msg){ .type = MSG_job_forget, .as.job_forget.job = job });
    kept_settle(rig);
    for (int restarts = 0; restarts < 2; restarts++) {
        struct rec_queue_row row = look_at_queue(s);
        assert_int_equal(row.jobs_accepted, 3);
        assert_int_equal(row.jobs_done, 2);
        assert_int_equal(row.jobs_cancelled, 1); /* The dead letter. */
        assert_int_equal(row.jobs_dead, 0);
        assert_int_equal(row.jobs_failures, 1);
        kept_restart(rig);
        core_check(rig->core);
        rig_hello(s, PROTO_VERSION);
    }
}

static void
a_cancel_that_a_crash_cut_short_goes_on(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig), *w = rig_worker(rig);

    uint64_t job = jobs_open(s, (struct msg_job_open){ .halt = 0 });
    jobs_put(s, job, 3, (const char *const[]){ "a", "b", "c" });
    kept_settle(rig);
    rig_say(s, (struct msg){ .type = MSG_end_tasks, .as.end_tasks.job = job });
    assert_true(kept_commit(rig)); /* Before the turn. */
    kept_restart(rig);
    rig_hello(s, PROTO_VERSION);
    rig_hello(w, PROTO_VERSION);
    kept_settle(rig);
    struct rec_job_row row = jobs_row(s, job);
    assert_int_equal(row.cancelled, 3);
    assert_int_not_equal(row.ended_ns, 0);
}

static void
tasks_of_a_job_that_is_not_there_are_damage(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig);
    const char *why = "";
    int code = 0;

    uint64_t job = jobs_open(s, (struct msg_job_open){ .halt = 0 });
    jobs_put(s, job, 2, (const char *const[]){ "a", "b" });
    kept_settle(rig);
    core_free(rig->core);
    rig_start(rig);
    qsort(kept_table.rows, kept_table.count, sizeof kept_table.rows[0],
        kept_by_key);
    for (size_t i = 0; code == 0 && i < kept_table.count; i++) {
        const struct kept_row *kept = &kept_table.rows[i];
        const struct row row = { .kind = kept->kind,
            .id = kept->id,
            .value = { kept->value.bytes, kept->value.length } };
        if (row.kind == ROW_job) continue;
        code = core_load(rig->core, &row, &why);
    }
    if (code == 0) code = core_loaded(rig->core, rig->now, &why);
    assert_int_equal(code, STINT_EDAMAGED);
}

static void
a_job_in_memory_leaves_no_row(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig), *w = rig_worker(rig);

    uint64_t job = jobs_open(s, (struct msg_job_open){ .durability = 3 });
    jobs_put(s, job, 1, (const char *const[]){ "a" });
    struct rig_task t = jobs_take(w);
    jobs_finish(w, &t, "A");
    kept_settle(rig);
    assert_int_equal(kept_count_rows(ROW_job), 0);
    assert_int_equal(kept_count_rows(ROW_end), 0);
    assert_int_equal(kept_count_rows(ROW_queue), 1);
    kept_restart(rig);
    core_check(rig->core);
}

static void
a_job_whose_session_does_not_come_back_is_closed(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *s = rig_submitter(rig), *w = rig_worker(rig);

    uint64_t job = jobs_open(s, (struct msg_job_open){ .halt = 0 });
    jobs_put(s, job, 1, (const char *const[]){ "a" });
    struct rig_task t = jobs_take(w);
    jobs_finish(w, &t, "A");
    kept_restart(rig);
    rig_hello(w, PROTO_VERSION);
    assert_int_equal(jobs_row(w, job).state, 5);
    for (unsigned i = 0; i < 70; i++) {
        rig_sleep(rig, 10 * TICK_S);
        rig_forget_inbox(w);
    }
    kept_settle(rig);
    assert_int_equal(jobs_row(w, job).state, 2);
}

/* The time of the master is that of its host: it may be days old. */
static void
a_worker_that_is_lost_with_the_master_ran_no_longer_than_this_start(
    void **state)
{
    struct rig *rig = *state;
    struct rec_attempt note;
    const char *where;

    rig_sleep(rig, 1000 * TICK_S);
    struct rig_peer *s = rig_submitter(rig), *w = rig_worker(rig);
    uint64_t job = jobs_open(s, (struct msg_job_open){ .attempts_max = 1 });
    jobs_put(s, job, 1, (const char *const[]){ "a" });
    jobs_take(w);
    kept_settle(rig);
    tick_ns began = rig->now;
    kept_restart(rig);
    rig_hello(s, PROTO_VERSION);
    for (unsigned i = 0; i < 6; i++) {
        rig_sleep(rig, 10 * TICK_S);
        rig_forget_inbox(s);
    }
    const struct task *t = task_table_next(&rig->core->tasks, 0);
    assert_non_null(t);
    assert_non_null(t->more);
    struct cursor c = { t->more->notes.bytes,
        t->more->notes.bytes + t->more->notes.length };
    assert_int_equal(record_read(&c, RECORD_attempt, &note, &where), 0);
    assert_int_equal(note.cause, 5);
    assert_true(note.wall_ns <= (uint64_t)(rig->now - began));
}

int
main(void)
{
#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, kept_set_up, kept_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(jobs_and_their_ends_are_there_again),
        TEST(an_end_is_not_told_before_its_commit),
        TEST(a_large_output_is_read_from_the_store),
        TEST(an_opening_that_is_asked_again_opens_nothing_again),
        TEST(a_dead_task_is_tried_again_after_a_restart),
        TEST(what_was_dropped_stays_so_and_counts),
        TEST(a_forgotten_job_leaves_no_row_and_its_number_is_not_given_again),
        TEST(a_queue_counts_the_tasks_of_its_jobs_beside_its_own),
        TEST(what_a_queues_jobs_ever_did_outlives_them),
        TEST(a_cancel_that_a_crash_cut_short_goes_on),
        TEST(tasks_of_a_job_that_is_not_there_are_damage),
        TEST(a_job_in_memory_leaves_no_row),
        TEST(a_job_whose_session_does_not_come_back_is_closed),
        TEST(
            a_worker_that_is_lost_with_the_master_ran_no_longer_than_this_start),
    };

    jobs_settle = kept_settle;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
