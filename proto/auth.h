/**
 * auth.h - keys, authkeys and access files as bytes and text.  [layer: proto]
 *
 * Formats and derivations only: who reads files is above.  Uses libsodium,
 * whose sodium_init() has been called.  docs/SECURITY.md says what each way in
 * promises and what not.
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

/** Whether `authkey` is one of ours, so that no slow hash is needed. */
bool auth_authkey_is_generated(struct slice authkey);

/**
 * Derive the pairs of an authkey: the server's and the one all clients share.
 * With `pinned` (the server's public key) only the client pair is derived,
 * salted with it, and `server` is left alone (may be NULL).
 *
 * Returns: 0, STINT_EINVAL (empty; or under 16 bytes and not allow_weak and not
 *          pinned), STINT_ENOMEM (Argon2id wants 256 MB).
 * Time:    half a second unless generated.
 */
int auth_authkey_derive(struct slice authkey, bool allow_weak,
    const uint8_t *pinned, struct auth_pair *server, struct auth_pair *client);

/* An access file: everything one needs to come in, as a few lines of text. */
struct access_file {
    char address[256]; /* "tcp://host:4725" */
    uint8_t server_key[PROTO_KEY_BYTES];
    unsigned role; /* Bits of enum proto_role. */
    char name[PROTO_NAME_MAX + 1];
    uint8_t seed[32];
};

enum { ACCESS_TEXT_MAX = 1024 };

/** Write it as text; returns the length.  `out` has ACCESS_TEXT_MAX bytes. */
size_t access_format(const struct access_file *access, char *out);

/** Read it.  Returns 0; STINT_EACCESS with *line (from 1) of what is wrong and
 * *why lent for ever; unknown keys are refused. */
int access_parse(struct slice text, struct access_file *access, unsigned *line,
    const char **why);

/* An address: "tcp://host:port", "tcp://[::1]:4725", "tcp://*:4725",
 * "ipc:///path", with "#" and 64 hex digits of the server's key behind it. */
struct address {
    char endpoint[256]; /* Without the key, with the port. */
    bool loopback;      /* 127.0.0.0/8, ::1, localhost, ipc. */
    bool pinned;
    uint8_t server_key[PROTO_KEY_BYTES];
};

/** Returns 0, or STINT_EINVAL with *why lent for ever.  A missing port is
 * PROTO_PORT, a missing "tcp://" is added. */
int address_parse(const char *text, struct address *out, const char **why);

#endif
