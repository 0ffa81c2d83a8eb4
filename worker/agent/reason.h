/**
 * reason.h - why an attempt failed, fit for the wire.         [layer: agent]
 *
 * What a command or a handler says may be anything; a reason is one line of
 * UTF-8 of at most REASON_MAX bytes.
 */
#ifndef REASON_H
#define REASON_H

#include <stddef.h>

#include "common/slice.h"
#include "common/tick.h"

#define REASON_MAX 1024u

/* Fits the longest reason and its NUL. */
struct reason {
    char text[REASON_MAX + 1];
};

/** Write printf-like, cut at REASON_MAX bytes, and clean. */
void reason_set(struct reason *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Make `text` a line of UTF-8 in place: control characters become spaces, and
 * each byte that is not UTF-8 becomes '?'. */
void reason_clean(char *text);

/** The last line of `text` that has more in it than white space, without that
 * at its ends; empty if there is none.  Lends from `text`. */
struct slice reason_last_line(struct slice text);

/** "1.5 s" for 1500 ms.  `out` has room for REASON_LENGTH bytes. */
#define REASON_LENGTH 32
void reason_duration(char out[REASON_LENGTH], tick_ns length);

#endif
