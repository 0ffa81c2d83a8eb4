/**
 * show.h - what attempts have written and how far they are.     [layer: core]
 *
 * The output of what runs stays at its worker.  Who looks (`peek`) waits here;
 * the holder is asked (`show`), answers as soon as it has more than the looker
 * knows (`shown`), and what it said is passed on (`peeked`).  A lease that ends
 * meanwhile ends the wait: its looker asks again and is told how it ended.
 *
 * Progress is told by the holder when it likes; the last word is kept with the
 * lease, in memory only.
 */
#ifndef SHOW_H
#define SHOW_H

#include "master/core/inside.h"

enum {
    SHOW_PEEKS_MAX = 1024,       /* That wait. */
    SHOW_PROGRESS_MAX = 1 << 16, /* Leases that tell theirs. */
};

/* What a holder said of its attempt. */
struct progress {
    uint64_t done, total; /* total 0: not known. */
    char text[255 + 1];
};

void show_init(struct core *core);

/** Whether one more may wait. */
bool show_has_room(const struct core *core);

/** Have `w`, which began as WAIT_PEEK with what was asked, wait for `t`: for
 * its grant, or for the answer of its holder. */
void show_wait(struct core *core, tick_ns now, struct wait *w, struct task *t);

/** `t` was handed out; whoever looks at it is told when there is something. */
void show_begun(struct core *core, tick_ns now, const struct task *t);

/** The lease of `t` ends, or the task does: who looks at it asks again. */
void show_left(struct core *core, struct task *t);

/** The wait `w` is over without an answer. */
void show_give_up(struct core *core, struct wait *w, int code);

/** Tell the holder of `t` that its lease is over. */
void show_recall(struct core *core, const struct task *t);

/** The words that came with a lease are not needed any more. */
void show_forget(struct core *core, struct lease *l);

#endif
