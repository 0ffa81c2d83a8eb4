/**
 * news.h - what happened that a person may want to read of.     [layer: core]
 *
 * A ring of fixed room: what does not fit is counted and not kept, so that a
 * storm costs nothing.  Nothing of it is on the way of a task that ends well.
 */
#ifndef NEWS_H
#define NEWS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/slice.h"

enum news_kind {
    NEWS_JOINED,  /* A session is new, */
    NEWS_BACK,    /* is heard of again after it was silent, */
    NEWS_LEFT,    /* said bye, */
    NEWS_LOST,    /* is silent: what it held went back. */
    NEWS_DEAD,    /* A task has used up its attempts. */
    NEWS_SKIPPED, /* A schedule was due and put nothing. */
};

enum { NEWS_ROOM = 64, NEWS_NAME = 96 };

struct news_item {
    enum news_kind kind;
    bool is_worker;       /* A session: which kind of one. */
    uint64_t task, count; /* Dead: its id, its attempts.  Lost: tasks held.
                             Skipped: how often in all. */
    /* Sessions: name, host, key.  Tasks: last worker, queue.  Schedules: name,
     * queue, why. */
    char who[NEWS_NAME], where[NEWS_NAME], what[NEWS_NAME];
};

struct news {
    struct news_item items[NEWS_ROOM];
    uint32_t first, count;
    uint64_t missed;
};

/** Keep one more item, names and texts cut to fit. */
void news_add(struct news *news, const struct news_item *head, struct slice who,
    struct slice where, struct slice what);

/** Take the oldest one; false when there is none. */
bool news_next(struct news *news, struct news_item *out);

/** How many did not fit since the last call. */
uint64_t news_missed(struct news *news);

#endif
