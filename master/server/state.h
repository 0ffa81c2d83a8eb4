/**
 * state.h - the state directory of a master.                 [layer: server]
 *
 *     lock         held by the master that runs, with its process number in it
 *     server.key   seed of the server's key pair, 64 hex digits
 *     keys         key table (keytable.h)
 *     access, submit.access, work.access
 *     store/       what the queues hold (vault.h)
 *
 * All of mode 0600.  Made at the first start and used again at later ones; each
 * is written whole or not at all.  Who removes one of the access files gets a
 * new key for its role at the next start, and the old one is known no more.
 */
#ifndef STATE_H
#define STATE_H

#include <stdint.h>

#include "master/server/keytable.h"
#include "proto/auth.h"

struct state;

/**
 * Lock the directory, making it if need be, and read what is in it or make it.
 *
 * Returns: 0 with *out, or
 *          STINT_EBUSY    another master uses it (the sentence names its pid)
 *          STINT_EACCESS  a file is damaged or readable by others
 *          STINT_EEXISTS  an access file in it is of another master
 *          STINT_ESYSTEM, STINT_ENOMEM; a sentence is said.
 */
int state_open(const char *dir, struct state **out);

/** Unlock and free.  NULL is fine. */
void state_close(struct state *s);

/** The random pair of this master.  Lends until the close. */
const struct auth_pair *state_server(const struct state *s);

/** The key table as it was read.  Lends until the close. */
const struct keytable *state_keys(const struct state *s);

/** The pair in the admin access file.  Lends until the close. */
const struct auth_pair *state_admin(const struct state *s);

/** Its path, absolute.  Lends until the close. */
const char *state_dir(const struct state *s);

/** Path of the admin access file.  Lends until the close. */
const char *state_admin_file(const struct state *s);

/** Write `keys` anew.  Returns 0, STINT_ENOMEM, STINT_ESYSTEM; a sentence is
 * said, the old file is still there then. */
int state_save_keys(struct state *s, const struct keytable *keys);

/** Write the access files anew where address or server key differ from what is
 * in them.  Returns 0 or STINT_ESYSTEM; a sentence is said. */
int state_publish(struct state *s, const char *address,
    const uint8_t server_key[PROTO_KEY_BYTES]);

#endif
