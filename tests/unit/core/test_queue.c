/* The order of a queue against a model that looks at every task. */
#include "tests/unit/core/unit.h"

#include "master/core/queue.h"

enum { HELD_MAX = 300, STEPS = 100000 };

struct model {
    struct queue *queue;
    struct task *ready[HELD_MAX]; /* In no order. */
    struct task *out[HELD_MAX];   /* Handed out, may come back. */
    unsigned ready_count, out_count;
    uint64_t last, seed;
};

static struct queue *
queue_of(uint8_t kind)
{
    struct queue_policy policy;

    queue_policy_init(&policy);
    policy.kind = kind;
    struct queue *q = queue_new(slice_of("q"), &policy, 0);
    assert_non_null(q);
    return q;
}

static struct task *
task_of(struct queue *q, uint64_t id, int32_t priority)
{
    struct task *t = task_new(slice_of(""));

    assert_non_null(t);
    t->id = id;
    t->queue = q;
    t->priority = priority;
    return t;
}

static bool
comes_before(const struct queue *q, const struct task *a, const struct task *b)
{
    if (q->policy.kind == QUEUE_LIFO) return a->id > b->id;
    if (q->policy.kind == QUEUE_PRIORITY && a->priority != b->priority) {
        return a->priority < b->priority;
    }
    return a->id < b->id;
}

static unsigned
first_of(const struct model *m)
{
    unsigned best = 0;

    for (unsigned i = 1; i < m->ready_count; i++) {
        if (comes_before(m->queue, m->ready[i], m->ready[best])) best = i;
    }
    return best;
}

static void
push_new(struct model *m)
{
    if (m->ready_count + m->out_count >= HELD_MAX) return;
    int32_t priority = (int32_t)unit_draw(&m->seed, 5) - 2;
    struct task *t = task_of(m->queue, ++m->last, priority);
    m->ready[m->ready_count++] = t;
    queue_push(m->queue, t, true);
}

static void
take(struct model *m, unsigned index, bool keep)
{
    struct task *t = m->ready[index];

    queue_take(m->queue, t);
    m->ready[index] = m->ready[--m->ready_count];
    if (keep) {
        m->out[m->out_count++] = t;
    } else {
        task_free(t);
    }
}

static void
give_back(struct model *m)
{
    if (m->out_count == 0) return;
    unsigned index = unit_draw(&m->seed, m->out_count);
    struct task *t = m->out[index];
    m->out[index] = m->out[--m->out_count];
    m->ready[m->ready_count++] = t;
    queue_push(m->queue, t, false);
}

static void
step(struct model *m)
{
    unsigned what = unit_draw(&m->seed, 100);

    if (what < 40) {
        push_new(m);
    } else if (what < 60) {
        give_back(m);
    } else if (m->ready_count > 0 && what < 95) {
        unsigned first = first_of(m);
        assert_ptr_equal(queue_peek(m->queue), m->ready[first]);
        take(m, first, unit_draw(&m->seed, 2) == 0);
    } else if (m->ready_count > 0) { /* Cancelled, out of turn. */
        take(m, unit_draw(&m->seed, m->ready_count), false);
    }
    assert_int_equal(queue_peek(m->queue) == NULL, m->ready_count == 0);
}

static void
check_kind(uint8_t kind)
{
    struct model m = { .queue = queue_of(kind), .seed = kind };

    for (int i = 0; i < STEPS; i++)
        step(&m);
    while (m.ready_count > 0)
        take(&m, 0, false);
    while (m.out_count > 0)
        task_free(m.out[--m.out_count]);
    queue_free(m.queue);
}

static void
a_fifo_queue_is_the_model(void **state)
{
    (void)state;
    check_kind(QUEUE_FIFO);
}

static void
a_lifo_queue_is_the_model(void **state)
{
    (void)state;
    check_kind(QUEUE_LIFO);
}

static void
a_priority_queue_is_the_model(void **state)
{
    (void)state;
    check_kind(QUEUE_PRIORITY);
}

static void
a_bound_in_tasks_holds(void **state)
{
    (void)state;
    struct queue *q = queue_of(QUEUE_FIFO);
    struct task *t = task_of(q, 1, 0);

    q->policy.max_tasks = 1;
    assert_true(queue_has_room(q, 1));
    queue_count(q, TASK_STATES, TASK_READY, t);
    assert_false(queue_has_room(q, 0));
    queue_count(q, TASK_READY, TASK_DONE, t);
    assert_true(queue_has_room(q, 1));
    assert_int_equal(queue_unfinished(q), 0);
    task_free(t);
    queue_free(q);
}

static void
a_bound_in_bytes_lets_one_large_payload_through_an_empty_queue(void **state)
{
    (void)state;
    struct queue *q = queue_of(QUEUE_FIFO);
    struct task *t = task_new(slice_of("0123456789"));

    q->policy.max_bytes = 12;
    assert_true(queue_has_room(q, 1000));
    queue_count(q, TASK_STATES, TASK_READY, t);
    assert_true(queue_has_room(q, 2));
    assert_false(queue_has_room(q, 3));
    assert_false(queue_has_room(q, UINT64_MAX));
    assert_int_equal(q->open_bytes, 10);
    queue_count(q, TASK_READY, TASK_LEASED, t);
    assert_int_equal(q->open_bytes, 0);
    assert_int_equal(q->bytes, 10);
    queue_count(q, TASK_LEASED, TASK_DONE, t);
    assert_int_equal(q->bytes, 0);
    task_free(t);
    queue_free(q);
}

static void
policies_differ_in_any_field(void **state)
{
    (void)state;
    struct queue_policy a, b;

    queue_policy_init(&a);
    b = a;
    assert_true(queue_policy_equal(&a, &b));
    b.retry.delay_max += 1;
    assert_false(queue_policy_equal(&a, &b));
    b = a;
    b.lease += 1;
    assert_false(queue_policy_equal(&a, &b));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fifo_queue_is_the_model),
        cmocka_unit_test(a_lifo_queue_is_the_model),
        cmocka_unit_test(a_priority_queue_is_the_model),
        cmocka_unit_test(a_bound_in_tasks_holds),
        cmocka_unit_test(
            a_bound_in_bytes_lets_one_large_payload_through_an_empty_queue),
        cmocka_unit_test(policies_differ_in_any_field),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
