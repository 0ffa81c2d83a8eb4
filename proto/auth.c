#include "proto/auth.h"

#include <sodium.h>

#include "common/stint_error.h"

/* The texts and numbers of this file are for ever: another client derives the
 * same keys from them (docs/SECURITY.md). */
static const char PREFIX[] = "stint1-";
static const char DOMAIN[] = "stint authkey v1";
static const char CONTEXT[crypto_kdf_CONTEXTBYTES + 1] = "stintkey";

enum {
    PREFIX_LENGTH = sizeof PREFIX - 1,
    RAW_BYTES = 32,
    SUM_BYTES = 4,
    BASE64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING,
    TEXT_LENGTH = (RAW_BYTES + SUM_BYTES) / 3 * 4, /* Divides evenly. */
    SUBKEY_SERVER = 1,
    SUBKEY_CLIENT = 2,
};

void
auth_pair_from_seed(struct auth_pair *pair, const uint8_t seed[32])
{
    (void)crypto_box_seed_keypair(pair->public_key, pair->secret_key, seed);
}

void
auth_seed_random(uint8_t seed[32])
{
    randombytes_buf(seed, 32);
}

static void
checksum(uint8_t sum[SUM_BYTES], const uint8_t raw[RAW_BYTES])
{
    uint8_t whole[crypto_generichash_BYTES];

    (void)crypto_generichash(whole, sizeof whole, raw, RAW_BYTES,
        (const uint8_t *)PREFIX, PREFIX_LENGTH);
    memcpy(sum, whole, SUM_BYTES);
}

void
auth_authkey_generate(char out[AUTH_KEY_TEXT])
{
    uint8_t raw[RAW_BYTES + SUM_BYTES];

    randombytes_buf(raw, RAW_BYTES);
    checksum(raw + RAW_BYTES, raw);
    memcpy(out, PREFIX, PREFIX_LENGTH);
    (void)sodium_bin2base64(out + PREFIX_LENGTH, AUTH_KEY_TEXT - PREFIX_LENGTH,
        raw, sizeof raw, BASE64);
    sodium_memzero(raw, sizeof raw);
}

static struct slice
without_line_end(struct slice s)
{
    if (s.length > 0 && s.bytes[s.length - 1] == '\n') s.length--;
    if (s.length > 0 && s.bytes[s.length - 1] == '\r') s.length--;
    return s;
}

static bool
has_prefix(struct slice s)
{
    return s.length >= PREFIX_LENGTH
           && memcmp(s.bytes, PREFIX, PREFIX_LENGTH) == 0;
}

/* The 256 bits in the text of a generated key; false if it is none. */
static bool
read_generated(struct slice s, uint8_t raw[RAW_BYTES])
{
    uint8_t all[RAW_BYTES + SUM_BYTES], sum[SUM_BYTES];
    size_t length = 0;

    if (!has_prefix(s) || s.length != PREFIX_LENGTH + TEXT_LENGTH) return false;
    if (sodium_base642bin(all, sizeof all,
            (const char *)s.bytes + PREFIX_LENGTH, TEXT_LENGTH, NULL, &length,
            NULL, BASE64)
            != 0
        || length != sizeof all) {
        return false;
    }
    checksum(sum, all);
    bool good = sodium_memcmp(sum, all + RAW_BYTES, SUM_BYTES) == 0;
    memcpy(raw, all, RAW_BYTES);
    sodium_memzero(all, sizeof all);
    return good;
}

bool
auth_authkey_is_generated(struct slice authkey)
{
    uint8_t raw[RAW_BYTES];
    bool is = read_generated(without_line_end(authkey), raw);

    sodium_memzero(raw, sizeof raw);
    return is;
}

bool
auth_authkey_is_weak(struct slice authkey)
{
    return without_line_end(authkey).length < AUTH_WEAK_BYTES;
}

const char *
auth_authkey_problem(struct slice authkey, bool allow_weak, bool pinned)
{
    struct slice s = without_line_end(authkey);

    if (s.length == 0) return "the authkey is empty";
    if (has_prefix(s) && !auth_authkey_is_generated(s)) {
        return "the authkey begins as a generated one does, but a character "
               "of it is wrong or missing: copy it again";
    }
    if (auth_authkey_is_weak(s) && !allow_weak && !pinned) {
        return "the authkey has fewer than 16 bytes and could be guessed: make "
               "one with `stint key generate`, or allow a weak one "
               "(--allow-weak-authkey)";
    }
    return NULL;
}

/* The 32 bytes from which both seeds come.  A person's key is stretched first.
 * A pinned server's key goes in as salt, so that nobody can guess with a table
 * made before, nor at all without that server. */
static int
master_key(struct slice s, const uint8_t *pinned, uint8_t out[RAW_BYTES])
{
    uint8_t salted[sizeof DOMAIN - 1 + PROTO_KEY_BYTES];
    uint8_t salt[crypto_pwhash_SALTBYTES];
    uint8_t raw[RAW_BYTES];
    size_t length = sizeof DOMAIN - 1;

    memcpy(salted, DOMAIN, length);
    if (pinned != NULL) {
        memcpy(salted + length, pinned, PROTO_KEY_BYTES);
        length += PROTO_KEY_BYTES;
    }
    if (!read_generated(s, raw)) {
        (void)crypto_generichash(salt, sizeof salt, salted, length, NULL, 0);
        return crypto_pwhash(out, RAW_BYTES, (const char *)s.bytes, s.length,
                   salt, crypto_pwhash_OPSLIMIT_MODERATE,
                   crypto_pwhash_MEMLIMIT_MODERATE,
                   crypto_pwhash_ALG_ARGON2ID13)
                       == 0
                   ? 0
                   : STINT_ENOMEM;
    }
    if (pinned != NULL) {
        (void)crypto_generichash(
            out, RAW_BYTES, salted, length, raw, sizeof raw);
    } else {
        memcpy(out, raw, RAW_BYTES);
    }
    sodium_memzero(raw, sizeof raw);
    return 0;
}

static void
derive_pair(
    struct auth_pair *pair, uint64_t subkey, const uint8_t master[RAW_BYTES])
{
    uint8_t seed[32];

    (void)crypto_kdf_derive_from_key(
        seed, sizeof seed, subkey, CONTEXT, master);
    auth_pair_from_seed(pair, seed);
    sodium_memzero(seed, sizeof seed);
}

int
auth_authkey_derive(struct slice authkey, bool allow_weak,
    const uint8_t *pinned, struct auth_pair *server, struct auth_pair *client)
{
    uint8_t master[RAW_BYTES];

    if (auth_authkey_problem(authkey, allow_weak, pinned != NULL) != NULL) {
        return STINT_EINVAL;
    }
    int rc = master_key(without_line_end(authkey), pinned, master);
    if (rc != 0) return rc;

    if (pinned == NULL) derive_pair(server, SUBKEY_SERVER, master);
    derive_pair(client, SUBKEY_CLIENT, master);
    sodium_memzero(master, sizeof master);
    return 0;
}
