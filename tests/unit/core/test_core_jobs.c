/* Jobs: opened, put to, run, read, ended, tried again, forgotten. */
#include "master/core/task.h"
#include "tests/unit/core/jobs_rig.h"

static void
begin(struct rig *rig)
{
    rig_begin(rig);
    rig_start(rig);
}

static void
a_job_is_opened_put_to_run_and_read(void **state)
{
    struct rig rig;
    struct jobs_end e[4];

    (void)state;
    begin(&rig);
    struct rig_peer *s = rig_peer(&rig, "submit", ROLE_SUBMIT);
    struct rig_peer *w = rig_peer(&rig, "work", ROLE_WORK);
    uint64_t job = jobs_open(s, (struct msg_job_open){ .name = slice_of("n") });
    assert_int_equal(job, 1);
    jobs_put(s, job, 2, (const char *const[]){ "a", "b" });
    struct rig_task t = jobs_take(w);
    assert_string_equal(t.payload, "a");
    rig_done(w, &t, "A");
    struct rig_task u = jobs_take(w);
    assert_int_equal(jobs_close(s, job), 0);
    rig_done(w, &u, "B");
    uint64_t r = jobs_ask(s, (struct msg_job_ends){ .job = job });
    assert_int_equal(jobs_ends(s, r, e), 2);
    assert_int_equal(e[0].seq, 1);
    assert_string_equal(e[0].payload, "a");
    assert_string_equal(e[0].output, "A");
    assert_int_equal(e[1].number, 2);
    assert_string_equal(e[1].output, "B");
    assert_int_equal(rig_see(s, MSG_job_ended, r)->as.job_ended.over, 1);
    rig_end(&rig);
}

/* ---- a rig with a job ---------------------------------------------------- */

struct bench {
    struct rig rig;
    struct rig_peer *s, *w;
    uint64_t job;
};

static void
set_up(struct bench *b, struct msg_job_open o)
{
    rig_begin(&b->rig);
    b->rig.config.session_ttl = 30 * TICK_S;
    rig_start(&b->rig);
    b->s = rig_peer(&b->rig, "submit", ROLE_SUBMIT);
    b->w = rig_peer(&b->rig, "work", ROLE_WORK);
    b->job = jobs_open(b->s, o);
    assert_int_not_equal(b->job, 0);
}

/* ---- reading ------------------------------------------------------------- */

static void
a_reader_waits_for_the_place_that_is_open(void **state)
{
    struct bench b;
    struct jobs_end e[4];

    (void)state;
    set_up(&b, (struct msg_job_open){ .name = slice_of("") });
    jobs_put(b.s, b.job, 2, (const char *const[]){ "a", "b" });
    struct rig_task first = jobs_take(b.w), second = jobs_take(b.w);
    jobs_finish(b.w, &second, "B");
    uint64_t r =
        jobs_ask(b.s, (struct msg_job_ends){ .job = b.job, .wait_ns = TICK_S });
    assert_null(rig_find(b.s, MSG_job_ended, r));
    jobs_finish(b.w, &first, "A");
    assert_int_equal(jobs_ends(b.s, r, e), 2);
    assert_string_equal(e[0].output, "A");
    assert_int_equal(e[0].number, 2);
    assert_int_equal(e[1].number, 1);
    rig_end(&b.rig);
}

static void
by_their_ends_they_come_as_they_end(void **state)
{
    struct bench b;
    struct jobs_end e[4];

    (void)state;
    set_up(&b, (struct msg_job_open){ .name = slice_of("") });
    jobs_put(b.s, b.job, 2, (const char *const[]){ "a", "b" });
    struct rig_task first = jobs_take(b.w), second = jobs_take(b.w);
    struct msg_job_ends ask = { .job = b.job, .by = 1, .wait_ns = TICK_S };
    uint64_t r = jobs_ask(b.s, ask);
    jobs_finish(b.w, &second, "B");
    assert_int_equal(jobs_ends(b.s, r, e), 1);
    assert_int_equal(e[0].seq, 2);
    ask.after = rig_see(b.s, MSG_job_ended, r)->as.job_ended.next;
    r = jobs_ask(b.s, ask);
    jobs_finish(b.w, &first, "A");
    assert_int_equal(jobs_ends(b.s, r, e), 1);
    assert_int_equal(e[0].seq, 1);
    rig_end(&b.rig);
}

static void
a_wait_without_an_end_is_over_at_its_time(void **state)
{
    struct bench b;
    struct jobs_end e[4];

    (void)state;
    set_up(&b, (struct msg_job_open){ .name = slice_of("") });
    uint64_t r =
        jobs_ask(b.s, (struct msg_job_ends){ .job = b.job, .wait_ns = TICK_S });
    rig_sleep(&b.rig, 2 * TICK_S);
    assert_int_equal(jobs_ends(b.s, r, e), 0);
    assert_int_equal(rig_see(b.s, MSG_job_ended, r)->as.job_ended.over, 0);
    rig_end(&b.rig);
}

static void
what_was_dropped_is_passed_over(void **state)
{
    struct bench b;
    struct jobs_end e[4];

    (void)state;
    set_up(&b, (struct msg_job_open){ .name = slice_of("") });
    jobs_put(b.s, b.job, 3, (const char *const[]){ "a", "b", "c" });
    struct rig_task t[3] = { jobs_take(b.w), jobs_take(b.w), jobs_take(b.w) };
    jobs_finish(b.w, &t[0], "A");
    jobs_fail(b.w, &t[1], "no");
    jobs_finish(b.w, &t[2], "C");
    jobs_close(b.s, b.job);
    uint64_t r =
        jobs_ask(b.s, (struct msg_job_ends){ .job = b.job, .drop = 2 });
    assert_int_equal(jobs_ends(b.s, r, e), 2);
    assert_int_equal(e[0].seq, 2);
    assert_int_equal(e[0].code, STINT_EDEAD);
    assert_int_equal(jobs_row(b.s, b.job).done, 2);
    r = jobs_ask(b.s, (struct msg_job_ends){ .job = b.job, .failed = 1 });
    assert_int_equal(jobs_ends(b.s, r, e), 1);
    assert_string_equal(e[0].reason, "no");
    assert_int_equal(rig_see(b.s, MSG_job_ended, r)->as.job_ended.over, 1);
    rig_end(&b.rig);
}

/* ---- ends of jobs -------------------------------------------------------- */

static void
a_closed_job_takes_no_more_and_ends_with_its_last_task(void **state)
{
    struct bench b;

    (void)state;
    set_up(&b, (struct msg_job_open){ .name = slice_of("") });
    jobs_put(b.s, b.job, 1, (const char *const[]){ "a" });
    assert_int_equal(jobs_row(b.s, b.job).state, OPEN);
    jobs_close(b.s, b.job);
    uint64_t put = jobs_put(b.s, b.job, 1, (const char *const[]){ "late" });
    rig_turn(&b.rig);
    assert_int_equal(rig_code(b.s, put), STINT_ESHUTDOWN);
    struct rig_task t = jobs_take(b.w);
    assert_int_equal(jobs_row(b.s, b.job).state, RUNNING);
    jobs_finish(b.w, &t, "A");
    struct rec_job_row row = jobs_row(b.s, b.job);
    assert_int_equal(row.state, DONE);
    assert_int_not_equal(row.ended_ns, 0);
    rig_end(&b.rig);
}

static void
a_job_whose_submitter_is_gone_is_closed(void **state)
{
    struct bench b;

    (void)state;
    set_up(&b, (struct msg_job_open){ .name = slice_of("") });
    struct rig_peer *admin = rig_peer(&b.rig, "admin", ROLE_ADMIN);
    jobs_put(b.s, b.job, 1, (const char *const[]){ "a" });
    struct rig_task t = jobs_take(b.w);
    jobs_finish(b.w, &t, "A");
    b.s->mute = true;
    rig_sleep(&b.rig, 5 * TICK_S);
    assert_int_equal(jobs_row(admin, b.job).state, ORPHANED);
    rig_sleep(&b.rig, 35 * TICK_S);
    assert_int_equal(jobs_row(admin, b.job).state, DONE);
    rig_end(&b.rig);
}

static void
bye_closes_its_jobs(void **state)
{
    struct bench b;

    (void)state;
    set_up(&b, (struct msg_job_open){ .name = slice_of("") });
    rig_say(b.s, (struct msg){ .type = MSG_bye });
    rig_turn(&b.rig);
    assert_int_equal(jobs_row(b.w, b.job).state, DONE);
    rig_end(&b.rig);
}

static void
too_many_failures_halt_it(void **state)
{
    struct bench b;
    struct jobs_end e[8];

    (void)state;
    set_up(&b, (struct msg_job_open){ .halt = 1, .halt_count = 2 });
    jobs_put(b.s, b.job, 5, (const char *const[]){ "a", "b", "c", "d", "e" });
    struct rig_task t[3] = { jobs_take(b.w), jobs_take(b.w), jobs_take(b.w) };
    jobs_fail(b.w, &t[0], "one");
    jobs_fail(b.w, &t[1], "two");
    struct rec_job_row row = jobs_row(b.s, b.job);
    assert_int_equal(row.state, HALTED);
    assert_int_equal(row.cancelled, 2);
    assert_int_equal(row.running, 1);
    assert_int_equal(row.ended_ns, 0);
    assert_true(row.halt.length > 0);
    jobs_finish(b.w, &t[2], "C");
    assert_int_not_equal(jobs_row(b.s, b.job).ended_ns, 0);
    uint64_t r = jobs_ask(b.s, (struct msg_job_ends){ .job = b.job });
    assert_int_equal(jobs_ends(b.s, r, e), 5);
    assert_int_equal(e[4].code, STINT_ECANCELLED);
    uint64_t put = jobs_put(b.s, b.job, 1, (const char *const[]){ "late" });
    rig_turn(&b.rig);
    assert_int_equal(rig_code(b.s, put), STINT_ECANCELLED);
    rig_end(&b.rig);
}

static void
halting_now_ends_what_runs(void **state)
{
    struct bench b;

    (void)state;
    set_up(&b, (struct msg_job_open){ .halt = 2, .halt_percent = 50 });
    jobs_put(
        b.s, b.job, 6, (const char *const[]){ "a", "b", "c", "d", "e", "f" });
    struct rig_task t[5];
    for (unsigned i = 0; i < 5; i++)
        t[i] = jobs_take(b.w);
    jobs_fail(b.w, &t[0], "one");
    jobs_finish(b.w, &t[1], "B");
    assert_int_equal(jobs_row(b.s, b.job).state, OPEN); /* Two are too few. */
    jobs_fail(b.w, &t[2], "two");
    struct rec_job_row row = jobs_row(b.s, b.job);
    assert_int_equal(row.state, HALTED);
    assert_int_equal(row.running, 0);
    assert_int_not_equal(row.ended_ns, 0);
    rig_end(&b.rig);
}

static void
a_cancelled_job_ends_all_of_it(void **state)
{
    struct bench b;

    (void)state;
    set_up(&b, (struct msg_job_open){ .name = slice_of("") });
    jobs_put(b.s, b.job, 3, (const char *const[]){ "a", "b", "c" });
    struct rig_task t = jobs_take(b.w);
    uint64_t count = jobs_count(b.s, (struct msg_end_tasks){ .job = b.job });
    assert_int_equal(count, 3);
    assert_int_equal(jobs_row(b.s, b.job).state, CANCELLED);
    uint64_t done = rig_done(b.w, &t, "A");
    rig_turn(&b.rig);
    assert_int_equal(rig_outcome(b.w, done), STINT_ESTALE);
    rig_end(&b.rig);
}

static void
more_tasks_than_a_turn_takes_are_cancelled_in_the_next_ones(void **state)
{
    enum { ROUNDS = 100, EACH = 100 };
    const char *payloads[EACH];
    struct bench b;

    (void)state;
    set_up(&b, (struct msg_job_open){ .name = slice_of("") });
    for (unsigned i = 0; i < EACH; i++)
        payloads[i] = "x";
    for (unsigned i = 0; i < ROUNDS; i++) {
        jobs_put(b.s, b.job, EACH, payloads);
        rig_turn(&b.rig);
        rig_forget_inbox(b.s);
    }
    jobs_count(b.s, (struct msg_end_tasks){ .job = b.job });
    assert_int_equal(jobs_row(b.s, b.job).ended_ns, 0);
    for (unsigned i = 0; i < 5; i++)
        rig_turn(&b.rig);
    struct rec_job_row row = jobs_row(b.s, b.job);
    assert_int_equal(row.cancelled, ROUNDS * EACH);
    assert_int_not_equal(row.ended_ns, 0);
    rig_end(&b.rig);
}

/* ---- again --------------------------------------------------------------- */

static void
a_dead_task_is_tried_again_with_all_its_attempts(void **state)
{
    struct bench b;
    struct jobs_end e[4];

    (void)state;
    set_up(&b, (struct msg_job_open){ .attempts_max = 1 });
    jobs_put(b.s, b.job, 1, (const char *const[]){ "a" });
    struct rig_task t = jobs_take(b.w);
    jobs_close(b.s, b.job);
    jobs_fail(b.w, &t, "no");
    assert_int_equal(jobs_row(b.s, b.job).state, DONE);
    assert_int_equal(
        jobs_count(b.s, (struct msg_end_tasks){ .verb = 1, .job = b.job }), 1);
    struct rec_job_row row = jobs_row(b.s, b.job);
    assert_int_equal(row.state, RUNNING);
    assert_int_equal(row.failed, 0);
    assert_int_equal(row.ended_ns, 0);
    t = jobs_take(b.w);
    assert_int_equal(t.attempt, 2);
    jobs_finish(b.w, &t, "A");
    uint64_t r = jobs_ask(b.s, (struct msg_job_ends){ .job = b.job, .by = 1 });
    assert_int_equal(jobs_ends(b.s, r, e), 1);
    assert_int_equal(e[0].number, 2); /* A new end has a new number. */
    assert_int_equal(e[0].attempts, 2);
    assert_int_equal(e[0].code, 0);
    rig_end(&b.rig);
}

static void
a_dropped_dead_task_keeps_its_end(void **state)
{
    struct bench b;
    struct jobs_end e[4];

    (void)state;
    set_up(&b, (struct msg_job_open){ .attempts_max = 1 });
    jobs_put(b.s, b.job, 1, (const char *const[]){ "a" });
    struct rig_task t = jobs_take(b.w);
    jobs_fail(b.w, &t, "no");
    struct msg_end_tasks drop = { .verb = 2, .job = b.job };
    assert_int_equal(jobs_count(b.s, drop), 1);
    assert_int_equal(jobs_count(b.s, drop), 0);
    assert_int_equal(jobs_row(b.s, b.job).failed, 0);
    uint64_t r = jobs_ask(b.s, (struct msg_job_ends){ .job = b.job });
    assert_int_equal(jobs_ends(b.s, r, e), 1);
    assert_int_equal(e[0].code, STINT_EDEAD);
    rig_end(&b.rig);
}

/* ---- keys and keeping ---------------------------------------------------- */

static void
the_same_key_again_is_the_same_job(void **state)
{
    struct bench b;
    struct msg_job_open o = { .key = slice_of("k") };

    (void)state;
    set_up(&b, o);
    jobs_put(b.s, b.job, 1, (const char *const[]){ "a" });
    assert_int_equal(jobs_open(b.s, o), b.job);
    const struct msg *is = rig_see(b.s, MSG_job_is, b.s->last);
    assert_int_equal(is->as.job_is.existed, 1);
    assert_int_equal(is->as.job_is.tasks, 1);
    o.queue = slice_of("another");
    assert_int_equal(jobs_open(b.s, o), 0);
    assert_int_equal(rig_code(b.s, b.s->last), STINT_EEXISTS);
    struct rig_peer *other = rig_peer(&b.rig, "other", ROLE_SUBMIT);
    assert_int_equal(jobs_open(other, o), b.job + 1);
    rig_end(&b.rig);
}

static void
another_key_neither_reads_nor_changes_it(void **state)
{
    struct bench b;

    (void)state;
    set_up(&b, (struct msg_job_open){ .name = slice_of("") });
    struct rig_peer *other = rig_peer(&b.rig, "other", ROLE_SUBMIT);
    const struct msg asks[] = {
        { .type = MSG_job_close, .as.job_close.job = b.job },
        { .type = MSG_job_change,
            .as.job_change = { .job = b.job, .set = 2, .priority = 1 } },
        { .type = MSG_job_forget, .as.job_forget.job = b.job },
        { .type = MSG_job_ends, .as.job_ends.job = b.job },
        { .type = MSG_job_what, .as.job_what.job = b.job },
        { .type = MSG_end_tasks, .as.end_tasks.job = b.job },
    };
    for (size_t i = 0; i < ARRAY_LEN(asks); i++) {
        uint64_t request = rig_say(other, asks[i]);
        rig_turn(&b.rig);
        assert_int_equal(rig_code(other, request), STINT_EROLE);
    }
    uint64_t put = jobs_put(other, b.job, 1, (const char *const[]){ "a" });
    rig_turn(&b.rig);
    assert_int_equal(rig_code(other, put), STINT_EROLE);
    rig_end(&b.rig);
}

static void
an_ended_job_is_forgotten_when_its_time_is_over(void **state)
{
    struct bench b;

    (void)state;
    set_up(&b, (struct msg_job_open){ .keep_ns = (uint64_t)(10 * TICK_S) });
    jobs_put(b.s, b.job, 2, (const char *const[]){ "a", "b" });
    struct rig_task t = jobs_take(b.w);
    jobs_finish(b.w, &t, "A");
    t = jobs_take(b.w);
    jobs_fail(b.w, &t, "no");
    jobs_close(b.s, b.job);
    rig_sleep(&b.rig, 8 * TICK_S);
    assert_int_equal(jobs_row(b.s, b.job).state, DONE);
    rig_sleep(&b.rig, 4 * TICK_S);
    uint64_t r = jobs_ask(b.s, (struct msg_job_ends){ .job = b.job });
    assert_int_equal(rig_code(b.s, r), STINT_ENOJOB);
    assert_int_equal(core_totals(b.rig.core).dead, 0);
    rig_end(&b.rig);
}

static void
only_an_ended_job_is_forgotten_by_hand(void **state)
{
    struct bench b;
    struct msg forget = { .type = MSG_job_forget };

    (void)state;
    set_up(&b, (struct msg_job_open){ .name = slice_of("") });
    jobs_put(b.s, b.job, 1, (const char *const[]){ "a" });
    forget.as.job_forget.job = b.job;
    uint64_t request = rig_say(b.s, forget);
    rig_turn(&b.rig);
    assert_int_equal(rig_code(b.s, request), STINT_EBUSY);
    jobs_count(b.s, (struct msg_end_tasks){ .job = b.job });
    uint64_t r = jobs_ask(b.s,
        (struct msg_job_ends){ .job = b.job, .after = 1, .wait_ns = TICK_S });
    assert_int_equal(rig_see(b.s, MSG_job_ended, r)->as.job_ended.over, 1);
    request = rig_say(b.s, forget);
    rig_turn(&b.rig);
    assert_int_equal(rig_code(b.s, request), 0);
    assert_int_equal(jobs_open(b.s, (struct msg_job_open){ .halt = 0 }),
        b.job + 1); /* Numbers are for ever. */
    rig_end(&b.rig);
}

static void
puts_wait_for_room_in_the_window(void **state)
{
    struct bench b;

    (void)state;
    set_up(&b, (struct msg_job_open){ .window = 1 });
    struct msg_put put = {
        .queue = slice_of("q"), .job = b.job, .wait_ns = (uint64_t)(5 * TICK_S)
    };
    uint64_t first = rig_put_as(b.s, put, 2, (const char *const[]){ "a", "b" });
    rig_turn(&b.rig);
    assert_int_equal(rig_see(b.s, MSG_put_ok, first)->as.put_ok.count, 1);
    assert_null(rig_find(b.s, MSG_put_ok, first + 1));
    jobs_take(b.w);
    assert_non_null(rig_find(b.s, MSG_put_ok, first + 1));
    rig_end(&b.rig);
}

/* Somebody takes the next task and is not heard of for a while. */
static void
lose(struct bench *b)
{
    jobs_take(b->w);
    b->w->mute = true;
    rig_sleep(&b->rig, 5 * TICK_S);
    b->w->mute = false;
    rig_sleep(&b->rig, TICK_S);
}

static void
a_lost_worker_uses_up_no_attempt_and_leaves_a_note(void **state)
{
    struct bench b;
    struct rec_end r;
    struct rec_attempt note;
    const char *where;

    (void)state;
    set_up(&b, (struct msg_job_open){ .attempts_max = 1 });
    jobs_put(b.s, b.job, 1, (const char *const[]){ "a" });
    lose(&b);
    struct rig_task t = jobs_take(b.w);
    jobs_finish(b.w, &t, "x");
    uint64_t request = jobs_ask(b.s, (struct msg_job_ends){ .job = b.job });
    struct proto_list list =
        rig_see(b.s, MSG_job_ended, request)->as.job_ended.ends;
    assert_true(codec_list_next(&list, RECORD_end, &r));
    assert_int_equal(r.code, 0);
    assert_int_equal(r.attempts, 2);
    struct cursor c = { r.notes.bytes, r.notes.bytes + r.notes.length };
    assert_int_equal(record_read(&c, RECORD_attempt, &note, &where), 0);
    assert_int_equal(note.attempt, 1);
    assert_int_equal(note.cause, 5);
    assert_true(note.wall_ns >= (uint64_t)(3 * TICK_S));
    rig_end(&b.rig);
}

static void
a_task_that_costs_worker_after_worker_is_given_up(void **state)
{
    struct bench b;
    struct jobs_end end;

    (void)state;
    set_up(&b, (struct msg_job_open){ .attempts_max = 1 });
    jobs_put(b.s, b.job, 1, (const char *const[]){ "a" });
    for (int i = 0; i <= TASK_LOST_FREE; i++) {
        assert_int_equal(jobs_row(b.s, b.job).failed, 0);
        lose(&b);
    }
    uint64_t request = jobs_ask(b.s, (struct msg_job_ends){ .job = b.job });
    assert_int_equal(jobs_ends(b.s, request, &end), 1);
    assert_int_equal(end.code, STINT_EWORKERLOST);
    rig_end(&b.rig);
}

static void
names_of_jobs_own_queues_are_nobodys(void **state)
{
    struct bench b;

    (void)state;
    set_up(&b, (struct msg_job_open){ .name = slice_of("") });
    uint64_t put = rig_put(b.s, "job/1", "x");
    rig_turn(&b.rig);
    assert_int_equal(rig_code(b.s, put), STINT_EINVAL);
    uint64_t get = rig_get(b.w, "job/1", 1, 0);
    rig_turn(&b.rig);
    assert_int_equal(rig_code(b.w, get), STINT_EINVAL);
    rig_end(&b.rig);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_opened_put_to_run_and_read),
        cmocka_unit_test(a_reader_waits_for_the_place_that_is_open),
        cmocka_unit_test(by_their_ends_they_come_as_they_end),
        cmocka_unit_test(a_wait_without_an_end_is_over_at_its_time),
        cmocka_unit_test(what_was_dropped_is_passed_over),
        cmocka_unit_test(
            a_closed_job_takes_no_more_and_ends_with_its_last_task),
        cmocka_unit_test(a_job_whose_submitter_is_gone_is_closed),
        cmocka_unit_test(bye_closes_its_jobs),
        cmocka_unit_test(too_many_failures_halt_it),
        cmocka_unit_test(halting_now_ends_what_runs),
        cmocka_unit_test(a_cancelled_job_ends_all_of_it),
        cmocka_unit_test(
            more_tasks_than_a_turn_takes_are_cancelled_in_the_next_ones),
        cmocka_unit_test(a_dead_task_is_tried_again_with_all_its_attempts),
        cmocka_unit_test(a_dropped_dead_task_keeps_its_end),
        cmocka_unit_test(the_same_key_again_is_the_same_job),
        cmocka_unit_test(another_key_neither_reads_nor_changes_it),
        cmocka_unit_test(an_ended_job_is_forgotten_when_its_time_is_over),
        cmocka_unit_test(only_an_ended_job_is_forgotten_by_hand),
        cmocka_unit_test(puts_wait_for_room_in_the_window),
        cmocka_unit_test(a_lost_worker_uses_up_no_attempt_and_leaves_a_note),
        cmocka_unit_test(a_task_that_costs_worker_after_worker_is_given_up),
        cmocka_unit_test(names_of_jobs_own_queues_are_nobodys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
