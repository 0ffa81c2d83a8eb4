/**
 * state.h - the words for the states of tasks.                  [layer: cli]
 *
 * The only table of them.  People are told "running", "taken" and "failed":
 * what a worker has begun, what it has only taken ahead, what has no attempt
 * left.  "leased" (running or taken) and "dead" (failed), as the library has
 * it, are understood as well.
 */
#ifndef STATE_H
#define STATE_H

#include <stint.h>

/** Choices of an option, and of one for what has not ended. */
#define STATE_CHOICES \
    "ready|delayed|taken|running|leased|done|failed|dead|cancelled|expired"
#define STATE_OPEN_CHOICES "ready|delayed|running|leased"

/** The word for the state of a task. */
const char *state_word(const struct stint_task_row *row);

/** The state that a word means, plus one; 0 for NULL, which means all. */
int state_plus_one(const char *word);

/** Have `filter` let through what a word means; all if it is NULL. */
void state_filter(const char *word, struct stint_task_filter *filter);

#endif
