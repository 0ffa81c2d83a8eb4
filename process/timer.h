/**
 * timer.h - the thread that all timers share.                [layer: process]
 *
 * It is there while a timer is armed.  What is public of it is in
 * stint_process.h.
 */
#ifndef TIMER_H
#define TIMER_H

#include <stdbool.h>

/** Around fork(), so that a copy of this process finds it whole: a copy has no
 * such thread, and no timer of before runs in it. */
void timer_forking(void);
void timer_forked(bool is_copy);

#endif
