#include "master/server/eventlog.h"

#include <inttypes.h>

#include "common/text.h"
#include "master/core/view.h"

enum { A_SECOND = 100 };

/* Text of peers stands between quotes: a quote of its own would end it. */
static const char *
tame(char *text)
{
    text_clean((uint8_t *)text, strlen(text));
    for (char *c = strchr(text, '"'); c != NULL; c = strchr(c, '"')) {
        *c = '\'';
    }
    return text;
}

static void
tell_session(
    const struct logger *logger, struct news_item *n, const char *event)
{
    int level = !n->is_worker          ? LOG_DEBUG
                : n->kind == NEWS_LOST ? LOG_WARNING
                                       : LOG_INFO;
    const char *kind = n->is_worker ? "worker" : "client";

    if (n->kind == NEWS_LOST) {
        logger_say(logger, level,
            "%s-%s name=\"%s\" host=\"%s\" key=\"%s\" held=%" PRIu64, kind,
            event, tame(n->who), tame(n->where), tame(n->what), n->count);
        return;
    }
    logger_say(logger, level, "%s-%s name=\"%s\" host=\"%s\" key=\"%s\"", kind,
        event, tame(n->who), tame(n->where), tame(n->what));
}

static void
tell_one(const struct logger *logger, struct news_item *n)
{
    switch (n->kind) {
    case NEWS_JOINED:
        tell_session(logger, n, "joined");
        break;
    case NEWS_BACK:
        tell_session(logger, n, "back");
        break;
    case NEWS_LEFT:
        tell_session(logger, n, "left");
        break;
    case NEWS_LOST:
        tell_session(logger, n, "lost");
        break;
    case NEWS_DEAD:
        logger_say(logger, LOG_WARNING,
            "task-dead task=%" PRIu64 " queue=\"%s\" attempts=%" PRIu64
            " worker=\"%s\"",
            n->task, tame(n->where), n->count, tame(n->who));
        break;
    case NEWS_SKIPPED:
        logger_say(logger, LOG_WARNING,
            "schedule-skipped schedule=\"%s\" queue=\"%s\" why=\"%s\""
            " skipped=%" PRIu64,
            tame(n->who), tame(n->where), tame(n->what), n->count);
        break;
    }
}

void
eventlog_tell(struct eventlog *e, struct core *core,
    const struct logger *logger, tick_ns now)
{
    struct news *news = view_news(core);
    struct news_item item;

    if (news->count == 0 && e->missed == 0) return;
    if (now - e->since >= TICK_S) {
        if (e->missed > 0) {
            logger_say(logger, LOG_WARNING, "events-left-out count=%" PRIu64,
                e->missed);
        }
        *e = (struct eventlog){ .since = now };
    }
    while (news_next(news, &item)) {
        if (e->told < A_SECOND) {
            tell_one(logger, &item);
            e->told += 1;
        } else {
            e->missed += 1;
        }
    }
    e->missed += news_missed(news);
}
