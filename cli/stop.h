/**
 * stop.h - TERM and INT, without handlers.                     [layer: cli]
 *
 * The signals are blocked before any thread starts, and one thread waits for
 * them: nothing of the program runs in a signal's context, and no system call
 * is broken off.
 */
#ifndef CLI_STOP_H
#define CLI_STOP_H

/** What the first, and what every later signal does: called in the thread that
 * waits for signals.  Both are called at most once. */
struct stop_steps {
    void (*first)(void *arg);
    void (*second)(void *arg);
    void *arg;
};

/** Block INT, TERM and HUP in this thread and all that it starts. */
void stop_block(void);

/** Watch for them from now on.  A signal that came earlier counts.  The third
 * ends the program with 128 plus its number.  Borrows `steps` until
 * stop_unwatch(). */
void stop_watch(const struct stop_steps *steps);

/** Stop watching: a later signal ends the program at once. */
void stop_unwatch(void);

#endif
