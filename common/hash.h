/**
 * hash.h - uthash, set up for this house.                     [layer: common]
 *
 * Only for names, keys, sessions and connections: growing a table stalls the
 * thread, so tasks are not in one.  Without memory an add leaves the element
 * out: HASH_IS_IN() asks.
 */
#ifndef HASH_H
#define HASH_H

#include <stddef.h>
#include <stdint.h>

/** FNV-1a. */
static inline unsigned
hash_bytes(const void *key, size_t length)
{
    const uint8_t *bytes = key;
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < length; i++)
        h = (h ^ bytes[i]) * UINT64_C(0x100000001b3);
    return (unsigned)(h ^ h >> 32);
}

#define HASH_FUNCTION(key, length, value) \
    (value) = hash_bytes((key), (size_t)(length))
#define HASH_NONFATAL_OOM 1

#include <uthash.h>

#define HASH_IS_IN(handle, element) ((element)->handle.tbl != NULL)

#endif
