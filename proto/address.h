/**
 * address.h - where a master listens, as text.                [layer: proto]
 *
 * "tcp://host:4725", "tcp://[::1]:4725", "ipc:///path"; "*" for the host is
 * every interface.  "#" and 64 hex digits behind it pin the server's public
 * key.
 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/proto.h"

struct address {
    char endpoint[256]; /* Without the key, with the port. */
    bool loopback;      /* 127.0.0.0/8, ::1, localhost, ipc. */
    bool wildcard;      /* The host is "*", 0.0.0.0 or [::]. */
    bool ipv6;          /* The host is an IPv6 address. */
    bool pinned;
    uint8_t server_key[PROTO_KEY_BYTES];
};

/** Returns 0, or STINT_EINVAL with *why lent for ever.  A missing port is
 * PROTO_PORT, a missing "tcp://" is added.  Port 0 passes: what it means is the
 * caller's affair. */
int address_parse(const char *text, struct address *out, const char **why);

/** Host and port of a tcp endpoint of address_parse() or libzmq, the host
 * without brackets.  Returns false for ipc or when it does not fit. */
bool address_split(const char *endpoint, char host[256], unsigned *port);

#endif
