/**
 * jobs_rig.h - what tests do with jobs.                                [tests]
 */
#ifndef JOBS_RIG_H
#define JOBS_RIG_H

#include "proto/record.h"
#include "tests/unit/core/rig.h"

/* What is done after each request: a turn, or turns and commits. */
static void (*jobs_settle)(struct rig *rig) = rig_turn;

struct jobs_end {
    uint64_t seq, task, number, attempts;
    int64_t code;
    char payload[32], output[32], reason[128];
};

static inline uint64_t
jobs_open(struct rig_peer *p, struct msg_job_open o)
{
    struct msg m = { .type = MSG_job_open, .as.job_open = o };

    if (o.queue.length == 0) m.as.job_open.queue = slice_of("q");
    uint64_t request = rig_say(p, m);
    jobs_settle(p->rig);
    const struct msg *is = rig_find(p, MSG_job_is, request);
    return is != NULL ? is->as.job_is.job : 0;
}

static inline uint64_t
jobs_put(struct rig_peer *p, uint64_t job, unsigned count,
    const char *const payloads[])
{
    struct msg_put put = { .queue = slice_of("q"), .job = job };

    return rig_put_as(p, put, count, payloads);
}

static inline int64_t
jobs_close(struct rig_peer *p, uint64_t job)
{
    uint64_t request = rig_say(
        p, (struct msg){ .type = MSG_job_close, .as.job_close.job = job });

    jobs_settle(p->rig);
    return rig_code(p, request);
}

static inline uint64_t
jobs_ask(struct rig_peer *p, struct msg_job_ends r)
{
    uint64_t request =
        rig_say(p, (struct msg){ .type = MSG_job_ends, .as.job_ends = r });

    jobs_settle(p->rig);
    return request;
}

static inline void
jobs_keep(char *out, size_t room, struct slice text)
{
    assert_true(text.length < room);
    if (text.length > 0) memcpy(out, text.bytes, text.length);
    out[text.length] = '\0';
}

/* The ends of an answer; returns how many. */
static inline unsigned
jobs_ends(const struct rig_peer *p, uint64_t request, struct jobs_end out[])
{
    const struct msg *m = rig_see(p, MSG_job_ended, request);
    struct proto_list list = m->as.job_ended.ends;
    struct rec_end r;
    unsigned count = 0;

    while (codec_list_next(&list, RECORD_end, &r)) {
        struct jobs_end *e = &out[count++];
        *e = (struct jobs_end){ r.seq, r.task, r.number, r.attempts, r.code, "",
            "", "" };
        jobs_keep(e->payload, sizeof e->payload, r.payload);
        jobs_keep(e->output, sizeof e->output, r.output);
        jobs_keep(e->reason, sizeof e->reason, r.reason);
    }
    return count;
}

static inline struct rig_task
jobs_take(struct rig_peer *w)
{
    struct rig_task t;
    uint64_t get = rig_get(w, "q", 1, TICK_S);

    jobs_settle(w->rig);
    assert_int_equal(rig_tasks(w, get, &t, 1), 1);
    return t;
}

static inline void
jobs_fail(struct rig_peer *w, const struct rig_task *t, const char *reason)
{
    rig_show(w,
        (struct msg){ .type = MSG_fail,
            .as.fail = { .reason = slice_of(reason), .final = 1 } },
        t);
    jobs_settle(w->rig);
}

static inline void
jobs_finish(struct rig_peer *w, const struct rig_task *t, const char *result)
{
    rig_done(w, t, result);
    jobs_settle(w->rig);
}

static inline uint64_t
jobs_count(struct rig_peer *p, struct msg_end_tasks e)
{
    uint64_t request =
        rig_say(p, (struct msg){ .type = MSG_end_tasks, .as.end_tasks = e });

    jobs_settle(p->rig);
    return rig_see(p, MSG_ok, request)->as.ok.value;
}

static inline struct rec_job_row
jobs_row(struct rig_peer *p, uint64_t job)
{
    struct rec_job_row row = { .job = 0 };
    uint64_t request = rig_say(p,
        (struct msg){ .type = MSG_list, .as.list = { .what = 4, .job = job } });

    jobs_settle(p->rig);
    const struct msg *m = rig_see(p, MSG_job_rows, request);
    struct proto_list rows = m->as.job_rows.rows;
    assert_true(codec_list_next(&rows, RECORD_job_row, &row));
    return row;
}

enum { OPEN, RUNNING, DONE, HALTED, CANCELLED, ORPHANED }; /* job_row.state */

#endif
