/**
 * finish.h - whose lease is it?                                 [layer: core]
 */
#ifndef FINISH_H
#define FINISH_H

#include "master/core/inside.h"

/**
 * The task that `s` holds under this fence (I5: id, attempt, nonce, and the key
 * that took it).  Returns 0, STINT_ESTALE, STINT_ENOTASK, or STINT_ENOMEM.
 */
int finish_leased(struct core *core, tick_ns now, struct session *s,
    uint64_t id, uint64_t attempt, uint64_t nonce, struct task **out);

#endif
