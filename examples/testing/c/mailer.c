#include "mailer.h"

#include <stdio.h>
#include <string.h>

enum { MINUTE_MS = 60 * 1000, MAIL_MAX = 1000 };

static const struct stint_queue_options options = {
    .lease_ms = 5 * MINUTE_MS,
    .backoff_ms = MINUTE_MS,
    .attempts_max = 3,
};

int
mailer_send(struct stint *s, const char *mail, int64_t delay_ms)
{
    struct stint_put_options later = { .delay_ms = delay_ms };
    struct stint_queue *q;

    if (strlen(mail) > MAIL_MAX) return STINT_ETOOLARGE;
    int rc = stint_queue_open(s, "mail", &options, &q);
    if (rc != 0) return rc;
    rc = stint_queue_put_with(q, mail, strlen(mail), &later, 10000);
    stint_queue_close(q);
    return rc;
}

int
mailer_work(
    struct stint *s, mailer_deliver_fn *deliver, void *arg, int64_t timeout_ms)
{
    char mail[MAIL_MAX + 1];
    struct stint_queue *q;
    struct stint_task *t;

    int rc = stint_queue_open(s, "mail", &options, &q);
    if (rc != 0) return rc;
    rc = stint_queue_take(q, NULL, &t, timeout_ms);
    stint_queue_close(q);
    if (rc != 0) return rc;
    struct stint_bytes text = stint_task_payload(t);
    snprintf(
        mail, sizeof mail, "%.*s", (int)text.size, (const char *)text.data);
    if (deliver(arg, mail) != 0) return stint_task_fail(t, "refused", 0);
    return stint_task_done(t, NULL, 0);
}
