/**
 * get.h - one request for tasks, and what comes for it.       [layer: client]
 *
 * A get lives until its get_end, whoever asked for it: a task that comes after
 * its caller gave up is given back at once.  All under the lock.
 */
#ifndef GET_H
#define GET_H

#include "client/task.h"

enum { GET_QUEUES = 32, GET_TASKS_MAX = 4096 };

/* What to ask for. */
struct get_want {
    const char *const *queues; /* Names that outlive the get, or forgotten. */
    unsigned count;            /* How many. */
    uint32_t tasks;
    uint64_t bytes;
    uint64_t wait_ns;
    tick_ns lease; /* 0: the queue's. */
    bool keep;     /* Stays open until all credit is used. */
    bool renew;
};

struct get {
    struct rpc_request r;
    struct list node; /* For the owner. */
    struct stint *s;
    const char *const *queues;
    unsigned count;
    tick_ns lease;
    uint32_t left;   /* Credit that is not used. */
    struct list got; /* Tasks (by node) that nobody has taken from here. */
    bool renew;
    bool over, cancelled, forgotten;
    int code;
    struct inbound *in; /* Of `text`. */
    struct slice text;
    /* Called after tasks came or it ended (get->over), while not forgotten; may
     * be NULL.  An owner may forget it there. */
    void (*changed)(struct get *g);
    void *owner;
};

/** Write one.  NULL without memory; a sentence is said. */
struct get *get_begin(struct stint *s, const struct get_want *want);

/** End it as soon as possible, give back what it got and gets, free it. */
void get_forget(struct get *g);

/**
 * Get and wait: until `deadline` at the master, until `patience` here.  Pushes
 * the tasks to `got`.  Returns 0 with *count > 0, or as stint_queue_get().
 */
int get_wait(struct stint *s, struct get_want *want, tick_ns deadline,
    tick_ns patience, struct list *got, size_t *count);

#endif
