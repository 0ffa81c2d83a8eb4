/* The verb job_open. */
#include "common/base.h"
#include "common/error.h"
#include "common/text.h"
#include "master/core/jobs.h"
#include "master/core/lane.h"
#include "master/core/queues.h"
#include "master/core/reply.h"
#include "master/core/spare.h"
#include "master/core/verbs.h"
#include "proto/record.h"

static const tick_ns KEEP_USUAL = 7 * 24 * 3600 * TICK_S;

static void
tell(struct core *core, struct session *s, uint64_t request,
    const struct job *job, bool existed)
{
    reply(core, s,
        &(struct msg){
            .type = MSG_job_is,
            .as.job_is = {
                .request = request,
                .job = job->number,
                .existed = existed,
                .tasks = job->queue->accepted,
                .closed = job->end != JOB_OPEN,
            },
        });
}

static bool
is_named(const char *have, struct slice name)
{
    return slice_equal(slice_of(have), name);
}

/* I6: asked again after a restart, it was opened already. */
static struct job *
find_opened(struct core *core, const struct session *s, uint64_t request)
{
    struct job *found = NULL;
    uint64_t passed = 0;

    LIST_FOREACH (node, after, &s->jobs) {
        struct job *job = CONTAINER_OF(node, struct job, of_session);
        passed += 1;
        if (job->request == request) found = job;
        if (found != NULL) break;
    }
    core->spent += passed / PASSED_A_STEP;
    return found;
}

static bool
is_command(struct slice bytes)
{
    struct cursor c = { bytes.bytes, bytes.bytes + bytes.length };
    struct rec_command command;
    const char *where;

    return record_read(&c, RECORD_command, &command, &where) == 0
           && c.at == c.end && text_is_plain(command.cwd);
}

static int
check(const struct msg_job_open *o, const char **why)
{
    *why = "name, key and handler are plain text without control characters";
    if (!text_is_plain(o->name) || !text_is_plain(o->key)
        || !text_is_plain(o->handler)) {
        return STINT_EINVAL;
    }
    *why = "a job of a command needs that, and only such a one has it";
    bool has_command = o->command.length > 0;
    if (has_command != (o->program == JOB_PROGRAM_COMMAND)) {
        return STINT_EINVAL;
    }
    *why = "that is no command";
    if (has_command && !is_command(o->command)) return STINT_EINVAL;
    *why = "which handler?";
    if (o->program == JOB_PROGRAM_HANDLER && o->handler.length == 0) {
        return STINT_EINVAL;
    }
    *why = NULL;
    return 0;
}

static struct queue_policy
policy_of(const struct core *core, const struct queue *parent,
    const struct msg_job_open *o)
{
    struct queue_policy policy;

    queues_policy(core, &policy);
    policy.durability = parent->policy.durability;
    if (o->durability != 0 && core->config.durable) {
        policy.durability = (uint8_t)(o->durability - 1);
    }
    policy.lease = parent->policy.lease;
    policy.retry = parent->policy.retry;
    if (o->attempts_max != 0) {
        policy.retry.attempts_max = (uint32_t)o->attempts_max;
    }
    if (o->backoff_ns != 0) policy.retry.delay_first = (tick_ns)o->backoff_ns;
    if (policy.retry.delay_max < policy.retry.delay_first) {
        policy.retry.delay_max = policy.retry.delay_first;
    }
    if (o->window != 0) policy.max_tasks = o->window;
    return policy;
}

static void
copy(char *out, struct slice text)
{
    if (text.length > 0) memcpy(out, text.bytes, text.length);
    out[text.length] = '\0';
}

static struct job *
make(struct core *core, tick_ns now, const struct session *s,
    const struct msg_job_open *o)
{
    struct job *job = job_new(core->jobs.last + 1, o->command);

    if (job == NULL) return NULL;
    copy(job->name, o->name);
    copy(job->key, o->key);
    copy(job->handler, o->handler);
    memcpy(job->owner, s->key->public_key, PROTO_KEY_BYTES);
    job->submitter = s->slot;
    job->request = o->request;
    job->program = (uint8_t)o->program;
    job->timeout = (tick_ns)o->timeout_ns;
    job->running_max = (uint32_t)o->running_max;
    if (o->losses_plus_one != 0) {
        job->losses = (uint32_t)o->losses_plus_one - 1;
    }
    job->priority = (int32_t)o->priority;
    job->halt = (uint8_t)o->halt;
    job->halt_percent = (uint8_t)o->halt_percent;
    job->halt_count = o->halt_count;
    job->keep = o->keep_ns != 0 ? (tick_ns)o->keep_ns : KEEP_USUAL;
    if (o->expires_ns != 0) {
        job->expires = tick_after(now, (tick_ns)o->expires_ns);
    }
    job->born = now;
    return job;
}

/* A job that is alike is what this one would be. */
static bool
is_alike(const struct job *job, const struct msg_job_open *o)
{
    struct needs needs = { .count = 0 };
    const char *why;

    if (needs_of_job(o->needs, (unsigned)o->program, o->handler, &needs, &why)
        != 0) {
        return false;
    }
    bool alike = needs_equal(&needs, &job->needs);
    needs_fini(&needs);
    return alike && is_named(job->parent->name, o->queue)
           && job->program == o->program && is_named(job->handler, o->handler)
           && slice_equal(job->command, o->command);
}

static int
open_new(struct core *core, tick_ns now, struct session *s,
    const struct msg_job_open *o, struct job **out, const char **why)
{
    struct queue *parent;
    size_t budget = core->config.memory_max - core->config.memory_max / 8;

    int code = check(o, why);
    if (code != 0) return code;
    code = queues_open(core, s, o->queue, &parent);
    if (code != 0) return code;
    if (parent->shut) return STINT_ESHUTDOWN;
    const struct queue_policy policy = policy_of(core, parent, o);
    if (core->disk_full && core->config.durable
        && policy.durability != QUEUE_MEMORY) {
        return STINT_ENOSPACE;
    }
    struct job *job = make(core, now, s, o);
    if (job == NULL) return STINT_ENOMEM;
    job->parent = parent;
    code = needs_of_job(
        o->needs, (unsigned)o->program, o->handler, &job->needs, why);
    if (code != 0) {
        job_free(job);
        return code;
    }
    size_t more = jobs_memory(job) + lane_memory(&job->needs);
    if (core->memory + core->out + more > budget) {
        job_free(job);
        *why = spare_advice(STINT_EBUDGET);
        return STINT_EBUDGET;
    }
    *why = "the master holds as many jobs as it may, and what nobody has read "
           "it forgets when it is told to: `stint forget all` (all that have "
           "ended), or `stint forget 3-9`";
    code = jobs_add(core, job, &policy);
    if (code != STINT_ELIMIT) *why = NULL;
    *out = job;
    return code;
}

void
job_open(struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    const struct msg_job_open *o = &m->as.job_open;
    const char *why = NULL;
    struct job *job = find_opened(core, s, o->request);

    if (job != NULL) {
        tell(core, s, o->request, job, false);
        return;
    }
    if (o->key.length > 0) job = jobs_of_key(core, s->key->public_key, o->key);
    if (job != NULL && is_alike(job, o)) {
        tell(core, s, o->request, job, true);
        return;
    }
    if (job != NULL) {
        reply_error(core, s, o->request, STINT_EEXISTS,
            "there is another job of this key: give a new key, or forget it");
        return;
    }
    int code = open_new(core, now, s, o, &job, &why);
    if (code != 0) {
        reply_error(core, s, o->request, code, why);
        return;
    }
    list_push(&s->jobs, &job->of_session);
    journal_queue(core, job->queue);
    journal_job(core, job);
    tell(core, s, o->request, job, false);
}
