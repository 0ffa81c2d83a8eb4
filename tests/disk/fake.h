/**
 * fake.h - a disk in memory that does what disks do.                   [tests]
 *
 * A `struct disk` whose every call can be the last one, can fail, and whose
 * power can be cut.  The same seed and the same calls give the same disk.
 *
 *     struct fake *fake = fake_new(seed);
 *     fake_stop_at(fake, 17);                  // the 17th call from here
 *     … store_open(fake_disk(fake), …), work until everything fails,
 *       store_close()                          // stands for: the process died
 *     fake_kill(fake);  or  fake_cut_power(fake);
 *     … store_open(fake_disk(fake), …)         // what is there now?
 *     fake_free(fake);
 *
 * The difference of the two ends: a process that dies leaves all it wrote
 * (unsynced still, so a later power cut may take it); a power cut leaves of
 * what was not synced each sector of 512 bytes or not, in any order, some torn
 * inside, and each change of the directory or not.  That a file was synced says
 * nothing about its name: only sync_dir() does.
 *
 * Memory that is not there is a CHECK.  Pure; one thread at a time.
 */
#ifndef FAKE_H
#define FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"
#include "master/store/disk.h"

struct fake;

enum fake_call {
    FAKE_OPEN,   /* Of a file that is there, or should be. */
    FAKE_CREATE, /* open() with `make`. */
    FAKE_READ,
    FAKE_WRITE,
    FAKE_SYNC,
    FAKE_SIZE,
    FAKE_RENAME,
    FAKE_REMOVE,
    FAKE_SYNC_DIR,
    FAKE_LIST,
    FAKE_ANY /* How many kinds there are, and all of them. */
};

/* What every call returns once the disk was stopped: -ECANCELED. */
enum { FAKE_STOPPED = -125 };

/** An empty disk. */
struct fake *fake_new(uint64_t seed);

/** NULL is fine.  No file may be open. */
void fake_free(struct fake *fake);

/** The disk as it is (no file may be open), unsynced writes too, with no
 * faults, counters at 0, and chance from `seed`. */
struct fake *fake_copy(const struct fake *fake, uint64_t seed);

/** Lent until fake_free(). */
struct disk *fake_disk(struct fake *fake);

/* ---- ends ---------------------------------------------------------------- */

/**
 * Stop everything at the `nth` call from now, 1 the next (close is no call): it
 * has no effect, or all of its effect, or a write some of it; it and every call
 * after it return FAKE_STOPPED, until fake_kill() or fake_cut_power().  0:
 * never.
 */
void fake_stop_at(struct fake *fake, uint64_t nth);
bool fake_is_stopped(const struct fake *fake);

/** The process is dead.  All handles must be closed; stops and faults end. */
void fake_kill(struct fake *fake);

/** The power was cut, and is back.  As fake_kill(), but what was not synced is
 * only partly there. */
void fake_cut_power(struct fake *fake);

/* ---- faults -------------------------------------------------------------- */

struct fake_fault {
    enum fake_call call;
    uint64_t nth; /* Of these calls from now on, 1 the next; 0: none. */
    int error;    /* Positive: EIO, ENOSPC, … */
    bool forever; /* And all such calls after it. */
};

/**
 * Let calls fail; replaces the fault there was.  A write that fails may have
 * done a part; a sync of a file that fails has kept some and lost the rest for
 * good: it goes on being seen, later syncs return 0, and a power cut brings the
 * old bytes back, unless they are written again.  Of the others, some that fail
 * with EIO were done.
 */
void fake_fail(struct fake *fake, struct fake_fault fault);

/** The fault has happened this often. */
uint64_t fake_failures(const struct fake *fake);

/** All files together may have so many bytes, and writes that would make them
 * longer stop there with -ENOSPC.  UINT64_MAX (from the start): no end. */
void fake_set_room(struct fake *fake, uint64_t bytes);
uint64_t fake_bytes(const struct fake *fake);

/** Each such call takes `ns` of a time that only this disk counts. */
void fake_set_cost(struct fake *fake, enum fake_call call, uint64_t ns);
uint64_t fake_spent(const struct fake *fake);

/* ---- looking ------------------------------------------------------------- */

/** Calls so far; FAKE_ANY: all. */
uint64_t fake_calls(const struct fake *fake, enum fake_call call);
const char *fake_call_name(enum fake_call call);

/** The files that are open. */
unsigned fake_handles(const struct fake *fake);

/** Tell of each call when it has been made (`length`: of a read or write;
 * `name`: of the file, or "").  NULL: nobody. */
void fake_watch(struct fake *fake,
    void (*see)(void *arg, enum fake_call call, const char *name, uint64_t at,
        uint64_t length, int64_t result),
    void *arg);

/** The name of the i-th file, ordered by name; NULL past the last. */
const char *fake_name(const struct fake *fake, size_t i);

/** What readers see in a file, which must be there; valid until the next
 * call. */
struct slice fake_contents(const struct fake *fake, const char *name);

/* ---- damage, at once and for good; all that was written is kept before --- */

/** Flip the bits of `mask` in the byte at `at`. */
void fake_flip(struct fake *fake, const char *name, uint64_t at, uint8_t mask);

/** Cut the file, or fill it up with zeros, to `length`. */
void fake_resize(struct fake *fake, const char *name, uint64_t length);

/** The file is gone. */
void fake_lose(struct fake *fake, const char *name);

#endif
