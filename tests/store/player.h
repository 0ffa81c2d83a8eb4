/**
 * player.h - plays a script on a store and knows what must be there.   [tests]
 *
 *     struct player p;
 *     player_init(&p, &script, fake);
 *     if (player_open(&p) == 0) player_play(&p, script.count);
 *     player_close(&p);
 *     …                                        // a fault, a power cut
 *     if (player_open(&p) == 0) …              // has looked at every row
 *
 * What is not as it must be is a report_failure(); what the fake disk did on
 * purpose is an error that is returned.
 */
#ifndef PLAYER_H
#define PLAYER_H

#include <stdbool.h>

#include "master/store/store.h"
#include "tests/disk/fake.h"
#include "tests/store/script.h"

struct player {
    const struct script *script; /* Borrowed. */
    struct fake *fake;           /* Borrowed. */
    struct store *store;         /* Owned; NULL: not open. */

    /* Batches; synced <= written <= tried. */
    unsigned synced;  /* Acknowledged as being on the disk. */
    unsigned written; /* Acknowledged. */
    unsigned tried;   /* Handed in: the most that may be there. */
    unsigned must;    /* The least that must be there at the next look. */

    uint64_t close_failures; /* Faults that only a close has met. */
    uint64_t moved, torn;    /* Bytes: sums of store_stat. */
    unsigned segments_max;   /* Most that were in use. */
};

void player_init(
    struct player *p, const struct script *script, struct fake *fake);

/** The process is dead, and its disk has been told: all that was written must
 * be there.  Or the power was cut: what was not synced need not be. */
void player_is_killed(struct player *p);
void player_lost_power(struct player *p);

/** Open the store and look: it holds exactly the rows after some batch from
 * `must` to `tried`, each once, in order, and a read finds the same.  That
 * batch is on the disk now.  Returns 0 or what store_open() or a read did. */
int player_open(struct player *p);

/** Look again at the open store. */
int player_look(struct player *p);

/** Play the batches behind `written` up to `to`; stops at the first error and
 * returns it. */
int player_play(struct player *p, unsigned to);

/** Commit the next batch, or all of one again that was refused.  Returns what
 * store_commit() did. */
int player_commit(struct player *p);

/** Once the disk has failed, nothing may succeed any more. */
void player_must_have_failed(struct player *p);

/** Close the store if it is open.  On a disk without faults all that was
 * written is synced then. */
void player_close(struct player *p);

#endif
