/**
 * dial.h - connecting with a key that is in memory.          [layer: client]
 *
 * What stint_connect() does once it has found address and keys, and what
 * stint_master_connect() does with those of the master in its own process.
 */
#ifndef DIAL_H
#define DIAL_H

#include <stdint.h>

#include "client/stint.h"
#include "proto/auth.h"

/**
 * Do the handshake with the master at `endpoint` (as address_parse() makes it),
 * which must own `server_key`, and open a session.  Of `options` (may be NULL)
 * what says where the master is and who one is does not count.
 *
 * Owns:    copies all; gives *out, free with stint_close().
 * Returns: as stint_connect().
 */
int client_dial(const struct stint_options *options, const char *endpoint,
    const uint8_t server_key[PROTO_KEY_BYTES],
    const struct auth_pair *client_key, struct stint **out);

#endif
