/**
 * stint_test.h - Stint inside other people's tests.
 *
 * A whole master in the process of the test: ready in milliseconds, gone with
 * it, with nothing on the disk.  Its time moves when the test says so, and what
 * goes wrong between machines goes wrong when the test says so.
 *
 *     struct stint_master *m;
 *     struct stint *s;
 *     struct stint_queue *q;
 *     struct stint_task *t;
 *
 *     assert(stint_test_start(NULL, &m) == 0);
 *     assert(stint_master_connect(m, NULL, &s) == 0);
 *     assert(stint_queue_open(s, "jobs", NULL, &q) == 0);
 *     assert(stint_queue_put(q, "7", 1, 1000) == 0);
 *     assert(stint_queue_take(q, NULL, &t, 1000) == 0);
 *     assert(stint_test_move_clock(m, 3600 * 1000) == 0);
 *     assert(stint_task_done(t, NULL, 0) == STINT_ESTALE);
 *     stint_close(s);
 *     stint_master_stop(m);
 *
 * It is a `struct stint_master` as any other: stint_master_address(),
 * stint_master_connect(), stint_master_serve(), stint_master_quit() and
 * stint_master_stop() are those of stint.h.  The calls below are for masters of
 * stint_test_start() only; any other, and NULL, is STINT_EINVAL.
 *
 * - Threads: any, at any time between the start and the stop, but for
 *   stint_test_export().
 * - Processes: the master is a thread, and fork() does not copy threads: in a
 *   forked child the calls are STINT_EINVAL.  The child may run a program that
 *   finds the master in its environment, see stint_test_export().
 * - Blocking: a call waits for the master's thread to have done it, which takes
 *   one turn of its loop: well under a millisecond when it is idle.
 * - Errors: as in stint.h, with stint_error_message(); STINT_ECLOSED when the
 *   master has ended (a client asked it to).
 * - A process may have any number of them.  Each has four threads, eleven
 *   descriptors and a few more bytes for each connection that ever was.
 */
#ifndef STINT_TEST_H
#define STINT_TEST_H

#include <stint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Start a master for a test: on a free port of 127.0.0.1, in memory only, with
 * an authkey of 256 random bits.
 *
 * `options` (NULL: all defaults) says what else it is to be: queues, sizes,
 * silence_ms, a log.  Its `listen` and `authkey` count where they are set;
 * `state_dir`, `authkey_file` and `authkey_size` must not be.
 *
 * Owns:    copies the options; gives *out, free with stint_master_stop().
 * Returns: as stint_master_start(), and STINT_EINVAL as above.
 * Time:    some milliseconds.
 */
STINT_CHECK int stint_test_start(
    const struct stint_master_options *options, struct stint_master **out);

/** The authkey, text, for other processes' STINT_AUTHKEY or stint_options.
 * Lends until the stop; NULL if `m` is no master of stint_test_start(), or
 * that of another process. */
STINT_API const char *stint_test_authkey(const struct stint_master *m);

/**
 * Set STINT_MASTER and STINT_AUTHKEY in the environment to this master's, and
 * remove STINT_ACCESS and STINT_AUTHKEY_FILE, so that stint_connect(NULL, …)
 * here and every program started from here, `stint` too, reaches it.
 *
 * Returns: 0, STINT_EINVAL, STINT_ENOMEM.
 * Thread:  as setenv(): while no other thread uses the environment.
 */
STINT_CHECK int stint_test_export(const struct stint_master *m);

/* ---- the clock ----------------------------------------------------------- */

/**
 * Move the master's time forward by `ms`, in one jump.
 *
 * To the master it is as if it had slept so long and everybody else stood still
 * meanwhile: leases run out, delayed tasks are ready, backoffs are over, tasks
 * expire, waits (gets, puts into full queues, joins) end in time, sessions of
 * peers that are gone already are forgotten.  Peers that are here are not taken
 * for dead.  All that is due by then happens at the new time, once: a task that
 * lost its lease and is handed out again has a whole new one.  To see one thing
 * after another move in steps.
 *
 * The clocks of the peers do not move: a client renews its leases and ends its
 * own waits by real time.  Between moves the master's time goes on as real time
 * does, unless stint_test_hold_clock() stopped it.
 *
 * Returns: 0 when everything that was due has happened at the master; or
 *          STINT_EINVAL (negative, or more than a hundred years in all),
 *          STINT_ECLOSED.
 */
STINT_CHECK int stint_test_move_clock(struct stint_master *m, int64_t ms);

/**
 * Let the master's time stand still (`hold`), or go on from where it stands.
 * While it stands only stint_test_move_clock() moves it: no lease runs out
 * under a debugger or on a machine that is too busy, and nobody is taken for
 * dead by silence; stint_test_kill_worker() is the way to lose one.
 *
 * Returns: 0, STINT_EINVAL, STINT_ECLOSED.
 */
STINT_CHECK int stint_test_hold_clock(struct stint_master *m, bool hold);

/* ---- faults -------------------------------------------------------------- */

/**
 * What befalls the frames between the master and its peers; a frame carries
 * many messages.  Chances are from 0 (never) to 1 (each frame).  Whatever is
 * set, every call keeps its promises: each task has one outcome, and no result
 * is shown twice; it only takes longer.
 *
 * What happens to a frame follows from the seed, the peer's name (of several
 * with the same name, which of them came first), the direction, the number of
 * the frame and how often frames were sent again before, and from nothing else.
 * So a seed does the same again as far as the peers themselves do the same in
 * the same order; how messages are gathered into frames depends on time where
 * several threads or posted calls are involved.  Pings, bare acknowledgements
 * and greetings are delayed like the rest, but nothing else happens to them.
 */
struct stint_test_fault {
    uint64_t seed;
    const char *peer; /* Only to those of this name; NULL: to all. */
    double drop;      /* It is lost.  As in TCP all behind it is lost too: the
                         connection breaks, and the client connects again. */
    double cut;       /* The connection breaks behind it: a frame from the peer
                         gets through, and its answer does not; one to the peer
                         does not either. */
    double duplicate; /* It comes twice. */
    int64_t delay_ms; /* Each is held back between 0 and this, by the seed, by
                         real time; the order within a connection stays. */
    double kill;      /* Of frames from workers (stint_options.kind): it gets
                         through, and then the worker's host dies, as with
                         stint_test_kill_worker(). */
    unsigned kills_max; /* Workers that `kill` may kill; 0: no bound. */
};

/**
 * Set what goes wrong from now on, instead of what was set before.  With NULL
 * nothing does any more; what is held back still comes in its time.
 *
 * Owns:    copies.
 * Returns: 0, STINT_EINVAL (a chance outside 0 to 1, a delay that is negative
 *          or more than an hour), STINT_ECLOSED.
 */
STINT_CHECK int stint_test_fault(
    struct stint_master *m, const struct stint_test_fault *fault);

/** What has befallen frames so far, since the start. */
struct stint_test_count {
    uint64_t frames; /* In both directions. */
    uint64_t dropped, cut, duplicated, delayed, killed;
    uint64_t swallowed; /* Behind a lost one, or of a dead worker. */
};
STINT_CHECK int stint_test_count(
    struct stint_master *m, struct stint_test_count *out);

/**
 * Let the host of the peers called `name` (stint_options.name) die, as far as
 * the master can see: not a byte passes any more, no connection is closed, and
 * the master has noticed: what they held went back, and costs an attempt if it
 * had reached them.  NULL: all workers (stint_options.kind).
 *
 * The peer itself sees a master that does not answer, for ever; calls of it end
 * by their timeouts.  One in the same process is best ended by
 * stint_interrupt() and stint_close(), or stint_abandon().  Another one may
 * connect under the name.
 *
 * Returns: how many there were, or STINT_EINVAL, STINT_ECLOSED.
 */
STINT_CHECK int stint_test_kill_worker(
    struct stint_master *m, const char *name);

#ifdef __cplusplus
}
#endif

#endif
