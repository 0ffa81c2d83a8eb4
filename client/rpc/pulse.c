#include "client/rpc/pulse.h"

enum { OWED_BYTES_MAX = 256 * 1024 };

enum { SLOWEST_LINK = 128 * 1024 }; /* Bytes a second. */

/* Soon: a task whose delivery was not acknowledged when its worker died is
 * taken for one that never reached it. */
#define PAY_AFTER (5 * TICK_MS)

void
pulse_start(struct pulse *p, tick_ns now)
{
    *p = (struct pulse){ .sent_at = now, .heard_at = now, .pinged_at = now };
}

void
pulse_hear(struct pulse *p, tick_ns now)
{
    p->heard_at = now;
    p->asked_at = 0;
}

void
pulse_ask(struct pulse *p, tick_ns now)
{
    p->pinged_at = now;
    if (p->asked_at == 0) p->asked_at = now;
}

void
pulse_owe(struct pulse *p, tick_ns now, size_t bytes)
{
    if (p->owed_at == 0) p->owed_at = now;
    p->owed_bytes += bytes;
}

void
pulse_pay(struct pulse *p)
{
    p->owed_at = 0;
    p->owed_bytes = 0;
}

/* The master must hear of us, and we of it: but one unanswered ping in that
 * time is enough. */
tick_ns
pulse_ping_due(const struct pulse *p, tick_ns every)
{
    tick_ns heard = p->heard_at > p->pinged_at ? p->heard_at : p->pinged_at;

    return tick_after(tick_min(p->sent_at, heard), every);
}

tick_ns
pulse_pay_due(const struct pulse *p)
{
    if (p->owed_at == 0) return TICK_NEVER;
    return p->owed_bytes >= OWED_BYTES_MAX ? p->owed_at
                                           : tick_after(p->owed_at, PAY_AFTER);
}

tick_ns
pulse_gone_at(
    const struct pulse *p, tick_ns silence, tick_ns every, size_t on_the_way)
{
    if (p->asked_at == 0) return TICK_NEVER;
    return tick_after(p->asked_at,
        silence - every + (tick_ns)on_the_way * (TICK_S / SLOWEST_LINK));
}
