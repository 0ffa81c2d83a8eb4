/**
 * task.h - a leased task in this process.                     [layer: client]
 */
#ifndef TASK_H
#define TASK_H

#include "client/hold.h"

struct stint_task {
    struct hold hold;
    struct list node; /* Among those on hand, or got. */
    struct stint *s;
    struct inbound *in; /* Keeps a large payload alive, or NULL. */
    struct stint_bytes payload;
    const char *handler;
    const char *queue;
    uint64_t job, seq; /* 0: of none. */
    uint64_t number;   /* Of the attempt, as it is counted for people. */
    char bytes[];      /* The names, and a small payload. */
};

/** Make one of what came.  NULL without memory: its lease will break.
 * Under the lock, as all of these. */
struct stint_task *task_new(struct stint *s, const struct rec_task *rec,
    const char *queue, tick_ns asked, bool renew, tick_ns now);

/** Free it without a word. */
void task_free(struct stint_task *t);

/** Gather a completion without a result, and free it. */
void task_acknowledge(struct stint_task *t);

/** Give back all in a list of tasks (by `node`), and free them. */
void task_give_back(struct stint *s, struct list *tasks);

/** Leave a call that took the task: free it, unlock, return `rc`. */
int task_leave(struct stint_task *t, int rc);

/** Its completion, which borrows `result`. */
struct rec_completion task_completion(
    const struct stint_task *t, struct slice result);

/** Its failure, which borrows `reason`; what is too long is cut. */
struct msg task_failure(const char *reason, int64_t retry_ms);

/** Check a delay of at least `least`: 0 or STINT_EINVAL with a sentence. */
int task_check_delay(int64_t ms, int64_t least);

struct stint_task *task_of(struct list *node);

#endif
