#include "common/error.h"
#include "master/core/greet.h"
#include "master/core/jobs.h"
#include "master/core/life.h"
#include "master/core/queues.h"
#include "master/core/reply.h"
#include "master/core/spare.h"
#include "master/core/verbs.h"

static void
answer(struct core *core, struct session *s, uint64_t request, int code,
    const char *text)
{
    if (code == 0) {
        reply_ok(core, s, request, 0);
    } else {
        reply_error(core, s, request, code, text);
    }
}

void
admin_key_add(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    const struct msg_key_add *k = &m->as.key_add;
    int code = keyring_add(
        &core->keys, k->name, (unsigned)k->role, k->public_key.bytes);

    (void)now;
    if (code == 0) {
        spare_key(core, keyring_find(&core->keys, k->public_key.bytes));
    }
    answer(core, s, k->request, code,
        code == STINT_EEXISTS ? "a key with this name exists: choose another"
                              : NULL);
}

void
admin_key_revoke(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    const struct msg_key_revoke *k = &m->as.key_revoke;
    struct key *key = keyring_named(&core->keys, k->name);

    if (key == NULL) {
        answer(core, s, k->request, STINT_ENOKEY,
            "there is no key with this name: see `stint key list`");
        return;
    }
    if (key == s->key) {
        answer(core, s, k->request, STINT_EBUSY,
            "a key does not revoke itself: use another admin key");
        return;
    }
    keyring_revoke(&core->keys, key);
    greet_cut(core, now, key);
    spare_key(core, key);
    answer(core, s, k->request, 0, NULL);
}

/* Those who come later under this name are not meant; of all of them they are.
 */
void
admin_drain(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    const struct msg_drain *d = &m->as.drain;
    uint64_t count = 0;

    (void)now;
    if (d->worker.length == 0) core->drains_all = d->undo == 0;
    for (struct session *p = core->by_id; p != NULL; p = p->by_id.next) {
        struct slice name = slice_of(p->name);
        bool is_meant =
            d->worker.length == 0 ? p->kind == 1 : slice_equal(name, d->worker);
        if (!is_meant || p->state != SESSION_LIVE) continue;
        p->draining = d->undo == 0 && d->worker.length > 0;
        count += 1;
    }
    for (uint32_t i = 0; i < core->queues_count; i++)
        life_touch(core, core->queues[i]);
    reply_ok(core, s, d->request, count);
}

/* Paused, a queue hands out nothing of its own nor of its jobs; of a job only
 * its own tasks wait. */
void
admin_pause(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    const struct msg_pause *p = &m->as.pause;
    struct queue *q;

    (void)now;
    if (p->queue.length > 0) {
        q = queues_find(core, p->queue);
        if (q == NULL) {
            reply_error(core, s, p->request, STINT_ENOQUEUE, NULL);
            return;
        }
    } else {
        const struct job *job = jobs_of_request(core, s, p->job, p->request);
        if (job == NULL) return;
        q = job->queue;
    }
    q->paused = p->undo == 0;
    journal_queue(core, q);
    life_touch(core, q);
    reply_ok(core, s, p->request, 0);
}

void
admin_stop(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    (void)now;
    core->stop_asked = true;
    answer(core, s, m->as.stop.request, 0, NULL);
}
