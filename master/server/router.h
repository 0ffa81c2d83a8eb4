/**
 * router.h - the socket everybody connects to.               [layer: server]
 *
 * Makes the ROUTER with every option that keeps strangers and floods out; each
 * is explained in the table of docs/SECURITY.md.
 */
#ifndef ROUTER_H
#define ROUTER_H

#include <stddef.h>
#include <stdint.h>

#include "proto/address.h"
#include "proto/auth.h"

/** A context with as many I/O threads as the machine is worth; NULL and a
 * sentence if there is none. */
void *router_context(void);

/**
 * Make the ROUTER: CURVE with `server`, a ZAP domain that is enforced, frames
 * of at most `frame_max` bytes, small high-water marks, heartbeats.  The ZAP
 * handler must run already.  Reseeds the C library's rand().
 *
 * Returns: 0 with *out (zmq_close() it), or STINT_ESYSTEM; a sentence is said.
 */
int router_open(void *context, const struct auth_pair *server, size_t frame_max,
    void **out);

/** Where a bound router is reached. */
struct router_place {
    char address[256]; /* From elsewhere: the host's name where it listens on
                          every interface. */
    char local[256];   /* From this host. */
};

/**
 * Listen on `where`; host names are looked up.
 *
 * Returns: 0 with *place, or STINT_EBUSY (somebody listens there already),
 *          STINT_EINVAL (no such address on this host), STINT_ESYSTEM; a
 *          sentence is said.
 */
int router_bind(
    void *router, const struct address *where, struct router_place *place);

#endif
