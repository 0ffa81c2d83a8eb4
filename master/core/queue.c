#include "master/core/queue.h"

#include <stdlib.h>
#include <string.h>

#include "common/base.h"
#include "common/check.h"

static const char *const kinds[] = {
    [QUEUE_FIFO] = "fifo", [QUEUE_LIFO] = "lifo", [QUEUE_PRIORITY] = "priority"
};
static const char *const durabilities[] = { [QUEUE_SYNCED] = "synced",
    [QUEUE_WRITTEN] = "written",
    [QUEUE_MEMORY] = "memory" };

const char *
queue_kind_word(enum queue_kind kind)
{
    return kinds[kind];
}

const char *
queue_durability_word(enum queue_durability durability)
{
    return durabilities[durability];
}

int
queue_durability_of(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(durabilities); i++) {
        if (strcmp(durabilities[i], word) == 0) return (int)i;
    }
    return -1;
}

static struct task *
task_of_list(struct list *node)
{
    return node == NULL ? NULL : CONTAINER_OF(node, struct task, at.in_list);
}

static int32_t
rank(const struct task *t)
{
    return t->queue->policy.kind == QUEUE_PRIORITY ? t->priority : 0;
}

/* Whether `a` is to be handed out before `b`. */
static bool
precedes(const struct task *a, const struct task *b)
{
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    return a->queue->policy.kind == QUEUE_LIFO ? a->id > b->id : a->id < b->id;
}

static bool
node_precedes(const struct heap_node *a, const struct heap_node *b)
{
    return precedes(CONTAINER_OF_CONST(a, struct task, at.node),
        CONTAINER_OF_CONST(b, struct task, at.node));
}

void
queue_policy_init(struct queue_policy *policy)
{
    *policy = (struct queue_policy){
        .kind = QUEUE_FIFO,
        .max_tasks = UINT64_MAX,
        .max_bytes = UINT64_MAX,
        .lease = 30 * TICK_S,
        .retry = {
            .attempts_max = 3,
            .delay_first = TICK_S,
            .delay_max = 60 * TICK_S,
        },
    };
}

bool
queue_policy_equal(const struct queue_policy *a, const struct queue_policy *b)
{
    return a->kind == b->kind && a->durability == b->durability
           && a->max_tasks == b->max_tasks && a->max_bytes == b->max_bytes
           && a->lease == b->lease
           && a->retry.attempts_max == b->retry.attempts_max
           && a->retry.delay_first == b->retry.delay_first
           && a->retry.delay_max == b->retry.delay_max;
}

struct queue *
queue_new(struct slice name, const struct queue_policy *policy, uint32_t index)
{
    CHECK(name.length >= 1 && name.length <= PROTO_NAME_MAX);

    struct queue *q = calloc(1, sizeof *q);
    if (q == NULL) return NULL;
    memcpy(q->name, name.bytes, name.length);
    q->index = index;
    q->policy = *policy;
    list_init(&q->fresh);
    heap_init(&q->back, node_precedes);
    list_init(&q->dead);
    list_init(&q->jobs);
    list_init(&q->getters);
    list_init(&q->putters);
    list_init(&q->joiners);
    list_init(&q->dirty);
    list_init(&q->emptying);
    list_init(&q->tallied);
    return q;
}

void
queue_free(struct queue *q)
{
    CHECK(queue_peek(q) == NULL);
    CHECK(list_is_empty(&q->getters) && list_is_empty(&q->putters));
    list_remove(&q->dirty);
    list_remove(&q->emptying);
    list_remove(&q->tallied);
    free(q);
}

bool
queue_has_room(const struct queue *q, uint64_t size)
{
    if (q->now[TASK_READY] + q->now[TASK_DELAYED] >= q->policy.max_tasks) {
        return false;
    }
    /* One payload larger than the bound may pass through an empty queue:
     * otherwise its put would wait for ever. */
    if (q->open_bytes == 0) return true;
    return size <= q->policy.max_bytes
           && q->open_bytes <= q->policy.max_bytes - size;
}

void
queue_push(struct queue *q, struct task *t, bool fresh)
{
    t->state = TASK_READY;
    t->in_order = fresh && rank(t) == 0;
    if (t->in_order) {
        list_push(&q->fresh, &t->at.in_list);
    } else {
        heap_add(&q->back, &t->at.node);
    }
}

struct task *
queue_peek(const struct queue *q)
{
    struct task *first =
        task_of_list(q->policy.kind == QUEUE_LIFO ? list_last(&q->fresh)
                                                  : list_first(&q->fresh));
    struct heap_node *node = heap_peek(&q->back);
    if (node == NULL) return first;

    struct task *back = CONTAINER_OF(node, struct task, at.node);
    return first == NULL || precedes(back, first) ? back : first;
}

/* Those of `fresh`, which is sorted. */
static uint64_t
fresh_before(const struct queue *q, const struct task *t, uint64_t most)
{
    bool lifo = q->policy.kind == QUEUE_LIFO;
    const struct list *head = &q->fresh;
    const struct list *node = lifo ? head->prev : head->next;
    uint64_t count = 0;

    while (count < most && node != head) {
        if (!precedes(CONTAINER_OF_CONST(node, struct task, at.in_list), t)) {
            break;
        }
        count += 1;
        node = lifo ? node->prev : node->next;
    }
    return count;
}

/* The one that a walk from the root goes to after `node`: below it only if
 * `deeper`. */
static const struct heap_node *
walk(const struct heap_node *node, bool deeper)
{
    if (deeper && node->child != NULL) return node->child;
    while (node != NULL && node->next == NULL) {
        /* To its first sibling, and up. */
        while (node->prev != NULL && node->prev->child != node)
            node = node->prev;
        node = node->prev;
    }
    return node != NULL ? node->next : NULL;
}

/* Those of `back`: below one that stands behind `t` there is none. */
static uint64_t
back_before(const struct queue *q, const struct task *t, uint64_t most)
{
    const struct heap_node *node = heap_peek(&q->back);
    uint64_t count = 0, looks = 0;

    for (; count < most && node != NULL; looks++) {
        bool before =
            precedes(CONTAINER_OF_CONST(node, struct task, at.node), t);
        if (looks >= 2 * most) return most;
        if (before) count += 1;
        node = walk(node, before);
    }
    return count;
}

uint64_t
queue_before(const struct queue *q, const struct task *t, uint64_t most)
{
    uint64_t count = fresh_before(q, t, most);

    return count + back_before(q, t, most - count);
}

void
queue_take(struct queue *q, struct task *t)
{
    CHECK(t->state == TASK_READY);
    if (t->in_order) {
        list_remove(&t->at.in_list);
    } else {
        heap_remove(&q->back, &t->at.node);
    }
}

uint64_t
queue_unfinished(const struct queue *q)
{
    return q->now[TASK_READY] + q->now[TASK_DELAYED] + q->now[TASK_LEASED];
}

uint64_t
queue_jobs_unfinished(const struct queue *q)
{
    const uint64_t *now = q->of_jobs.now;

    return now[TASK_READY] + now[TASK_DELAYED] + now[TASK_LEASED];
}

void
queue_sum_add(struct queue_sum *sum, const struct queue *q)
{
    for (int state = 0; state < TASK_STATES; state++)
        sum->now[state] += q->now[state];
    sum->ahead += q->ahead;
    sum->accepted += q->accepted;
    sum->failures += q->failures;
    sum->lost += q->lost;
    sum->timeouts += q->timeouts;
    sum->released += q->released;
}

static bool
is_open(enum task_state state)
{
    return state == TASK_READY || state == TASK_DELAYED;
}

static bool
is_held(enum task_state state)
{
    return is_open(state) || state == TASK_LEASED || state == TASK_DEAD;
}

void
queue_count(struct queue *q, enum task_state from, enum task_state to,
    const struct task *t)
{
    if (from == TASK_STATES) {
        q->accepted += 1;
    } else {
        CHECK(q->now[from] > 0);
        q->now[from] -= 1;
        if (is_open(from)) q->open_bytes -= t->size;
        if (is_held(from)) q->bytes -= t->size;
    }
    q->now[to] += 1;
    if (is_open(to)) q->open_bytes += t->size;
    if (is_held(to)) q->bytes += t->size;
}
