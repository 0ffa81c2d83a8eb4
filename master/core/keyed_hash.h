/**
 * keyed_hash.h - the hash of names that strangers choose.       [layer: core]
 *
 * Whoever knows how names are hashed can choose many that all fall on one place
 * of a table, and each look at it passes by all of them.  So names of objects,
 * keys of dicts and keys of jobs are hashed with a key that the master has
 * drawn and tells nobody (struct journal.secret).
 */
#ifndef KEYED_HASH_H
#define KEYED_HASH_H

#include <sodium/crypto_shorthash.h>

#include "common/slice.h"

static inline uint64_t
keyed_hash(struct slice bytes, const uint8_t key[16])
{
    static const uint8_t none = 0;
    uint64_t hash;

    (void)crypto_shorthash((unsigned char *)&hash,
        bytes.length > 0 ? bytes.bytes : &none, bytes.length, key);
    return hash;
}

#endif
