/**
 * outcome.h - how tasks ended, for those who wait for that.     [layer: core]
 *
 * A result leaves at once where the window of its submitter has room; else it
 * waits in memory, and after a restart maybe only in the store.
 */
#ifndef OUTCOME_H
#define OUTCOME_H

#include "master/core/inside.h"

/** Tell the submitter of `t` how it ended.  Returns 0, or STINT_ENOMEM with
 * nothing said. */
int outcome_tell(struct core *core, const struct task *t, int code,
    struct slice worker, struct slice bytes);

/** As outcome_tell(), for ends that happen whether or not there is memory: then
 * the submitter's session is given up, which its client is told. */
void outcome_must_tell(struct core *core, const struct task *t, int code,
    struct slice worker, struct slice bytes);

/** Send waiting results as far as the window of `s` goes. */
void outcome_send_all(struct core *core, struct session *s);

/** A loaded result that `s` has not heard of; NULL bytes of a length: only the
 * store has them.  False without memory. */
bool outcome_restore(
    struct core *core, struct session *s, const struct rec_result *r);

/** Nobody waits for them any more. */
void outcome_drop_all(struct core *core, struct session *s);

#endif
