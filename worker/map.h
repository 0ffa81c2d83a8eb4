/**
 * map.h - one task that is several calls of a handler.        [layer: worker]
 *
 * A task for "map:square" calls the handler "square" for each item of its
 * payload, a msgpack array of bytes.  It is always done: its result is an array
 * as long, of
 *
 *     [0, bytes]              the result of the item
 *     [1, text, host]         why the function failed, and where
 *
 * so that one item that fails is no failed attempt for the others.
 */
#ifndef MAP_H
#define MAP_H

#include "worker/call.h"

/** The name behind "map:", or NULL: it is no map. */
const char *map_function(const char *handler);

/** Call `handler` for each item of the loaded task, and make their results that
 * of the call.  RUN_DONE, or RUN_FAILED with a reason: it is no array, there is
 * no memory, or the call was cancelled in between. */
enum run_end map_run(struct stint_call *c, const struct stint_handler *handler);

#endif
