/**
 * webmetrics.h - the page for Prometheus.                    [layer: server]
 *
 * Its text format 0.0.4.  Each queue has its series, up to WEBMETRICS_QUEUES of
 * them, as they were made; sums over all of them there are always.
 */
#ifndef WEBMETRICS_H
#define WEBMETRICS_H

#include "master/server/webpage.h"

enum { WEBMETRICS_QUEUES = 200 };

/** A webpage's render. */
unsigned webmetrics_show(
    struct buf *out, const struct webview *view, const struct webquery *query);

#endif
