#include "master/core/core.h"

#include <stdlib.h>

#include "common/base.h"
#include "common/error.h"
#include "master/core/emptying.h"
#include "master/core/end_tasks.h"
#include "master/core/filing.h"
#include "master/core/greet.h"
#include "master/core/job_turn.h"
#include "master/core/jobs.h"
#include "master/core/life.h"
#include "master/core/load.h"
#include "master/core/match.h"
#include "master/core/outcome.h"
#include "master/core/pieces.h"
#include "master/core/queues.h"
#include "master/core/receive.h"
#include "master/core/reply.h"
#include "master/core/sender.h"
#include "master/core/shared/graves.h"
#include "master/core/shared/objects.h"
#include "master/core/shared/pipe_flow.h"
#include "master/core/shared/watch.h"
#include "master/core/show.h"
#include "master/core/spare.h"
#include "master/core/totals.h"

void
core_config_init(struct core_config *config)
{
    *config = (struct core_config){
        .memory_max = (size_t)1 << 30,
        .payload_max = 16 << 20,
        .frame_max = (16 << 20) + (64 << 10),
        .silence = 3 * TICK_S,
        .session_ttl = 600 * TICK_S,
        .grace = 15 * TICK_S,
        .sessions_max = 20000,
        .queues_max = 10000,
        .objects_max = 100000,
        .steps_max = 4000,
        .share_max = 2000,
        .software = "stint",
    };
}

struct core *
core_new(const struct core_config *config, tick_ns now)
{
    struct core *core = calloc(1, sizeof *core);
    if (core == NULL) return NULL;

    core->ended = calloc(ENDED_MAX, sizeof *core->ended);
    if (core->ended == NULL) {
        free(core);
        return NULL;
    }
    core->config = *config;
    core->born = core->now = now;
    chance_init(&core->chance, config->seed);
    core->objects.fence = config->fence_base;
    hashtable_init(&core->objects.by_name);
    list_init(&core->objects.watched);
    list_init(&core->objects.pipes);
    list_init(&core->objects.graves);
    keyring_init(&core->keys);
    list_init(&core->sending);
    list_init(&core->lazy);
    list_init(&core->starved);
    list_init(&core->behind);
    list_init(&core->broken);
    list_init(&core->letters);
    list_init(&core->gated);
    list_init(&core->dirty);
    list_init(&core->emptying);
    task_table_init(&core->tasks);
    lease_book_init(&core->leases);
    wait_book_init(&core->waits, config->memory_max / 8);
    journal_init(core);
    files_init(core);
    buf_init(&core->fetched);
    buf_init(&core->noted);
    life_init(core);
    show_init(core);
    jobs_init(core);
    schedule_init(core);
    list_init(&core->sweeps);
    greet_init(core);
    return core;
}

void
core_free(struct core *core)
{
    if (core == NULL) return;
    load_abandon(core);
    greet_fini(core);
    objects_fini(core);
    graves_fini(core);
    for (uint64_t last = 0;;) {
        struct task *t = task_table_next(&core->tasks, last);
        if (t == NULL) break;
        last = t->id;
        if (t->state == TASK_READY && core->load == NULL) {
            queue_take(t->queue, t);
        }
        task_table_remove(&core->tasks, t);
        task_free(t);
    }
    task_table_fini(&core->tasks);
    lease_book_fini(&core->leases);
    jobs_fini(core);
    schedule_fini(core);
    queues_fini(core);
    keyring_fini(&core->keys);
    sender_fini(core);
    load_fini(core);
    journal_fini(core);
    buf_fini(&core->fetched);
    buf_fini(&core->noted);
    free(core->ended);
    free(core);
}

/* ---- keys ---------------------------------------------------------------- */

int
core_key_add(struct core *core, struct slice name, unsigned role,
    const uint8_t public_key[PROTO_KEY_BYTES])
{
    int rc = keyring_add(&core->keys, name, role, public_key);

    if (rc == 0) spare_key(core, keyring_find(&core->keys, public_key));
    return rc;
}

int
core_key_revoke(struct core *core, tick_ns now, struct slice name)
{
    struct key *key = keyring_named(&core->keys, name);

    if (key == NULL) return STINT_ENOKEY;
    keyring_revoke(&core->keys, key);
    greet_cut(core, now, key);
    spare_key(core, key);
    return 0;
}

bool
core_key_at(const struct core *core, size_t index, struct core_key *out)
{
    LIST_FOREACH (node, after, &core->keys.order) {
        if (index-- > 0) continue;
        const struct key *key = CONTAINER_OF(node, struct key, in_order);
        memcpy(out->name, key->name, sizeof out->name);
        memcpy(out->public_key, key->public_key, PROTO_KEY_BYTES);
        out->role = key->role;
        out->revoked = key->revoked;
        return true;
    }
    return false;
}

uint64_t
core_keys_version(const struct core *core)
{
    return core->keys.version;
}

int
core_queue_add(struct core *core, tick_ns now, struct slice name)
{
    struct queue_policy policy;
    struct queue *q;

    (void)now;
    if (queues_find(core, name) != NULL) return 0;
    queues_policy(core, &policy);
    return queues_make(core, name, &policy, &q);
}

/* ---- receiving ----------------------------------------------------------- */

void
core_receive(struct core *core, tick_ns now, uint64_t conn,
    const uint8_t public_key[PROTO_KEY_BYTES], struct slice wire)
{
    core->now = now;
    receive_frame(core, now, conn, public_key, wire);
}

bool
core_is_sated(const struct core *core)
{
    enum { SHARES = 8 };

    return core->spent > (uint64_t)SHARES * core->config.share_max;
}

/* ---- the turn ------------------------------------------------------------ */

static void
touch_waits(struct core *core, struct session *s)
{
    LIST_FOREACH (node, after, &s->waits) {
        struct wait *w = CONTAINER_OF(node, struct wait, of_session);
        if (w->kind == WAIT_RECEIVE) pipe_flow_touch(core, w);
        if (w->kind == WAIT_ENDS) jobs_touch(core, w->links[0].queue->job);
        for (uint32_t i = 0; w->kind == WAIT_GET && i < w->links_count; i++) {
            struct queue *q = w->links[i].queue;
            if (q == NULL || q->now[TASK_READY] + q->offered == 0) continue;
            w->links[i].refused = 0;
            life_touch(core, q);
        }
    }
}

/* Sessions whose window opened get what was held back for them.  Each is looked
 * at once: who finds the window closed again stands in the list anew. */
static void
feed_starved(struct core *core)
{
    struct list found;

    list_init(&found);
    list_splice(&found, &core->starved);
    for (;;) {
        struct list *node = list_pop(&found);
        if (node == NULL) return;
        struct session *s = CONTAINER_OF(node, struct session, starved);
        /* The next hello of one that is away puts it back. */
        if (s->state != SESSION_LIVE || s->conn == 0) continue;
        if (reply_is_held_up(core, s)) continue;
        if (!session_has_window(s)) {
            list_push(&core->starved, node);
            continue;
        }
        outcome_send_all(core, s);
        filing_feed(core, s);
        touch_waits(core, s);
    }
}

void
core_turn(struct core *core, tick_ns now)
{
    core->now = now;
    core->looked = core->spent = 0;
    core->turns += 1;
    core->has_totals = false;
    journal_tick(core, now);
    receive_tick(core, now);
    life_tick(core, now);
    greet_tick(core, now);
    schedule_tick(core, now);
    feed_starved(core);
    pipe_flow_tick(core);
    watch_tick(core);
    graves_tick(core);
    end_tasks_tick(core, now);
    emptying_tick(core, now);
    job_turn(core, now);
    match_all(core, now);
    match_tick(core, now);
    match_all(core, now);
    reply_tick(core, now);
    sender_seal_all(core);
    if (!list_is_empty(&core->broken)) greet_tick(core, now);
}

tick_ns
core_next_deadline(const struct core *core)
{
    /* What was touched after the matching, by a session that was ended. */
    if (!list_is_empty(&core->dirty)) return core->born;
    if (!list_is_empty(&core->objects.graves)) return core->born;
    if (!list_is_empty(&core->behind)) return core->born;

    tick_ns next =
        tick_min(life_next_deadline(core), wait_next_deadline(&core->waits));
    next = tick_min(next, jobs_next_deadline(core));
    next = tick_min(next, schedule_next_deadline(core));
    next = tick_min(next, end_tasks_next_deadline(core));
    next = tick_min(next, emptying_next_deadline(core));
    next = tick_min(next, reply_next_deadline(core));
    return tick_min(next, greet_next_deadline(core));
}

bool
core_send(struct core *core, uint64_t *conn, struct frame **frame)
{
    return sender_next(core, conn, frame);
}

void
core_conn_lost(struct core *core, uint64_t conn)
{
    struct session *s = greet_find(core, conn);

    if (s != NULL) greet_disconnect(core, s);
}

void
core_stalled(struct core *core, tick_ns gap)
{
    for (struct session *s = core->by_id; s != NULL; s = s->by_id.next) {
        s->heard = tick_after(s->heard, gap);
        /* Moved alike, the deadlines keep their order in the book. */
        LIST_FOREACH (node, after, &s->leases) {
            struct lease *l = CONTAINER_OF(node, struct lease, of_session);
            l->deadline = tick_after(l->deadline, gap);
        }
    }
}

void
core_excuse(struct core *core, tick_ns gap)
{
    for (struct session *s = core->by_id; s != NULL; s = s->by_id.next) {
        s->heard = tick_after(s->heard, gap);
    }
}

void
core_hurry(struct core *core)
{
    reply_tick(core, TICK_NEVER);
}

bool
core_forget(
    struct core *core, tick_ns now, const uint8_t session[PROTO_SESSION_BYTES])
{
    struct session *found;

    HASH_FIND(by_id, core->by_id, session, PROTO_SESSION_BYTES, found);
    if (found == NULL || found->leaving) return false;
    greet_forget(core, now, found);
    return true;
}

bool
core_worker_died(struct core *core, tick_ns now, struct slice name,
    const struct core_death *death)
{
    enum { WORKER = 1 };

    for (struct session *s = core->by_id; s != NULL; s = s->by_id.next) {
        if (s->kind != WORKER || s->leaving
            || !slice_equal(slice_of(s->name), name)) {
            continue;
        }
        greet_died(core, now, s, death);
        return true;
    }
    return false;
}

/* ---- what survives ------------------------------------------------------- */

bool
core_take(struct core *core, struct core_batch *batch)
{
    if (!journal_take(core, batch)) return false;
    /* What waits for this batch is not to wait for the next one too. */
    sender_seal_all(core);
    return true;
}

void
core_committed(struct core *core, uint64_t number)
{
    journal_committed(core, number);
    jobs_committed(core);
    pieces_committed(core, number);
}

void
core_recycle(struct core *core, struct buf *ops)
{
    struct buf *own = &core->journal.ops;

    if (own->capacity == 0 && !own->failed) {
        buf_clear(ops);
        *own = *ops;
        buf_init(ops);
    }
    buf_fini(ops);
}

size_t
core_untaken(const struct core *core)
{
    return core->journal.ops.length;
}

bool
core_expects_ends(const struct core *core)
{
    const struct journal *j = &core->journal;

    return j->sync && j->granted && !j->ended;
}

bool
core_has_failed(const struct core *core)
{
    return core->journal.failed || core->journal.ops.failed;
}

void
core_clock_set(struct core *core, const struct core_clock *clock)
{
    core->journal.clock = *clock;
}

struct core_clock
core_clock_loaded(const struct core *core)
{
    return core->journal.clock;
}

void
core_disk_full(struct core *core, bool full)
{
    core->disk_full = full;
}

int
core_load(struct core *core, const struct row *row, const char **why)
{
    return load_row(core, row, why);
}

int
core_loaded(struct core *core, tick_ns now, const char **why)
{
    int rc = load_end(core, now, why);

    if (rc == 0) emptying_loaded(core);
    return rc;
}

void
core_close_doors(struct core *core)
{
    core->doors_closed = true;
}

bool
core_stop_asked(const struct core *core)
{
    return core->stop_asked;
}

struct core_totals
core_totals(const struct core *core)
{
    return totals_sum(core);
}
