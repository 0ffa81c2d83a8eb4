/**
 * keyring.h - which keys may come in, and as what.              [layer: core]
 *
 * Keys are never taken out: a revoked one stays, so that its name is not given
 * to another and its sessions are refused with the right words.
 */
#ifndef KEYRING_H
#define KEYRING_H

#include "common/hash.h"

#include "common/list.h"
#include "common/slice.h"
#include "proto/proto.h"

enum { KEYS_MAX = 10000 };

struct key {
    uint8_t public_key[PROTO_KEY_BYTES];
    char name[PROTO_NAME_MAX + 1];
    unsigned role; /* Bits of enum proto_role. */
    bool revoked;
    uint64_t sessions; /* That use it now. */
    uint64_t queues;   /* That it made by using them. */
    uint64_t objects;  /* That it made, but for pipes; */
    uint64_t pipes;    /* those that have a name and are there. */
    struct list in_order;
    UT_hash_handle by_key;
};

/** Whether it is a submitter's, or an admin's, and not only a worker's. */
static inline bool
key_may_submit(const struct key *key)
{
    return (key->role & (ROLE_SUBMIT | ROLE_ADMIN)) != 0;
}

struct keyring {
    struct key *keys;  /* uthash by public key. */
    struct list order; /* As they were added. */
    uint64_t version;  /* Grows with each change. */
};

void keyring_init(struct keyring *ring);
void keyring_fini(struct keyring *ring);

/** See core_key_add(). */
int keyring_add(struct keyring *ring, struct slice name, unsigned role,
    const uint8_t public_key[PROTO_KEY_BYTES]);

/** The key with this public key, revoked or not; NULL if unknown. */
struct key *keyring_find(
    const struct keyring *ring, const uint8_t public_key[PROTO_KEY_BYTES]);

/** The key with this name; NULL if unknown. */
struct key *keyring_named(const struct keyring *ring, struct slice name);

/** Let it in no more. */
void keyring_revoke(struct keyring *ring, struct key *key);

#endif
