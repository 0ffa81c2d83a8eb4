/**
 * guard.h - who is killed takes along what it started.       [layer: process]
 *
 * SIGKILL lets nobody clean up: the commands of a worker that dies so would run
 * on, beside the second attempt that the master gives to another worker, and
 * daemon processes without whom they serve.  So there is a guardian, one small
 * process: it sees in memory that is shared with us which process groups run,
 * sleeps until our process is gone, sends them SIGTERM, after the grace
 * SIGKILL, and ends.
 *
 * It is a fork that runs nothing of the program around us and holds none of its
 * files; what that program changes of its memory later is there twice, which is
 * why to begin early is cheaper.  It has a session and a name (stint-guard) of
 * its own, so that what is meant for us does not hit it too, and only SIGKILL
 * ends it; then there is another one at the next look.
 *
 * What it does not reach: a command that starts in the moment of the death, and
 * what has left its process group.  PID 1 of a container needs no guardian, and
 * has one all the same.
 */
#ifndef GUARD_H
#define GUARD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/tick.h"

#define GUARD_ROWS 4096u /* Groups at once; more are not guarded. */
#define GUARD_LINE 192u

struct guard_row;

/**
 * One more that runs commands; the first one starts the guardian.
 *
 * True: it could not be started, and `line` says what that means.  guard_end()
 * in any case.  Any thread, as everything here.
 */
bool guard_begin(tick_ns now, char line[GUARD_LINE]);

/** One less; the last one ends the guardian.  Its commands have ended. */
void guard_end(void);

/** Start another guardian if it was killed.  True: `line` says what happened.
 */
bool guard_look(tick_ns now, char line[GUARD_LINE]);

/** Whether there is a guardian now. */
bool guard_is_there(void);

/**
 * Have a process group end with us, that of `leader`.
 *
 * `began` is a moment (clock_boottime()) at which the leader was there: who has
 * its number and was started later is somebody else.  Returns what
 * guard_leave() takes; NULL, which is fine there, without a guardian's memory.
 * Time: some ten nanoseconds, no call of the system.
 */
struct guard_row *guard_enter(pid_t leader, tick_ns began, tick_ns grace);

/**
 * The same in two steps, so that a copy of this process is guarded from its
 * first moment: what it is to lead is claimed before fork(), and the copy says
 * that it leads it.  If we are gone by then it was overlooked, and must end by
 * itself.
 */
struct guard_row *guard_claim(tick_ns grace);
void guard_lead(struct guard_row *row, pid_t leader, tick_ns began);

/** The group has ended; or did not begin. */
void guard_leave(struct guard_row *row);

/** Whether this child is the guardian, which is not anybody else's to reap. */
bool guard_is(pid_t pid);

/** Around fork(), so that a copy of this process finds it whole: a copy is
 * guarded by nobody. */
void guard_forking(void);
void guard_forked(bool is_copy);

#endif
