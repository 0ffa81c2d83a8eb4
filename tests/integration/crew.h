/**
 * crew.h - workers of jobs, in threads of the test.          [layer: tests]
 *
 * Each takes the tasks of "default" one by one, and does what the value says:
 *
 *     fail…       fails with code 3 and the value as its output
 *     break…      fails at the first attempt
 *     hang…       runs until it is recalled or the crew leaves
 *     anything    is done with the value as its output, and "err" as errors
 */
#ifndef CREW_H
#define CREW_H

#include "tests/integration/with_master.h"

#include <stdatomic.h>

#include <stint_job.h>

enum { CREW_MAX = 4 };

struct hand {
    struct stint *s;
    pthread_t thread;
    atomic_bool leaves;
    atomic_ullong recalled; /* Task, or 0. */
    atomic_uint running;
};

static struct hand crew[CREW_MAX];
static unsigned hands;

static inline void
note_recall(void *arg, uint64_t task, uint64_t fence)
{
    struct hand *h = arg;

    (void)fence;
    atomic_store(&h->recalled, task);
}

static inline bool
is_value(struct stint_bytes value, const char *word)
{
    return value.size >= strlen(word)
           && memcmp(value.data, word, strlen(word)) == 0;
}

static inline int
hang(struct hand *h, struct stint_task *t)
{
    const struct stint_attempt how = { .cause = STINT_CAUSE_CANCELLED,
        .signal = 15 };
    struct stint_bytes none = { NULL, 0 };

    while (!atomic_load(&h->leaves)
           && atomic_load(&h->recalled) != stint_task_id(t))
        (void)usleep(1000);
    if (atomic_load(&h->leaves)) {
        stint_task_free(t);
        return 0;
    }
    return stint_task_post_fail_with(t, "recalled", 0, &how, none, none);
}

static inline int
do_task(struct hand *h, struct stint_task *t)
{
    struct stint_attempt how = { .worker = "crew", .wall_ns = 5 };
    struct stint_bytes value = stint_task_payload(t);
    struct stint_bytes err = { "err", 3 };

    if (is_value(value, "hang")) return hang(h, t);
    if (is_value(value, "fail")
        || (is_value(value, "break") && stint_task_attempt(t) == 1)) {
        how.code = 3;
        how.reason = "exit code 3";
        return stint_task_post_fail_with(t, "exit code 3", 1, &how, value, err);
    }
    return stint_task_post_done_with(t, &how, value, err);
}

static inline void *
work(void *arg)
{
    const char *const queues[] = { "default", NULL };
    const struct stint_consumer_options options = { .credit_tasks = 64 };
    const struct stint_duties duties = { .recalled = note_recall, .arg = arg };
    struct stint_consumer *consumer;
    struct hand *h = arg;
    struct stint_task *t;

    stint_duties(h->s, &duties);
    if (stint_consumer_open(h->s, queues, &options, &consumer) != 0) return arg;
    while (!atomic_load(&h->leaves)) {
        if (stint_consumer_next(consumer, &t, 50) != 0) continue;
        atomic_store(&h->running, 1);
        if (do_task(h, t) != 0) return arg;
        atomic_store(&h->running, 0);
    }
    stint_consumer_close(consumer);
    return NULL;
}

/* To the master in this process, unless a test has another one. */
static int (*connect_crew)(const struct stint_options *o, struct stint **out);

static inline void
hire(unsigned count)
{
    static const struct stint_trait traits[] = { { "zone", "b", 0 },
        { "gpus", NULL, 2 }, { NULL, NULL, 0 } };
    const struct stint_options options = {
        .name = "crew", .kind = STINT_WORKER, .slots = 1, .traits = traits
    };

    for (; count > 0; count--, hands++) {
        struct hand *h = &crew[hands];
        *h = (struct hand){ .s = NULL };
        OK(connect_crew != NULL
                ? connect_crew(&options, &h->s)
                : stint_master_connect(master, &options, &h->s));
        assert_int_equal(pthread_create(&h->thread, NULL, work, h), 0);
    }
}

static inline void
dismiss(void)
{
    void *failed;

    for (unsigned i = 0; i < hands; i++)
        atomic_store(&crew[i].leaves, true);
    for (unsigned i = 0; i < hands; i++) {
        assert_int_equal(pthread_join(crew[i].thread, &failed), 0);
        assert_null(failed);
        OK(stint_close(crew[i].s));
    }
    hands = 0;
}

#endif
