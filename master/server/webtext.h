/**
 * webtext.h - words, numbers and names for pages.            [layer: server]
 */
#ifndef WEBTEXT_H
#define WEBTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/tick.h"

/** Append, printf-like; what is longer than 511 bytes is cut. */
void webtext_put(struct buf *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Append it in quotes, as both JSON and the labels of Prometheus have it; what
 * is no plain text is made so. */
void webtext_quote(struct buf *out, struct slice text);

/** Append a length of time in seconds, "0.0025". */
void webtext_seconds(struct buf *out, tick_ns length);

/** "ready", … of enum task_state; NULL behind the last one. */
const char *webtext_state(unsigned state);

#endif
