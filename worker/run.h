/**
 * run.h - how an attempt ends, handler or command.            [layer: worker]
 */
#ifndef RUN_H
#define RUN_H

enum run_end {
    RUN_DONE,       /* There is a result. */
    RUN_FAILED,     /* Try again, as the queue says. */
    RUN_REFUSED,    /* It would fail again: dead at once. */
    RUN_GIVEN_BACK, /* Stopped before it could end: ready again at once. */
    RUN_NOT_NOW,    /* This host lacks something just now: ready again soon. */
};

#endif
