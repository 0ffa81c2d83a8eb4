/**
 * core.h - what a master *is*: queues, leases, sessions.        [layer: core]
 *
 * Pure: no socket, no file, no clock, no chance of its own.  `now` is an
 * argument, randomness comes from a seeded generator, frames go in and frames
 * come out.  So a whole cluster runs in a simulator from a seed.
 *
 * A turn of the loop:
 *
 *     core_receive(core, now, conn, key, frame)    for each frame that arrived
 *     core_turn(core, now)                         what time and matching make
 * due core_take(core, &batch)                      if the store is idle: rows
 *     core_committed(core, batch.number)           when they are on the disk
 *     while (core_send(core, &conn, &frame)) …     what may leave now
 *     sleep until core_next_deadline(core)
 *
 * A frame that tells a fact leaves after the commit that holds it: the core
 * keeps it back.  Tasks are handed out before that (a grant that is lost in a
 * crash is recognised by its nonce); acknowledgements and results are not.
 *
 * One thread at a time.  Memory: bounded by core_config.memory_max plus what
 * sessions_max sessions need; every size that a peer can choose is checked
 * before anything is changed.
 */
#ifndef CORE_H
#define CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/frame.h"
#include "common/row.h"
#include "common/slice.h"
#include "common/tick.h"
#include "proto/proto.h"

struct core;

struct core_config {
    uint64_t seed; /* Of nonces and jitter; random at the edge. */
    uint8_t master[PROTO_SESSION_BYTES]; /* This start of the master. */
    size_t memory_max;   /* Bytes of tasks, results and unsent frames. */
    size_t payload_max;  /* Of one task or result. */
    size_t frame_max;    /* Of one frame; >= payload_max + 64 KiB. */
    tick_ns silence;     /* A session not heard of for so long is dead. */
    tick_ns session_ttl; /* A dead one is forgotten after so long, and with it
                            its undelivered results. */
    tick_ns grace; /* After a restart, a session has so long to come back. */
    uint32_t sessions_max;
    uint32_t queues_max;
    uint32_t objects_max; /* Locks, dicts and their like. */
    uint64_t fence_base;  /* Fences are greater: greater than those of all
                             starts before, by the wall clock. */
    uint32_t steps_max; /* Of work on many tasks at once (a job is cancelled, or
                           forgotten) so many are done in one turn. */
    uint32_t share_max; /* Of what one client asks for so many steps are done in
                           one turn, of about a microsecond each. */
    bool no_create;     /* A put to an unknown queue is ENOQUEUE. */
    bool durable;       /* Rows are kept (core_take); else nothing survives. */
    uint8_t durability; /* Of queues that do not say; enum queue_durability. */
    /* Append the value of a committed row to `value`; false: it cannot be read
     * (then the disk has failed, and the master is about to end).  Payloads of
     * tasks that wait are read back with it, so that they need not all be in
     * memory; NULL: they are. */
    bool (*fetch)(void *arg, unsigned kind, uint64_t id, struct buf *value);
    void *fetch_arg;
    const char *software;
};

/** Reasonable values for everything but seed and master. */
void core_config_init(struct core_config *config);

/** Make a master with no key, no queue.  Copies `config` (but lends software
 * for ever).  NULL without memory. */
struct core *core_new(const struct core_config *config, tick_ns now);

/** NULL is fine. */
void core_free(struct core *core);

/* ---- keys ---------------------------------------------------------------- */

/**
 * Let a key in, or change its role, or let it in again.
 * Returns 0, STINT_ENOMEM, STINT_ELIMIT, or STINT_EEXISTS when the name belongs
 * to another key or the key has another name.
 */
int core_key_add(struct core *core, struct slice name, unsigned role,
    const uint8_t public_key[PROTO_KEY_BYTES]);

/** Cut the key's sessions, give back what they hold.  Returns 0 or
 * STINT_ENOKEY. */
int core_key_revoke(struct core *core, tick_ns now, struct slice name);

struct core_key {
    char name[PROTO_NAME_MAX + 1];
    unsigned role;
    bool revoked;
    uint8_t public_key[PROTO_KEY_BYTES];
};

/** The key at `index` (0, 1, …); false behind the last one. */
bool core_key_at(const struct core *core, size_t index, struct core_key *out);

/** Grows with each change of a key: time to tell the ZAP handler and the state
 * directory. */
uint64_t core_keys_version(const struct core *core);

/* ---- recovery ------------------------------------------------------------ */

/**
 * Take one row of the store, in order of kind and id.  Keys were added before;
 * a session of a key that is not there is forgotten.
 * Returns 0, STINT_EDAMAGED (*why says what does not fit; lends), STINT_EFORMAT
 * or STINT_ENOMEM.  After an error the core is only to be freed.
 */
int core_load(struct core *core, const struct row *row, const char **why);

/** That was the last row (or there was none).  Leases go on from `now`, whole;
 * sessions have a grace to come back.  The first core_take() holds the row of
 * this start: commit it before the first frame is received.
 * Returns as core_load(). */
int core_loaded(struct core *core, tick_ns now, const char **why);

/** Where the master's own time stood; the loop's clock goes on from there. */
struct core_clock {
    tick_ns tick;
    uint64_t wall, boottime; /* Nanoseconds. */
    uint8_t boot[16];        /* Which start of the host. */
};

/** The clock row that was loaded; all zero if none was. */
struct core_clock core_clock_loaded(const struct core *core);

/** Set what time it is: the next batches say so, and schedules go by it.  Once
 * a turn. */
void core_clock_set(struct core *core, const struct core_clock *clock);

/* ---- the turn ------------------------------------------------------------ */

/**
 * Take one frame from the connection `conn` (a number of the caller's, never
 * used again for another one while this one lives; not 0), whose peer proved to
 * own `key`.  Role and key are checked for every message.  Whatever is wrong
 * with the frame is answered to the peer and changes nothing.
 * Borrows `wire` until it returns.
 */
void core_receive(struct core *core, tick_ns now, uint64_t conn,
    const uint8_t key[PROTO_KEY_BYTES], struct slice wire);

/** So much was asked for since the last turn that it is time for one: receive
 * no more frames before. */
bool core_is_sated(const struct core *core);

/** Do all that is due: broken leases, ended waits, silent sessions; match ready
 * tasks with those who wait; seal the frames that are to leave. */
void core_turn(struct core *core, tick_ns now);

/** When core_turn() must be called next; TICK_NEVER if nothing waits. */
tick_ns core_next_deadline(const struct core *core);

/* Changes of rows, to be committed whole. */
struct core_batch {
    struct buf ops; /* common/row.h; owned by whoever took it. */
    uint64_t number;
    bool sync; /* Somebody waits for the disk. */
};

/** The changes since the last one.  Gives batch->ops (buf_fini() it, or give it
 * back with core_recycle()).  Returns false when there are none, and when the
 * one before is not committed yet. */
bool core_take(struct core *core, struct core_batch *batch);

/** The batch `number` is committed: what waited for it may leave. */
void core_committed(struct core *core, uint64_t number);

/** Lend an old buffer for the next batch; takes it. */
void core_recycle(struct core *core, struct buf *ops);

/** Bytes of changes that nobody has taken yet: time to listen less. */
size_t core_untaken(const struct core *core);

/** What waits to be taken is to be synced, and tells of tasks that were handed
 * out but of none that ended: their ends may come soon. */
bool core_expects_ends(const struct core *core);

/** No memory was left for a row, so that nothing that waits for it may ever be
 * told: end the master; the next start has all that was acknowledged. */
bool core_has_failed(const struct core *core);

/** The disk is full (puts to durable queues are refused with ENOSPACE), or not
 * any more. */
void core_disk_full(struct core *core, bool full);

/** No new work is taken in or handed out any more: puts are not answered, so
 * that their clients send them again to the next start, and gets wait;
 * completions still count.  For an orderly stop. */
void core_close_doors(struct core *core);

/**
 * The next frame to send.  Gives *frame (one owner more, frame_drop() it).
 * Returns false when nothing is to be sent now.
 */
bool core_send(struct core *core, uint64_t *conn, struct frame **frame);

/** The frame could not be sent on `conn`: the peer is gone from there.  Its
 * session may come back on another connection; until then nothing more is sent.
 */
void core_conn_lost(struct core *core, uint64_t conn);

/** The caller did not listen for a while (a stopped process, a suspended host):
 * sessions get `gap` more before they are taken for dead. */
void core_stalled(struct core *core, tick_ns gap);

/** The clock was moved by `gap`: sessions get as much more before they are
 * taken for dead, leases do not. */
void core_excuse(struct core *core, tick_ns gap);

/** The clock stands still: answers that wait a little for others leave now. */
void core_hurry(struct core *core);

/** The host of this session is dead for good: what it holds goes back, it is
 * forgotten.  False: there is none, or its client has left. */
bool core_forget(
    struct core *core, tick_ns now, const uint8_t session[PROTO_SESSION_BYTES]);

/* How a worker died. */
struct core_death {
    uint64_t task; /* In the midst of this one; 0: of none. */
    bool late;     /* It had run for longer than it may: it fails for good. */
    struct slice how; /* For a person. */
};

/**
 * Somebody has seen the process of the worker `name` die: only the task that it
 * ran was tried, and failed because of `death`; all else that it holds goes
 * back as if it was not granted.  It is forgotten.
 *
 * Returns false: no worker of that name is there.
 * Time:    O(sessions).
 */
bool core_worker_died(struct core *core, tick_ns now, struct slice name,
    const struct core_death *death);

/** A client with the role admin asked the master to stop. */
bool core_stop_asked(const struct core *core);

/** Make a queue of defaults.  Returns 0, STINT_ENOMEM, STINT_ELIMIT, or
 * STINT_EINVAL (the name). */
int core_queue_add(struct core *core, tick_ns now, struct slice name);

/** Check every invariant (I2 and the data structures); aborts where one is
 * broken.  O(everything): for tests. */
void core_check(const struct core *core);

/** Totals for tests and metrics. */
struct core_totals {
    uint64_t accepted, ready, delayed, leased, done, dead, cancelled, expired;
    uint64_t running; /* Of the leased: begun. */
    uint64_t stale;   /* Completions refused. */
    uint64_t refused; /* Frames and messages refused. */
    size_t memory;
    uint32_t sessions, sessions_live;
    uint64_t workers, slots; /* Of the live ones. */
};
struct core_totals core_totals(const struct core *core);

#endif
