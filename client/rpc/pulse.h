/**
 * pulse.h - when to speak, and when to give the master up.       [layer: rpc]
 *
 * The master must hear of us, and we of it; what we have seen must be told
 * before its window closes.  Points in time only: what is sent is rpc.c's.
 */
#ifndef PULSE_H
#define PULSE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/tick.h"

struct pulse {
    tick_ns sent_at, heard_at, pinged_at;
    tick_ns asked_at; /* First ping since something was heard; 0: none. */
    tick_ns owed_at;  /* Since when an acknowledgement is owed; 0: none. */
    size_t owed_bytes;
};

/** A connection begins. */
void pulse_start(struct pulse *p, tick_ns now);

/** A frame came; anything at all. */
void pulse_hear(struct pulse *p, tick_ns now);

/** A ping leaves. */
void pulse_ask(struct pulse *p, tick_ns now);

/** A frame that must be acknowledged came. */
void pulse_owe(struct pulse *p, tick_ns now, size_t bytes);

/** All that was owed is told. */
void pulse_pay(struct pulse *p);

/** When to ping, if that is to be done every `every`. */
tick_ns pulse_ping_due(const struct pulse *p, tick_ns every);

/** When to tell what is owed; TICK_NEVER if nothing is. */
tick_ns pulse_pay_due(const struct pulse *p);

/** When the master is to be taken for gone; TICK_NEVER while it need not have
 * answered.  `on_the_way`: bytes that were sent and not acknowledged: at 1
 * Mbit/s they, and our ping behind them, may still be travelling. */
tick_ns pulse_gone_at(
    const struct pulse *p, tick_ns silence, tick_ns every, size_t on_the_way);

#endif
