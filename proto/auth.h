/**
 * auth.h - key pairs and authkeys.                            [layer: proto]
 *
 * Formats and derivations only: who reads files is above.  Uses libsodium,
 * whose sodium_init() has been called.  docs/SECURITY.md says what each way in
 * promises and what not; access.h has the access files, address.h the pins.
 */
#ifndef AUTH_H
#define AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"
#include "proto/proto.h"

struct auth_pair {
    uint8_t public_key[PROTO_KEY_BYTES];
    uint8_t secret_key[PROTO_KEY_BYTES];
};

/** The CURVE pair of a 32-byte seed (crypto_box_seed_keypair). */
void auth_pair_from_seed(struct auth_pair *pair, const uint8_t seed[32]);

/** A fresh random seed. */
void auth_seed_random(uint8_t seed[32]);

enum { AUTH_WEAK_BYTES = 16, AUTH_KEY_TEXT = 96 };

/** A 256-bit authkey as text with its prefix "stint1-" and a checksum. */
void auth_authkey_generate(char out[AUTH_KEY_TEXT]);

/* A line end behind an authkey, as a file has it, is not part of it: not here,
 * not below. */

/** Whether `authkey` is one of ours, so that no slow hash is needed. */
bool auth_authkey_is_generated(struct slice authkey);

/** Whether a person's authkey is too short to withstand guessing. */
bool auth_authkey_is_weak(struct slice authkey);

/** Why auth_authkey_derive() would return STINT_EINVAL, for a sentence
 * ("the authkey …"); NULL if it would not.  Lends for ever. */
const char *auth_authkey_problem(
    struct slice authkey, bool allow_weak, bool pinned);

/**
 * Derive the pairs of an authkey: the server's and the one all clients share.
 * With `pinned` (the server's public key) only the client pair is derived,
 * salted with it, and `server` is left alone (may be NULL).
 *
 * Returns: 0, STINT_EINVAL (auth_authkey_problem() says why: empty; one of ours
 *          with a typing error; under 16 bytes and not allow_weak and not
 *          pinned), STINT_ENOMEM (Argon2id wants 256 MB).  Nothing changed on
 *          error.
 * Time:    half a second unless generated.
 */
int auth_authkey_derive(struct slice authkey, bool allow_weak,
    const uint8_t *pinned, struct auth_pair *server, struct auth_pair *client);

#endif
