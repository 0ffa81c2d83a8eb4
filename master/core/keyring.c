#include "master/core/keyring.h"

#include <stdlib.h>

#include "common/base.h"
#include "common/stint_error.h"
#include "common/text.h"

void
keyring_init(struct keyring *ring)
{
    ring->keys = NULL;
    list_init(&ring->order);
    ring->version = 1;
}

void
keyring_fini(struct keyring *ring)
{
    HASH_CLEAR(by_key, ring->keys);
    for (;;) {
        struct list *node = list_pop(&ring->order);
        if (node == NULL) break;
        free(CONTAINER_OF(node, struct key, in_order));
    }
}

struct key *
keyring_find(
    const struct keyring *ring, const uint8_t public_key[PROTO_KEY_BYTES])
{
    struct key *found;

    HASH_FIND(by_key, ring->keys, public_key, PROTO_KEY_BYTES, found);
    return found;
}

struct key *
keyring_named(const struct keyring *ring, struct slice name)
{
    LIST_FOREACH (node, after, &ring->order) {
        struct key *key = CONTAINER_OF(node, struct key, in_order);
        if (slice_equal(slice_of(key->name), name)) return key;
    }
    return NULL;
}

int
keyring_add(struct keyring *ring, struct slice name, unsigned role,
    const uint8_t public_key[PROTO_KEY_BYTES])
{
    if (name.length < 1 || name.length > PROTO_NAME_MAX) return STINT_EINVAL;
    if (!text_is_plain(name)) return STINT_EINVAL;

    struct key *named = keyring_named(ring, name);
    struct key *key = keyring_find(ring, public_key);
    if (named != key) return STINT_EEXISTS;
    if (key == NULL) {
        if (HASH_CNT(by_key, ring->keys) >= KEYS_MAX) return STINT_ELIMIT;
        key = calloc(1, sizeof *key);
        if (key == NULL) return STINT_ENOMEM;
        memcpy(key->public_key, public_key, PROTO_KEY_BYTES);
        memcpy(key->name, name.bytes, name.length);
        HASH_ADD(by_key, ring->keys, public_key, PROTO_KEY_BYTES, key);
        if (!HASH_IS_IN(by_key, key)) {
            free(key);
            return STINT_ENOMEM;
        }
        list_push(&ring->order, &key->in_order);
    }
    key->role = role;
    key->revoked = false;
    ring->version += 1;
    return 0;
}

void
keyring_revoke(struct keyring *ring, struct key *key)
{
    key->revoked = true;
    ring->version += 1;
}
