/**
 * crew.h - a pool's own master and processes.                   [layer: pool]
 *
 * The nursery is forked first, while this process has no thread and no
 * connection of the pool; then the master is started, here, in memory; then the
 * nursery is told to fork the workers.  A watcher replaces each that leaves.
 * When three in a row could not begin the crew is broken: it replaces none any
 * more.
 */
#ifndef CREW_H
#define CREW_H

#include "client/stint_pool.h"

struct crew;

/** Fork the nursery, start the master and connect to it; nobody works yet.
 * Returns as stint_pool_open(), and then there is nothing. */
int crew_open(const struct stint_pool_options *options, struct crew **out,
    struct stint **s);

/** Start the workers, once their queue is there.  With an initializer it waits
 * until one has run. */
int crew_start(struct crew *crew);

/** How many processes there are meant to be. */
unsigned crew_size(const struct crew *crew);

/** Call `broke` from a thread of the crew when it breaks; at once if it has.
 * `text` lasts as long as the crew. */
void crew_watch(struct crew *crew,
    void (*broke)(void *arg, int code, const char *text), void *arg);

/** 0, or STINT_EINVAL: there is no such function. */
int crew_check(const struct crew *crew, const char *function);

/** Kill the workers, and replace none any more.  Any thread. */
void crew_kill(struct crew *crew);

/** End it all; its connection was closed before.  What is left can still be
 * asked and killed. */
void crew_close(struct crew *crew);

/** Close and free.  NULL is fine. */
void crew_free(struct crew *crew);

#endif
