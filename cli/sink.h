/**
 * sink.h - where the tasks of `stint put` go.                   [layer: cli]
 *
 * Counts what the master accepted, so that an error can say how far it came;
 * with --result it keeps a bounded window of futures and prints their results
 * in the order of the tasks.
 */
#ifndef CLI_SINK_H
#define CLI_SINK_H

#include <stint.h>

#include "cli/setting.h"

enum { SINK_BATCH = 4096, SINK_WINDOW = 4096 };

struct sink {
    struct stint *s;
    struct stint_queue *q;
    struct stint_put_options options;
    int64_t timeout_ms, result_ms;
    const char *queue;                    /* Its name. */
    const char *timeout, *result_timeout; /* As they were typed. */
    bool wants_results, is_json, said_gone;
    bool shows_progress;
    uint64_t accepted, failed;
    int64_t shown_at; /* When progress was shown last. */
    /* A ring of what was submitted and not yet printed. */
    struct stint_future *window[SINK_WINDOW];
    uint64_t first, next;
};

/** Take the options from the settings.  `sink->s` and `sink->q` are set by the
 * caller, who closes them. */
void sink_init(struct sink *sink, const struct run *run);

/** Put `count` (<= SINK_BATCH) tasks.  Returns the exit status, having said how
 * far it came. */
int sink_put(struct sink *sink, const struct stint_bytes *items, size_t count);

/** Wait for everything and say the count.  Returns the exit status: 1 when a
 * task failed. */
int sink_finish(struct sink *sink);

/** Forget the futures that are left. */
void sink_fini(struct sink *sink);

#endif
