/**
 * mend_jobs.h - what is left of jobs, made to fit together.   [layer: server]
 *
 * Rows are seen in order of kinds and ids, and judged when all are seen.  Of a
 * job that lacks its own row or that of its queue nothing can be made: all rows
 * of it are left out.  Else its counts are made to fit what is there; a dead
 * letter without its end is tried again.
 */
#ifndef MEND_JOBS_H
#define MEND_JOBS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "master/server/storerow.h"
#include "master/store/store.h"

struct mend_job {
    uint64_t number;
    bool has_queue, has_tally, has_row;
    bool has_ended; /* As its row says; and */
    bool reopens;   /* it has a task that goes on. */
    uint64_t tasks; /* Rows; of them `open` are no dead letters. */
    uint64_t open;
    uint64_t ends, ends_of_dead, cancelled, expired;
    uint64_t last_seq, last_number;
    struct rec_kept_tally tally;
};

struct mend_task {
    uint64_t id, job; /* 0: of none. */
    bool dead, has_end;
};

struct mend_jobs {
    struct mend_job *jobs; /* Owned; by number, ascending. */
    size_t count, room;
    struct mend_task *tasks; /* Owned; all tasks of the store, by id. */
    size_t task_count, task_room;
};

void mend_jobs_fini(struct mend_jobs *m);

/** Whether a queue of this id is a job's; its number. */
bool mend_jobs_is_own(uint64_t queue, uint64_t *number);

/* A row was seen.  False: no memory. */
bool mend_jobs_see_queue(struct mend_jobs *m, uint64_t number);
bool mend_jobs_see_tally(
    struct mend_jobs *m, uint64_t number, const struct rec_kept_tally *tally);
bool mend_jobs_see_task(struct mend_jobs *m, uint64_t id, uint64_t number,
    const struct rec_kept_task *task);
bool mend_jobs_see_row(
    struct mend_jobs *m, uint64_t number, const struct rec_kept_job *row);
bool mend_jobs_see_end(
    struct mend_jobs *m, uint64_t task, const struct rec_kept_end *row);

/** The task with this id, or NULL. */
struct mend_task *mend_jobs_task(struct mend_jobs *m, uint64_t id);

/**
 * All was seen: write to `ops` what makes it fit, and tell.  Reads `s` again
 * where jobs are lost.  Returns as store_scan().
 */
int mend_jobs(struct mend_jobs *m, struct store *s, struct buf *ops,
    void (*told)(void *arg, const char *what), void *arg);

#endif
