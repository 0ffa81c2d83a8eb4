/**
 * door.h - the core's keys, told to those who need them.     [layer: server]
 *
 * The core decides who may come in; the ZAP handler must know it before the
 * answer leaves (a new key is used at once), and so must the state directory.
 */
#ifndef DOOR_H
#define DOOR_H

#include <stdbool.h>
#include <stdint.h>

#include "common/tick.h"
#include "master/core/core.h"
#include "master/server/logger.h"
#include "master/server/state.h"
#include "master/server/zap.h"

struct door {
    struct core *core; /* Borrowed, as all of these. */
    struct zap *zap;
    struct state *state; /* NULL: keys live as long as the master. */
    struct logger logger;
    uint8_t authkey[PROTO_KEY_BYTES]; /* Public key of the authkey's clients. */
    bool has_authkey; /* It is not written: it comes anew with each start. */
    uint64_t version; /* Of the core's keys, when they were last told. */
    bool untold, unsaved; /* The last attempt to tell failed. */
    tick_ns retry_at;
};

/** Tell the changes there are since the last call, if any.  What fails (a full
 * disk) is logged and tried again every second. */
void door_update(struct door *d, tick_ns now);

#endif
