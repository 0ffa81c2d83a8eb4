/* Making a schedule, and forgetting it. */
#include "common/error.h"
#include "common/text.h"
#include "master/core/queues.h"
#include "master/core/receipt.h"
#include "master/core/reply.h"
#include "master/core/schedule.h"
#include "master/core/spare.h"
#include "master/core/verbs.h"

static bool
may(const struct session *s, const struct schedule *c)
{
    return (s->key->role & ROLE_ADMIN) != 0
           || memcmp(s->key->public_key, c->owner, PROTO_KEY_BYTES) == 0;
}

/* Told until it is heard, if it survives. */
static void
answer(struct core *core, struct session *s, uint64_t request, wall_ns value,
    bool kept, const struct queue *q)
{
    const struct msg m = {
        .type = MSG_ok,
        .as.ok = { .request = request, .value = (uint64_t)value },
    };

    reply(core, s, &m);
    if (!kept) return;
    receipt_keep(core, s, &m, q->policy.durability == QUEUE_SYNCED);
}

/* ---- making -------------------------------------------------------------- */

/* What can be said of it without looking at what is there.  Returns 0, or
 * STINT_EINVAL and what is wrong. */
static int
check_shape(const struct msg_schedule_set *m, struct cron *cron,
    char why[CRON_WHY_MAX], const char **text)
{
    int kinds = (m->at > 0) + (m->every_ns > 0) + (m->cron.length > 0);

    *text = "a name is 1 to 255 bytes without control characters";
    if (!text_is_plain(m->schedule)) return STINT_EINVAL;
    *text = "the name of a handler has no control characters";
    if (!text_is_plain(m->handler)) return STINT_EINVAL;
    *text = "a schedule has exactly one of a time, an interval and a line of "
            "cron";
    if (kinds != 1) return STINT_EINVAL;
    *text = "an interval is 100 ms at least";
    if (m->every_ns > 0 && m->every_ns < SCHEDULE_LEAST) return STINT_EINVAL;
    *text = why;
    return m->cron.length > 0 ? cron_parse(m->cron, cron, why) : 0;
}

static int
check_room(const struct core *core, const struct session *s,
    const struct msg_schedule_set *m, const struct schedule *old)
{
    size_t budget = core->config.memory_max - core->config.memory_max / 8;
    size_t used = core->memory + core->out + sizeof *old;

    if (m->payload.length > core->config.payload_max) return STINT_ETOOLARGE;
    if (old != NULL && !may(s, old)) return STINT_EROLE;
    if (used + m->payload.length > budget) return STINT_EBUDGET;
    if (old == NULL
        && HASH_CNT(by_name, core->schedules.by_name) >= SCHEDULES_MAX
        && schedule_spent(core) == NULL) {
        return STINT_ELIMIT;
    }
    return 0;
}

static struct schedule *
make(const struct session *s, const struct msg_schedule_set *m,
    const struct cron *cron, struct queue *q)
{
    struct schedule *c = schedule_new(m->schedule, m->cron, m->payload);

    if (c == NULL) return NULL;
    c->queue = q;
    c->at = (wall_ns)m->at;
    c->every = (tick_ns)m->every_ns;
    c->cron = *cron;
    c->leaves_missed = m->missed != 0;
    c->skips_open = m->skip_if_open != 0;
    c->priority = (int32_t)m->priority;
    c->attempts_max = (uint32_t)m->attempts_max;
    c->delay = (tick_ns)m->delay_ns;
    c->expires = (tick_ns)m->expires_ns;
    memcpy(c->owner, s->key->public_key, sizeof c->owner);
    if (m->handler.length > 0) {
        memcpy(c->handler, m->handler.bytes, m->handler.length);
    }
    return c;
}

/* Whose it is stays, also when an admin changes it. */
static bool
settle(struct core *core, struct schedule *old, struct schedule *c)
{
    if (old != NULL) {
        memcpy(c->owner, old->owner, sizeof c->owner);
        return schedule_replace(core, old, c);
    }
    struct schedule *spent =
        HASH_CNT(by_name, core->schedules.by_name) >= SCHEDULES_MAX
            ? schedule_spent(core)
            : NULL;
    if (!schedule_add(core, c)) return false;
    if (spent != NULL) schedule_remove(core, spent);
    return true;
}

/* Where it is refused, *text says why or is NULL: the code says it all.  `why`
 * is room for it. */
static int
set(struct core *core, tick_ns now, struct session *s,
    const struct msg_schedule_set *m, char why[CRON_WHY_MAX], const char **text)
{
    struct cron cron = { .minutes = 0 };
    struct queue *q = NULL;
    int code = check_shape(m, &cron, why, text);

    if (code != 0) return code;
    *text = NULL;
    struct schedule *old = schedule_find(core, m->schedule);
    code = check_room(core, s, m, old);
    if (code == 0) code = queues_open(core, s, m->queue, &q);
    if (code == 0 && core->disk_full && journal_keeps(core, q)) {
        code = STINT_ENOSPACE;
    }
    if (code != 0) return code;
    bool kept = old != NULL && schedule_is_kept(core, old);
    struct schedule *c = make(s, m, &cron, q);
    if (c == NULL) return STINT_ENOMEM;
    schedule_begin(core, now, c);
    if (!settle(core, old, c)) {
        schedule_free(c);
        return STINT_ENOMEM;
    }
    schedule_write(core, c);
    kept = kept || schedule_is_kept(core, c);
    answer(core, s, m->request, schedule_next(core, now, c), kept, q);
    return 0;
}

static const char *
why_not(int code)
{
    switch (code) {
    case STINT_EROLE:
        return "another key made the schedule of this name: use that one, an "
               "admin key, or another name";
    case STINT_ELIMIT:
        return "the master has as many schedules, or queues, as it may: remove "
               "some (`stint schedule remove`)";
    case STINT_EINVAL:
        return "a queue name is 1 to 255 bytes without control characters, and "
               "does not begin with job/";
    case STINT_ENOQUEUE:
        return "there is no such queue, and it is not to be made";
    default:
        return spare_advice(code);
    }
}

void
schedule_verbs_set(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    const struct msg_schedule_set *want = &m->as.schedule_set;
    const char *text = NULL;
    char why[CRON_WHY_MAX];
    int code = set(core, now, s, want, why, &text);

    if (code == 0) return;
    reply_error(core, s, want->request, code, text ? text : why_not(code));
}

/* ---- forgetting ---------------------------------------------------------- */

void
schedule_verbs_remove(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    uint64_t request = m->as.schedule_remove.request;
    struct schedule *c = schedule_find(core, m->as.schedule_remove.schedule);

    (void)now;
    if (c == NULL) {
        reply_error(core, s, request, STINT_ENOENTRY,
            "there is no schedule of this name: see `stint schedule list`");
    } else if (!may(s, c)) {
        reply_error(core, s, request, STINT_EROLE,
            "another key made this schedule: use that one, or an admin key");
    } else {
        answer(core, s, request, 0, schedule_is_kept(core, c), c->queue);
        schedule_remove(core, c);
    }
}
