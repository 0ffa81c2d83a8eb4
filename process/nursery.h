/**
 * nursery.h - a process that makes processes.                [layer: process]
 *
 * Who forks from a program with many threads copies locks that nobody opens any
 * more, and sockets that nobody closes.  So one process is forked early, before
 * there are threads and connections; it has one thread for ever, holds no file
 * of ours but the standard streams, and forks the others when it is asked.  It
 * is their parent: it reaps them and says how each ended.
 *
 *     nursery_open() ── fork ──> nursery ── fork ──> run(arg, 0)
 *     nursery_spawn(0) ───────────┘  └────── fork ──> run(arg, 1)
 *
 * What it forks is what we were at nursery_open(), not what we are now.  Each
 * leads a process group of its own, has default signal handlers, nothing on its
 * standard input, and ends by _exit() with what `run` returned, modulo 256.
 *
 * When we die, however that is, all of them are ended, with their groups; when
 * the nursery is killed they are killed too, and we are told STINT_ECLOSED.
 *
 * Source: multiprocessing's forkserver.
 */
#ifndef NURSERY_H
#define NURSERY_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/tick.h"

struct nursery;

struct nursery_options {
    int (*run)(void *arg, unsigned number); /* Returns the exit code. */
    void *arg;                              /* As it is at nursery_open(). */
    tick_ns grace; /* From TERM to KILL, when it is closed or we die with some
                      of them running; 0: KILL at once. */
};

struct nursery_exit {
    pid_t pid;
    unsigned number; /* As it was given to nursery_spawn(). */
    int code;        /* Exit code; negative: the signal that ended it. */
};

/**
 * Fork the nursery.
 *
 * Owns:    copies the options; gives *out, free with nursery_close().
 * Returns: 0, STINT_ENOMEM, STINT_ESYSTEM.
 */
int nursery_open(const struct nursery_options *options, struct nursery **out)
    __attribute__((warn_unused_result));

/**
 * Fork one more, which runs `run(arg, number)`.
 *
 * Returns: 0 with its pid, STINT_ESYSTEM (no more processes), STINT_ETIMEOUT
 *          (the nursery is stopped; what it forks later for this call is
 *          killed, and its end told), or STINT_ECLOSED (the nursery was
 * killed). Thread:  any; one after the other.
 */
int nursery_spawn(struct nursery *n, unsigned number, tick_ns deadline,
    pid_t *pid) __attribute__((warn_unused_result));

/** Send a signal to the group of one of them, or of all (`pid` 0).  Harmless
 * when it has ended: its number is not looked up, but known to the nursery.
 * Some hundred of these at once may not all be heard; of all one is enough.
 * Any thread. */
void nursery_kill(struct nursery *n, pid_t pid, int signal);

/**
 * How the next one ended, in the order of their ends.  Each is told once; to
 * another thread perhaps before nursery_spawn() has returned, so go by the
 * number.
 *
 * Returns: 0, STINT_ETIMEOUT (`deadline` in the past: do not wait), or
 *          STINT_ECLOSED.
 * Thread:  one.
 */
int nursery_next_exit(struct nursery *n, struct nursery_exit *out,
    tick_ns deadline) __attribute__((warn_unused_result));

/** Readable when nursery_next_exit() need not wait; to be polled only.  Lends
 * until closed. */
int nursery_fd(const struct nursery *n);

/** The pid of the nursery itself. */
pid_t nursery_pid(const struct nursery *n);

/** End what runs, reap it all, free.  NULL is fine.
 * Time: the grace, at most, and a moment. */
void nursery_close(struct nursery *n);

#endif
