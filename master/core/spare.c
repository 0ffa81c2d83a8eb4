#include "master/core/spare.h"

#include "common/base.h"
#include "common/stint_error.h"

/* Nobody may read what a key left behind that may not come in any more, but an
 * admin: who is not asked whether he has. */
static bool
is_left(const struct core *core, const struct job *job)
{
    const struct key *owner = keyring_find(&core->keys, job->owner);

    return owner == NULL || owner->revoked;
}

bool
spare_is(const struct core *core, const struct job *job)
{
    if (is_left(core, job)) return true;
    if (job->files != NULL && job->files->tasks != NULL) return false;
    if (job->ends.kept == 0) return true;
    return job->read[ENDS_BY_NUMBER] >= job->ends.given
           || (job->again == UINT64_MAX
               && job->read[ENDS_BY_SEQ] >= job->queue->accepted);
}

void
spare_look(struct core *core, struct job *job)
{
    bool is =
        job->ended != 0 && job->end != JOB_FORGOTTEN && spare_is(core, job);

    if (is == !list_is_empty(&job->spare)) return;
    list_remove(&job->spare);
    if (is) list_push(&core->jobs.spare, &job->spare);
}

void
spare_key(struct core *core, const struct key *key)
{
    LIST_FOREACH (node, after, &core->jobs.order) {
        struct job *job = CONTAINER_OF(node, struct job, order);
        if (memcmp(job->owner, key->public_key, PROTO_KEY_BYTES) == 0) {
            spare_look(core, job);
        }
    }
}

void
spare_read(
    struct core *core, struct job *job, enum ends_order order, uint64_t to)
{
    if (to > job->read[order]) job->read[order] = to;
    spare_look(core, job);
}

void
spare_again(struct job *job)
{
    if (job->again == UINT64_MAX) job->again = job->ends.given + 1;
    list_remove(&job->spare);
}

struct job *
spare_first(const struct core *core)
{
    struct list *node = list_first(&core->jobs.spare);

    return node == NULL ? NULL : CONTAINER_OF(node, struct job, spare);
}

const char *
spare_advice(int code)
{
    if (code != STINT_EBUDGET) return NULL;
    return "the master's memory budget is used up: wait until tasks have ended "
           "and results are read, forget jobs that ended (`stint forget all`), "
           "or raise --memory-max";
}

bool
spare_is_due(const struct core *core)
{
    size_t max = core->config.memory_max;

    return !list_is_empty(&core->jobs.spare)
           && core->memory + core->out > max - max / 4;
}
