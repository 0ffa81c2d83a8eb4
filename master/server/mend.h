/**
 * mend.h - making what is left of a store fit together.       [layer: server]
 *
 * A master refuses rows that do not fit: a task without its queue, counts that
 * are not those of the tasks.  After damage some are missing.  This adds what
 * is lost, corrects counts, and leaves out what nobody can use; a store that
 * fits is not changed.
 */
#ifndef MEND_H
#define MEND_H

#include "master/store/store.h"

/**
 * Mend the rows in `s`; each change is told to `told` (may be NULL) in a
 * sentence.
 *
 * Returns: 0, or STINT_EINVAL (a row that nothing can be made of; said), or as
 *          store_scan() and store_commit().
 */
int mend_store(
    struct store *s, void (*told)(void *arg, const char *what), void *arg);

#endif
