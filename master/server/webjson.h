/**
 * webjson.h - the master, queues, jobs and others as JSON.   [layer: server]
 *
 * The names are those of `stint … --json`, and numbers of seconds are numbers.
 * A list is {"queues":[…],"next":N}: ask again with after=N; null: that was
 * all.  A page is shorter than its limit when it would take too long.  Each
 * function is a webpage's render.
 */
#ifndef WEBJSON_H
#define WEBJSON_H

#include "master/server/webpage.h"

/** Append {"error":"…"}. */
void webjson_error(struct buf *out, const char *sentence);

unsigned webjson_master(
    struct buf *out, const struct webview *view, const struct webquery *query);

/** Each with the tasks of its jobs in all numbers of tasks (and those of them
 * in "jobs_ready", …), and with "backlog", what is ready or leased; with
 * query->queue only that one, or status 404. */
unsigned webjson_queues(
    struct buf *out, const struct webview *view, const struct webquery *query);

unsigned webjson_workers(
    struct buf *out, const struct webview *view, const struct webquery *query);

/** All jobs; what they run only to who showed a token: there may be secrets in
 * it. */
unsigned webjson_jobs(
    struct buf *out, const struct webview *view, const struct webquery *query);

/** Those that are held; with the state done, cancelled or expired the last ones
 * that ended, newest first; status 404 as above.  Looks at so many tasks at
 * most, whether they are asked for or not: a page may be empty and have a next
 * one. */
unsigned webjson_tasks(
    struct buf *out, const struct webview *view, const struct webquery *query);

#endif
