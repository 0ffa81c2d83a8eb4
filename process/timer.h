/**
 * timer.h - the thread that all timers share.                [layer: process]
 *
 * It is there while a timer is armed.  What is public of it is in
 * stint_process.h.
 */
#ifndef TIMER_H
#define TIMER_H

/** In a copy of this process: the thread is not there, and no timer of before
 * runs in it. */
void timer_forked(void);

#endif
