#include "master/core/queues.h"

#include <stdlib.h>

#include "common/error.h"
#include "common/text.h"
#include "master/core/emptying.h"
#include "master/core/life.h"
#include "master/core/reply.h"
#include "master/core/verbs.h"

struct queue *
queues_find(const struct core *core, struct slice name)
{
    struct queue *found;

    HASH_FIND(by_name, core->by_name, name.bytes, name.length, found);
    return found;
}

/* Names go to terminals and files. */
static bool
is_name(struct slice name)
{
    return name.length >= 1 && name.length <= PROTO_NAME_MAX
           && text_is_plain(name);
}

void
queues_policy(const struct core *core, struct queue_policy *policy)
{
    queue_policy_init(policy);
    policy->durability =
        core->config.durable ? core->config.durability : QUEUE_MEMORY;
}

int
queues_restore(struct core *core, struct slice name,
    const struct queue_policy *policy, struct queue **out)
{
    if (!is_name(name)) return STINT_EINVAL;
    if (core->queues_count >= core->config.queues_max) return STINT_ELIMIT;
    if (core->queues_count == core->queues_capacity) {
        uint32_t want =
            core->queues_capacity == 0 ? 16 : core->queues_capacity * 2;
        struct queue **grown =
            realloc(core->queues, want * sizeof(struct queue *));
        if (grown == NULL) return STINT_ENOMEM;
        core->queues = grown;
        core->queues_capacity = want;
    }
    struct queue *q = queue_new(name, policy, core->queues_count);
    if (q == NULL) return STINT_ENOMEM;
    HASH_ADD_KEYPTR(by_name, core->by_name, q->name, name.length, q);
    if (!HASH_IS_IN(by_name, q)) {
        queue_free(q);
        return STINT_ENOMEM;
    }
    core->queues[core->queues_count++] = q;
    *out = q;
    return 0;
}

static int
make(struct core *core, struct slice name, const struct queue_policy *policy,
    struct queue **out)
{
    /* The queues of jobs are called so. */
    static const char jobs[] = "job/";
    enum { LENGTH = sizeof jobs - 1 };
    if (name.length >= LENGTH && memcmp(name.bytes, jobs, LENGTH) == 0) {
        return STINT_EINVAL;
    }
    return queues_restore(core, name, policy, out);
}

int
queues_make(struct core *core, struct slice name,
    const struct queue_policy *policy, struct queue **out)
{
    int rc = make(core, name, policy, out);

    if (rc == 0) journal_queue(core, *out);
    return rc;
}

void
queues_made_by(struct queue *q, struct key *key)
{
    q->maker = key;
    if (key != NULL) key->queues += 1;
}

int
queues_open(struct core *core, const struct session *s, struct slice name,
    struct queue **out)
{
    enum { QUEUES_OF_A_WORKER = 256 };
    struct queue_policy policy;

    *out = queues_find(core, name);
    if (*out != NULL) return 0;
    if (core->config.no_create) return STINT_ENOQUEUE;
    if (!key_may_submit(s->key) && s->key->queues >= QUEUES_OF_A_WORKER) {
        return STINT_ELIMIT;
    }
    queues_policy(core, &policy);
    int code = make(core, name, &policy, out);
    if (code != 0) return code;
    queues_made_by(*out, s->key);
    journal_queue(core, *out);
    return 0;
}

void
queues_fini(struct core *core)
{
    HASH_CLEAR(by_name, core->by_name);
    for (uint32_t i = 0; i < core->queues_count; i++)
        queue_free(core->queues[i]);
    free(core->queues);
}

/* ---- declare ------------------------------------------------------------- */

static tick_ns
or_default(uint64_t value, tick_ns otherwise)
{
    return value == 0 ? otherwise : (tick_ns)value;
}

static struct queue_policy
policy_of(const struct core *core, const struct msg_declare *d)
{
    struct queue_policy policy;

    queues_policy(core, &policy);
    if (d->set == 0) return policy;
    if (d->durability != 0 && core->config.durable) {
        policy.durability = (uint8_t)(d->durability - 1);
    }
    policy.kind = (uint8_t)d->kind;
    if (d->max_tasks != 0) policy.max_tasks = d->max_tasks;
    if (d->max_bytes != 0) policy.max_bytes = d->max_bytes;
    policy.lease = or_default(d->lease_ns, policy.lease);
    struct retry_policy *retry = &policy.retry;
    if (d->attempts_max != 0) retry->attempts_max = (uint32_t)d->attempts_max;
    retry->delay_first = or_default(d->backoff_ns, retry->delay_first);
    retry->delay_max = or_default(d->backoff_max_ns, retry->delay_max);
    if (retry->delay_max < retry->delay_first) {
        retry->delay_max = retry->delay_first;
    }
    return policy;
}

static int
declare(struct core *core, const struct session *s, const struct msg_declare *d)
{
    struct queue *q = queues_find(core, d->queue);
    struct queue_policy policy = policy_of(core, d);

    if (q != NULL) {
        if (d->set == 0 || queue_policy_equal(&policy, &q->policy)) return 0;
        return STINT_EEXISTS;
    }
    if (d->only_open != 0) return STINT_ENOQUEUE;
    if (d->set == 0) return queues_open(core, s, d->queue, &q);
    if (!key_may_submit(s->key)) return STINT_EROLE;
    return queues_make(core, d->queue, &policy, &q);
}

static const char *
why_not(int code)
{
    switch (code) {
    case STINT_EEXISTS:
        return "the queue exists already with other options: open it without "
               "options, or give the same ones";
    case STINT_ENOQUEUE:
        return "there is no such queue, and it is not to be made";
    case STINT_EROLE:
        return "a key with the role work may not make a queue with options: "
               "make it with a submit or admin key";
    case STINT_EINVAL:
        return "a queue name is 1 to 255 bytes without control characters, and "
               "does not begin with job/";
    case STINT_ELIMIT:
        return "the master holds as many queues as it may, or this key has the "
               "role work and made 256 by first use: make it with a submit or "
               "admin key";
    default:
        return error_text(code);
    }
}

void
queues_declare(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    const struct msg_declare *d = &m->as.declare;
    int code = declare(core, s, d);

    (void)now;
    if (code == 0) {
        reply_ok(core, s, d->request, 0);
    } else {
        reply_error(core, s, d->request, code, why_not(code));
    }
}

/* ---- join, shutdown ------------------------------------------------------ */

void
queues_join(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    const struct msg_join *j = &m->as.join;
    struct queue *q = queues_find(core, j->queue);

    if (q == NULL) {
        reply_error(core, s, j->request, STINT_ENOQUEUE, NULL);
        return;
    }
    int code = wait_check(&core->waits, s, j->wait_ns);
    struct wait *w = code == 0 ? wait_new(WAIT_JOIN, 1) : NULL;
    if (w == NULL) {
        reply_error(core, s, j->request, code != 0 ? code : STINT_ENOMEM, NULL);
        return;
    }
    wait_begin(
        &core->waits, w, s, j->request, tick_after(now, (tick_ns)j->wait_ns));
    wait_line_up(w, 0, q);
    life_touch(core, q);
}

void
queues_shutdown(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    const struct msg_shutdown *d = &m->as.shutdown;
    struct queue *q = queues_find(core, d->queue);

    if (q == NULL) {
        reply_error(core, s, d->request, STINT_ENOQUEUE, NULL);
        return;
    }
    q->shut = true;
    if (d->immediate != 0) {
        q->emptied = true;
        emptying_begin(core, now, q);
    }
    journal_queue(core, q);
    life_touch(core, q);
    reply_ok(core, s, d->request, 0);
}
