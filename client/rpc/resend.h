/**
 * resend.h - reading our own frames again, for a new session.    [layer: rpc]
 */
#ifndef RESEND_H
#define RESEND_H

#include "common/buf.h"
#include "common/frame.h"
#include "proto/codec.h"

/** Call `see` for each message of a sealed frame; `raw` are its bytes. */
void resend_each(const struct frame *frame,
    void (*see)(void *arg, const struct msg *m, struct slice raw), void *arg);

/** The request number of a client's message; 0 when it has none. */
uint64_t resend_number(const struct msg *m);

/** Append the put again, only with its tasks numbered first … first + count. */
void resend_put(
    struct buf *b, const struct msg *m, uint64_t first, uint32_t count);

#endif
