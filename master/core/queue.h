/**
 * queue.h - one queue: what is ready, in which order, who waits. [layer: core]
 *
 * Ready tasks that were never handed out are in `fresh`, in the order of their
 * ids, which costs nothing; those that came back, were delayed or have a
 * priority are in the heap `back`.  The next one is the better of both ends, so
 * a task that comes back stands in its first place (I8).
 *
 * Holds always (I2): accepted = ready + delayed + leased + done + dead
 *                               + cancelled + expired.
 */
#ifndef QUEUE_H
#define QUEUE_H

#include "common/hash.h"

#include "master/core/retry.h"
#include "master/core/task.h"

/* The numbers are those of queue_row.kind. */
enum queue_kind { QUEUE_FIFO = 0, QUEUE_LIFO = 1, QUEUE_PRIORITY = 2 };

/* The numbers are those of kept_queue.durability. */
enum queue_durability { QUEUE_SYNCED = 0, QUEUE_WRITTEN = 1, QUEUE_MEMORY = 2 };

/** "fifo", "synced": what people call them. */
const char *queue_kind_word(enum queue_kind kind);
const char *queue_durability_word(enum queue_durability durability);

/** The durability of a word, or -1. */
int queue_durability_of(const char *word);

/** A bound as messages and rows tell it: 0 is none. */
static inline uint64_t
queue_bound(uint64_t max)
{
    return max == UINT64_MAX ? 0 : max;
}

struct job;
struct key;

/* What the jobs of a queue count, in sum.  Those that were forgotten count in
 * what is ever: it only grows, but for what a memory queue loses. */
struct queue_sum {
    uint64_t now[TASK_STATES]; /* As queue.now. */
    uint64_t ahead, accepted;
    uint64_t failures, lost, timeouts, released;
};

struct queue_policy {
    uint8_t kind;       /* enum queue_kind */
    uint8_t durability; /* enum queue_durability */
    uint64_t max_tasks; /* Ready and delayed; UINT64_MAX: no bound. */
    uint64_t max_bytes; /* Of their payloads; UINT64_MAX: no bound. */
    tick_ns lease;
    struct retry_policy retry;
};

struct queue {
    char name[PROTO_NAME_MAX + 1];
    uint32_t index;          /* In the order in which queues were made. */
    bool shut;               /* Takes no puts. */
    bool emptied;            /* Shut at once: what comes back is cancelled. */
    bool paused;             /* Hands nothing out. */
    struct job *job;         /* Whose own queue it is; NULL: an ordinary one. */
    const struct key *maker; /* Who made it by first use; NULL: nobody. */
    struct lane *lanes;      /* uthash: its jobs by what they need (lane.h). */
    struct queue_sum of_jobs; /* All its jobs; */
    struct queue_sum gone;    /* of them those that were forgotten. */
    struct list jobs; /* Of them those that offer tasks now, newest last. */
    uint64_t offered; /* So many tasks, in all. */
    uint64_t offers;  /* Lanes that began to offer, ever. */
    struct queue_policy policy;

    struct list fresh;
    struct heap back;
    struct list dead;
    uint64_t now[TASK_STATES]; /* Ready, delayed, leased, dead: tasks now; done,
                                  cancelled, expired: ever. */
    uint64_t ahead; /* Of the leased: taken, and not begun (ahead.h). */
    uint64_t accepted;
    uint64_t open_bytes; /* Payloads of ready and delayed tasks. */
    uint64_t bytes;      /* Payloads of all that are held. */
    uint64_t failures, lost, timeouts, released; /* Attempts, ever. */

    struct list getters; /* struct wait_link, longest wait first. */
    struct list putters;
    struct list joiners;
    uint64_t getters_count, putters_count;
    uint64_t workers; /* As the last look counted them. */

    struct list dirty;    /* In the core's list of queues to be matched. */
    struct list emptying; /* In its list of those whose tasks are cancelled; */
    uint64_t passed;      /* so far for delayed ones, by id. */
    struct list tallied;  /* In the journal's list: its tally row is old. */
    UT_hash_handle by_name;
};

/** How many tasks of its own may be handed out: not those that are about to be
 * cancelled (emptying.h). */
static inline uint64_t
queue_on_offer(const struct queue *q)
{
    return q->emptied ? 0 : q->now[TASK_READY];
}

/** The policy of a queue that nobody has declared. */
void queue_policy_init(struct queue_policy *policy);

bool queue_policy_equal(
    const struct queue_policy *a, const struct queue_policy *b);

/** An empty queue; NULL without memory.  `name` is 1 to 255 bytes. */
struct queue *queue_new(
    struct slice name, const struct queue_policy *policy, uint32_t index);

/** Free a queue that holds no task and nobody waits for. */
void queue_free(struct queue *q);

/** Whether one more payload of `size` bytes is within the bounds. */
bool queue_has_room(const struct queue *q, uint64_t size);

/** Make `t`, which is in no list of the queue, ready.  `fresh`: it was never
 * ready before and has the highest id. */
void queue_push(struct queue *q, struct task *t, bool fresh);

/** The next task, still ready; NULL if none. */
struct task *queue_peek(const struct queue *q);

/** How many ready tasks stand before `t`, which is ready; `most` where it is
 * more, or too many would have to be looked at. */
uint64_t queue_before(
    const struct queue *q, const struct task *t, uint64_t most);

/** Take out a ready task; its state is the caller's to set. */
void queue_take(struct queue *q, struct task *t);

/** Tasks that have not ended: what join waits for. */
uint64_t queue_unfinished(const struct queue *q);

/** The same of its jobs' tasks. */
uint64_t queue_jobs_unfinished(const struct queue *q);

/** Add what a job's own queue counts. */
void queue_sum_add(struct queue_sum *sum, const struct queue *q);

/** Count a task that is not in the queue's lists into or out of a state. */
void queue_count(struct queue *q, enum task_state from, enum task_state to,
    const struct task *t);

#endif
