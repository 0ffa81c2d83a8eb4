/**
 * chunk.h - items on their way to a worker together.            [layer: pool]
 *
 * A chunk is one task for "map:FUNCTION": a msgpack array of items, each bytes.
 * What comes back is an array as long, of results and failures (worker/map.h).
 */
#ifndef CHUNK_H
#define CHUNK_H

#include "client/ended.h"
#include "client/stint_pool.h"
#include "proto/cursor.h"

/* A chunk whose items have more bytes is cut short. */
#define CHUNK_BYTES ((size_t)4 << 20)

struct chunk {
    void (*ended)(struct chunk *c, const struct ended_one *how);
    void *owner;
    struct stint_future *future; /* Taken; NULL before. */
    size_t first, count;         /* Which items. */
};

/** How many of `count` items, at most `most`, go together; at least 1. */
size_t chunk_fit(const struct stint_bytes *items, size_t count, size_t most);

/** Pack items; gives *out, stint_bytes_free(). */
int chunk_pack(
    const struct stint_bytes *items, size_t count, struct stint_bytes *out);

/* What became of an item.  All lent from what the worker sent. */
struct outcome {
    bool failed;
    struct stint_bytes bytes; /* The result, or the text of the failure. */
    struct stint_bytes host;  /* Of a failure. */
};

/** Begin to read what a worker sent for `count` items.  False: it is none. */
bool chunk_read(
    struct cursor *c, const struct stint_bytes *result, size_t count);

/** The next item's.  False: it is none. */
bool chunk_next(struct cursor *c, struct outcome *out);

/* A failure with memory of its own. */
struct fault {
    int code; /* 0: there was none. */
    unsigned attempt;
    size_t index;
    char text[1025];
    char worker[256], host[256];
};

/** The whole chunk ended so: item `index`, its first, stands for all. */
void chunk_lost(struct fault *f, const struct ended_one *how, size_t index);

/** One item failed. */
void chunk_failed(struct fault *f, const struct outcome *outcome,
    const struct ended_one *how, size_t index);

/** What a worker sent is no result. */
void chunk_garbled(struct fault *f, const struct ended_one *how, size_t index);

/** Who failed did so on this host, if it did not say where. */
void chunk_on(struct fault *f, const char *host);

/** Lends what stint_async_failure() gives. */
struct stint_failure chunk_failure(const struct fault *f);

#endif
