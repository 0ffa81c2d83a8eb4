/**
 * sync_rig.h - locks and their like on a bench.                        [tests]
 */
#ifndef SYNC_RIG_H
#define SYNC_RIG_H

#include "master/core/shared/object.h"
#include "master/core/shared/sync.h"
#include "tests/unit/core/rig.h"

/* What makes answers come: where there is a store, commits, too. */
static void (*sync_turn)(struct rig *rig) = rig_turn;

enum { SYNC_PARKED = 1 }; /* No answer yet. */

static inline int64_t
sync_open_as(struct rig_peer *p, struct msg_object_open open)
{
    struct msg m = { .type = MSG_object_open, .as.object_open = open };
    uint64_t request = rig_say(p, m);

    sync_turn(p->rig);
    return rig_code(p, request);
}

static inline void
sync_open(
    struct rig_peer *p, const char *name, enum object_kind kind, uint64_t size)
{
    struct msg_object_open open = {
        .object = slice_of(name), .kind = (uint64_t)kind, .size = size
    };

    assert_int_equal(sync_open_as(p, open), 0);
}

/* Ask; the answer is looked at with sync_code(). */
static inline uint64_t
sync_say(struct rig_peer *p, const char *name, struct msg_sync sync)
{
    struct msg m = { .type = MSG_sync, .as.sync = sync };

    m.as.sync.object = slice_of(name);
    uint64_t request = rig_say(p, m);
    sync_turn(p->rig);
    return request;
}

/* 0, the code of the error, or SYNC_PARKED. */
static inline int64_t
sync_code(const struct rig_peer *p, uint64_t request)
{
    if (rig_find(p, MSG_synced, request) != NULL) return 0;
    return rig_code(p, request);
}

static inline struct msg_synced
sync_answer(const struct rig_peer *p, uint64_t request)
{
    return rig_see(p, MSG_synced, request)->as.synced;
}

static inline uint64_t
sync_acquire(struct rig_peer *p, const char *name, tick_ns wait)
{
    return sync_say(p, name,
        (struct msg_sync){ .verb = SYNC_ACQUIRE, .wait_ns = (uint64_t)wait });
}

/* It must be had at once.  Returns the fence. */
static inline uint64_t
sync_take(struct rig_peer *p, const char *name)
{
    uint64_t request = sync_acquire(p, name, 0);

    assert_int_equal(sync_code(p, request), 0);
    return sync_answer(p, request).fence;
}

/* Any other verb; returns its code. */
static inline int64_t
sync_do(
    struct rig_peer *p, const char *name, enum sync_verb verb, uint64_t number)
{
    return sync_code(
        p, sync_say(p, name,
               (struct msg_sync){ .verb = (uint64_t)verb, .number = number }));
}

static inline uint64_t
sync_wait(struct rig_peer *p, const char *name, tick_ns wait)
{
    return sync_say(p, name,
        (struct msg_sync){ .verb = SYNC_WAIT,
            .wait_ns = (uint64_t)wait,
            .again_ns = (uint64_t)(20 * TICK_S) });
}

static inline struct msg_synced
sync_look(struct rig_peer *p, const char *name)
{
    return sync_answer(
        p, sync_say(p, name, (struct msg_sync){ .verb = SYNC_LOOK }));
}

#endif
