#include "master/core/owner.h"

#include "master/core/jobs.h"

bool
owner_may(
    const struct core *core, const struct session *s, const struct task *t)
{
    if ((s->key->role & ROLE_ADMIN) != 0) return true;
    if (t->queue->job != NULL) return jobs_may(s, t->queue->job);
    return t->ref != 0 && core->slots[t->submitter]->key == s->key;
}
