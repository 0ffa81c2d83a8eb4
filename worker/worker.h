/**
 * worker.h - what the parts of a worker share.                [layer: worker]
 *
 * A worker is `slots` threads that each take a task, run it and end it
 * (slot.c), and the thread of stint_worker_serve(), which watches over them
 * (serve.c).  It stands on the public library alone.
 *
 * `lock` guards everything that is not set for good by stint_worker_new().
 * Calls of the library that can wait are made without it.
 *
 * A handler cannot be killed.  One that does not return when the worker is
 * stopped keeps its thread and, through `owners`, the memory of the worker; it
 * no longer uses the connection.
 */
#ifndef WORKER_H
#define WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "client/stint.h"
#include "common/tick.h"
#include "process/capture.h"
#include "worker/agent/agent.h"
#include "worker/call.h"
#include "worker/duties.h"
#include "worker/environment.h"
#include "worker/errand.h"
#include "worker/exec.h"
#include "worker/folder.h"
#include "worker/handlers.h"
#include "worker/inputs.h"

enum slot_state {
    SLOT_OFF,     /* No thread, or it has left: it may be joined. */
    SLOT_WAITING, /* In stint_consumer_next(). */
    SLOT_RUNNING, /* A task is run; `task` may be taken from the slot. */
    SLOT_ENDING,  /* The end of a task is being posted. */
    SLOT_LOST,    /* Its handler does not return: detached, for itself. */
};

struct slot {
    struct stint_worker *worker;
    pthread_t thread;
    enum slot_state state;
    struct stint_task *task; /* NULL while running: was ended from outside. */
    tick_ns started;         /* While running. */
    bool joinable;           /* The thread was started and not detached. */
    bool overdue;            /* Ran past the timeout of handlers. */
    bool recalled;           /* `task` is nobody's any more. */
    int cancel_fd;           /* An eventfd: CHILD_STOP, CHILD_RECALL. */
    struct errand errand;    /* The slot's own, but for `kind` and `timeout`:
                                they are set before it runs. */
    struct stint_call call;  /* Also holds a command's reason. */
    struct capture capture;  /* Of a command. */
};

struct stint_worker {
    /* For good. */
    struct stint *s;
    struct stint_consumer *consumer; /* Owned by the owner's thread. */
    struct exec *exec;               /* The fixed command; or NULL. */
    struct handlers handlers;        /* Perhaps none. */
    bool allow_exec;                 /* Commands of jobs, too. */
    struct environment *environment; /* Of those commands. */
    struct programs *programs;
    struct workspace space; /* Of the folders of tasks, */
    struct inputs inputs;   /* and of what goes into them. */
    tick_ns task_timeout;   /* 0: none. */
    tick_ns grace;
    size_t output_max;
    void (*log)(void *arg, int level, const char *line); /* Or NULL. */
    void *log_arg;
    /* Or NULL: see worker_watch(). */
    void (*runs)(void *arg, const struct stint_task *task);
    void *runs_arg;
    /* The same: see worker_beat(). */
    void (*beats)(void *arg);
    void *beats_arg;
    int wake_fd; /* Something to look at for the coordinator. */
    int stop_fd; /* Readable for ever once the worker stops. */
    unsigned slot_count;

    /* From signal handlers. */
    atomic_bool drain_asked, stop_asked;

    pthread_mutex_t lock;
    struct agent agent;
    struct stint_worker_counts counts;
    struct duties duties;
    unsigned owners;    /* The user and each thread: the last one frees. */
    unsigned here;      /* Slots that are neither off nor lost. */
    bool stopping;      /* What runs must leave, what begins too. */
    bool served;        /* stint_worker_serve() was called. */
    tick_ns lack_said;  /* When it was last said what this host lacks; or 0. */
    int trouble;        /* Why it has to end, if not by wish; first one wins. */
    char sentence[512]; /* What there is to say about it. */
    struct slot slots[]; /* slot_count of them. */
};

/** Have each slot say which task it begins to run, and NULL when it has run it.
 * Before it serves; called in the slot's thread, and must be quick. */
void worker_watch(struct stint_worker *w,
    void (*runs)(void *arg, const struct stint_task *task), void *arg);

/** Have the coordinator say, some times a second, that it serves and that its
 * line to the master stands.  Before it serves; must be quick. */
void worker_beat(struct stint_worker *w, void (*beats)(void *arg), void *arg);

/** Remember why the worker has to end, with the sentence of this thread. */
void worker_trouble(struct stint_worker *w, int code);

/** One owner less; the last one frees.  The consumer is closed before. */
void worker_drop(struct stint_worker *w);

/** A result that counted as done is none. */
void worker_count_late_failure(struct stint_worker *w);

/** Remove a task's folder, if it has one; say so if that fails. */
void worker_remove_folder(struct stint_worker *w, struct folder *folder);

/** Tell the library how much to ask for, if that has changed.  Under `lock`. */
void worker_tell_credit(struct stint_worker *w);

#endif
