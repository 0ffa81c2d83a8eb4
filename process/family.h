/**
 * family.h - the children of this process.                   [layer: process]
 *
 * Each leads a process group of its own and has a pidfd, by which it is waited
 * for and reaped: nobody else's children are touched, and no signal handler is
 * needed.  Whoever reaps orphans (a worker is a child subreaper) finds here who
 * is no orphan.
 */
#ifndef FAMILY_H
#define FAMILY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/list.h"
#include "common/tick.h"

struct guard_row;

/** Why there is no process or pidfd, for a sentence: the text of an errno of
 * what follows.  Lent for good. */
const char *family_why(int error);

/* In its owner's memory, which stays where it is. */
struct member {
    struct list node;        /* Of all that somebody waits for. */
    struct guard_row *guard; /* Or NULL. */
    pid_t pid;
    int pidfd; /* Its owner's to close. */
};

struct ending {
    int code;             /* Exit code; negative: the signal that ended it. */
    bool is_lost;         /* Somebody else reaped it, or SIGCHLD is ignored. */
    tick_ns user, system; /* Its own, and of those of its own that it reaped. */
    uint64_t memory;      /* Most resident bytes of one of them, as the kernel
                             counts: a start counts our own size, too. */
};

/** Around each fork until family_add(), so that the reaper of orphans never
 * meets a child that is not known yet. */
void family_expect(void);
void family_expected(void);

/**
 * A child was started: open its pidfd.
 *
 * Returns: 0, or an errno (no descriptors are left), and it was killed and
 *          reaped.
 */
int family_add(struct member *m, pid_t pid);

/** Send a signal to its group, unless it was reaped. */
void family_signal(const struct member *m, int signal);

/**
 * It has ended, or is to end: kill what there is of its group, as long as no
 * other group can have its number, and reap it.
 */
void family_reap(struct member *m, struct ending *end);

/** It is left behind unreaped. */
void family_forget(struct member *m);

/** Its owner's memory moves: `to` takes all of it. */
void family_move(struct member *from, struct member *to);

/**
 * Reap one dead process that was adopted.  True: there may be more.
 *
 * Leaves running children alone, and those of the program around us: what is in
 * our own process group is not ours to reap.
 */
bool family_reap_orphan(void);

/** Around fork(), so that a copy of this process finds it whole: a copy has no
 * children. */
void family_forking(void);
void family_forked(bool is_copy);

#endif
