#include "master/core/job_read.h"

#include "common/base.h"
#include "common/stint_error.h"
#include "master/core/jobs.h"
#include "master/core/match.h"
#include "master/core/reply.h"
#include "master/core/spare.h"
#include "master/core/verbs.h"

enum {
    ENDS_MAX = 4096,
    BYTES_USUAL = 1 << 20,
    BYTES_MAX = 4 << 20,
    DROPS_A_REQUEST = 8192,
    /* What an end costs, in places that are passed over. */
    BYTES_A_LOOK = 1024,
    LOOKS_A_FETCH = 8,
};

/* What one look finds. */
struct found {
    struct buf ends;
    uint32_t count;
    bool over; /* The job has ended, and this was all. */
    enum job_read_left left;
};

static bool
add(struct core *core, const struct wait_ends *want, const struct end *e,
    struct found *found)
{
    struct rec_end r = ends_record(e);

    if (want->bare) {
        r.payload = r.output = slice_of("");
    } else if (e->cold
               && !journal_fetch_end(core, e->task, &r.payload, &r.output)) {
        return false;
    }
    codec_record(&found->ends, RECORD_end, &r);
    found->count += 1;
    return true;
}

static size_t
size_of(const struct wait_ends *want, const struct end *e)
{
    size_t bytes = want->bare ? 0 : (size_t)e->payload + e->output;

    return sizeof *e + e->worker + e->reason + e->notes + bytes;
}

static unsigned
cost_of(const struct wait_ends *want, const struct end *e)
{
    unsigned fetch = e->cold && !want->bare ? LOOKS_A_FETCH : 0;

    return fetch + (unsigned)(size_of(want, e) / BYTES_A_LOOK);
}

static bool
is_wanted(const struct wait_ends *want, struct ends_place at)
{
    return at.kind == ENDS_END && (!want->failed || at.is.end->code != 0);
}

static uint64_t
last_place(const struct job *job, unsigned order)
{
    return order == ENDS_BY_SEQ ? job->queue->accepted : job->ends.given;
}

static void
spend(unsigned *looks, unsigned cost)
{
    *looks -= cost < *looks ? cost : *looks;
}

/* Gather what is there behind want->after, which moves on.  One place is looked
 * at in any case, so that each reader gets on. */
static void
gather(struct core *core, const struct job *job, struct wait_ends *want,
    unsigned *looks, struct found *found)
{
    enum ends_order order = (enum ends_order)want->by;

    for (bool first = true;; first = false) {
        uint64_t place = ends_skip(&job->ends, order, want->after);
        if (place > last_place(job, order)) {
            /* Who asks for what is not there yet is given nothing before it. */
            if (want->after < last_place(job, order)) {
                want->after = last_place(job, order);
            }
            found->over = job_is_over(job);
            return;
        }
        struct ends_place at = ends_at(&job->ends, order, place);
        if (at.kind != ENDS_END) return; /* It has not ended. */
        if (*looks == 0 && !first) {
            found->left = JOB_READ_MORE;
            return;
        }
        spend(looks, 1);
        if (is_wanted(want, at)) {
            size_t bytes = found->ends.length + size_of(want, at.is.end);
            if (found->count >= want->limit
                || (found->count > 0 && bytes > want->bytes)) {
                return;
            }
            if (!want->bare && !journal_has_end(core, at.is.end)) {
                found->left = JOB_READ_LATER;
                return;
            }
            if (!add(core, want, at.is.end, found)) return;
            spend(looks, cost_of(want, at.is.end));
        }
        want->after = place;
    }
}

static void
answer(struct core *core, struct session *s, uint64_t request,
    const struct wait_ends *want, const struct found *found)
{
    /* With what is in the open frame it might be more than one may hold. */
    if (stream_open_bytes(&s->stream) > 0
        && found->ends.length > SESSION_FRAME_SOFT) {
        reply_seal(core, s);
    }
    reply(core, s,
        &(struct msg){
            .type = MSG_job_ended,
            .as.job_ended = {
                .request = request,
                .next = want->after,
                .over = found->over,
                .ends = {
                    .bytes = { found->ends.bytes, found->ends.length },
                    .count = found->count,
                },
            },
        });
}

/* Answer if there is something; then the wait is over. */
static enum job_read_left
read_one(
    struct core *core, const struct job *job, struct wait *w, unsigned *looks)
{
    struct found found = { .left = JOB_READ_NOTHING };

    buf_init(&found.ends);
    gather(core, job, &w->as.ends, looks, &found);
    enum job_read_left left = found.left;
    if (found.ends.failed) {
        reply_broken(core, w->session);
    } else if (found.count > 0 || found.over) {
        answer(core, w->session, w->request, &w->as.ends, &found);
        wait_end(&core->waits, w);
        left = JOB_READ_NOTHING;
    }
    buf_fini(&found.ends);
    return left;
}

enum job_read_left
job_read_all(struct core *core, struct job *job, unsigned *looks)
{
    enum job_read_left left = JOB_READ_NOTHING;

    LIST_FOREACH (node, after, &job->readers) {
        struct wait *w = CONTAINER_OF(node, struct wait_link, node)->wait;
        if (!reply_has_window(core, w->session)) continue;
        enum job_read_left one = read_one(core, job, w, looks);
        if (one == JOB_READ_MORE || left == JOB_READ_NOTHING) left = one;
    }
    return left;
}

void
job_read_give_up(struct core *core, struct wait *w, int code)
{
    const struct found none = { .count = 0 };

    if (code == STINT_ETIMEOUT) code = w->as.ends.late;
    if (code == 0) {
        answer(core, w->session, w->request, &w->as.ends, &none);
    } else {
        reply_error(core, w->session, w->request, code, NULL);
    }
}

/* Who reads by place may have seen another end there than the one of a task
 * that was tried again since. */
static bool
may_drop(const struct job *job, enum ends_order order, const struct end *e)
{
    return e->code == 0 && (order == ENDS_BY_NUMBER || e->number < job->again);
}

/* What has been read and ended well need not be kept. */
static void
drop(struct core *core, struct job *job, enum ends_order order, uint64_t to)
{
    uint64_t *at = &job->dropped[order];

    if (to > last_place(job, order)) to = last_place(job, order);
    spare_read(core, job, order, to);
    for (unsigned count = 0; count < DROPS_A_REQUEST; count++) {
        uint64_t place = ends_skip(&job->ends, order, *at);
        if (place > to) return;
        struct ends_place is = ends_at(&job->ends, order, place);
        *at = place;
        if (is.kind == ENDS_END && may_drop(job, order, is.is.end)) {
            jobs_drop(core, job, is.is.end);
        }
    }
}

/* All of them wait for the turn, which bounds what readers cost together; for
 * who does not wait longer it is the last moment. */
static void
park(struct core *core, tick_ns now, struct session *s, struct job *job,
    const struct msg_job_ends *r, struct wait_ends *want)
{
    tick_ns until = tick_after(now, (tick_ns)r->wait_ns);
    int code = wait_check(&core->waits, s, r->wait_ns);

    if (code == STINT_EBUDGET) { /* It may have what is there. */
        want->late = code;
        until = now;
        code = 0;
    }
    struct wait *w = code == 0 ? wait_new(WAIT_ENDS, 1) : NULL;
    if (w == NULL) {
        reply_error(core, s, r->request, code != 0 ? code : STINT_ENOMEM, NULL);
        return;
    }
    w->as.ends = *want;
    wait_begin(&core->waits, w, s, r->request, until);
    wait_line_up(w, 0, job->queue);
    jobs_touch(core, job);
}

void
job_read(struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    const struct msg_job_ends *r = &m->as.job_ends;
    struct job *job = jobs_of_request(core, s, r->job, r->request);

    if (job == NULL) return;
    struct wait_ends want = {
        .after = r->after,
        .bytes = r->bytes != 0 ? r->bytes : BYTES_USUAL,
        .limit = r->limit != 0 ? (uint32_t)r->limit : ENDS_MAX,
        .by = (uint8_t)r->by,
        .bare = r->bare != 0,
        .failed = r->failed != 0,
    };
    if (want.bytes > BYTES_MAX) want.bytes = BYTES_MAX;
    if (want.bytes > core->config.payload_max) {
        want.bytes = core->config.payload_max;
    }
    drop(core, job, (enum ends_order)r->by, r->drop);
    park(core, now, s, job, r, &want);
}
