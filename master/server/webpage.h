/**
 * webpage.h - the pages there are, as text.                  [layer: server]
 *
 * No socket and no clock: what a page shows is a function of what it looks at,
 * so tests read pages without HTTP.  A page has a bound, whatever there is to
 * show; lists go on at "next".
 */
#ifndef WEBPAGE_H
#define WEBPAGE_H

#include "common/buf.h"
#include "master/core/core.h"
#include "master/server/meters.h"

/* What is looked at; all borrowed. */
struct webview {
    struct core *core;
    const struct meters *meters;
    tick_ns now;        /* As the core was told it. */
    uint64_t strangers; /* Connections whose key was refused. */
    bool is_trusted;    /* A token was shown: reasons of failures, too. */
};

enum { WEBPAGE_LIMIT = 100, WEBPAGE_LIMIT_MOST = 1000 };

/* What of a list is asked for. */
struct webquery {
    uint64_t after;     /* Behind this "next"; 0: from the start. */
    uint64_t limit;     /* Rows at most; 0: WEBPAGE_LIMIT. */
    struct slice queue; /* Only this one, or its tasks; empty: all. */
    unsigned state;     /* Tasks: this state + 1; 0: those not ended. */
};

struct webpage {
    const char *path, *type;
    bool is_open; /* Needs no token. */
    bool is_long; /* Takes its time: one of these in a turn. */
    bool is_list; /* Takes a query; the others pass over what they are asked. */
    /* Returns the HTTP status. */
    unsigned (*render)(struct buf *out, const struct webview *view,
        const struct webquery *query);
};

/** The page of a path; NULL if there is none. */
const struct webpage *webpage_find(const char *path);

/** Append an error as the pages around `path` have it: JSON under /v1/. Returns
 * its type, lent for ever. */
const char *webpage_error(
    struct buf *out, const char *path, const char *sentence);

/** Take "queue", "state", "after" or "limit" into `query`; what it points to is
 * borrowed.  Returns NULL, or what is wrong (lent for ever). */
const char *webpage_ask(
    struct webquery *query, const char *name, const char *value);

#endif
