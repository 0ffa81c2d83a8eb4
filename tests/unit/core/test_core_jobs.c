/* Jobs: opened, put to, run, read, ended, tried again, forgotten. */
#include "tests/unit/core/rig.h"

struct job_end {
    uint64_t seq, task, number, attempts;
    int64_t code;
    char payload[32], output[32], reason[64];
};

static uint64_t
open_job(struct rig_peer *p, struct msg_job_open o)
{
    struct msg m = { .type = MSG_job_open, .as.job_open = o };

    if (o.queue.length == 0) m.as.job_open.queue = slice_of("q");
    uint64_t request = rig_say(p, m);
    rig_turn(p->rig);
    const struct msg *is = rig_find(p, MSG_job_is, request);
    if (is == NULL) print_error("open: %d\n", (int)rig_code(p, request));
    return is != NULL ? is->as.job_is.job : 0;
}

static uint64_t
put_to(struct rig_peer *p, uint64_t job, unsigned count,
    const char *const payloads[])
{
    struct msg_put put = { .queue = slice_of("q"), .job = job };

    return rig_put_as(p, put, count, payloads);
}

static int64_t
close_job(struct rig_peer *p, uint64_t job)
{
    uint64_t request = rig_say(p,
        (struct msg){ .type = MSG_job_close, .as.job_close.job = job });

    rig_turn(p->rig);
    return rig_code(p, request);
}

static uint64_t
ask_ends(struct rig_peer *p, struct msg_job_ends r)
{
    uint64_t request =
        rig_say(p, (struct msg){ .type = MSG_job_ends, .as.job_ends = r });

    rig_turn(p->rig);
    return request;
}

static void
keep(char *out, size_t room, struct slice text)
{
    assert_true(text.length < room);
    if (text.length > 0) memcpy(out, text.bytes, text.length);
    out[text.length] = '\0';
}

/* The ends of an answer; returns how many. */
static unsigned
ends_of(const struct rig_peer *p, uint64_t request, struct job_end out[])
{
    const struct msg *m = rig_see(p, MSG_job_ended, request);
    struct proto_list list = m->as.job_ended.ends;
    struct rec_end r;
    unsigned count = 0;

    while (codec_list_next(&list, RECORD_end, &r)) {
        struct job_end *e = &out[count++];
        *e = (struct job_end){ r.seq, r.task, r.number, r.attempts, r.code,
            "", "", "" };
        keep(e->payload, sizeof e->payload, r.payload);
        keep(e->output, sizeof e->output, r.output);
        keep(e->reason, sizeof e->reason, r.reason);
    }
    return count;
}

static struct rig_task
take(struct rig_peer *w)
{
    struct rig_task t;
    uint64_t get = rig_get(w, "q", 1, TICK_S);

    rig_turn(w->rig);
    assert_int_equal(rig_tasks(w, get, &t, 1), 1);
    return t;
}

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
    struct job_end e[4];

    (void)state;
    begin(&rig);
    struct rig_peer *s = rig_peer(&rig, "submit", ROLE_SUBMIT);
    struct rig_peer *w = rig_peer(&rig, "work", ROLE_WORK);
    uint64_t job = open_job(s, (struct msg_job_open){ .name = slice_of("n") });
    assert_int_equal(job, 1);
    put_to(s, job, 2, (const char *const[]){ "a", "b" });
    struct rig_task t = take(w);
    assert_string_equal(t.payload, "a");
    rig_done(w, &t, "A");
    struct rig_task u = take(w);
    assert_int_equal(close_job(s, job), 0);
    rig_done(w, &u, "B");
    uint64_t r = ask_ends(s, (struct msg_job_ends){ .job = job });
    assert_int_equal(ends_of(s, r, e), 2);
    assert_int_equal(e[0].seq, 1);
    assert_string_equal(e[0].payload, "a");
    assert_string_equal(e[0].output, "A");
    assert_int_equal(e[1].number, 2);
    assert_string_equal(e[1].output, "B");
    assert_int_equal(rig_see(s, MSG_job_ended, r)->as.job_ended.over, 1);
    rig_end(&rig);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_opened_put_to_run_and_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
