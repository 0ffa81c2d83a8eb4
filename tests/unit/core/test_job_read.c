/* Readers of how tasks ended: what they may cost, and what they never miss. */
#include "master/core/inside.h"
#include "tests/unit/core/jobs_rig.h"

struct bench {
    struct rig rig;
    struct rig_peer *s, *w;
    uint64_t job;
};

static void
set_up(struct bench *b)
{
    rig_begin(&b->rig);
    rig_start(&b->rig);
    b->s = rig_peer(&b->rig, "submit", ROLE_SUBMIT);
    b->w = rig_peer(&b->rig, "work", ROLE_WORK);
    b->job = jobs_open(b->s, (struct msg_job_open){ .attempts_max = 1 });
}

static const struct job *
only_job(const struct bench *b)
{
    const struct list *node = list_first(&b->rig.core->jobs.order);

    assert_non_null(node);
    return CONTAINER_OF_CONST(
        node == NULL ? &b->rig.core->jobs.order : node, struct job, order);
}

static void
run_one(struct bench *b, bool well)
{
    jobs_put(b->s, b->job, 1, (const char *const[]){ "a" });
    struct rig_task t = jobs_take(b->w);
    if (well) {
        jobs_finish(b->w, &t, "A");
    } else {
        jobs_fail(b->w, &t, "no");
    }
    rig_forget_inbox(b->s);
    rig_forget_inbox(b->w);
}

/* How far the readers that wait have looked, together. */
static uint64_t
looked(const struct bench *b)
{
    uint64_t sum = 0;

    LIST_FOREACH (node, after, &only_job(b)->readers) {
        sum += CONTAINER_OF(node, struct wait_link, node)->wait->as.ends.after;
    }
    return sum;
}

static void
many_readers_share_what_one_turn_may_look_at(void **state)
{
    enum { ENDS = 40, READERS = 5, STEPS = 2, LOOKS = 5 * STEPS };
    struct bench b;

    (void)state;
    set_up(&b);
    for (unsigned i = 0; i < ENDS; i++)
        run_one(&b, true);
    b.rig.core->config.steps_max = STEPS;
    for (unsigned i = 0; i < READERS; i++) {
        rig_say(b.s,
            (struct msg){ .type = MSG_job_ends,
                .as.job_ends = {
                    .job = b.job, .failed = 1, .wait_ns = (uint64_t)TICK_S } });
    }
    assert_true(looked(&b) <= LOOKS + READERS);
    for (uint64_t turns = 1; looked(&b) < READERS * ENDS; turns++) {
        rig_turn(&b.rig);
        assert_true(looked(&b) <= turns * (LOOKS + READERS));
        assert_true(
            looked(&b) >= turns * READERS || looked(&b) == READERS * ENDS);
    }
    rig_end(&b.rig);
}

static void
who_does_not_wait_is_answered_in_the_same_turn(void **state)
{
    struct bench b;
    struct jobs_end e[2];

    (void)state;
    set_up(&b);
    uint64_t r = jobs_ask(b.s, (struct msg_job_ends){ .job = b.job });
    assert_int_equal(jobs_ends(b.s, r, e), 0);
    run_one(&b, true);
    b.rig.core->config.steps_max = 0; /* Others used it up. */
    r = jobs_ask(b.s, (struct msg_job_ends){ .job = b.job });
    assert_int_equal(jobs_ends(b.s, r, e), 1);
    rig_end(&b.rig);
}

static void
who_reads_without_waiting_is_sent_no_more_than_its_window(void **state)
{
    enum { BYTES = 60000, WINDOW = 100000, ASKS = 8 };
    static char payload[BYTES + 1];
    struct bench b;

    (void)state;
    set_up(&b);
    memset(payload, 'x', BYTES);
    jobs_put(b.s, b.job, 1, (const char *const[]){ payload });
    jobs_count(b.s, (struct msg_end_tasks){ .job = b.job });
    b.s->window = WINDOW;
    rig_hello(b.s, PROTO_VERSION);
    for (unsigned i = 0; i < ASKS; i++) {
        rig_say(b.s,
            (struct msg){ .type = MSG_job_ends, .as.job_ends.job = b.job });
    }
    core_turn(b.rig.core, b.rig.now);
    assert_true(b.rig.core->out <= WINDOW + BYTES + 4096);
    assert_true(b.rig.core->out >= BYTES);
    rig_end(&b.rig);
}

/* The page said that it had failed; that it is not needed was said of that. */
static void
what_ended_anew_behind_the_back_of_a_reader_is_not_dropped(void **state)
{
    struct bench b;
    struct jobs_end e[4];

    (void)state;
    set_up(&b);
    run_one(&b, true);
    run_one(&b, false);
    run_one(&b, true);
    uint64_t r = jobs_ask(b.s, (struct msg_job_ends){ .job = b.job });
    assert_int_equal(jobs_ends(b.s, r, e), 3);
    assert_int_equal(e[1].code, STINT_EDEAD);
    jobs_count(b.s, (struct msg_end_tasks){ .verb = 1, .job = b.job });
    struct rig_task t = jobs_take(b.w);
    jobs_finish(b.w, &t, "A");
    jobs_ask(b.s, (struct msg_job_ends){ .job = b.job, .after = 3, .drop = 3 });
    r = jobs_ask(b.s, (struct msg_job_ends){ .job = b.job });
    assert_int_equal(jobs_ends(b.s, r, e), 1);
    assert_int_equal(e[0].seq, 2);
    assert_string_equal(e[0].output, "A");
    /* By its number it is a new one. */
    r = jobs_ask(
        b.s, (struct msg_job_ends){ .job = b.job, .by = 1, .after = 3 });
    assert_int_equal(jobs_ends(b.s, r, e), 1);
    jobs_ask(b.s,
        (struct msg_job_ends){ .job = b.job, .by = 1, .after = 4, .drop = 4 });
    assert_int_equal(only_job(&b)->ends.kept, 0);
    rig_end(&b.rig);
}

/* Without a job's number all are meant, in pages that go on in the next. */
static void
tasks_that_ended_are_listed_of_all_jobs(void **state)
{
    enum { JOBS = 3, EACH = 3, PAGE = 2 };
    struct rec_task_row row;
    struct bench b;
    uint64_t tasks = 0, last = 0;

    (void)state;
    set_up(&b);
    uint64_t put = rig_put(b.s, "q", "a"); /* Of no job. */
    rig_turn(&b.rig);
    assert_int_not_equal(put, 0);
    struct rig_task t = jobs_take(b.w);
    jobs_finish(b.w, &t, "A");
    for (unsigned i = 0; i < JOBS; i++) {
        if (i > 0) b.job = jobs_open(b.s, (struct msg_job_open){ .halt = 0 });
        for (unsigned k = 0; k < EACH; k++)
            run_one(&b, true);
    }
    struct msg m = { .type = MSG_list,
        .as.list = { .what = 2, .state = 4, .limit = PAGE } };
    do {
        uint64_t request = rig_say(b.s, m);
        rig_turn(&b.rig);
        const struct msg *page = rig_see(b.s, MSG_task_rows, request);
        struct proto_list rows = page->as.task_rows.rows;
        assert_true(rows.count <= PAGE);
        while (codec_list_next(&rows, RECORD_task_row, &row)) {
            assert_true(row.task > last);
            last = row.task;
            tasks += 1;
        }
        m.as.list.after = page->as.task_rows.next;
    } while (m.as.list.after != 0);
    assert_int_equal(tasks, 1 + JOBS * EACH);
    rig_end(&b.rig);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_readers_share_what_one_turn_may_look_at),
        cmocka_unit_test(who_does_not_wait_is_answered_in_the_same_turn),
        cmocka_unit_test(
            who_reads_without_waiting_is_sent_no_more_than_its_window),
        cmocka_unit_test(
            what_ended_anew_behind_the_back_of_a_reader_is_not_dropped),
        cmocka_unit_test(tasks_that_ended_are_listed_of_all_jobs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
