/**
 * stint.h - the public C library of Stint.
 *
 * Task and result queues between processes and machines, as Python's
 * BaseManager has them, without its losses.  A *master* holds the queues; a
 * program connects with stint_connect(), or starts a master of its own with
 * stint_master_start(); then it opens queues by name, puts and gets.
 *
 *     struct stint *s;
 *     struct stint_queue *tasks;
 *     struct stint_bytes item;
 *
 *     if (stint_connect(NULL, &s) != 0
 *         || stint_queue_open(s, "tasks", NULL, &tasks) != 0
 *         || stint_queue_put(tasks, "7", 1, 1000) != 0
 *         || stint_queue_get(tasks, &item, 1000) != 0)
 *         fprintf(stderr, "%s\n", stint_error_message());
 *     stint_close(s);
 *
 * What holds everywhere:
 *
 * - Functions return 0 or a negative STINT_E… (stint_error.h); afterwards
 *   stint_error_message() says in a sentence what happened and what to do.
 * - Timeouts are milliseconds: 0 tries once, STINT_FOREVER waits; any other
 *   negative number is STINT_EINVAL.  No call blocks longer than its timeout
 *   plus STINT_GRACE_MS, whatever the network or the master does.  A call
 *   without a timeout argument takes the connection's `timeout_ms`, and so
 *   does the round trip of a put with timeout 0.
 * - Handles are never NULL, unless it says so.
 * - In an options struct zero is always the default, and NULL means all
 *   defaults.  Initialise with { 0 } and set what you need.
 * - A broken connection is mended by the library, with backoff; a call that
 *   waits goes on waiting within its timeout; nothing is sent twice.
 * - Memory, in five words: borrows (until the call returns), takes, gives (you
 *   free), copies, lends (valid until…).
 * - Threads: any number of threads may share a `struct stint`, futures and
 *   tasks of it.  A stint_queue or stint_consumer may be shared too, except
 *   that plain gets (stint_queue_get, _get_many, _task_done) are one consumer's:
 *   give each thread its own handle.  After fork() only the parent may go on: in
 *   the copy every call on what was its returns STINT_ECLOSED at once, and frees
 *   nothing; it may make connections of its own.
 * - The library starts one thread for each connection, besides libzmq's two,
 *   leaves signals, stdio, locale and the environment alone, and never exits
 *   the process.  It sets malloc's thresholds (mallopt) so that large payloads
 *   are not mapped anew each time.
 */
#ifndef STINT_H
#define STINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stint_error.h>

#ifdef __cplusplus
extern "C" {
#endif

#define STINT_VERSION "0.1.0"
#define STINT_FOREVER ((int64_t)-1)
#define STINT_GRACE_MS 500
#define STINT_PORT 4725

#define STINT_API __attribute__((visibility("default")))
#define STINT_CHECK __attribute__((visibility("default"), warn_unused_result))

struct stint;          /* A connection to a master. */
struct stint_queue;    /* A queue of it. */
struct stint_task;     /* A leased task. */
struct stint_future;   /* The coming result of a submitted task. */
struct stint_consumer; /* A stream of leased tasks from several queues. */
struct stint_master;   /* A master in this process. */

/* No NUL ends them, and what follows is not theirs: print them with "%.*s", and copy
 * them before strtol() (or see stint_value.h, which packs and unpacks numbers). */
struct stint_bytes {
    const void *data;
    size_t size;
};

/* ---- errors -------------------------------------------------------------- */

/** "STINT_EFULL" for STINT_EFULL.  Lends for ever.  Any thread. */
STINT_API const char *stint_error_name(int code);

/** What a code means, in a few words.  Lends for ever.  Any thread. */
STINT_API const char *stint_error_text(int code);

/** Whether the same call may succeed later without anybody changing it. */
STINT_API bool stint_error_can_retry(int code);

/**
 * The sentence of the last call of the library that failed in this thread:
 * what happened, with names and numbers, and what to do.
 * Lends until the thread's next call of the library.
 */
STINT_API const char *stint_error_message(void);

/** "0.1.0": of the library that is linked. */
STINT_API const char *stint_version(void);

/* ---- connecting ---------------------------------------------------------- */

/*
 * What a worker has and a job may need.  A label ("zone" = "b") is there or
 * not; of a resource ("gpus", 2) a worker has so many, and each task that is
 * handed out takes its part until it has ended.
 */
struct stint_trait {
    const char *name;  /* 1 to 64 bytes. */
    const char *value; /* Of a label, up to 255 bytes; in a job's need NULL or
                          "": any value will do. */
    uint64_t count;    /* Of a resource; 0: it is a label. */
};

enum stint_peer_kind { STINT_CLIENT = 0, STINT_WORKER = 1, STINT_TOOL = 2 };

/**
 * How to reach a master and who one is.  What is not set comes from the
 * environment (STINT_MASTER, STINT_ACCESS, STINT_AUTHKEY_FILE, STINT_AUTHKEY),
 * else from the access file of this host ($XDG_STATE_HOME/stint/access, then
 * ~/.local/state/stint/access, then /var/lib/stint/access).
 */
struct stint_options {
    const char *master;       /* "tcp://host:4725", with "#key" pinned if known.
                                 Default: the address in the access file. */
    const char *access_file;  /* Path of an access file. */
    const char *authkey;      /* As BaseManager's: a shared secret. */
    size_t authkey_size;      /* 0: authkey is a C string. */
    const char *authkey_file; /* Path of a file with the authkey in it. */
    bool allow_weak_authkey;  /* Fewer than 16 bytes, for tutorials. */
    int64_t connect_timeout_ms; /* 0: 20 s; BaseManager hangs. */
    int64_t timeout_ms;       /* Of calls without one; 0: 20 s. */
    const char *name;         /* How `stint workers` shows us, up to 255 bytes of
                                 plain text; 0: program name. */
    enum stint_peer_kind kind;
    unsigned slots;           /* Of a worker, for the display. */
    const struct stint_trait *traits; /* Of a worker: what it has, ending with
                                 {0}; or NULL.  At most 128. */
    size_t buffer_bytes;      /* Most that is sent and not answered; 0: 8 MiB.
                                 A put beyond it waits. */
};

/**
 * Connect to a master: find the key, do the handshake, open a session.
 *
 * Owns:    copies the options; gives *out, free with stint_close().
 * Returns: 0, or
 *          STINT_EINVAL       the address or an option is malformed
 *          STINT_EACCESS      no key was found, or its file cannot be read, is
 *                             readable by others, or is not an access file;
 *                             an authkey in a file or the environment is empty,
 *                             mistyped or weak (STINT_EINVAL in the options)
 *          STINT_EAUTH        the master refused our key, or is not the one
 *                             that our key names
 *          STINT_EPROTO       it speaks another version of the protocol
 *          STINT_EUNREACHABLE nobody answered in time
 *          STINT_ELIMIT       it takes no more sessions
 *          and *out is NULL.
 * Time:    may block up to connect_timeout_ms, and half a second for the key
 *          derivation of an authkey that `stint key generate` did not make.
 * Source:  multiprocessing.managers.BaseManager.connect, with a deadline.
 */
STINT_CHECK int stint_connect(
    const struct stint_options *options, struct stint **out);

/**
 * Send what is pending, acknowledge plain gets, give leased tasks back, leave.
 * Waits up to the connection's timeout for the master to hear of it; frees `s`
 * and every queue and consumer of it in any case.  Futures, tasks that are still
 * held, and handles of named objects (locks, dicts, pipes, ...) must be freed by
 * their owner, before or after, and answer STINT_ECLOSED after it.  After
 * stint_interrupt() it does not wait: stint_resume() first.
 *
 * Returns: 0 when the master heard it all, else what kept it from that (`s` is
 *          freed all the same).  NULL is fine.
 * Thread:  one; nobody may be inside a call on `s`.
 */
STINT_API int stint_close(struct stint *s);

/** Leave at once without a word, as a process that was killed does: the master
 * notices and gives our tasks back.  For tests and for emergency exits. */
STINT_API void stint_abandon(struct stint *s);

/**
 * Wait until everything posted (stint_queue_post, stint_task_post_…,
 * stint_job_put) has been answered.
 *
 * Returns: 0, or the first error that a posted call met since the last flush
 *          (those of jobs are told by the job), or STINT_ETIMEOUT, or
 *          STINT_EUNREACHABLE.
 */
STINT_CHECK int stint_flush(struct stint *s, int64_t timeout_ms);

/** One round trip.  *round_trip_us may be NULL. */
STINT_CHECK int stint_ping(
    struct stint *s, int64_t *round_trip_us, int64_t timeout_ms);

/** Whether a session stands, as far as we know; never waits.  While the master
 * is away calls wait within their timeouts, and what was posted is kept. */
STINT_API bool stint_is_connected(struct stint *s);

/** Make every blocked call on `s` return STINT_ECANCELLED now, and every later
 * one that would block, until stint_resume().  Signal-safe; any thread. */
STINT_API void stint_interrupt(struct stint *s);
STINT_API void stint_resume(struct stint *s);

/* ---- queues -------------------------------------------------------------- */

enum stint_queue_kind {
    STINT_FIFO = 0,    /* queue.Queue */
    STINT_LIFO = 1,    /* queue.LifoQueue */
    STINT_PRIORITY = 2 /* queue.PriorityQueue: smallest first, FIFO among equals */
};

/*
 * What survives of what was acknowledged, in a word:
 *   "synced"   everything: an answer waits for the disk
 *   "written"  the end of the process; after a crash of the host or a power cut
 *              the last moments may be gone
 *   "memory"   nothing: tasks end with the master
 */

struct stint_queue_options {
    bool only_open;         /* Do not make it: STINT_ENOQUEUE if not there. */
    enum stint_queue_kind kind;
    int64_t max_tasks;      /* Ready and delayed ones; 0: no bound. */
    int64_t max_bytes;      /* Of their payloads; 0: no bound.  A single larger
                               one passes through an empty queue. */
    int64_t lease_ms;       /* 0: 30 s. */
    unsigned attempts_max;  /* In all; 0: 3. */
    int64_t backoff_ms;     /* After the first failure, doubling; 0: 1 s. */
    int64_t backoff_max_ms; /* 0: 60 s. */
    const char *durability; /* NULL: the master's. */
};

/**
 * Open the queue `name` (1 to 255 bytes of UTF-8), making it if need be.  With
 * `options` NULL or only only_open set, an existing queue is taken as it is.
 *
 * Owns:    copies; gives *out, free with stint_queue_close() or stint_close().
 * Returns: 0, or STINT_EEXISTS when options are given and differ from those the
 *          queue has; STINT_ENOQUEUE; STINT_EROLE (only open, with the role
 *          work); STINT_ELIMIT; STINT_EINVAL; and what every call may return:
 *          STINT_ETIMEOUT, STINT_EUNREACHABLE, STINT_EAUTH, STINT_ECLOSED.
 * Source:  BaseManager.register and the get_task_queue() it makes.
 */
STINT_CHECK int stint_queue_open(struct stint *s, const char *name,
    const struct stint_queue_options *options, struct stint_queue **out);

/** Acknowledge what a plain get holds and free the handle.  NULL is fine. */
STINT_API void stint_queue_close(struct stint_queue *q);

struct stint_put_options {
    int priority;          /* Smaller goes first, in a priority queue. */
    int64_t delay_ms;      /* Not ready before. */
    int64_t expires_ms;    /* Cancelled if not begun by then; 0: never. */
    unsigned attempts_max; /* 0: the queue's. */
    const char *handler;   /* Which handler runs it; NULL: the default. */
    bool once;             /* It must not run twice: once begun it is not run again
                              when its worker was lost or its lease ran out, but
                              ends with STINT_EWORKERLOST, whatever attempts are
                              left; no worker takes it ahead of a free slot.  Not
                              of a schedule. */
};

/**
 * Put one task and wait until the master has it.  A full queue waits for room.
 * With timeout 0 nothing waits for room; the one round trip is waited for, up
 * to the connection's timeout (of _with and _many, too).
 *
 * Owns:    copies `data` (may be NULL when size is 0).
 * Returns: 0, or STINT_EFULL (no room in time; also with timeout 0),
 *          STINT_ETOOLARGE, STINT_ESHUTDOWN, STINT_EBUDGET, STINT_ENOSPACE (the
 *          master's disk is full), STINT_ETIMEOUT or STINT_EUNREACHABLE
 *          (whether it was put is not known in these two).
 * Source:  queue.Queue.put; it returns when the master has it.
 */
STINT_CHECK int stint_queue_put(
    struct stint_queue *q, const void *data, size_t size, int64_t timeout_ms);

/** queue.Queue.put_nowait: stint_queue_put with timeout 0. */
STINT_CHECK int stint_queue_put_nowait(
    struct stint_queue *q, const void *data, size_t size);

/** As stint_queue_put, with options. */
STINT_CHECK int stint_queue_put_with(struct stint_queue *q, const void *data,
    size_t size, const struct stint_put_options *options, int64_t timeout_ms);

/**
 * Put `count` tasks in order, in one go.  *accepted (may be NULL) says how many
 * were, from the first; the rest was not, for the reason that is returned.
 */
STINT_CHECK int stint_queue_put_many(struct stint_queue *q,
    const struct stint_bytes *items, size_t count,
    const struct stint_put_options *options, size_t *accepted,
    int64_t timeout_ms);

/**
 * Put without waiting for the answer: the library gathers what is posted and
 * sends it in batches; stint_flush() tells whether all of it arrived.  Blocks
 * only while more than buffer_bytes are unanswered.  A full queue makes the
 * task wait at the master for room.
 *
 * Returns: 0 when it is on its way, or as stint_queue_put.
 */
STINT_CHECK int stint_queue_post(struct stint_queue *q, const void *data,
    size_t size, const struct stint_put_options *options);

/**
 * Take the next item.  It is held under a lease that the library renews while
 * this process lives; the next get, stint_queue_task_done(), or a clean close
 * acknowledges it, and a process that dies before gives it back.
 *
 * Owns:    lends *item until the handle's next get, task_done or close.
 * Returns: 0, or STINT_EEMPTY (nothing came in time; also with timeout 0),
 *          STINT_ESHUTDOWN (shut down and drained).
 * Source:  queue.Queue.get, with the lease that Python lacks.
 */
STINT_CHECK int stint_queue_get(
    struct stint_queue *q, struct stint_bytes *item, int64_t timeout_ms);

/** queue.Queue.get_nowait. */
STINT_CHECK int stint_queue_get_nowait(
    struct stint_queue *q, struct stint_bytes *item);

/** Take 1 to `max` (<= 4096) items; they are acknowledged together.
 * Lends items[0..*count) until the handle's next get, task_done or close. */
STINT_CHECK int stint_queue_get_many(struct stint_queue *q,
    struct stint_bytes *items, size_t max, size_t *count, int64_t timeout_ms);

/**
 * Say that one item got is dealt with.  Acknowledges the oldest one that is not
 * yet; after the next get has done so already it only counts.
 *
 * Returns: 0, or STINT_EINVAL when called more often than items were got:
 *          Python's ValueError('task_done() called too many times').
 */
STINT_CHECK int stint_queue_task_done(struct stint_queue *q);

/** Wait until every task ever put to this queue has ended (done, dead,
 * cancelled, expired).  Those of jobs do not count: see stint_job_wait().
 * Returns 0 or STINT_ETIMEOUT.  Source: queue.Queue.join, with a timeout, and
 * the lease counts, not the caller: a dead consumer does not hang it. */
STINT_CHECK int stint_queue_join(struct stint_queue *q, int64_t timeout_ms);

/** How many tasks are ready, exactly, at the master; those of jobs do not
 * count.  Source: qsize(). */
STINT_CHECK int stint_queue_qsize(struct stint_queue *q, int64_t *size);

/** 1 if qsize is 0, 0 if not, or a negative error.  Source: empty(). */
STINT_CHECK int stint_queue_empty(struct stint_queue *q);

/** 1 if a put would have to wait, 0 if not, or a negative error.  A payload too
 * large for what is left of max_bytes may wait all the same.  Source: full();
 * what is leased counts no more than what queue.Queue's get() took. */
STINT_CHECK int stint_queue_full(struct stint_queue *q);

/** Refuse puts from now on; gets drain what is there, then STINT_ESHUTDOWN.
 * With `immediate` the queue is emptied too and all that wait are woken.
 * Source: queue.Queue.shutdown of Python 3.13. */
STINT_CHECK int stint_queue_shutdown(struct stint_queue *q, bool immediate);

/** The name it was opened with.  Lends until the handle is closed. */
STINT_API const char *stint_queue_name(const struct stint_queue *q);

/* ---- leased tasks -------------------------------------------------------- */

struct stint_take_options {
    int64_t lease_ms; /* 0: the queue's. */
    bool no_renew;    /* The caller renews; a hung one loses the task. */
};

/**
 * Take one task under an explicit lease.  Unless no_renew is set the library
 * renews it at a third of its length until the task is ended or freed.
 *
 * Owns:    gives *task; end it with one of stint_task_done, _fail, _release or
 *          their post forms, which free it; or stint_task_free(), which gives
 *          it back.
 * Returns: as stint_queue_get.
 */
STINT_CHECK int stint_queue_take(struct stint_queue *q,
    const struct stint_take_options *options, struct stint_task **task,
    int64_t timeout_ms);

/** Lends until the task is ended or freed, as all of these. */
STINT_API struct stint_bytes stint_task_payload(const struct stint_task *t);
STINT_API const char *stint_task_handler(const struct stint_task *t);
STINT_API const char *stint_task_queue(const struct stint_task *t);
STINT_API uint64_t stint_task_id(const struct stint_task *t);
/** Which attempt this is, from 1: those that were begun are counted, not what
 * was taken and given back untried. */
STINT_API unsigned stint_task_attempt(const struct stint_task *t);
/** A number that grows each time it is handed out, to hand to what the task
 * protects. */
STINT_API uint64_t stint_task_fence(const struct stint_task *t);
/** Milliseconds until the lease breaks as far as we know; negative: broken.  0
 * for as long as the master is away: it decides when it is back. */
STINT_API int64_t stint_task_remaining_ms(const struct stint_task *t);

/**
 * The task is finished; its result goes to whoever submitted it.  Waits for the
 * master's answer.
 *
 * Owns:    copies `result`; takes `t` in every case but STINT_ETOOLARGE.
 * Returns: 0, or STINT_ESTALE: the lease was over, this result does not count;
 *          STINT_ETOOLARGE: nothing changed, `t` is still the caller's.
 */
STINT_CHECK int stint_task_done(
    struct stint_task *t, const void *result, size_t size);

/** This attempt failed; `reason` (up to 1024 bytes) is kept.  Tried again after
 * retry_ms (0: the queue's backoff; STINT_FOREVER: never, dead at once).  Any
 * other negative number is STINT_EINVAL, here and below, and `t` is still the
 * caller's. */
STINT_CHECK int stint_task_fail(
    struct stint_task *t, const char *reason, int64_t retry_ms);

/** Give it back untried: it is ready again after delay_ms, at its first place,
 * and no attempt is used up. */
STINT_CHECK int stint_task_release(struct stint_task *t, int64_t delay_ms);

/** Hold it for lease_ms (0: the same length as before) from now.
 * Returns 0 or STINT_ESTALE; `t` stays the caller's. */
STINT_CHECK int stint_task_renew(struct stint_task *t, int64_t lease_ms);

/** The same without waiting for the answer: gathered, sent in batches, errors
 * told by stint_flush() (a stale one is not an error there). */
STINT_CHECK int stint_task_post_done(
    struct stint_task *t, const void *result, size_t size);
STINT_CHECK int stint_task_post_fail(
    struct stint_task *t, const char *reason, int64_t retry_ms);
STINT_CHECK int stint_task_post_release(struct stint_task *t, int64_t delay_ms);

/** Give a task back that is still held; NULL is fine. */
STINT_API void stint_task_free(struct stint_task *t);

/* ---- consumers: what a worker is made of --------------------------------- */

struct stint_consumer_options {
    int64_t lease_ms;      /* 0: each queue's. */
    unsigned credit_tasks; /* Most that are here or on the way; 0: 1. */
    size_t credit_bytes;   /* The same in payload bytes; 0: 4 MiB. */
};

/**
 * Keep up to `credit` tasks of the named queues (NULL-terminated, at most 32)
 * on hand, so that the next one is there when the last one ends.  Tasks on hand
 * are leased and renewed; closing gives them back.
 *
 * Returns: 0 or as stint_queue_open with only_open not set.
 */
STINT_CHECK int stint_consumer_open(struct stint *s,
    const char *const queues[], const struct stint_consumer_options *options,
    struct stint_consumer **out);

/** Change the credit; what is on hand beyond it stays.  Less than half of what
 * is here or on the way takes back what is on the way; `tasks` 0 asks for
 * nothing, `bytes` 0 is the default. */
STINT_API void stint_consumer_credit(
    struct stint_consumer *c, unsigned tasks, size_t bytes);

/** The next task: gives *task, as stint_queue_take.  Any number of threads may
 * wait in it.  STINT_EEMPTY when none came in time. */
STINT_CHECK int stint_consumer_next(
    struct stint_consumer *c, struct stint_task **task, int64_t timeout_ms);

/** Tasks on hand that nobody has taken with stint_consumer_next(). */
STINT_API unsigned stint_consumer_ready(struct stint_consumer *c);

/** Ask for nothing more and give back what is on hand; later calls of
 * stint_consumer_next() return STINT_ECLOSED. */
STINT_API void stint_consumer_drain(struct stint_consumer *c);

/** Drain and free.  NULL is fine. */
STINT_API void stint_consumer_close(struct stint_consumer *c);

/* ---- futures ------------------------------------------------------------- */

/**
 * Put a task whose result comes back to this process.  Does not wait: gathered
 * like stint_queue_post().
 *
 * Owns:    copies `data`; gives *out, free with stint_future_free().
 */
STINT_CHECK int stint_queue_submit(struct stint_queue *q, const void *data,
    size_t size, const struct stint_put_options *options,
    struct stint_future **out);

/**
 * Wait for the result.
 *
 * Owns:    lends *result (may be NULL) until the future is freed.
 * Returns: 0, or STINT_ETIMEOUT (ask again), or what the task ended with:
 *          STINT_EDEAD, STINT_EWORKERLOST, STINT_ECANCELLED, STINT_EEXPIRED
 *          (the reason is in stint_error_message()), or why it could not be put.
 * Source:  AsyncResult.get; repeatable.
 */
STINT_CHECK int stint_future_get(struct stint_future *f,
    struct stint_bytes *result, int64_t timeout_ms);

/** Whether the result is there.  Source: AsyncResult.ready. */
STINT_API bool stint_future_ready(struct stint_future *f);

/** Id of the task; 0 as long as the master has not answered the put. */
STINT_API uint64_t stint_future_task(struct stint_future *f);

/** Times it was handed out, those included that were given back or never began; 0
 * before it is ready. */
STINT_API unsigned stint_future_attempts(struct stint_future *f);

/** Name of the worker that ended it; "" before.  Lends until freed. */
STINT_API const char *stint_future_worker(struct stint_future *f);

/** End the task if it has not ended.  Returns 0 or STINT_ENOTASK. */
STINT_CHECK int stint_future_cancel(struct stint_future *f);

/** Forget it; a result that comes later is dropped.  NULL is fine. */
STINT_API void stint_future_free(struct stint_future *f);

/**
 * Wait until at least `want` (1: any; count: all) of `futures` are ready.
 * NULLs in the array are passed over and count as ready; all others are of one
 * connection.
 *
 * Returns: how many are ready (>= want), or STINT_EINVAL, STINT_ETIMEOUT, …
 */
STINT_CHECK int stint_futures_wait(struct stint_future *const futures[],
    size_t count, size_t want, int64_t timeout_ms);

/* ---- a worker ------------------------------------------------------------ */

/** What a handler is given; valid until it returns. */
struct stint_call;

/** Runs one task: reads the payload, sets a result, returns 0; or returns
 * anything else and has set a reason with stint_call_fail(). */
typedef int stint_handler_fn(struct stint_call *call);

struct stint_handler {
    const char *name; /* 1 to 64 bytes. */
    stint_handler_fn *run;
};

/** What the task is about.  Behind these bytes alone there is a NUL, which does not
 * count; an item of a pool's chunk is followed by the next one.  Lends until the
 * handler returns. */
STINT_API struct stint_bytes stint_call_payload(const struct stint_call *c);
STINT_API uint64_t stint_call_task(const struct stint_call *c);
STINT_API unsigned stint_call_attempt(const struct stint_call *c);
STINT_API uint64_t stint_call_fence(const struct stint_call *c);
STINT_API const char *stint_call_queue(const struct stint_call *c);
/** Copies `data` as the result.  Returns 0 or STINT_ENOMEM. */
STINT_CHECK int stint_call_result(
    struct stint_call *c, const void *data, size_t size);
/** Sets the reason, printf-like, and returns -1, for `return stint_call_fail(…)`. */
STINT_API int stint_call_fail(struct stint_call *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** Whether the worker is asked to stop or the lease is lost: leave soon. */
STINT_API bool stint_call_cancelled(const struct stint_call *c);

/**
 * A plug-in is a shared object that defines this table, ending with {0}; only
 * names in it can be called from outside:
 *
 *     const struct stint_handler stint_handlers[] = { { "square", square }, { 0 } };
 */
extern const struct stint_handler stint_handlers[]
    __attribute__((visibility("default")));

struct stint_worker_options {
    const char *const *queues;  /* NULL-terminated; NULL: { "default", NULL }. */
    unsigned slots;             /* Tasks side by side; 0: number of cores. */
    const struct stint_handler *handlers; /* Ending with {0}; or NULL. */
    const char *plugin;         /* Path of a shared object; or NULL. */
    const char *handler;        /* For tasks that name none; NULL: the first. */
    const char *const *command; /* argv, NULL-terminated, "{}" = the payload;
                                   run for tasks instead of a handler; or NULL. */
    int64_t lease_ms;           /* 0: each queue's. */
    int64_t task_timeout_ms;    /* A longer attempt fails; commands are killed,
                                   handlers lose their lease; 0: none. */
    int64_t grace_ms;           /* From drain to giving back; 0: 30 s. */
    unsigned prefetch_max;      /* Most tasks on hand; 0: chosen by time. */
    size_t output_max;          /* Most bytes of a command's output; 0: 1 MiB. */
    int64_t tasks_max;          /* Leave after so many; 0: never. */
    int64_t idle_ms;            /* Leave when idle for so long; 0: never. */
    void (*log)(void *arg, int level, const char *line); /* level: as syslog. */
    void *log_arg;              /* Hears when the master is gone, and back. */
    bool allow_exec;            /* Run the commands of jobs: whoever may submit
                                   decides what runs here. */
    const struct stint_trait *traits; /* What it has besides, for jobs that need
                                   it, ending with {0}; or NULL. */
    int64_t ahead_ms;           /* Behind tasks longer than this none is kept
                                   waiting here; 0: 1 s. */
};

/**
 * Say what a worker with these options has, as stint_options.traits wants it:
 * whether it runs commands (`exec`), its handlers (`handler`), `cpus`, `memory`
 * in bytes, `host`, and what the options add or set otherwise.
 *
 * Owns:    copies; gives *out, one allocation that ends with {0}, free().
 * Returns: 0, or STINT_EINVAL (a name or value of options->traits), or
 *          STINT_EPLUGIN, as stint_worker_new().
 */
STINT_CHECK int stint_worker_traits(
    const struct stint_worker_options *options, struct stint_trait **out);

/** How many slots a worker with these options gets: those it asks for, or as
 * many as there can be open files for, after raising the soft limit as far as
 * needed; at least 1.  For stint_options.slots. */
STINT_API unsigned stint_worker_slots(
    const struct stint_worker_options *options);

struct stint_worker;

/** Check the options, load the plug-in, open the queues; nothing runs yet.
 * Borrows `s` until freed.  Errors: STINT_EINVAL, STINT_EPLUGIN, … */
STINT_CHECK int stint_worker_new(struct stint *s,
    const struct stint_worker_options *options, struct stint_worker **out);

/** Serve until drained, stopped, or idle or full as the options say; this
 * thread waits, `slots` others run.  Returns 0, or why it had to end. */
STINT_CHECK int stint_worker_serve(struct stint_worker *w);

/** Finish what runs, give the rest back, make serve() return.  Signal-safe. */
STINT_API void stint_worker_drain(struct stint_worker *w);

/** Kill what runs, give all leases back, make serve() return.  Signal-safe. */
STINT_API void stint_worker_stop(struct stint_worker *w);

struct stint_worker_counts {
    uint64_t done, failed, released, stale;
};
STINT_API struct stint_worker_counts stint_worker_counts(
    const struct stint_worker *w);

/** NULL is fine. */
STINT_API void stint_worker_free(struct stint_worker *w);

/* ---- a master in this process -------------------------------------------- */

struct stint_master_options {
    const char *listen;        /* "tcp://127.0.0.1:4725"; port 0: any free one.
                                  Default: tcp://127.0.0.1:4725, but without
                                  authkey and state_dir any free port, as then
                                  only stint_master_connect() has a key.  For
                                  other hosts than this one an authkey must not
                                  be weak, unless weak ones are allowed. */
    const char *const *queues; /* Made at the start; NULL-terminated; or NULL. */
    bool no_create;            /* Only these and declared ones: a put to an
                                  unknown queue is STINT_ENOQUEUE. */
    const char *authkey;       /* BaseManager's way in; or NULL. */
    size_t authkey_size;       /* 0: authkey is a C string. */
    const char *authkey_file;
    bool allow_weak_authkey;
    const char *state_dir;     /* Where keys, access files and what survives
                                  live; made if need be.  NULL: none, keys and
                                  tasks live as long as the master
                                  (stint_master_connect() knows the keys). */
    bool memory;               /* Nothing but the keys survives. */
    const char *durability;    /* Of queues that do not say; NULL: "synced". */
    bool notify;               /* Tell systemd (NOTIFY_SOCKET, WATCHDOG_USEC)
                                  when it is ready, lives and stops. */
    size_t memory_max;         /* Budget in bytes; 0: half of what is there.
                                  Puts get seven eighths, the rest is left for
                                  results and locks; beyond it either is
                                  STINT_EBUDGET. */
    size_t payload_max;        /* 0: 16 MiB; at most 1 GiB. */
    int64_t silence_ms;        /* A peer silent for so long is taken for dead;
                                  0: 3 s. */
    int64_t session_ms;        /* Its answers and results are kept so long;
                                  0: 10 min. */
    unsigned sessions_max;     /* 0: 20000. */
    const char *http;          /* Numbers to look at, "127.0.0.1:5725" (port 0:
                                  any free one); "auto": the port of `listen`
                                  + 1000, this host only, and none if that is
                                  in use.  NULL or "off": none. */
    const char *http_token_file; /* Who asks shows this token; other hosts are
                                  answered in no other way. */
    void (*log)(void *arg, int level, const char *line); /* level: as syslog. */
    void *log_arg;
};

/**
 * Start a master in a thread of this process (libzmq adds a few).  `options` NULL:
 * one in memory for this program and its children, as Manager() is; each process
 * gets in by stint_master_connect().  It raises the limit of open files as far as it
 * may, and seeds rand(), from which libzmq draws peers' numbers.
 *
 * Owns:    copies the options; gives *out, free with stint_master_stop().
 * Returns: 0 when what survived is there again, it listens and its
 *          authentication has been tried out, or
 *          STINT_EINVAL, STINT_EACCESS, STINT_EAUTH (strangers would get in:
 *          refused), STINT_EBUSY (address or state directory in use),
 *          STINT_EDAMAGED (stint_store_check() says where), STINT_EFORMAT,
 *          STINT_EDISK, STINT_ENOSPACE, STINT_ESYSTEM.
 * Source:  BaseManager.start.
 */
STINT_CHECK int stint_master_start(
    const struct stint_master_options *options, struct stint_master **out);

/** The real address, e.g. "tcp://127.0.0.1:43211".  Lends until the stop. */
STINT_API const char *stint_master_address(const struct stint_master *m);

/** Where HTTP is served, e.g. "http://127.0.0.1:5725"; NULL: nowhere.  Lends
 * until the stop. */
STINT_API const char *stint_master_http(const struct stint_master *m);

/** Path of the admin access file; NULL without a state directory. */
STINT_API const char *stint_master_access_file(const struct stint_master *m);

/** Connect to it with the role admin, from this process or from a copy of it (fork,
 * stint_process_start): what proxies of a Manager() do unseen.  `options` (or NULL)
 * may set what is not address and key.  When the process that started it ends it is
 * gone: calls of copies end at their timeouts, and STINT_FOREVER waits in vain. */
STINT_CHECK int stint_master_connect(struct stint_master *m,
    const struct stint_options *options, struct stint **out);

/** Wait until a client with the role admin stops it, or stint_master_quit().
 * Returns 0, or why it had to end: STINT_EDISK when a write or a sync failed;
 * everything that was acknowledged is there at the next start.
 * Source: Server.serve_forever. */
STINT_CHECK int stint_master_serve(struct stint_master *m);

/** Make stint_master_serve() return.  Signal-safe.  In a copy of the process it does
 * nothing. */
STINT_API void stint_master_quit(struct stint_master *m);

/** Answers out, then stop and free.  NULL is fine.  Takes ten seconds at most; a
 * disk that does not answer for so long keeps its thread and its files until the
 * process ends.  In a copy of the process it does nothing. */
STINT_API void stint_master_stop(struct stint_master *m);

/* ---- looking and administration ------------------------------------------ */

struct stint_status {
    int64_t uptime_ns;
    uint64_t memory, memory_max;
    uint64_t queues, clients, workers, slots;
    uint64_t ready, delayed, leased, accepted, done, dead, cancelled, expired;
    char software[65], durability[65]; /* "synced", "written" or "memory". */
    bool disk_full; /* No new work until there is room. */
    uint64_t running; /* Of the leased: begun. */
};
STINT_CHECK int stint_status(
    struct stint *s, struct stint_status *out, int64_t timeout_ms);

/* Of a queue's jobs in sum; those that were forgotten count on in what is ever
 * (accepted, done, cancelled, expired, and the attempts). */
struct stint_queue_jobs {
    uint64_t accepted, ready, delayed, leased, running, done, dead, cancelled,
        expired, failures, lost, timeouts, released;
};
struct stint_queue_row {
    const char *name;
    enum stint_queue_kind kind;
    bool shut;
    unsigned attempts_max;
    uint64_t max_tasks, max_bytes, ready, delayed, leased, bytes, accepted,
        done, dead, cancelled, expired, failures, lost, timeouts, released,
        getters, putters;
    int64_t lease_ns;
    const char *durability;
    uint64_t workers; /* That take its tasks, are alive and not draining. */
    bool paused;      /* It hands nothing out. */
    uint64_t running; /* Of the leased: begun, the others were taken ahead. */
    struct stint_queue_jobs jobs; /* Which are not in the numbers above. */
};
struct stint_peer_row {
    const char *name, *host, *key;
    int64_t pid;
    enum stint_peer_kind kind;
    bool alive;
    unsigned slots;
    uint64_t leased, done, failed;
    int64_t silent_ns, age_ns;
    bool draining; /* It is given no more tasks. */
    uint64_t running; /* Of the leased: begun. */
    const char *traits; /* "exec gpus=2 zone=b": as far as there is room. */
};
enum stint_task_state {
    STINT_READY, STINT_DELAYED, STINT_LEASED, STINT_DONE, STINT_DEAD,
    STINT_CANCELLED, STINT_EXPIRED
};
struct stint_attempt;
struct stint_task_row {
    uint64_t task;
    const char *queue, *worker, *reason, *handler;
    enum stint_task_state state;
    int priority;
    unsigned attempts, failures, lost, timeouts, released;
    int64_t age_ns, wait_ns, ended_ns;
    uint64_t bytes;
    struct stint_bytes head; /* The payload's first 1024 bytes at most. */
    uint64_t job, seq;       /* 0: of none. */
    uint64_t progress_done, progress_total; /* As its attempt tells. */
    const char *progress_text;
    int64_t held_ns; /* Leased: since it was handed out. */
    const struct stint_attempt *tries; /* Of a job's task (stint_job.h). */
    size_t tries_count;
    bool running; /* Leased: begun; else its worker has taken it ahead. */
};
enum stint_role { STINT_ROLE_WORK = 1, STINT_ROLE_SUBMIT = 2, STINT_ROLE_ADMIN = 4 };
struct stint_key_row {
    const char *name;
    unsigned role; /* Bits of enum stint_role. */
    bool revoked;
    uint64_t peers;
    uint8_t public_key[32];
};

/**
 * Call `see` for each row until it returns other than 0, which is returned.
 * Rows are lent for the call of `see`, which must not use the connection.
 * The list is read in pages, so it is not one instant's.
 */
STINT_CHECK int stint_list_queues(struct stint *s, const char *only,
    int (*see)(void *arg, const struct stint_queue_row *row), void *arg,
    int64_t timeout_ms);
STINT_CHECK int stint_list_peers(struct stint *s,
    int (*see)(void *arg, const struct stint_peer_row *row), void *arg,
    int64_t timeout_ms);

struct stint_task_filter {
    const char *queue;  /* NULL: all. */
    int state_plus_one; /* 0: all; else enum stint_task_state + 1. */
    uint64_t task;      /* 0: all. */
    uint64_t limit;     /* Rows in all; 0: no limit. */
    uint64_t job;       /* Of this job only; 0: all. */
    bool running;       /* Only those that were begun, or */
    bool ahead;         /* only those taken ahead. */
};
STINT_CHECK int stint_list_tasks(struct stint *s,
    const struct stint_task_filter *filter,
    int (*see)(void *arg, const struct stint_task_row *row), void *arg,
    int64_t timeout_ms);
STINT_CHECK int stint_list_keys(struct stint *s,
    int (*see)(void *arg, const struct stint_key_row *row), void *arg,
    int64_t timeout_ms);

/** Make an authkey of 256 random bits as text, recognisable by its prefix
 * "stint1-"; needs no connection.  `out` has room for STINT_AUTHKEY_TEXT. */
#define STINT_AUTHKEY_TEXT 96
STINT_API void stint_key_generate(char out[STINT_AUTHKEY_TEXT]);

/** Make a key here, tell its public half to the master, write the access file
 * `path` (mode 0600; must not exist).  The secret never travels. */
STINT_CHECK int stint_key_new(struct stint *s, const char *name,
    enum stint_role role, const char *path);

/** Cut the key's live peers and let it in no more. */
STINT_CHECK int stint_key_revoke(struct stint *s, const char *name);

/**
 * Give no more tasks to the workers of this name; NULL: to none, those who come
 * later too.  What they hold they finish.  With `undo` they are given tasks
 * again.  Needs the role admin.
 *
 * Returns: 0 with how many of the workers that are connected it was for in
 *          *count (may be NULL), or STINT_EROLE, STINT_EINVAL (the name).
 */
STINT_CHECK int stint_drain(
    struct stint *s, const char *worker, bool undo, uint64_t *count);

/** Stop the master (role admin).  Source: BaseManager.shutdown. */
STINT_CHECK int stint_shutdown(struct stint *s);

/* ---- the store of a master ----------------------------------------------- */

/*
 * What survives a master lies in its state directory (stint_master_options),
 * here `data_dir`.  These functions need no connection and no master.  They
 * read; only stint_store_import() writes, and to an empty store.  One that a
 * master uses may be read at any time.
 */

/* What a store keeps is rows, each of a kind (stint_store_kind()). */
#define STINT_STORE_KINDS 32

struct stint_store_stat {
    uint64_t rows;                     /* Of all kinds. */
    uint64_t kinds[STINT_STORE_KINDS]; /* Of each. */
    uint64_t live_bytes;               /* What the rows take on the disk. */
    uint64_t bytes, free_bytes;        /* Of all files; ready to be used. */
    uint64_t segments;                 /* Files in use. */
    uint64_t torn_bytes;  /* Of an end that never was acknowledged. */
    uint64_t format;      /* Version of the rows; 0: there is none yet. */
    uint64_t starts;      /* How often a master was started on it. */
    int64_t committed_ns; /* Time of the last commit since 1970; 0: none. */
    uint64_t damages;     /* Places that cannot be read. */
    bool in_use;          /* A master runs on it. */
    bool was_closed;      /* Its master was stopped, not killed. */
};

/** "task" for 7: the name of a kind; NULL when there is none of this number.
 * Lends for ever. */
STINT_API const char *stint_store_kind(unsigned kind);

struct stint_store_damage {
    const char *file; /* Path, or the name of a row. */
    uint64_t offset;  /* In it. */
    const char *what;
};

/**
 * Read all of a store and tell of each place that is damaged.  `found` (may be
 * NULL) is lent what it is told for the call.
 *
 * Owns:    *out (may be NULL) is set whenever the store could be read at all.
 * Returns: 0, or STINT_EDAMAGED, STINT_EFORMAT (another version wrote it),
 *          STINT_EDISK, STINT_EINVAL (there is none), STINT_ESYSTEM (it may
 *          not be read), STINT_ENOMEM.
 * Time:    that of reading it.
 */
STINT_CHECK int stint_store_check(const char *data_dir,
    void (*found)(void *arg, const struct stint_store_damage *damage),
    void *arg, struct stint_store_stat *out);

enum stint_store_type {
    STINT_STORE_UNSIGNED,
    STINT_STORE_SIGNED,
    STINT_STORE_TEXT,
    STINT_STORE_BYTES
};
struct stint_store_field {
    const char *name; /* As docs/STORE.md calls it. */
    enum stint_store_type type;
    int64_t number;           /* Of the first two types; 0 or more if unsigned. */
    struct stint_bytes bytes; /* Of the others. */
};
struct stint_store_row {
    const char *kind; /* "queue", "task", … */
    uint64_t id;
    const struct stint_store_field *fields;
    size_t count;
};

/**
 * Show every row that can be read until `see` returns other than 0, which is
 * returned.  Rows are lent for the call.  What is damaged is left out, and told
 * to `found` (may be NULL): the way to get out what is left.
 *
 * Returns: 0, or STINT_EDAMAGED when all that is left was shown, or as
 *          stint_store_check().
 * Time:    that of reading it twice; where a master uses it, of copying it to
 *          $TMPDIR before.
 */
STINT_CHECK int stint_store_export(const char *data_dir,
    int (*see)(void *arg, const struct stint_store_row *row),
    void (*found)(void *arg, const struct stint_store_damage *damage),
    void *arg);

/**
 * Make a new store of rows, of which a later one replaces an earlier one of the
 * same kind and id.  `next` sets *row, whose contents it lends until it is
 * called again, and returns 1; 0 at the end; or a negative error, which is
 * returned.  Fields that are not there are zero.
 *
 * When rows are missing that others need, as after damage, what is left is
 * mended so that a master takes it: counts are set to what is there, a lost
 * queue gets the name "recovered-N", what belongs to a lost task is left out.
 * `mended` (may be NULL) is told each in a sentence.
 *
 * Returns: 0 with *count (may be NULL) rows taken, or STINT_EEXISTS (there is a
 *          store already), STINT_EBUSY (a master runs there), STINT_EINVAL (a
 *          row is none, or does not fit the others; stint_error_message() says
 *          why), STINT_ENOSPACE, STINT_EDISK, STINT_ESYSTEM, STINT_ENOMEM; then
 *          there is no store, as before.
 */
STINT_CHECK int stint_store_import(const char *data_dir,
    int (*next)(void *arg, struct stint_store_row *row),
    void (*mended)(void *arg, const char *what), void *arg, uint64_t *count);

/**
 * Copy the state directory `data_dir` with its keys, its access files and its
 * store to the new or empty directory `to`; a master may run on it meanwhile.
 * The copy has everything that was acknowledged before the call; it is checked
 * and synced.  Files have mode 0600: who has them is the master.
 *
 * Returns: 0 with what the copy has in *out (may be NULL), or STINT_EEXISTS
 *          (`to` is not empty), STINT_EDAMAGED, STINT_EFORMAT, STINT_EDISK,
 *          STINT_ENOSPACE, STINT_EACCESS (a key file), STINT_EINVAL,
 *          STINT_ESYSTEM, STINT_ENOMEM; then `to` is as it was.
 */
STINT_CHECK int stint_backup(
    const char *data_dir, const char *to, struct stint_store_stat *out);

#ifdef __cplusplus
}
#endif

#endif
