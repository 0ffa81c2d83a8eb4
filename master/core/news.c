#include "master/core/news.h"

#include <string.h>

static void
copy(char out[NEWS_NAME], struct slice text)
{
    size_t length = text.length < NEWS_NAME ? text.length : NEWS_NAME - 1;

    if (length > 0) memcpy(out, text.bytes, length);
    out[length] = '\0';
}

void
news_add(struct news *news, const struct news_item *head, struct slice who,
    struct slice where, struct slice what)
{
    if (news->count == NEWS_ROOM) {
        news->missed += 1;
        return;
    }
    struct news_item *item =
        &news->items[(news->first + news->count) % NEWS_ROOM];
    *item = *head;
    copy(item->who, who);
    copy(item->where, where);
    copy(item->what, what);
    news->count += 1;
}

bool
news_next(struct news *news, struct news_item *out)
{
    if (news->count == 0) return false;
    *out = news->items[news->first];
    news->first = (news->first + 1) % NEWS_ROOM;
    news->count -= 1;
    return true;
}

uint64_t
news_missed(struct news *news)
{
    uint64_t missed = news->missed;

    news->missed = 0;
    return missed;
}
