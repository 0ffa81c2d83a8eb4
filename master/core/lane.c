#include "master/core/lane.h"

#include <stdlib.h>

#include "common/base.h"
#include "common/check.h"
#include "master/core/job.h"
#include "master/core/life.h"
#include "master/core/place.h"

static struct job *
job_of_lane(struct list *node)
{
    return CONTAINER_OF(node, struct job, of_lane);
}

static const struct needs *
needs_of(const struct lane *lane)
{
    return &job_of_lane(list_first(&lane->jobs))->needs;
}

/* What a session may have of a lane: nothing, nothing before a slot is free,
 * or a task. */
enum may { MAY_NOT, MAY_SOON, MAY };

static enum may
may_have(const struct lane *lane, const struct session *s)
{
    const struct job *job = job_of_lane(list_first(&lane->jobs));

    if (place_may(s, job)) return MAY;
    return place_comes(s, job) ? MAY_SOON : MAY_NOT;
}

/* ---- lanes --------------------------------------------------------------- */

static struct job *
job_in_lane(struct heap_node *node)
{
    return CONTAINER_OF(node, struct job, in_lane);
}

static bool
goes_first(const struct job *a, const struct job *b)
{
    if (a->priority != b->priority) return a->priority < b->priority;
    return a->number < b->number;
}

static bool
node_goes_first(const struct heap_node *a, const struct heap_node *b)
{
    return goes_first(CONTAINER_OF_CONST(a, struct job, in_lane),
        CONTAINER_OF_CONST(b, struct job, in_lane));
}

static struct lane *
new_lane(bool strict)
{
    struct lane *lane = calloc(1, sizeof *lane);

    if (lane == NULL) return NULL;
    buf_init(&lane->key);
    list_init(&lane->jobs);
    list_init(&lane->offers);
    list_init(&lane->active);
    heap_init(&lane->ready, node_goes_first);
    lane->strict = strict;
    return lane;
}

static void
free_lane(struct lane *lane)
{
    buf_fini(&lane->key);
    free(lane);
}

size_t
lane_memory(const struct needs *needs)
{
    return sizeof(struct lane) + needs_memory(needs);
}

/* Takes the key. */
static struct lane *
add_lane(struct queue *q, bool strict, struct buf *key)
{
    struct lane *lane = new_lane(strict);

    if (lane == NULL) {
        buf_fini(key);
        return NULL;
    }
    lane->key = *key;
    HASH_ADD_KEYPTR(
        by_needs, q->lanes, lane->key.bytes, lane->key.length, lane);
    if (HASH_IS_IN(by_needs, lane)) return lane;
    free_lane(lane);
    return NULL;
}

/* Where the job belongs with such a bound; NULL without memory. */
static struct lane *
find_lane(struct core *core, const struct job *job, uint32_t running_max)
{
    bool strict = running_max != 0 || needs_counts(&job->needs);
    uint8_t way = (uint8_t)((strict ? 1 : 0) | (job->losses == 0 ? 2 : 0));
    struct lane *lane = NULL;
    struct buf key;

    buf_init(&key);
    buf_append(&key, &way, sizeof way);
    needs_write(&job->needs, &key);
    if (!key.failed) {
        HASH_FIND(by_needs, job->parent->lanes, key.bytes, key.length, lane);
    }
    if (lane == NULL && !key.failed) {
        lane = add_lane(job->parent, strict, &key);
        if (lane != NULL) core->memory += lane_memory(&job->needs);
        return lane;
    }
    buf_fini(&key);
    return lane;
}

static void
enter(struct job *job, struct lane *lane)
{
    list_push(&lane->jobs, &job->of_lane);
    lane->marks = job->needs.marks;
    lane->once = job->losses == 0;
    job->lane = lane;
}

static void
withdraw(struct job *job)
{
    struct lane *lane = job->lane;

    if (job->offered == 0) return;
    heap_remove(&lane->ready, &job->in_lane);
    list_remove(&job->of_offers);
    if (heap_peek(&lane->ready) == NULL) list_remove(&lane->active);
    job->parent->offered -= job->offered;
    job->offered = 0;
}

static void
drop_if_empty(struct core *core, const struct job *last, struct lane *lane)
{
    struct queue *q = last->parent;

    if (!list_is_empty(&lane->jobs)) return;
    core->memory -= lane_memory(&last->needs);
    HASH_DELETE(by_needs, q->lanes, lane);
    free_lane(lane);
}

bool
lane_join(struct core *core, struct job *job)
{
    struct lane *lane = find_lane(core, job, job->running_max);

    if (lane == NULL) return false;
    job->offered = 0;
    list_init(&job->of_lane);
    enter(job, lane);
    return true;
}

void
lane_leave(struct core *core, struct job *job)
{
    withdraw(job);
    list_remove(&job->of_lane);
    drop_if_empty(core, job, job->lane);
    job->lane = NULL;
}

bool
lane_change(
    struct core *core, struct job *job, uint32_t running_max, int32_t priority)
{
    struct lane *before = job->lane;
    struct lane *lane = find_lane(core, job, running_max);

    if (lane == NULL) return false;
    withdraw(job);
    job->running_max = running_max;
    job->priority = priority;
    if (lane != before) {
        list_remove(&job->of_lane);
        enter(job, lane);
        drop_if_empty(core, job, before);
    }
    lane_offer(core, job);
    return true;
}

static uint64_t
offer_of(const struct job *job)
{
    const struct queue *q = job->queue;
    uint64_t ready = q->now[TASK_READY];
    uint64_t leased = q->now[TASK_LEASED];

    if (q->paused || (job->end != JOB_OPEN && job->end != JOB_CLOSED)) return 0;
    if (job->running_max == 0) return ready;
    uint64_t left = job->running_max > leased ? job->running_max - leased : 0;
    return ready < left ? ready : left;
}

void
lane_offer(struct core *core, struct job *job)
{
    struct queue *parent = job->parent;
    struct lane *lane = job->lane;
    uint64_t before = job->offered;
    uint64_t offer = offer_of(job);

    if (lane == NULL) return; /* It is being forgotten. */
    if (offer == 0) {
        withdraw(job);
    } else {
        if (heap_peek(&lane->ready) == NULL) {
            lane->activated = ++parent->offers;
            list_push(&parent->jobs, &lane->active);
        }
        if (before == 0) {
            heap_add(&lane->ready, &job->in_lane);
            list_push(&lane->offers, &job->of_offers);
        }
        parent->offered += offer - before;
        job->offered = offer;
    }
    if (offer > before || parent->shut) life_touch(core, parent);
}

uint64_t
lane_before(const struct lane *lane, const struct job *job)
{
    uint64_t count = 0;

    LIST_FOREACH (node, after, &lane->offers) {
        const struct job *other = CONTAINER_OF(node, struct job, of_offers);
        bool before =
            job != NULL ? goes_first(other, job) : other->priority < 0;
        if (before) count += other->offered;
    }
    return count;
}

/* ---- matching ------------------------------------------------------------ */

/* Whether own tasks, which count as of priority 0, go before those of `job`. */
static bool
own_goes_first(const struct queue *q, const struct job *job)
{
    return job->priority >= 0 && queue_on_offer(q) > 0;
}

/* The queue itself, unless its next task waits for a slot. */
static struct queue *
own_next(struct queue *q, struct session *s)
{
    const struct task *t = queue_peek(q);

    if (t == NULL || place_may_own(s, t)) return q;
    s->awaits_slot = true;
    return NULL;
}

struct queue *
lane_next(struct wait_link *link)
{
    struct queue *q = link->queue;
    struct session *s = link->wait->session;
    const struct job *best = NULL;
    enum may best_may = MAY_NOT;

    for (struct list *node = q->jobs.prev; node != &q->jobs;
         node = node->prev) {
        const struct lane *lane = CONTAINER_OF(node, struct lane, active);
        if (lane->activated <= link->refused) break;
        if (needs_miss(&lane->marks, &s->traits.marks)) continue;
        const struct job *job = job_in_lane(heap_peek(&lane->ready));
        if (own_goes_first(q, job)) continue;
        if (best != NULL && goes_first(best, job)) continue;
        enum may may = may_have(lane, s);
        if (may == MAY_NOT) continue;
        best = job;
        best_may = may;
    }
    if (best_may == MAY_SOON) {
        s->awaits_slot = true;
        return NULL;
    }
    if (best != NULL) return best->queue;
    if (queue_on_offer(q) > 0) return own_next(q, s);
    link->refused = q->offers;
    return NULL;
}

tick_ns
lane_age(const struct queue *q, tick_ns now)
{
    enum { LOOKS_MAX = 32 };
    tick_ns oldest = now;
    unsigned looks = 0;

    LIST_FOREACH (node, after, &q->jobs) {
        const struct lane *lane = CONTAINER_OF(node, struct lane, active);
        const struct job *job = job_in_lane(heap_peek(&lane->ready));
        const struct task *t = queue_peek(job->queue);
        if (t != NULL && t->born < oldest) oldest = t->born;
        if (++looks == LOOKS_MAX) break;
    }
    return now - oldest;
}

uint64_t
lane_workers(struct core *core, tick_ns now, const struct job *job)
{
    enum { COUNTS_MS = 500 };
    struct lane *lane = job->lane;

    if (lane->counted != 0 && now - lane->counted < COUNTS_MS * TICK_MS) {
        return lane->workers;
    }
    lane->counted = now;
    lane->workers = 0;
    for (const struct session *s = core->by_id; s != NULL; s = s->by_id.next) {
        if (needs_miss(&lane->marks, &s->traits.marks)) continue;
        if (place_serves(core, s, job->parent) && place_suits(s, job)) {
            lane->workers += 1;
        }
    }
    return lane->workers;
}

/* ---- for tests ----------------------------------------------------------- */

static void
check_one(const struct queue *q, const struct lane *lane, uint64_t *offered,
    uint64_t *unfinished)
{
    size_t offering = 0, listed = 0;

    CHECK(!list_is_empty(&lane->jobs));
    LIST_FOREACH (node, after, &lane->jobs) {
        const struct job *job = job_of_lane(node);
        CHECK(job->lane == lane && job->parent == q);
        CHECK(needs_equal(&job->needs, needs_of(lane)));
        CHECK((job->losses == 0) == lane->once);
        CHECK((job->offered > 0) == !list_is_empty(&job->of_offers));
        offering += job->offered > 0;
        *offered += job->offered;
        *unfinished += queue_unfinished(job->queue);
    }
    LIST_FOREACH (node, after, &lane->offers)
        listed += 1;
    CHECK(listed == offering);
    CHECK((offering > 0) == (heap_peek(&lane->ready) != NULL));
    CHECK((offering > 0) == !list_is_empty(&lane->active));
}

static size_t
check_queue(const struct queue *q)
{
    uint64_t offered = 0, unfinished = 0;
    size_t memory = 0;

    for (const struct lane *lane = q->lanes; lane != NULL;
         lane = lane->by_needs.next) {
        memory += lane_memory(needs_of(lane));
        check_one(q, lane, &offered, &unfinished);
    }
    CHECK(offered == q->offered);
    CHECK(unfinished == queue_jobs_unfinished(q));
    return memory;
}

size_t
lane_check(const struct core *core)
{
    size_t memory = 0;

    for (uint32_t i = 0; i < core->queues_count; i++)
        memory += check_queue(core->queues[i]);
    return memory;
}
