/**
 * find.h - where the master is and who we are.                [layer: client]
 */
#ifndef FIND_H
#define FIND_H

#include "client/stint.h"
#include "proto/auth.h"

struct find {
    char endpoint[256];
    uint8_t server_key[PROTO_KEY_BYTES];
    struct auth_pair pair;
};

/**
 * From the options, else the environment, else the access file of this host.
 *
 * Returns: 0, or STINT_EINVAL, STINT_EACCESS, STINT_ENOMEM as stint_connect();
 *          a sentence is said.  The caller wipes `out`.
 * Time:    half a second for an authkey that was not generated.
 */
int find_master(const struct stint_options *options, struct find *out);

#endif
