#include "common/base.h"
#include "common/error.h"
#include "master/core/jobs.h"
#include "master/core/listing.h"
#include "master/core/queues.h"
#include "master/core/reply.h"
#include "master/core/seek.h"
#include "master/core/shared/census.h"
#include "master/core/verbs.h"
#include "master/core/view.h"

enum { HEAD_BYTES = 1024 };

/* ---- queues -------------------------------------------------------------- */

static void
add_queue(struct listing *page, const struct queue *q)
{
    const struct rec_queue_row row = view_queue_row(q);

    listing_add(page, RECORD_queue_row, &row);
}

static void
list_queues(
    struct core *core, tick_ns now, struct session *s, const struct msg_list *l)
{
    struct listing page;

    listing_begin(&page, l);
    view_count_workers(core, now);
    if (l->queue.length > 0) {
        const struct queue *q = queues_find(core, l->queue);
        if (q == NULL) {
            reply_error(core, s, l->request, STINT_ENOQUEUE, NULL);
            return;
        }
        add_queue(&page, q);
    } else {
        for (uint64_t i = l->after; i < core->queues_count; i++) {
            if (!listing_has_room(&page, i)) break;
            add_queue(&page, core->queues[i]);
        }
    }
    listing_send(core, s, &page, MSG_queue_rows, l->request);
}

/* ---- peers --------------------------------------------------------------- */

static void
list_peers(
    struct core *core, tick_ns now, struct session *s, const struct msg_list *l)
{
    struct listing page;
    char words[VIEW_WORDS_MAX];

    listing_begin(&page, l);
    for (uint64_t i = l->after;; i++) {
        const struct session *peer = view_peer(core, &i);
        if (peer == NULL || !listing_has_room(&page, i)) break;
        const struct rec_peer_row row = view_peer_row(core, now, peer, words);
        listing_add(&page, RECORD_peer_row, &row);
    }
    listing_send(core, s, &page, MSG_peer_rows, l->request);
}

/* ---- tasks --------------------------------------------------------------- */

static void
add_task(
    struct core *core, struct listing *page, tick_ns now, const struct task *t)
{
    struct rec_task_row row = view_task_row(now, t);

    row.head = task_payload(t);
    if (row.head.bytes == NULL && row.head.length > 0) {
        (void)journal_fetch(core, ROW_task, t->id, &row.head);
    }
    if (row.head.bytes == NULL) row.head.length = 0;
    if (row.head.length > HEAD_BYTES) row.head.length = HEAD_BYTES;
    listing_add(page, RECORD_task_row, &row);
}

static void
add_ended(struct listing *page, tick_ns now, const struct ended *e)
{
    const struct rec_task_row row = view_ended_row(now, e);

    listing_add(page, RECORD_task_row, &row);
}

static bool
wanted(const struct msg_list *l, const struct queue *q, uint64_t job,
    unsigned state)
{
    if (l->state != 0 && l->state != state + 1) return false;
    if (l->job != 0 && l->job != job) return false;
    return l->queue.length == 0 || slice_equal(slice_of(q->name), l->queue);
}

/* A job's task is listed under the queue whose workers run it. */
static bool
wanted_task(const struct msg_list *l, const struct task *t)
{
    const struct job *job = t->queue->job;

    if (l->running != 0
        && (t->state != TASK_LEASED
            || t->is.lease->ahead != (l->running == 2))) {
        return false;
    }
    if (job == NULL) return wanted(l, t->queue, 0, t->state);
    return wanted(l, job->parent, job->number, t->state);
}

static const struct ended *
find_ended(const struct core *core, uint64_t task)
{
    for (size_t i = 0; i < ENDED_MAX; i++) {
        if (core->ended[i].task == task) return &core->ended[i];
    }
    return NULL;
}

/* What ended long ago is found with its job. */
static void
add_end(struct listing *page, const struct job *job, const struct end *e)
{
    const struct rec_task_row row = view_end_row(job, e);

    listing_add(page, RECORD_task_row, &row);
}

static void
list_one(struct core *core, tick_ns now, struct listing *page, uint64_t id)
{
    const struct task *t = task_table_find(&core->tasks, id);
    const struct ended *e = t == NULL ? find_ended(core, id) : NULL;

    if (t != NULL) {
        add_task(core, page, now, t);
    } else if (e != NULL) {
        add_ended(page, now, e);
    } else {
        const struct job *job;
        const struct end *end = seek_end(core, id, &job);
        if (end != NULL) add_end(page, job, end);
    }
}

/* One page looks at so many tasks at most: a filter that fits none must not
 * hold everybody else up.  Nor must many pages: in a turn that has looked at
 * enough they get short, and who goes on is served in the next one. */
enum { LOOK_MAX = 20000, LOOK_LEAST = 64, LOOK_TURN = 10 * LOOK_MAX };

/* Ids that are no task's any more are passed over, at a cost. */
enum { IDS_A_LOOK = 64 };

static void
list_held(struct core *core, tick_ns now, struct listing *page,
    const struct msg_list *l)
{
    uint64_t most = core->looked < LOOK_TURN ? LOOK_MAX : LOOK_LEAST;
    uint64_t looked = 0, before = l->after;
    const struct task *t = task_table_next(&core->tasks, before);

    for (; t != NULL; t = task_table_next(&core->tasks, before)) {
        if (looked >= most) {
            page->next = t->id - 1;
            break;
        }
        looked += 1 + (t->id - before) / IDS_A_LOOK;
        before = t->id;
        if (!wanted_task(l, t)) continue;
        if (!listing_has_room(page, t->id - 1)) break;
        add_task(core, page, now, t);
    }
    core->looked += looked;
}

/* Of those that were of no job the last ones stand in a ring, in which `after`
 * counts. */
static void
list_ended(struct core *core, tick_ns now, struct listing *page,
    const struct msg_list *l)
{
    for (uint64_t i = l->after; i < ENDED_MAX; i++) {
        const struct ended *e = &core->ended[i];
        if (e->task == 0 || !wanted(l, e->queue, 0, e->state)) continue;
        if (!listing_has_room(page, i)) return;
        add_ended(page, now, e);
    }
}

/* Pages of all jobs begin at the number of one and a place in it. */
enum { SEQ_BITS = 32 };

static uint64_t
base_of(const struct msg_list *l, const struct job *job)
{
    return l->job != 0 ? 0 : job->number << SEQ_BITS;
}

/* Of a job they all stay, in the order of their places.  Returns whether that
 * was all. */
static bool
list_ends(struct core *core, struct listing *page, const struct msg_list *l,
    const struct job *job)
{
    uint64_t base = base_of(l, job);
    uint64_t at = l->after > base ? l->after - base : 0;

    for (;;) {
        at = ends_skip(&job->ends, ENDS_BY_SEQ, at);
        if (at > job->queue->accepted) return true;
        if (!listing_has_room(page, base + at - 1)) return false;
        if (page->looks == 0) {
            page->next = base + at - 1;
            return false;
        }
        page->looks -= 1;
        core->looked += 1;
        struct ends_place is = ends_at(&job->ends, ENDS_BY_SEQ, at);
        if (is.kind != ENDS_END) continue;
        enum task_state state = seek_state(is.is.end->code);
        if (wanted(l, job->parent, job->number, state)) {
            add_end(page, job, is.is.end);
        }
    }
}

/* Jobs are 10,000 at most: to pass one over costs nothing to speak of. */
static void
list_all_ends(struct core *core, struct listing *page, const struct msg_list *l)
{
    LIST_FOREACH (node, after, &core->jobs.order) {
        const struct job *job = CONTAINER_OF(node, struct job, order);
        if (job->number < l->after >> SEQ_BITS) continue;
        if (l->queue.length > 0
            && !slice_equal(slice_of(job->parent->name), l->queue)) {
            continue;
        }
        if (!list_ends(core, page, l, job)) return;
    }
}

/* Tasks of no job first. */
static void
list_gone(struct core *core, tick_ns now, struct listing *page,
    const struct msg_list *l)
{
    const struct job *job = jobs_find(core, l->job);

    page->looks = core->looked < LOOK_TURN ? LOOK_MAX : LOOK_LEAST;
    if (job != NULL) (void)list_ends(core, page, l, job);
    if (l->job != 0) return;
    list_ended(core, now, page, l);
    if (page->next == 0) list_all_ends(core, page, l);
}

static void
list_tasks(
    struct core *core, tick_ns now, struct session *s, const struct msg_list *l)
{
    struct listing page;

    listing_begin(&page, l);
    if (l->task != 0) {
        list_one(core, now, &page, l->task);
    } else {
        bool ended = l->state == TASK_DONE + 1 || l->state > TASK_DEAD + 1;
        if (ended) list_gone(core, now, &page, l);
        if (!ended) list_held(core, now, &page, l);
    }
    listing_send(core, s, &page, MSG_task_rows, l->request);
}

/* ---- jobs ---------------------------------------------------------------- */

/* Of one's own key only, if `state` says so. */
static bool
wanted_job(
    const struct session *s, const struct msg_list *l, const struct job *job)
{
    bool own = memcmp(job->owner, s->key->public_key, PROTO_KEY_BYTES) == 0;

    if (l->job != 0 && l->job != job->number) return false;
    if (l->state != 0 && !own) return false;
    return l->queue.length == 0
           || slice_equal(slice_of(job->parent->name), l->queue);
}

static void
list_jobs(
    struct core *core, tick_ns now, struct session *s, const struct msg_list *l)
{
    struct listing page;
    char words[VIEW_WORDS_MAX];

    if (l->job != 0 && jobs_find(core, l->job) == NULL) {
        reply_error(core, s, l->request, STINT_ENOJOB, NULL);
        return;
    }
    listing_begin(&page, l);
    LIST_FOREACH (node, after, &core->jobs.order) {
        const struct job *job = CONTAINER_OF(node, struct job, order);
        if (job->number <= l->after || !wanted_job(s, l, job)) continue;
        if (!listing_has_room(&page, job->number - 1)) break;
        const struct rec_job_row row = view_job_row(core, now, job, words);
        listing_add(&page, RECORD_job_row, &row);
    }
    listing_send(core, s, &page, MSG_job_rows, l->request);
}

/* ---- schedules ----------------------------------------------------------- */

static void
list_schedules(
    struct core *core, tick_ns now, struct session *s, const struct msg_list *l)
{
    struct listing page;

    listing_begin(&page, l);
    LIST_FOREACH (node, after, &core->schedules.order) {
        const struct schedule *c = CONTAINER_OF(node, struct schedule, order);
        if (c->number <= l->after) continue;
        if (!listing_has_room(&page, c->number - 1)) break;
        listing_add(&page, RECORD_schedule_row,
            &(struct rec_schedule_row){
                .schedule = slice_of(c->name),
                .queue = slice_of(c->queue->name),
                .at = (uint64_t)c->at,
                .every_ns = (uint64_t)c->every,
                .cron = slice_of(c->line),
                .next = (uint64_t)schedule_next(core, now, c),
                .last = (uint64_t)c->last,
                .put = c->put,
                .skipped = c->skipped,
                .task = c->task,
            });
    }
    listing_send(core, s, &page, MSG_schedule_rows, l->request);
}

/* ---- keys, status -------------------------------------------------------- */

static void
list_keys(struct core *core, struct session *s, const struct msg_list *l)
{
    struct listing page;
    uint64_t at = 0;

    listing_begin(&page, l);
    LIST_FOREACH (node, after, &core->keys.order) {
        const struct key *key = CONTAINER_OF(node, struct key, in_order);
        if (at++ < l->after) continue;
        if (!listing_has_room(&page, at - 1)) break;
        listing_add(&page, RECORD_key_row,
            &(struct rec_key_row){
                .name = slice_of(key->name),
                .role = key->role,
                .public_key = { key->public_key, PROTO_KEY_BYTES },
                .revoked = key->revoked,
                .peers = key->sessions,
            });
    }
    listing_send(core, s, &page, MSG_key_rows, l->request);
}

void
look_list(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    const struct msg_list *l = &m->as.list;
    uint64_t looked = core->looked;

    switch (l->what) {
    case 0:
        list_queues(core, now, s, l);
        break;
    case 1:
        list_peers(core, now, s, l);
        break;
    case 2:
        list_tasks(core, now, s, l);
        break;
    case 4:
        list_jobs(core, now, s, l);
        break;
    case 5:
        list_schedules(core, now, s, l);
        break;
    case 6:
        census_objects(core, now, s, l);
        break;
    case 7:
        census_users(core, now, s, l);
        break;
    default:
        list_keys(core, s, l);
        break;
    }
    looked = core->looked - looked + HASH_CNT(by_number, core->jobs.by_number);
    core->spent += looked / PASSED_A_STEP;
}

void
look_status(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    struct msg row = { .type = MSG_master_row,
        .as.master_row = view_master_row(core, now) };

    row.as.master_row.request = m->as.status.request;
    reply(core, s, &row);
}
