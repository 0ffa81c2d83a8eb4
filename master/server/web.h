/**
 * web.h - HTTP for probes, Prometheus and scripts that look. [layer: server]
 *
 * libmicrohttpd without a thread of its own: its descriptor is one more that
 * the loop waits for, and web_turn() serves what is ready.  Everybody else goes
 * first: it takes a small part of the loop's time at most, however many ask and
 * however slow they are; so many connections are open at most, each for one
 * request and some seconds, and a page has a bound.
 *
 * Only looks: nothing that can be asked for changes anything, and payloads and
 * keys are never shown.  Without a token only this host is answered, and only
 * under a name of this host, so that no page of a browser can ask by way of a
 * name of its own.  Probes (/healthz, /readyz) need no token.
 */
#ifndef WEB_H
#define WEB_H

#include "common/tick.h"
#include "master/core/core.h"
#include "master/server/meters.h"
#include "master/server/webplace.h"
#include "master/server/zap.h"

struct web;

/* What it looks at; all borrowed until web_close(). */
struct web_parts {
    struct core *core;
    struct zap *zap;
};

/**
 * Listen as `place` says.  Owns: copies what it needs of `place`.
 * Returns 0 with *out, or STINT_EBUSY, STINT_EINVAL, STINT_ENOMEM,
 * STINT_ESYSTEM; a sentence is said.
 */
int web_open(const struct webplace *place, const struct web_parts *parts,
    struct web **out);

/** NULL is fine. */
void web_close(struct web *w);

/** The real address, "http://127.0.0.1:5725".  Lends until the close. */
const char *web_url(const struct web *w);

/* ---- the loop's, NULL is fine -------------------------------------------- */

/** What to wait for to become readable; -1: nothing now. */
int web_fd(const struct web *w);

/** How long until web_turn() is to be called even if the descriptor is silent;
 * TICK_NEVER: not at all. */
tick_ns web_left(const struct web *w);

/** Serve what is ready, `ready` telling that the descriptor is; does nothing
 * when it is not its turn yet.  `now` is what the core was told last. */
void web_turn(
    struct web *w, tick_ns now, bool ready, const struct meters *meters);

#endif
