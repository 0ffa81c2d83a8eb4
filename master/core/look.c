#include "common/base.h"
#include "common/error.h"
#include "master/core/queues.h"
#include "master/core/reply.h"
#include "master/core/totals.h"
#include "master/core/verbs.h"

enum { ROWS_MAX = 1000, PAGE_BYTES = 256 << 10, HEAD_BYTES = 1024 };

/* A page that is being filled. */
struct page {
    struct buf rows;
    uint32_t count, limit;
    uint64_t next; /* Where the next page begins; 0: that was all. */
};

static void
page_init(struct page *page, const struct msg_list *l)
{
    buf_init(&page->rows);
    page->count = 0;
    page->limit = l->limit != 0 ? (uint32_t)l->limit : ROWS_MAX;
    page->next = 0;
}

/* Whether there is room for one more row; else the next page begins at `at`. */
static bool
page_has_room(struct page *page, uint64_t at)
{
    if (page->count < page->limit && page->rows.length < PAGE_BYTES) {
        return true;
    }
    page->next = at;
    return false;
}

static void
page_add(struct page *page, enum record_type type, const void *row)
{
    codec_record(&page->rows, type, row);
    page->count += 1;
}

/* All four row messages have the same shape. */
static void
page_send(struct core *core, struct session *s, struct page *page,
    enum msg_type type, uint64_t request)
{
    if (page->rows.failed) {
        reply_error(core, s, request, STINT_ENOMEM, NULL);
    } else {
        struct msg m = { .type = type };
        struct proto_list rows = {
            { page->rows.bytes, page->rows.length },
            page->count,
        };
        m.as.queue_rows.request = request;
        m.as.queue_rows.next = page->next;
        m.as.queue_rows.rows = rows;
        reply(core, s, &m);
    }
    buf_fini(&page->rows);
}

static uint64_t
since(tick_ns now, tick_ns then)
{
    return now > then ? (uint64_t)(now - then) : 0;
}

static uint64_t
until(tick_ns now, tick_ns then)
{
    return since(then, now);
}

static uint64_t
bound(uint64_t max)
{
    return max == UINT64_MAX ? 0 : max;
}

/* ---- queues
 * ------------------------------------------------------------------ */

static void
add_queue(struct page *page, const struct queue *q)
{
    page_add(page, RECORD_queue_row,
        &(struct rec_queue_row){
            .queue = slice_of(q->name),
            .kind = q->policy.kind,
            .max_tasks = bound(q->policy.max_tasks),
            .max_bytes = bound(q->policy.max_bytes),
            .shut = q->shut,
            .ready = q->now[TASK_READY],
            .delayed = q->now[TASK_DELAYED],
            .leased = q->now[TASK_LEASED],
            .bytes = q->bytes,
            .accepted = q->accepted,
            .done = q->now[TASK_DONE],
            .dead = q->now[TASK_DEAD],
            .cancelled = q->now[TASK_CANCELLED],
            .expired = q->now[TASK_EXPIRED],
            .failures = q->failures,
            .lost = q->lost,
            .timeouts = q->timeouts,
            .released = q->released,
            .getters = q->getters_count,
            .putters = q->putters_count,
            .lease_ns = (uint64_t)q->policy.lease,
            .attempts_max = q->policy.retry.attempts_max,
            .open_bytes = q->open_bytes,
            .durability = q->policy.durability,
            .workers = q->workers,
        });
}

static bool
is_drained(const struct core *core, const struct session *s)
{
    return s->draining || (core->drains_all && s->kind == 1);
}

/* Of all queues at once, and now and then: who asks for a queue's size again
 * and again must not go through a crowd each time. */
static void
count_workers(struct core *core, tick_ns now)
{
    enum { COUNTS_MS = 10 };

    if (core->workers_counted != 0
        && now - core->workers_counted < COUNTS_MS * TICK_MS) {
        return;
    }
    core->workers_counted = now;
    for (uint32_t i = 0; i < core->queues_count; i++)
        core->queues[i]->workers = 0;
    for (uint32_t i = 0; i < core->slots_count; i++) {
        const struct session *s = core->slots[i];
        if (s == NULL || s->state != SESSION_LIVE || s->restored || s->leaving
            || s->kind != 1 || is_drained(core, s)) {
            continue;
        }
        for (uint32_t k = 0; k < s->serves_count; k++)
            core->queues[s->serves[k]]->workers += 1;
    }
}

static void
list_queues(
    struct core *core, tick_ns now, struct session *s, const struct msg_list *l)
{
    struct page page;

    page_init(&page, l);
    count_workers(core, now);
    if (l->queue.length > 0) {
        const struct queue *q = queues_find(core, l->queue);
        if (q == NULL) {
            reply_error(core, s, l->request, STINT_ENOQUEUE, NULL);
            return;
        }
        add_queue(&page, q);
    } else {
        for (uint64_t i = l->after; i < core->queues_count; i++) {
            if (!page_has_room(&page, i)) break;
            add_queue(&page, core->queues[i]);
        }
    }
    page_send(core, s, &page, MSG_queue_rows, l->request);
}

/* ---- peers
 * -------------------------------------------------------------------- */

static void
add_peer(const struct core *core, struct page *page, tick_ns now,
    const struct session *s)
{
    page_add(page, RECORD_peer_row,
        &(struct rec_peer_row){
            .name = slice_of(s->name),
            .host = slice_of(s->host),
            .pid = s->pid,
            .kind = s->kind,
            .key = slice_of(s->key->name),
            .alive = s->state == SESSION_LIVE && !s->restored,
            .slots = s->slots,
            .leased = s->leased,
            .done = s->done,
            .failed = s->failed,
            .silent_ns = since(now, s->heard),
            .age_ns = since(now, s->since),
            .draining = is_drained(core, s),
        });
}

static void
list_peers(
    struct core *core, tick_ns now, struct session *s, const struct msg_list *l)
{
    struct page page;

    page_init(&page, l);
    for (uint64_t i = l->after; i < core->slots_count; i++) {
        const struct session *peer = core->slots[i];
        if (peer == NULL || peer->state == SESSION_GHOST || peer->leaving) {
            continue;
        }
        if (!page_has_room(&page, i)) break;
        add_peer(core, &page, now, peer);
    }
    page_send(core, s, &page, MSG_peer_rows, l->request);
}

/* ---- tasks
 * -------------------------------------------------------------------- */

static uint64_t
wait_of(tick_ns now, const struct task *t)
{
    if (t->state == TASK_DELAYED) return until(now, t->is.due);
    if (t->state == TASK_LEASED) return until(now, t->is.lease->deadline);
    return 0;
}

static void
add_task(
    struct core *core, struct page *page, tick_ns now, const struct task *t)
{
    const struct task_more *more = t->more;
    const char *worker = more != NULL ? more->worker : "";
    const char *reason =
        more != NULL && more->reason != NULL ? more->reason : "";
    struct slice head = task_payload(t);

    if (head.bytes == NULL && head.length > 0) {
        (void)journal_fetch(core, ROW_task, t->id, &head);
    }
    if (head.bytes == NULL) head.length = 0;
    if (head.length > HEAD_BYTES) head.length = HEAD_BYTES;

    if (t->state == TASK_LEASED) worker = t->is.lease->session->name;
    page_add(page, RECORD_task_row,
        &(struct rec_task_row){
            .task = t->id,
            .queue = slice_of(t->queue->name),
            .state = t->state,
            .priority = t->priority,
            .attempts = t->attempts,
            .failures = t->failures,
            .lost = t->lost,
            .timeouts = t->timeouts,
            .released = t->released,
            .age_ns = since(now, t->born),
            .wait_ns = wait_of(now, t),
            .worker = slice_of(worker),
            .reason = slice_of(reason),
            .handler = slice_of(more != NULL ? more->handler : ""),
            .bytes = t->size,
            .head = head,
            .ended_ns = t->state == TASK_DEAD && more != NULL
                            ? since(now, more->ended)
                            : 0,
        });
}

static void
add_ended(struct page *page, tick_ns now, const struct ended *e)
{
    page_add(page, RECORD_task_row,
        &(struct rec_task_row){
            .task = e->task,
            .queue = slice_of(e->queue->name),
            .state = e->state,
            .priority = e->priority,
            .attempts = e->attempts,
            .failures = e->failures,
            .lost = e->lost,
            .timeouts = e->timeouts,
            .released = e->released,
            .age_ns = since(now, e->born),
            .worker = slice_of(e->worker),
            .bytes = e->size,
            .ended_ns = since(now, e->at),
        });
}

static bool
wanted(const struct msg_list *l, const struct queue *q, unsigned state)
{
    if (l->state != 0 && l->state != state + 1) return false;
    return l->queue.length == 0 || slice_equal(slice_of(q->name), l->queue);
}

static const struct ended *
find_ended(const struct core *core, uint64_t task)
{
    for (size_t i = 0; i < ENDED_MAX; i++) {
        if (core->ended[i].task == task) return &core->ended[i];
    }
    return NULL;
}

static void
list_one(struct core *core, tick_ns now, struct page *page, uint64_t id)
{
    const struct task *t = task_table_find(&core->tasks, id);
    const struct ended *e = t == NULL ? find_ended(core, id) : NULL;

    if (t != NULL) add_task(core, page, now, t);
    if (e != NULL) add_ended(page, now, e);
}

/* One page looks at so many tasks at most: a filter that fits none must not
 * hold everybody else up.  Nor must many pages: in a turn that has looked at
 * enough they get short, and who goes on is served in the next one. */
enum { LOOK_MAX = 20000, LOOK_LEAST = 64, LOOK_TURN = 10 * LOOK_MAX };

/* Ids that are no task's any more are passed over, at a cost. */
enum { IDS_A_LOOK = 64 };

static void
list_held(
    struct core *core, tick_ns now, struct page *page, const struct msg_list *l)
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
        if (!wanted(l, t->queue, t->state)) continue;
        if (!page_has_room(page, t->id - 1)) break;
        add_task(core, page, now, t);
    }
    core->looked += looked;
}

/* The ended ones stand in a ring in the order of their ends, and are few: they
 * come on the first page. */
static void
list_ended(
    struct core *core, tick_ns now, struct page *page, const struct msg_list *l)
{
    if (l->after != 0) return;
    for (size_t i = 0; i < ENDED_MAX && page->count < page->limit; i++) {
        const struct ended *e = &core->ended[i];
        if (e->task == 0 || page->rows.length >= PAGE_BYTES) continue;
        if (wanted(l, e->queue, e->state)) add_ended(page, now, e);
    }
}

static void
list_tasks(
    struct core *core, tick_ns now, struct session *s, const struct msg_list *l)
{
    struct page page;

    page_init(&page, l);
    if (l->task != 0) {
        list_one(core, now, &page, l->task);
    } else {
        bool ended = l->state == TASK_DONE + 1 || l->state > TASK_DEAD + 1;
        if (ended) list_ended(core, now, &page, l);
        if (!ended) list_held(core, now, &page, l);
    }
    page_send(core, s, &page, MSG_task_rows, l->request);
}

/* ---- keys, status
 * ---------------------------------------------------------------- */

static void
list_keys(struct core *core, struct session *s, const struct msg_list *l)
{
    struct page page;
    uint64_t at = 0;

    page_init(&page, l);
    LIST_FOREACH (node, after, &core->keys.order) {
        const struct key *key = CONTAINER_OF(node, struct key, in_order);
        if (at++ < l->after) continue;
        if (!page_has_room(&page, at - 1)) break;
        page_add(&page, RECORD_key_row,
            &(struct rec_key_row){
                .name = slice_of(key->name),
                .role = key->role,
                .public_key = { key->public_key, PROTO_KEY_BYTES },
                .revoked = key->revoked,
                .peers = key->sessions,
            });
    }
    page_send(core, s, &page, MSG_key_rows, l->request);
}

void
look_list(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    const struct msg_list *l = &m->as.list;

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
    default:
        list_keys(core, s, l);
        break;
    }
}

static const char *
durability(const struct core *core)
{
    if (!core->config.durable) return "memory";
    switch ((enum queue_durability)core->config.durability) {
    case QUEUE_WRITTEN:
        return "written";
    case QUEUE_MEMORY:
        return "memory";
    case QUEUE_SYNCED:
        break;
    }
    return "synced";
}

void
look_status(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    const struct core_totals *sum = totals_look(core);
    struct msg_master_row row = {
        .request = m->as.status.request,
        .uptime_ns = since(now, core->born),
        .memory = sum->memory,
        .memory_max = core->config.memory_max,
        .queues = core->queues_count,
        .clients = sum->sessions_live - sum->workers,
        .workers = sum->workers,
        .slots = sum->slots,
        .ready = sum->ready,
        .delayed = sum->delayed,
        .leased = sum->leased,
        .accepted = sum->accepted,
        .done = sum->done,
        .dead = sum->dead,
        .cancelled = sum->cancelled,
        .expired = sum->expired,
        .software = slice_of(core->config.software),
        .durability = slice_of(durability(core)),
        .disk_full = core->disk_full,
    };

    reply(
        core, s, &(struct msg){ .type = MSG_master_row, .as.master_row = row });
}
