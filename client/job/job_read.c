#include "client/job/job_read.h"

#include "client/call.h"
#include "client/job/decode.h"
#include "client/post.h"
#include "client/pump.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"
#include "proto/attempts.h"

enum { ASK_BYTES = 64 };

/* A page that is asked for waits so long at the master; then it is asked for
 * again, if somebody still wants it. */
#define READ_FOR (60 * TICK_S)

/* ---- asking -------------------------------------------------------------- */

static void
drop_page(struct job_page *page)
{
    inbound_drop(page->in);
    *page = (struct job_page){ .here = false };
}

static void
take_page(struct stint *s, struct job_page *page, const struct msg_job_ended *m)
{
    page->here = true;
    page->in = inbound_hold(s->current);
    page->ends = m->ends;
    page->next = m->next;
    page->over = m->over != 0;
}

static void
note_code(struct job_reader *reader, int code, struct slice text)
{
    reader->code = code;
    job_note(reader->text, text);
}

static void
take_answer(struct rpc_request *r, int code, const struct msg *m, bool last)
{
    struct stint_job *job = r->arg;
    struct job_reader *reader = &job->reader;

    if (!last) return;
    reader->asked = false;
    if (m != NULL && m->type == MSG_job_ended) {
        take_page(job->s, &reader->ahead, &m->as.job_ended);
    } else if (m != NULL && m->type == MSG_error) {
        note_code(reader, code, m->as.error.text);
    } else {
        note_code(
            reader, code != 0 ? code : STINT_EPROTO, (struct slice){ NULL, 0 });
    }
}

static struct msg
make_ask(const struct stint_job *job, uint64_t after, tick_ns wait)
{
    const struct job_reader *reader = &job->reader;
    const struct stint_read_options *o = &reader->options;
    struct msg m = { .type = MSG_job_ends };

    m.as.job_ends = (struct msg_job_ends){ .job = job->number,
        .by = o->order == STINT_BY_END,
        .after = after,
        .wait_ns = (uint64_t)wait,
        .bare = o->bare,
        .failed = o->failed_only };
    m.as.job_ends.drop = reader->passed;
    return m;
}

/* Ask for the next page; what the caller has passed may go with it. */
static int
ask(struct stint_job *job, tick_ns wait)
{
    struct job_reader *reader = &job->reader;
    struct rpc *rpc = job->s->rpc;
    struct msg m = make_ask(job, reader->after, wait);

    reader->r = (struct rpc_request){ .answered = take_answer,
        .arg = job,
        .slow = wait > 0,
        .asked_at = clock_now() };
    if (rpc_begin(rpc, &reader->r, 1, ASK_BYTES) != 0) {
        return say(STINT_ENOMEM, "no memory for a request");
    }
    m.as.job_ends.request = reader->r.number;
    codec_message(rpc_message(rpc), &m);
    reader->asked = true;
    reader->dropped = m.as.job_ends.drop;
    return 0;
}

/* Nobody reads on: only the drop is told. */
static void
post_drop(struct stint_job *job)
{
    struct job_reader *reader = &job->reader;

    if (reader->passed <= reader->dropped) return;
    struct msg m = make_ask(job, reader->passed, 0);
    m.as.job_ends.limit = 1;
    m.as.job_ends.bare = 1;
    if (post_message(job->s, &m, ASK_BYTES) == 0) {
        reader->dropped = reader->passed;
    }
}

/* ---- pages --------------------------------------------------------------- */

/* The page that came is the one to use up; the next one may come meanwhile. */
static int
turn_page(struct stint_job *job)
{
    struct job_reader *reader = &job->reader;

    drop_page(&reader->page);
    reader->page = reader->ahead;
    reader->ahead = (struct job_page){ .here = false };
    if (reader->page.next > reader->after) reader->after = reader->page.next;
    if (reader->page.over || reader->page.ends.count == 0) return 0;
    return ask(job, READ_FOR);
}

static bool
has_answer(const void *arg)
{
    const struct job_reader *reader = arg;

    return reader->ahead.here || reader->code != 0;
}

static int
say_code(struct job_reader *reader)
{
    int code = reader->code;

    reader->code = 0; /* The next call asks again. */
    return call_say(code, slice_of(reader->text));
}

static int
say_late(const struct stint_job *job, int64_t timeout_ms)
{
    const struct job_reader *reader = &job->reader;

    return say(STINT_ETIMEOUT,
        "no task of job %llu behind %s %llu has ended within %lld ms; `stint "
        "explain` says why one does not run",
        (unsigned long long)job->number,
        reader->options.order == STINT_BY_END ? "end" : "place",
        (unsigned long long)reader->after, (long long)timeout_ms);
}

/* Get a page that has ends, or is the last. */
static int
next_page(struct stint_job *job, int64_t timeout_ms, tick_ns deadline)
{
    struct job_reader *reader = &job->reader;
    bool patient = timeout_ms != 0;

    do {
        int rc = 0;
        bool polls = !patient && !reader->asked;
        if (!has_answer(reader) && !reader->asked) {
            rc = ask(job, patient ? READ_FOR : 0);
        }
        if (rc == 0 && !has_answer(reader)) {
            rc = pump_wait(job->s, has_answer, reader,
                polls ? pump_grace(deadline) : deadline);
        }
        if (rc == STINT_ETIMEOUT) return say_late(job, timeout_ms);
        if (rc == 0 && !reader->ahead.here) rc = say_code(reader);
        if (rc == 0) rc = turn_page(job);
        if (rc != 0) return rc;
        if (reader->page.ends.count > 0 || reader->page.over) return 0;
    } while (patient);
    return say_late(job, timeout_ms);
}

/* ---- ends ---------------------------------------------------------------- */

static const char *
copy_text(char *to, struct slice text)
{
    return decode_text(&to, text);
}

static void
lend(struct stint_job *job, const struct rec_end *r, struct stint_end *end)
{
    struct job_reader *reader = &job->reader;
    struct decode_attempts tries = decode_attempts(&reader->room, r->notes);
    struct slice out, err;

    attempts_split(r, &out, &err);
    *end = (struct stint_end){ .seq = r->seq,
        .task = r->task,
        .number = r->number,
        .code = (int)r->code,
        .attempts = (unsigned)r->attempts,
        .worker = copy_text(reader->worker, r->worker),
        .reason = copy_text(reader->reason, r->reason),
        .value = { r->payload.bytes, r->payload.length },
        .value_size = r->size,
        .out = { out.bytes, out.length },
        .err = { err.bytes, err.length },
        .tries = tries.tries,
        .tries_count = tries.count };
    reader->lent = reader->options.order == STINT_BY_END ? r->number : r->seq;
}

static void
pass(struct job_reader *reader)
{
    if (reader->lent > reader->passed) reader->passed = reader->lent;
}

static int
next(struct stint_job *job, struct stint_end *end, int64_t timeout_ms)
{
    struct job_reader *reader = &job->reader;
    tick_ns deadline = pump_deadline(timeout_ms);
    struct rec_end r;

    if (reader->options.drop) pass(reader);
    while (!codec_list_next(&reader->page.ends, RECORD_end, &r)) {
        if (reader->page.over) {
            drop_page(&reader->page); /* A retry may let it go on. */
            post_drop(job);
            pump_push(job->s, false);
            return say(STINT_EEMPTY, "job %llu has ended, and that was all",
                (unsigned long long)job->number);
        }
        int rc = next_page(job, timeout_ms, deadline);
        if (rc != 0) return rc;
    }
    lend(job, &r, end);
    return 0;
}

int
stint_job_next(struct stint_job *job, struct stint_end *end, int64_t timeout_ms)
{
    int rc = pump_check_timeout(timeout_ms);

    if (rc != 0) return rc;
    pump_enter(job->s);
    rc = pump_obstacle(job->s);
    if (rc == 0) rc = next(job, end, timeout_ms);
    pump_leave(job->s);
    return rc;
}

void
stint_job_drop(struct stint_job *job)
{
    pump_enter(job->s);
    pass(&job->reader);
    pump_leave(job->s);
}

void
job_read_fini(struct stint_job *job)
{
    struct job_reader *reader = &job->reader;

    if (reader->asked) rpc_forget(job->s->rpc, &reader->r);
    reader->asked = false;
    if (!job->s->closed && job->s->fatal == 0) post_drop(job);
    drop_page(&reader->page);
    drop_page(&reader->ahead);
    buf_fini(&reader->room);
}

void
stint_job_read(struct stint_job *job, const struct stint_read_options *options)
{
    struct job_reader *reader = &job->reader;

    pump_enter(job->s);
    job_read_fini(job);
    *reader = (struct job_reader){ .asked = false };
    if (options != NULL) reader->options = *options;
    reader->after = reader->options.after;
    pump_leave(job->s);
}
