/**
 * stop.h - TERM and INT, without handlers.                     [layer: cli]
 *
 * The signals are blocked before any other thread starts, and one thread waits
 * for them: nothing of the program runs in a signal's context, and no system
 * call is broken off.
 */
#ifndef CLI_STOP_H
#define CLI_STOP_H

/** What the first and the second signal do, in the thread that waits for
 * signals; NULL: end the program with 128 plus the signal's number.  The same
 * one again within 200 ms is no second one. */
struct stop_steps {
    void (*first)(void *arg);
    void (*second)(void *arg);
    void *arg;
};

/** Block INT, TERM and, unless it is ignored, HUP in this thread and all that
 * it starts later, and wait for them.  A signal ends the program until
 * stop_watch() is called. */
void stop_begin(void);

/** From now on signals do as `steps` say, which is copied, beginning with the
 * first; NULL: they end the program.  No step runs any more for the steps of
 * an earlier call when this returns. */
void stop_watch(const struct stop_steps *steps);

/** The number of the last signal; SIGINT before any. */
int stop_signal(void);

#endif
