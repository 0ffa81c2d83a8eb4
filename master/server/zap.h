/**
 * zap.h - who may come in: the ZAP handler.                  [layer: server]
 *
 * A thread that answers inproc://zeromq.zap.01 of the master's own ZeroMQ
 * context (ZeroMQ RFC 27).  It admits peers that prove by CURVE that they own
 * one of the keys of a table, and gives their messages that key as User-Id, 64
 * hex digits.  No disk, no names, nothing that can wait.
 */
#ifndef ZAP_H
#define ZAP_H

#include <stddef.h>
#include <stdint.h>

#include "proto/proto.h"

#define ZAP_DOMAIN "stint"

struct zap;

struct zap_key {
    uint8_t public_key[PROTO_KEY_BYTES];
};

/**
 * Start the handler, which admits nobody yet.  To be called before any socket
 * that asks it is made.  Borrows `context` until zap_stop().
 *
 * Returns: 0 with *out, or STINT_ENOMEM, STINT_ESYSTEM; a sentence is said.
 */
int zap_start(void *context, struct zap **out);

/** Wait for the handler's end, which zmq_ctx_shutdown() of its context brings
 * about, and free it.  NULL is fine. */
void zap_stop(struct zap *zap);

/** How many connections it turned away.  Any thread. */
uint64_t zap_refused(const struct zap *zap);

/** Admit exactly these keys from now on (those who are in stay in).  Copies.
 * Returns 0, or STINT_ENOMEM, nothing changed.  Any thread. */
int zap_admit(struct zap *zap, const struct zap_key *keys, size_t count);

#endif
