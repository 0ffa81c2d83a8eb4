/**
 * wait.h - requests that are parked until something happens.    [layer: core]
 *
 * One mechanism for all of them: a get waits for tasks, a put for room, a join
 * for the last task, a reader for ends of a job.  A wait ends by being
 * satisfied, at its deadline, or with its session; it then is in no list and
 * its memory is gone.
 */
#ifndef WAIT_H
#define WAIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/heap.h"
#include "common/list.h"
#include "common/tick.h"

struct hold;
struct object;
struct session;
struct queue;
struct wait;

enum wait_kind {
    WAIT_GET,
    WAIT_PUT,
    WAIT_JOIN,
    WAIT_ENDS,
    WAIT_SWEEP,
    WAIT_PEEK,
    WAIT_SYNC,
    WAIT_WATCH,
    WAIT_SEND,
    WAIT_RECEIVE,
};

/* One place in one queue's line. */
struct wait_link {
    struct list node; /* In queue.getters, .putters or .joiners, or
                         job.readers. */
    struct wait *wait;
    struct queue *queue;
    uint64_t refused; /* A get: up to this of queue.offers none suited it. */
};

/* Tasks of one put that are not accepted yet. */
struct wait_batch {
    struct list tasks; /* struct task.at.in_list, in order. */
    uint32_t count;
    uint64_t request; /* Number of the first of them. */
    tick_ns delay;
    bool lazy; /* Nobody waits for the answer. */
};

/* Which ends of a job are read (job_ends). */
struct wait_ends {
    uint64_t after; /* Nothing up to here is meant, any more. */
    uint64_t bytes;
    uint32_t limit;
    uint8_t by; /* enum ends_order */
    bool bare, failed;
    int late; /* When nothing came in time: why it could not wait, or 0. */
};

/* Who looks at what a task has written (show.h); stands in no line. */
struct wait_peek {
    struct list node; /* In core.shows.peeks. */
    uint64_t task;
    uint64_t number; /* Of the show that asks its holder; 0: none yet. */
    uint64_t out_from, err_from;
    uint32_t attempt; /* Whose output the offsets are of. */
    tick_ns until;    /* The holder may take so long. */
};

/* Tasks that are being ended, or tried again (end_tasks). */
struct wait_sweep {
    uint64_t job; /* 0: any. */
    bool has_queue;
    uint32_t queue;       /* Its index; and its jobs. */
    uint64_t first, last; /* Ids that are left. */
    uint64_t seq;         /* Of a job: done up to this place. */
    uint64_t count;
    uint64_t batch; /* It goes on when this one is committed. */
    uint8_t verb, state;
    bool cancelled; /* Tried again: these, too. */
    bool refused;   /* Some are not the asker's. */
    int code;       /* Why no more can be tried again, or 0. */
};

/* A place in a line of a named object. */
struct wait_object {
    struct list node; /* In object.line, or another line of it. */
    struct object *object;
};

/* Acquire, or wait of a condition, an event, a barrier (sync.h). */
struct wait_sync {
    struct wait_object at;
    struct hold *hold; /* Owned: what it will hold; NULL: nothing. */
    tick_ns again;     /* Of a condition: how long for its lock after that. */
    bool is_condition; /* It waits for a notice, or for its lock again. */
    uint64_t notice;   /* Number of the condition that notified it, or 0. */
    bool late;         /* It was not notified in time. */
};

/* A dict, a list or values are watched (watch.h). */
struct wait_watch {
    struct wait_object at;
    uint64_t after; /* It ends when the version is greater. */
    bool keyed;     /* Only this entry: */
    uint8_t *key;   /* Owned, or NULL. */
    size_t key_length;
};

/* Messages for which a pipe has no room (pipe_flow.h). */
struct wait_send {
    struct wait_object at;
    struct list messages; /* struct pipe_message.node, owned, in order. */
};

/* Who waits for messages of a pipe. */
struct wait_receive {
    struct wait_object at;
    uint64_t bytes;
    uint32_t count;
    bool take; /* They count as received when they are handed out. */
};

struct wait {
    enum wait_kind kind;
    struct session *session;
    uint64_t request;
    tick_ns deadline;
    struct heap_node by_deadline;
    struct list of_session;
    union {
        struct {
            uint32_t credit; /* Tasks it still takes. */
            uint64_t bytes;  /* Payload bytes it still takes. */
            tick_ns lease;   /* 0: the queue's. */
            bool keep;       /* Goes on after the first tasks. */
            bool had;        /* Got some. */
        } get;
        struct wait_batch put;
        struct wait_ends ends;
        struct wait_sweep sweep;
        struct wait_peek peek;
        struct wait_object object; /* Of this one and those below. */
        struct wait_sync sync;
        struct wait_watch watch;
        struct wait_send send;
        struct wait_receive receive;
    } as;
    uint32_t links_count;
    struct wait_link links[]; /* A get may stand in several lines. */
};

struct wait_book {
    struct heap by_deadline;
    uint64_t count;
    size_t bytes, bytes_max;
};

/** An empty one; new waits are refused beyond `bytes_max` of memory. */
void wait_book_init(struct wait_book *book, size_t bytes_max);

/** Whether a request of `session` may wait for so long: 0, STINT_ELIMIT (it has
 * too many), or STINT_EBUDGET (all have).  One that is over within the turn is
 * always let in, so that a full book keeps nobody from his tasks. */
int wait_check(const struct wait_book *book, const struct session *session,
    uint64_t wait_ns);

/** A wait with `links` places, in no line yet; NULL without memory. */
struct wait *wait_new(enum wait_kind kind, uint32_t links);

/** Put it into the book and its session's list; its places are the caller's to
 * take with wait_line_up(). */
void wait_begin(struct wait_book *book, struct wait *w, struct session *session,
    uint64_t request, tick_ns deadline);

/** Take place `index` in the line of `queue`. */
void wait_line_up(struct wait *w, uint32_t index, struct queue *queue);

/** Stand at the end of `line`, one of those of `object`, and no more where it
 * stood before. */
void wait_stand(struct wait *w, struct object *object, struct list *line);

/** Wait until another time. */
void wait_until(struct wait_book *book, struct wait *w, tick_ns deadline);

/** Out of the book and of all lines; frees `w`. */
void wait_end(struct wait_book *book, struct wait *w);

/** One wait whose deadline has come, still waiting; NULL if none. */
struct wait *wait_peek_due(const struct wait_book *book, tick_ns now);

tick_ns wait_next_deadline(const struct wait_book *book);

#endif
