/**
 * receipt.h - what is kept until its asker has heard of it.     [layer: core]
 *
 * A result, and the answer to a request that changed something, has a row
 * until the frame that tells it is acknowledged.  After a restart such answers
 * are given again to who asks again (I6), from the rows that were loaded.
 */
#ifndef RECEIPT_H
#define RECEIPT_H

#include "master/core/inside.h"

/** The row may go when `s` has acknowledged what was written for it last. */
void receipt_until_heard(
    struct core *core, struct session *s, unsigned kind, uint64_t id);

/** Keep `m`, which has just been written for `s` and whose first field is the
 * number of the request, as its answer.  `sync`: its asker waits for the disk.
 */
void receipt_keep(
    struct core *core, struct session *s, const struct msg *m, bool sync);

/** `s` has acknowledged frames: drop their rows. */
void receipt_heard(struct core *core, struct session *s);

/** Take a loaded one; false without memory. */
bool receipt_add(
    struct session *s, uint64_t id, const struct rec_kept_receipt *row);

/** Answer `m` again if it was answered before a restart.  Of a put see
 * receipt_skip(). */
bool receipt_answers(struct core *core, struct session *s, const struct msg *m);

/** Answer again those first tasks of a put that were accepted before a restart,
 * and make `p` the rest of it (which may be nothing). */
void receipt_skip(struct core *core, struct session *s, struct msg_put *p);

/** `s` has asked again for all it wants to know of requests below `request`:
 * drop the loaded ones. */
void receipt_forget_loaded(
    struct core *core, struct session *s, uint64_t request);

/** The session is over: drop all rows. */
void receipt_forget(struct core *core, struct session *s);

#endif
