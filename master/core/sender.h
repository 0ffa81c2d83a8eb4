/**
 * sender.h - what is to leave, and when it may.                 [layer: core]
 *
 *     sending   sessions that have something to send
 *     gated     those whose next frame waits for a commit
 *     letters   unnumbered frames, which wait for nothing
 *
 * A frame that waits for a batch which still fills is not sealed: what is told
 * until that batch goes joins it, as it could not leave earlier anyway.
 */
#ifndef SENDER_H
#define SENDER_H

#include "master/core/inside.h"

/** The turn is over, or a batch was taken: seal what may leave, and what waits
 * for a batch that is on its way. */
void sender_seal_all(struct core *core);

/** See core_send(). */
bool sender_next(struct core *core, uint64_t *conn, struct frame **frame);

/** Free the letters. */
void sender_fini(struct core *core);

#endif
