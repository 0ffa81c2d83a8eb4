/* Looking at what runs: peek, show, shown; progress; recalls. */
#include "tests/unit/core/place_rig.h"

static uint64_t
peek(struct rig_peer *p, struct msg_peek peek)
{
    uint64_t request =
        rig_say(p, (struct msg){ .type = MSG_peek, .as.peek = peek });

    rig_turn(p->rig);
    return request;
}

static const struct msg_peeked *
peeked(const struct rig_peer *p, uint64_t request)
{
    return &rig_see(p, MSG_peeked, request)->as.peeked;
}

/* The last show that came; number 0: none did. */
static struct msg_show
show_of(const struct rig_peer *w)
{
    struct msg_show last = { .number = 0 };

    for (unsigned i = 0; i < w->count; i++) {
        if (w->inbox[i].type == MSG_show) last = w->inbox[i].as.show;
    }
    return last;
}

static void
shown(struct rig_peer *w, struct msg_shown shown)
{
    struct msg m = { .type = MSG_shown, .as.shown = shown };

    codec_message(stream_message(&w->stream), &m);
    rig_send(w);
    rig_turn(w->rig);
}

static void
progress(struct rig_peer *w, const struct rig_task *t, uint64_t done,
    uint64_t total, const char *text)
{
    struct msg m = { .type = MSG_progress };
    struct rec_progress r = { t->task, t->attempt, t->nonce, done, total,
        slice_of(text) };

    struct buf *b = stream_message(&w->stream);
    struct codec_list list = codec_list_begin(b, &m);
    codec_list_add(b, &list, RECORD_progress, &r);
    codec_list_end(b, &list);
    rig_send(w);
    rig_turn(w->rig);
}

static struct rec_task_row
row_of(struct rig_peer *p, uint64_t task)
{
    struct msg m = { .type = MSG_list };
    struct rec_task_row row = { .task = 0 };

    m.as.list.what = 2;
    m.as.list.task = task;
    uint64_t request = rig_say(p, m);
    rig_turn(p->rig);
    struct proto_list list =
        rig_see(p, MSG_task_rows, request)->as.task_rows.rows;
    assert_true(codec_list_next(&list, RECORD_task_row, &row));
    return row;
}

/* A job of one task that `w` holds. */
static struct rig_task
running(struct rig_peer *p, struct rig_peer *w)
{
    struct rig_task t;

    place_put(p, place_job(p, ""), 1);
    uint64_t get = place_get(w, 1);
    assert_int_equal(rig_tasks(w, get, &t, 1), 1);
    return t;
}

static const struct msg_peek wait_5_s = { .wait_ns = (uint64_t)(5 * TICK_S) };

static struct msg_peek
at(uint64_t task)
{
    struct msg_peek p = wait_5_s;

    p.task = task;
    return p;
}

static void
the_holder_is_asked_and_what_it_says_is_passed_on(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 1, "");
    struct rig_task t = running(p, w);
    struct msg_peek look = at(t.task);

    look.attempt = 1;
    look.out_from = 7;
    look.err_from = 3;
    uint64_t request = peek(p, look);
    const struct msg_show show = show_of(w);
    assert_true(show.number > 0);
    assert_int_equal(show.task, t.task);
    assert_int_equal(show.nonce, t.nonce);
    assert_int_equal(show.out_from, 7);
    assert_int_equal(show.err_from, 3);
    assert_int_equal(show.wait_ns, 5 * TICK_S);
    assert_null(rig_find(p, MSG_peeked, request));
    shown(w, (struct msg_shown){ .number = show.number,
                 .out_from = 7,
                 .out = slice_of("more"),
                 .err_from = 3,
                 .more = 1 });
    const struct msg_peeked *seen = peeked(p, request);
    assert_true(rig_is(seen->out, "more"));
    assert_true(rig_is(seen->worker, "peer"));
    assert_int_equal(seen->out_from, 7);
    assert_int_equal(seen->attempt, 1);
    assert_int_equal(seen->state, 2);
    assert_int_equal(seen->more, 1);
}

static void
offsets_of_another_attempt_count_as_none(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 1, "");
    struct msg_peek look = at(running(p, w).task);

    look.attempt = 2;
    look.out_from = 100;
    (void)peek(p, look);
    assert_int_equal(show_of(w).out_from, 0);
    assert_int_equal(show_of(w).attempt, 1);
}

static void
a_task_that_waits_is_looked_at_when_it_begins(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 1, "");

    place_put(p, place_job(p, ""), 1);
    uint64_t request = peek(p, at(1));
    assert_null(rig_find(p, MSG_peeked, request));
    (void)place_get(w, 1);
    assert_true(show_of(w).number > 0);
    shown(w, (struct msg_shown){
                 .number = show_of(w).number, .out = slice_of("first") });
    assert_true(rig_is(peeked(p, request)->out, "first"));
}

static void
who_does_not_wait_hears_at_once_that_nothing_has_begun(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);

    place_put(p, place_job(p, ""), 1);
    uint64_t request = peek(p, (struct msg_peek){ .task = 1 });
    assert_int_equal(peeked(p, request)->attempt, 0);
    assert_int_equal(peeked(p, request)->state, 0);
}

static void
a_holder_that_says_nothing_ends_the_wait_at_its_time(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 1, "");
    uint64_t request = peek(p, at(running(p, w).task));

    rig_sleep(rig, 5 * TICK_S);
    assert_null(rig_find(p, MSG_peeked, request));
    rig_sleep(rig, TICK_S / 2);
    assert_int_equal(peeked(p, request)->out.length, 0);
    assert_int_equal(peeked(p, request)->more, 0);
    /* Too late. */
    shown(w, (struct msg_shown){ .number = show_of(w).number });
}

static void
a_task_that_ends_meanwhile_is_asked_about_again(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 1, "");
    struct rig_task t = running(p, w);
    uint64_t request = peek(p, at(t.task));

    (void)rig_done(w, &t, "all of it");
    rig_turn(rig);
    assert_int_equal(peeked(p, request)->more, 1);
    uint64_t again = peek(p, at(t.task));
    assert_true(rig_is(peeked(p, again)->out, "all of it"));
    assert_int_equal(peeked(p, again)->state, 3);
    assert_int_equal(peeked(p, again)->more, 0);
}

static void
a_lost_lease_and_a_cancelled_task_end_the_wait(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 1, "");
    struct rig_task t = running(p, w);
    uint64_t request = peek(p, at(t.task));

    w->mute = true;
    rig_sleep(rig, 4 * TICK_S);
    assert_int_equal(peeked(p, request)->more, 1);
    uint64_t waits = peek(p, at(t.task));
    (void)rig_show(p, (struct msg){ .type = MSG_cancel }, &t);
    rig_turn(rig);
    assert_int_equal(peeked(p, waits)->more, 1);
    uint64_t last = peek(p, at(t.task));
    assert_int_equal(peeked(p, last)->state, 5);
}

static void
what_an_ended_task_wrote_comes_in_pieces(void **state)
{
    enum { LONG = 150000 };
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 1, "");
    struct rig_task t = running(p, w);
    struct msg_peek look = at(t.task);
    char *text = malloc(LONG + 1);
    unsigned pieces = 0;

    assert_non_null(text);
    memset(text, 'x', LONG);
    text[LONG] = '\0';
    (void)rig_done(w, &t, text);
    rig_turn(rig);
    for (bool more = true; more; pieces++) {
        const struct msg_peeked *seen = peeked(p, peek(p, look));
        assert_int_equal(seen->out_from, look.out_from);
        assert_true(seen->out.length <= 64 << 10);
        look.attempt = (uint32_t)seen->attempt;
        look.out_from += seen->out.length;
        more = seen->more != 0;
    }
    assert_int_equal(look.out_from, LONG);
    assert_int_equal(pieces, 3);
    free(text);
}

static void
output_and_errors_of_a_dead_task_are_told_apart(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 1, "");
    struct rig_task t = running(p, w);
    struct rec_attempt how = { .attempt = 1, .code = 1, .out = 3 };
    struct msg fail = { .type = MSG_fail };
    struct buf note;

    buf_init(&note);
    codec_record(&note, RECORD_attempt, &how);
    fail.as.fail.final = 1;
    fail.as.fail.note = (struct slice){ note.bytes, note.length };
    fail.as.fail.output = slice_of("outerr");
    (void)rig_show(w, fail, &t);
    buf_fini(&note);
    rig_turn(rig);
    const struct msg_peeked *seen = peeked(p, peek(p, at(t.task)));
    assert_true(rig_is(seen->out, "out"));
    assert_true(rig_is(seen->err, "err"));
    assert_int_equal(seen->state, 4);
}

static void
only_its_submitter_and_an_admin_may_look(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *other = rig_peer(rig, "other", ROLE_SUBMIT);
    struct rig_peer *admin = rig_peer(rig, "admin", ROLE_ADMIN);
    struct rig_peer *w = place_worker(rig, "w", 1, "");
    struct rig_task t = running(p, w);

    assert_int_equal(rig_code(other, peek(other, at(t.task))), STINT_EROLE);
    assert_int_equal(rig_code(other, peek(other, at(99))), STINT_ENOTASK);
    (void)rig_done(w, &t, "secret");
    rig_turn(rig);
    assert_int_equal(rig_code(other, peek(other, at(t.task))), STINT_EROLE);
    assert_true(rig_is(peeked(admin, peek(admin, at(t.task)))->out, "secret"));
}

static void
who_does_not_hold_the_task_is_not_believed(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 1, "");
    struct rig_peer *liar = place_worker(rig, "liar", 1, "");
    struct rig_task t = running(p, w);
    uint64_t request = peek(p, at(t.task));

    shown(liar, (struct msg_shown){
                    .number = show_of(w).number, .out = slice_of("lies") });
    assert_null(rig_find(p, MSG_peeked, request));
    progress(liar, &t, 1, 2, "lies");
    assert_int_equal(row_of(p, t.task).progress_done, 0);
}

static void
those_who_look_are_bounded(void **state)
{
    enum { MOST = 1024 };
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct msg m = { .type = MSG_peek, .as.peek = at(1) };

    place_put(p, place_job(p, ""), 1);
    for (unsigned i = 0; i < MOST; i++) {
        (void)rig_say(p, m);
        rig_forget_inbox(p);
    }
    assert_int_equal(rig_code(p, peek(p, at(1))), STINT_ELIMIT);
    p->deaf = p->mute = true; /* Gone: all its waits end. */
    rig_sleep(rig, 4 * TICK_S);
    struct rig_peer *again = rig_peer(rig, "admin", ROLE_ADMIN);
    assert_int_equal(rig_code(again, peek(again, at(1))), 1);
}

static void
progress_is_told_with_the_task_while_it_is_held(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 1, "");
    struct rig_task t = running(p, w);

    rig_sleep(rig, 2 * TICK_S);
    progress(w, &t, 2, 5, "second\x1b[2J of five");
    struct rec_task_row row = row_of(p, t.task);
    assert_int_equal(row.progress_done, 2);
    assert_int_equal(row.progress_total, 5);
    assert_true(rig_is(row.progress_text, "second [2J of five"));
    assert_int_equal(row.job, 1);
    assert_int_equal(row.seq, 1);
    assert_true(rig_is(row.queue, "jobs"));
    assert_int_equal(row.held_ns, 2 * TICK_S);
    (void)rig_show(w, (struct msg){ .type = MSG_release }, &t);
    rig_turn(rig);
    assert_int_equal(row_of(p, t.task).progress_total, 0);
}

/* Fences of the recalls that came. */
static unsigned
recalls(const struct rig_peer *w, struct rec_fence *out)
{
    unsigned count = 0;

    for (unsigned i = 0; i < w->count; i++) {
        if (w->inbox[i].type != MSG_recall) continue;
        struct proto_list list = w->inbox[i].as.recall.tasks;
        while (codec_list_next(&list, RECORD_fence, out))
            count++;
    }
    return count;
}

static void
who_holds_a_cancelled_task_is_told(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 1, "");
    struct rig_task t = running(p, w);
    struct rec_fence fence = { .task = 0 };

    (void)rig_show(p, (struct msg){ .type = MSG_cancel }, &t);
    rig_turn(rig);
    assert_int_equal(recalls(w, &fence), 1);
    assert_int_equal(fence.task, t.task);
    assert_int_equal(fence.attempt, t.attempt);
    assert_int_equal(fence.nonce, t.nonce);
}

static void
who_did_not_renew_is_told(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 1, "");
    struct rec_fence fence;

    (void)running(p, w);
    rig_sleep(rig, 31 * TICK_S);
    assert_int_equal(recalls(w, &fence), 1);
}

static void
a_job_that_is_cancelled_recalls_all_that_runs(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 8, "");
    struct rec_fence fence;
    struct msg m = { .type = MSG_end_tasks };
    uint64_t job = place_job(p, "");

    (void)place_get(w, 8);
    place_put(p, job, 10);
    m.as.end_tasks.job = job;
    (void)rig_say(p, m);
    rig_turn(rig);
    rig_turn(rig);
    assert_int_equal(recalls(w, &fence), 8);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_RIG(the_holder_is_asked_and_what_it_says_is_passed_on),
        ON_A_RIG(offsets_of_another_attempt_count_as_none),
        ON_A_RIG(a_task_that_waits_is_looked_at_when_it_begins),
        ON_A_RIG(who_does_not_wait_hears_at_once_that_nothing_has_begun),
        ON_A_RIG(a_holder_that_says_nothing_ends_the_wait_at_its_time),
        ON_A_RIG(a_task_that_ends_meanwhile_is_asked_about_again),
        ON_A_RIG(a_lost_lease_and_a_cancelled_task_end_the_wait),
        ON_A_RIG(what_an_ended_task_wrote_comes_in_pieces),
        ON_A_RIG(output_and_errors_of_a_dead_task_are_told_apart),
        ON_A_RIG(only_its_submitter_and_an_admin_may_look),
        ON_A_RIG(who_does_not_hold_the_task_is_not_believed),
        ON_A_RIG(those_who_look_are_bounded),
        ON_A_RIG(progress_is_told_with_the_task_while_it_is_held),
        ON_A_RIG(who_holds_a_cancelled_task_is_told),
        ON_A_RIG(who_did_not_renew_is_told),
        ON_A_RIG(a_job_that_is_cancelled_recalls_all_that_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
