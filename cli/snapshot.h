/**
 * snapshot.h - all that `stint top` shows, at one moment.       [layer: cli]
 *
 * Plain data with texts of its own, so that drawing it needs no master.
 */
#ifndef CLI_SNAPSHOT_H
#define CLI_SNAPSHOT_H

#include <stint_job.h>

struct snapshot {
    int64_t taken_ms; /* As pace_now_ms(). */
    struct stint_status status;
    struct stint_queue_row *queues;
    size_t queue_count, queue_room;
    struct stint_peer_row *workers; /* Workers only, but those that are */
    size_t gone;                    /* gone: so many. */
    size_t worker_count, worker_room;
    struct stint_job_row *jobs; /* Those that go on first, the newest first. */
    size_t job_count, job_room;
    double rate; /* Tasks that ended a second; and of each: */
    double *queue_rates, *job_rates;
    double *job_paces; /* The same over a longer time, for what is to come. */
    char **texts;
    size_t text_count, text_room;
};

/** Put what rows lend into the snapshot's own memory. */
void snapshot_add_queue(
    struct snapshot *shot, const struct stint_queue_row *row);
void snapshot_add_worker(
    struct snapshot *shot, const struct stint_peer_row *row);
void snapshot_add_job(struct snapshot *shot, const struct stint_job_row *row);

/** Order the jobs and find the rates since `before`, smoothed; NULL: there is
 * no earlier one, and they are 0. */
void snapshot_finish(struct snapshot *shot, const struct snapshot *before);

/** Print it as one JSON document on stdout. */
void snapshot_print_json(const struct snapshot *shot);

void snapshot_fini(struct snapshot *shot);

/** The queue with the tasks of its jobs in all numbers of tasks and attempts:
 * what its workers have to do.  Borrows the names. */
struct stint_queue_row snapshot_queue(const struct stint_queue_row *row);

/** Whether nothing is lost by not showing it: silent, and holds no task. */
bool snapshot_is_gone(const struct stint_peer_row *peer);

/** Whether tasks of the job may still end. */
bool snapshot_job_goes_on(const struct stint_job_row *job);

/** "open", "running", … */
const char *snapshot_job_state(const struct stint_job_row *job);

#endif
