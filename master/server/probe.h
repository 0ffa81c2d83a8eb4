/**
 * probe.h - trying the door before anybody is let in.        [layer: server]
 */
#ifndef PROBE_H
#define PROBE_H

#include <stdint.h>

#include "master/server/zap.h"

/**
 * Knock at `router`, which need not be bound yet, with a random key twice: it
 * must be refused while `zap` does not know it, and be let in when it does.
 * Afterwards `zap` admits nobody.
 *
 * Returns: 0, or STINT_EAUTH (a stranger got in, or a known key did not),
 *          STINT_ESYSTEM, STINT_ENOMEM; a sentence is said.
 * Time:    some milliseconds; up to 10 s each when the machine is stuck.
 */
int probe_door(void *context, void *router, struct zap *zap,
    const uint8_t server_key[PROTO_KEY_BYTES]);

#endif
