/**
 * view.h - the core as those see it who only look.              [layer: core]
 *
 * Rows lend names and reasons until the core is told anything.
 */
#ifndef VIEW_H
#define VIEW_H

#include "master/core/core.h"
#include "master/core/metrics.h"
#include "master/core/news.h"
#include "proto/codec.h"

struct job;
struct queue;
struct session;
struct task;
struct end;
struct ended;

/** The master; its `request` is nobody's.  Sums up once a turn. */
struct msg_master_row view_master_row(struct core *core, tick_ns now);

const struct metrics *view_metrics(const struct core *core);

/** What happened, to be taken from it. */
struct news *view_news(struct core *core);

/* ---- queues -------------------------------------------------------------- */

/** The one at `index` (0, 1, … as they were made), or NULL. */
const struct queue *view_queue(const struct core *core, uint64_t index);

const struct queue *view_queue_named(
    const struct core *core, struct slice name);

/** Bring the numbers of workers in queues' rows up to date: of all queues at
 * once, and now and then only. */
void view_count_workers(struct core *core, tick_ns now);

struct rec_queue_row view_queue_row(const struct queue *q);

/** The same with the tasks of its jobs in all numbers of tasks and attempts:
 * what its workers have to do. */
struct rec_queue_row view_queue_whole(const struct queue *q);

/** How long ago the task was put that is next: the queue's own, or the next one
 * of a job that offers any, whichever is older; 0 without one. */
tick_ns view_next_age(const struct queue *q, tick_ns now);

/* ---- jobs ---------------------------------------------------------------- */

enum { VIEW_WORDS_MAX = 1024 };

/** The first one with a number above `after`, or NULL. */
struct job *view_job(const struct core *core, uint64_t after);

/** The one behind it, or NULL. */
struct job *view_job_behind(const struct core *core, struct job *job);

/** As job_row.state numbers them. */
uint64_t view_job_state(const struct core *core, const struct job *job);

/** `words` has room for what the row says of the command. */
struct rec_job_row view_job_row(struct core *core, tick_ns now,
    const struct job *job, char words[VIEW_WORDS_MAX]);

/* ---- peers --------------------------------------------------------------- */

/** The first one in the place *slot or behind it, whose place *slot is then; or
 * NULL. */
const struct session *view_peer(const struct core *core, uint64_t *slot);

/** `words` has room for what the row says of its labels and resources. */
struct rec_peer_row view_peer_row(const struct core *core, tick_ns now,
    const struct session *s, char words[VIEW_WORDS_MAX]);

/* ---- tasks --------------------------------------------------------------- */

/** The first one that is held with an id above `after`, or NULL. */
const struct task *view_task(const struct core *core, uint64_t after);

/** Of the last ones that ended and are not kept the one at `index`, the newest
 * first; or NULL. */
const struct ended *view_ended(const struct core *core, uint64_t index);

/** Without the payload. */
struct rec_task_row view_task_row(tick_ns now, const struct task *t);
struct rec_task_row view_ended_row(tick_ns now, const struct ended *e);
struct rec_task_row view_end_row(const struct job *job, const struct end *e);

#endif
