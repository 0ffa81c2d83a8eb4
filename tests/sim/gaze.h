/**
 * gaze.h - who looks at what runs, and what a worker says.      [tests/sim]
 */
#ifndef GAZE_H
#define GAZE_H

#include "tests/sim/ask.h"

/** Look at some task. */
void gaze_peek(struct client *c);

/** What was seen. */
void gaze_seen(const struct ask *ask, const struct msg *m);

/** The master asks a worker for something. */
void gaze_duty(struct client *c, const struct msg *m);

/** Say how far some task is. */
void gaze_progress(struct client *c);

#endif
