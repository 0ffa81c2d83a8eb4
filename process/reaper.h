/**
 * reaper.h - children that nobody waits for any more.        [layer: process]
 *
 * One thread, which is there while there are any, waits for their pidfds, so
 * that none stays a zombie.
 */
#ifndef REAPER_H
#define REAPER_H

#include "process/family.h"

/** Take a member, from malloc(), with its pidfd.  Any thread. */
void reaper_take(struct member *m);

/** Of a child that not even SIGKILL has ended yet.  Copies. */
void reaper_take_over(struct member *m);

/** How many it waits for. */
unsigned reaper_count(void);

/** Around fork(), so that a copy of this process finds it whole: a copy has
 * none. */
void reaper_forking(void);
void reaper_forked(bool is_copy);

#endif
