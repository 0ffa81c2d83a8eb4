/**
 * receive.h - what arrives: whose it is, whether it may be, who acts.
 *                                                               [layer: core]
 *
 * Role and key are looked at for every message.  A peer that breaks the
 * protocol, or asks and never acknowledges the answers, is ended here.
 */
#ifndef RECEIVE_H
#define RECEIVE_H

#include "master/core/inside.h"

/** One frame, as core_receive(). */
void receive_frame(struct core *core, tick_ns now, uint64_t conn,
    const uint8_t public_key[PROTO_KEY_BYTES], struct slice wire);

/** Go on with what clients have asked for and had no share left for. */
void receive_tick(struct core *core, tick_ns now);

#endif
