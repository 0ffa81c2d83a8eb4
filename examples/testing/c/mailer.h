/**
 * mailer.h - mails that are delivered by whoever is free.
 *
 * A program puts mails into the queue "mail"; any number of workers, on any
 * machine, deliver them.  A mail that the mail server refuses is tried again
 * after a minute, then after two; the third refusal is the last.
 */
#ifndef MAILER_H
#define MAILER_H

#include <stdint.h>

#include <stint.h>

/** Hands one mail to the mail server; other than 0: it was refused. */
typedef int mailer_deliver_fn(void *arg, const char *mail);

/** Send `mail` (text of up to 1000 bytes), after `delay_ms`.
 * Returns 0 or a STINT_E…. */
int mailer_send(struct stint *s, const char *mail, int64_t delay_ms);

/** Deliver one mail, if one comes within `timeout_ms`.  Returns 0 (delivered or
 * refused), STINT_EEMPTY, STINT_ESTALE (it is somebody else's by now), …. */
int mailer_work(
    struct stint *s, mailer_deliver_fn *deliver, void *arg, int64_t timeout_ms);

#endif
