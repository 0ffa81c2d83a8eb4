/**
 * keys.h - the keys that a master starts with.               [layer: server]
 */
#ifndef KEYS_H
#define KEYS_H

#include <stdbool.h>

#include "common/tick.h"
#include "master/core/core.h"
#include "master/server/settings.h"
#include "master/server/state.h"
#include "proto/auth.h"

struct keys {
    struct auth_pair server;  /* What the master proves itself with. */
    struct auth_pair admin;   /* For stint_master_connect(). */
    struct auth_pair authkey; /* Of all who come with the authkey. */
    bool has_authkey;
};

/**
 * Choose or derive the pairs: of the authkey if there is one (the server's too,
 * unless the address pins the one of the state directory), else of the state
 * directory, else random ones.  `state` may be NULL.
 *
 * Returns: 0 (keys_fini()), or STINT_EINVAL, STINT_ENOMEM; a sentence is said.
 * Time:    half a second for an authkey that a person made.
 */
int keys_choose(
    struct keys *k, const struct settings *settings, const struct state *state);

/** Overwrite the secrets. */
void keys_fini(struct keys *k);

/** Let them into the core, with those of the state directory.  Returns 0, or
 * what core_key_add() says; a sentence is said. */
int keys_admit(const struct keys *k, const struct state *state,
    struct core *core, tick_ns now);

#endif
