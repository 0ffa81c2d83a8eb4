/**
 * blame.h - the sentence of a call about a named object that failed.
 *                                                             [layer: client]
 *
 * The master answers with a code and a word on it; what was meant is known here:
 * the kind, the name, the timeout.  Each takes the sentence that was said and
 * says a better one, and returns `code`.  Errors of the connection stay as they
 * are.
 */
#ifndef BLAME_H
#define BLAME_H

#include "client/sync/named.h"

/** "lock", "dict", …; "object" of a number that is no kind. */
const char *blame_kind(uint64_t kind);

/** Of an open. */
int blame_open(const struct named *n, int code);

/** Of a request that waited for at most `wait_ns`. */
int blame_sync(
    const struct named *n, const struct msg_sync *m, tick_ns wait_ns, int code);

/** Of whatever else: what was said, with the object before it. */
int blame_other(const struct named *n, int code);

/** Of an object that is not there any more. */
int blame_gone(const struct named *n);

#endif
