/**
 * remote.h - a process that a worker runs.                   [layer: process]
 *
 * A job of one task, with one attempt.  Each function is that of the same name
 * in stint_process.h.
 */
#ifndef REMOTE_H
#define REMOTE_H

#include "client/stint_process.h"

struct remote;

/** Gives *out, free with remote_free(). */
int remote_start(const struct stint_process_options *options, const char *name,
    struct remote **out);

int remote_join(struct remote *r, int64_t timeout_ms);
int remote_exitcode(struct remote *r, int *code);
int remote_usage(struct remote *r, struct stint_usage *out);
int remote_cancel(struct remote *r);

int remote_sentinel(struct remote *r);

struct stint_job *remote_job(const struct remote *r);

void remote_free(struct remote *r);

#endif
