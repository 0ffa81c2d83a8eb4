/**
 * stint_pool.h - multiprocessing.Pool, on this host or on many.
 *
 * A pool runs functions side by side and gives their results back.  Its workers are
 * processes that it starts itself (no master to set up: it has one inside), or
 * whoever serves a queue of a master elsewhere; the calls are the same.
 *
 *     static int square(struct stint_call *call)
 *     {
 *         int64_t n;
 *         if (stint_call_int(call, &n) != 0) return -1;
 *         return stint_call_return_int(call, n * n);
 *     }
 *
 *     static const struct stint_handler functions[] = { { "square", square }, { 0 } };
 *
 *     struct stint_pool_options options = { .processes = 3, .functions = functions };
 *     struct stint_pool *pool;
 *     int64_t result;
 *
 *     if (stint_pool_open(&options, &pool) != 0
 *         || stint_pool_apply_int(pool, "square", 7, &result) != 0) …
 *     stint_pool_close(pool);
 *     stint_pool_join(pool, STINT_FOREVER);
 *     stint_pool_free(pool);
 *
 * A function is a handler with a name of up to 60 bytes (stint.h): of this program,
 * or of a plug-in.
 * Arguments and results are bytes; stint_value.h packs what C has.  A function that
 * returns other than 0 has failed for good, and is not tried again.  A worker that
 * dies inside a function is replaced, and the task tried again by another (`tries`
 * in all), or its result is STINT_EWORKERLOST; nothing ever hangs because a worker
 * is gone.  One that gives no sign of life for 5 to 7 s (it was stopped, by a
 * debugger too, or has become another program) is killed and counts as dead; but not
 * in its initializer, which may take any time.  A function may run twice unless
 * `tries` is 1; one of its results counts.  What functions print is out before their
 * results are.
 *
 * To the master a call, or the items of a map that go together, is one task for
 * "map:NAME", whose payload is a msgpack array of bytes; any `stint worker` with a
 * handler NAME serves it.
 *
 * What stint.h says of errors, timeouts, memory and threads holds here; any number
 * of threads may share a pool and its results, but for an imap, which is one
 * thread's at a time.  A copy of this process made by fork() has the results that
 * were there, and no pool: STINT_ECLOSED.
 */
#ifndef STINT_POOL_H
#define STINT_POOL_H

#include <stint.h>
#include <stint_value.h>

#ifdef __cplusplus
extern "C" {
#endif

struct stint_pool;
struct stint_async; /* AsyncResult */
struct stint_imap;  /* The iterator of imap. */

struct stint_pool_options {
    unsigned processes; /* 0: as many as there are processors; at most 4096. */
    const struct stint_handler *functions; /* Ending with {0}; lent for the life of
                                              the pool. */
    const char *plugin; /* Path of a shared object with more; or NULL. */
    int (*initializer)(void *arg); /* Run in each worker first; other than 0: it
                                      failed, and after three in a row the pool has,
                                      too: STINT_EDEAD from every call.  Or NULL. */
    void *initializer_arg;
    uint64_t tasks_per_child; /* A worker is replaced after so many tasks (not
                                 chunks, which are never longer); 0: never. */
    unsigned tries;           /* Of a task whose worker died; 0: 3; 1: never again,
                                 and no worker takes one ahead of a free slot.
                                 Elsewhere, if more than 1, a death before the
                                 worker has said that it got the task costs none. */
    int64_t task_timeout_ms;  /* A longer task fails for good, and its worker is
                                 replaced; in one that gives no sign of life,
                                 when that is found out.  Chunks are of one then.
                                 0: none. */

    /* The other form: workers elsewhere, with what they were started with: of the
     * above only `tries` may be set. */
    struct stint *on;  /* Its master; NULL: processes of our own.  Lent for the
                          life of the pool.  What was called runs on the workers
                          even if this process is killed; terminate ends it. */
    const char *queue; /* Whose workers; NULL: "default". */
};

/**
 * Open a pool.  Processes are forked from a copy of this process as it is now: what
 * it changes later they do not see, and those that are replaced are of the same
 * copy.  With an initializer it waits until one has run, 20 s at most.  All of
 * them are gone when the pool is, or this process, however it ended, and what their
 * functions started, too, but for what is in a session of its own (setsid()).
 *
 * Returns: 0, or STINT_EINVAL (no function, no plug-in), STINT_EPLUGIN,
 *          STINT_ESYSTEM, STINT_ENOMEM, STINT_EDEAD (the initializer fails); with
 *          `on` as stint_job_open().
 * Source:  Pool(processes, initializer, initargs, maxtasksperchild).
 */
STINT_CHECK int stint_pool_open(
    const struct stint_pool_options *options, struct stint_pool **out);

/** How many processes there are; elsewhere how many slots the workers that serve us
 * have, as the master knows them now: one that was killed counts until its silence
 * has told, of workers with different numbers of slots an average is taken, and
 * without any worker it is 1. */
STINT_API unsigned stint_pool_processes(struct stint_pool *pool);

/** No more calls are taken (they return STINT_ESHUTDOWN, "Pool not running"); what
 * is there goes on, the input of an imap too. */
STINT_API void stint_pool_close(struct stint_pool *pool);

/** End the workers at once; whatever has no result yet ends as STINT_ECANCELLED,
 * and nobody waits for ever. */
STINT_API void stint_pool_terminate(struct stint_pool *pool);

/** Wait until all that is out is done and the workers have left; what an imap has
 * not read by then it does not send any more, but says STINT_ESHUTDOWN.  Returns
 * 0, STINT_EINVAL ("Pool is still running": close or terminate first),
 * STINT_ETIMEOUT, or STINT_EBUSY (in a callback).  May be called again. */
STINT_CHECK int stint_pool_join(struct stint_pool *pool, int64_t timeout_ms);

/** terminate, join, free; results must have been freed before.  In a callback of the
 * pool it only terminates: free it elsewhere.  NULL is fine.
 * Source: leaving the with-block, which terminates. */
STINT_API void stint_pool_free(struct stint_pool *pool);

/* ---- calls --------------------------------------------------------------- */

/** Why a call failed, whole. */
struct stint_failure {
    int code;         /* STINT_EDEAD (the function failed), STINT_EWORKERLOST,
                         STINT_ECANCELLED, STINT_ETIMEOUT, … */
    const char *text; /* What the function said. */
    const char *worker, *host; /* host is "" if nobody said it: of a worker elsewhere
                                  that was lost. */
    unsigned attempt; /* 1: the first. */
    size_t index;     /* Of a map: which item, the lowest that failed. */
};

/** Call a function and wait for its result.  Gives *result (may be NULL, here and
 * wherever a result is given), stint_bytes_free().  Returns 0, or the code of the
 * failure, whose text is in stint_error_message(); STINT_EINVAL (there is no such
 * function), STINT_ESHUTDOWN (closed), STINT_ETOOLARGE, STINT_EBUSY (a callback
 * cannot wait for its own pool), STINT_ETYPE (the result is none of that type); or
 * what broke the pool. */
STINT_CHECK int stint_pool_apply(struct stint_pool *pool, const char *function,
    const void *argument, size_t size, struct stint_bytes *result);
STINT_CHECK int stint_pool_apply_int(struct stint_pool *pool,
    const char *function, int64_t argument, int64_t *result);
STINT_CHECK int stint_pool_apply_double(struct stint_pool *pool,
    const char *function, double argument, double *result);

/* What becomes of a result without anybody waiting: exactly one of them is called,
 * in one thread of the pool, in the order in which results come; it must be quick.
 * `callback` is given what get would give; other than 0 makes it the result's
 * error (STINT_EDEAD), and hurts no other (Python until 3.15 loses all later
 * ones). */
struct stint_callbacks {
    int (*callback)(void *arg, const struct stint_bytes *results, size_t count);
    void (*error_callback)(void *arg, const struct stint_failure *failure);
    void *arg;
};

/** Gives *out, free with stint_async_free(); `out` may be NULL: nobody waits. */
STINT_CHECK int stint_pool_apply_async(struct stint_pool *pool,
    const char *function, const void *argument, size_t size,
    const struct stint_callbacks *callbacks, struct stint_async **out);
STINT_CHECK int stint_pool_apply_async_int(struct stint_pool *pool,
    const char *function, int64_t argument,
    const struct stint_callbacks *callbacks, struct stint_async **out);

/* ---- map ----------------------------------------------------------------- */

struct stint_map_options {
    size_t chunk; /* Items that go to a worker together, and are tried again
                     together if it dies; 0: Python's rule, n divided by four times
                     the processes, rounded up.  One of 4 MiB is not added to. */
    bool starmap; /* Each item is a packed array; else it is STINT_EINVAL. */
};

/**
 * Call the function for each item; results[i] is that of items[i].  All items are
 * run, whatever fails, and the failure that is told is that of the lowest.
 *
 * Owns:    gives the results, stint_results_free(results, count), also when it
 *          failed: then those that failed have data NULL, or of _ints the number 0;
 *          `results` is NULL, or as it was, when nothing was called.
 * Returns: 0, or as stint_pool_apply().  No items: 0, and no callback.
 * Source:  Pool.map, starmap.
 */
STINT_CHECK int stint_pool_map(struct stint_pool *pool, const char *function,
    const struct stint_bytes *items, size_t count,
    const struct stint_map_options *options, struct stint_bytes **results);
STINT_CHECK int stint_pool_map_ints(struct stint_pool *pool,
    const char *function, const int64_t *items, size_t count,
    const struct stint_map_options *options, int64_t *results);
STINT_API void stint_results_free(struct stint_bytes *results, size_t count);

STINT_CHECK int stint_pool_map_async(struct stint_pool *pool,
    const char *function, const struct stint_bytes *items, size_t count,
    const struct stint_map_options *options,
    const struct stint_callbacks *callbacks, struct stint_async **out);

/* ---- AsyncResult --------------------------------------------------------- */

/** Wait for the results: of an apply one.  Lends *results (may be NULL) until freed.
 * Returns 0, STINT_ETIMEOUT (0: do not wait; ask again), or the code of the
 * failure.  Repeatable. */
STINT_CHECK int stint_async_get(struct stint_async *a,
    const struct stint_bytes **results, size_t *count, int64_t timeout_ms);
/** The same of one packed integer. */
STINT_CHECK int stint_async_get_int(
    struct stint_async *a, int64_t *result, int64_t timeout_ms);
/** Returns 0 when it is ready, or STINT_ETIMEOUT. */
STINT_CHECK int stint_async_wait(struct stint_async *a, int64_t timeout_ms);
STINT_API bool stint_async_ready(struct stint_async *a);
/** 1 or 0; STINT_ENOTREADY. */
STINT_CHECK int stint_async_successful(struct stint_async *a);
/** 0 with the failure in *out (lent until freed), STINT_ENOTREADY, or STINT_EINVAL
 * when it did not fail. */
STINT_CHECK int stint_async_failure(
    struct stint_async *a, struct stint_failure *out);
/** NULL is fine; a result that comes later is dropped. */
STINT_API void stint_async_free(struct stint_async *a);

/* ---- imap ---------------------------------------------------------------- */

struct stint_imap_options {
    size_t chunk;   /* 0: 1. */
    bool unordered; /* As results come; else in the order of the items. */
    size_t window;  /* Most items that are out and not yet given; 0: 4 chunks a
                       process.  So an endless input needs no memory (Python reads
                       it all). */
};

/** `next` gives the next item, lent until it is called again: 1, 0 at the end, or
 * negative: the error that stint_imap_next() then returns, once, behind the results
 * of what was read before.  It is called within stint_imap_next(), in its thread. */
STINT_CHECK int stint_pool_imap(struct stint_pool *pool, const char *function,
    int (*next)(void *arg, struct stint_bytes *item), void *arg,
    const struct stint_imap_options *options, struct stint_imap **out);

/**
 * The next result.  Lends *result until the next call or the free; *index (may be
 * NULL) is that of its item.
 *
 * Returns: 0; STINT_EEMPTY at the end (StopIteration); STINT_ETIMEOUT (call again);
 *          or the code of this item's failure (stint_imap_failure() has it whole),
 *          and the iteration goes on, whatever the chunk (Python's ends).
 */
STINT_CHECK int stint_imap_next(struct stint_imap *it,
    struct stint_bytes *result, size_t *index, int64_t timeout_ms);
STINT_CHECK int stint_imap_failure(
    struct stint_imap *it, struct stint_failure *out);
STINT_API void stint_imap_free(struct stint_imap *it);

/* ---- inside a function --------------------------------------------------- */

/* Read the argument, set the result.  An argument of another type is the function's
 * failure, with a sentence; return what these return. */
STINT_CHECK int stint_call_int(struct stint_call *c, int64_t *out);
STINT_CHECK int stint_call_double(struct stint_call *c, double *out);
STINT_CHECK int stint_call_ints(
    struct stint_call *c, int64_t *out, size_t count);
STINT_API int stint_call_return_int(struct stint_call *c, int64_t number);
STINT_API int stint_call_return_double(struct stint_call *c, double number);
STINT_API int stint_call_return_text(struct stint_call *c, const char *text);

#ifdef __cplusplus
}
#endif

#endif
