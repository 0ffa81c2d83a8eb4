/**
 * stint_schedule.h - tasks that the master puts by itself.
 *
 * A schedule has a name and puts one task into a queue: once at a time, every so
 * often, or by a line of cron.  It lives in the master and survives its restart
 * where the queue does (durability).
 *
 *     struct stint_schedule_options options = { .cron = "0 3 * * *" };
 *
 *     rc = stint_schedule_set(s, "backup", "tasks", "now", 3, &options);
 *
 * Times are those of the master's host, in UTC.  A clock that is set makes no task
 * twice; what was due while the master was down is put once when it is back
 * (`missed`).
 */
#ifndef STINT_SCHEDULE_H
#define STINT_SCHEDULE_H

#include <stint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum stint_missed {
    STINT_MISSED_ONCE = 0, /* However often it was due while the master was down. */
    STINT_MISSED_NONE = 1  /* Those are left out. */
};

struct stint_schedule_options {
    /* Exactly one of these. */
    int64_t at_ms;    /* Milliseconds since 1970: once. */
    int64_t every_ms; /* At least 100; the first after one interval. */
    const char *cron; /* "minute hour day month weekday", five fields as in cron(5)
                         with lists, ranges, steps and names; or @hourly, @daily,
                         @weekly, @monthly, @yearly. */
    enum stint_missed missed;
    bool skip_if_open; /* Not while its last task has not ended. */
    struct stint_put_options put; /* Of each task. */
};

/**
 * Make a schedule, or change the one of this name.
 *
 * Owns:    copies.
 * Returns: 0, or STINT_EINVAL (the line of cron: the message says which field),
 *          STINT_EROLE (needs the role submit), STINT_ELIMIT, STINT_EBUDGET,
 *          STINT_ETOOLARGE, STINT_ENOSPACE.
 */
STINT_CHECK int stint_schedule_set(struct stint *s, const char *name,
    const char *queue, const void *data, size_t size,
    const struct stint_schedule_options *options);

/** Returns 0 or STINT_ENOENTRY. */
STINT_CHECK int stint_schedule_remove(struct stint *s, const char *name);

struct stint_schedule_row {
    const char *name, *queue, *cron; /* cron NULL: another kind. */
    int64_t at_ms, every_ms;
    int64_t next_ms;                 /* When it is due, since 1970; 0: never more. */
    int64_t last_ms;                 /* When it put a task last; 0: not yet. */
    uint64_t put, skipped;           /* How often it did, and did not. */
    uint64_t task;                   /* The last one. */
};
/** As stint_list_queues(). */
STINT_CHECK int stint_list_schedules(struct stint *s,
    int (*see)(void *arg, const struct stint_schedule_row *row), void *arg,
    int64_t timeout_ms);

#ifdef __cplusplus
}
#endif

#endif
