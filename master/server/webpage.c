#include "master/server/webpage.h"

#include "common/base.h"
#include "master/server/webjson.h"
#include "master/server/webmetrics.h"
#include "master/server/webtext.h"

static unsigned
show_health(
    struct buf *out, const struct webview *view, const struct webquery *query)
{
    (void)view;
    (void)query;
    webtext_put(out, "ok\n");
    return 200;
}

/* A full disk is no reason to be avoided: completions still come in, and they
 * are what makes room. */
static unsigned
show_ready(
    struct buf *out, const struct webview *view, const struct webquery *query)
{
    (void)query;
    if (view->meters->stopping) {
        webtext_put(out, "stopping\n");
        return 503;
    }
    webtext_put(out, "ready\n");
    return 200;
}

static const char PLAIN[] = "text/plain; charset=utf-8";
static const char METRICS[] = "text/plain; version=0.0.4; charset=utf-8";
static const char JSON[] = "application/json";

static const struct webpage pages[] = {
    { "/healthz", PLAIN, true, false, false, show_health },
    { "/readyz", PLAIN, true, false, false, show_ready },
    { "/metrics", METRICS, false, true, false, webmetrics_show },
    { "/v1/master", JSON, false, false, false, webjson_master },
    { "/v1/queues", JSON, false, true, true, webjson_queues },
    { "/v1/jobs", JSON, false, true, true, webjson_jobs },
    { "/v1/workers", JSON, false, true, true, webjson_workers },
    { "/v1/tasks", JSON, false, true, true, webjson_tasks },
};

const struct webpage *
webpage_find(const char *path)
{
    for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
        if (strcmp(pages[i].path, path) == 0) return &pages[i];
    }
    return NULL;
}

const char *
webpage_error(struct buf *out, const char *path, const char *sentence)
{
    bool is_json = strncmp(path, "/v1/", strlen("/v1/")) == 0;

    if (is_json) {
        webjson_error(out, sentence);
    } else {
        webtext_put(out, "%s\n", sentence);
    }
    return is_json ? JSON : PLAIN;
}

/* ---- what is asked for --------------------------------------------------- */

/* 18 digits fit. */
static bool
read_number(const char *text, uint64_t *out)
{
    size_t length = strspn(text, "0123456789");

    if (length == 0 || length > 18 || text[length] != '\0') return false;
    *out = strtoull(text, NULL, 10);
    return true;
}

static const char *
ask_state(struct webquery *query, const char *value)
{
    for (unsigned i = 0; webtext_state(i) != NULL; i++) {
        if (strcmp(webtext_state(i), value) != 0) continue;
        query->state = i + 1;
        return NULL;
    }
    return "state is ready, delayed, leased, dead, done, cancelled or expired";
}

const char *
webpage_ask(struct webquery *query, const char *name, const char *value)
{
    if (strcmp(name, "queue") == 0) {
        query->queue = slice_of(value);
        return NULL;
    }
    if (strcmp(name, "state") == 0) return ask_state(query, value);
    if (strcmp(name, "after") == 0) {
        return read_number(value, &query->after)
                   ? NULL
                   : "after is the \"next\" of the page before";
    }
    if (strcmp(name, "limit") == 0) {
        return read_number(value, &query->limit) && query->limit >= 1
                       && query->limit <= WEBPAGE_LIMIT_MOST
                   ? NULL
                   : "limit is a number from 1 to 1000";
    }
    return "there are queue, state, after and limit";
}
