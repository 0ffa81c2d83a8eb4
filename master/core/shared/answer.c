#include "master/core/shared/answer.h"

#include "master/core/receipt.h"
#include "master/core/reply.h"

void
answer(struct core *core, const struct object *o, struct session *s,
    const struct msg *m)
{
    reply(core, s, m);
    if (object_is_kept(core, o)) {
        receipt_keep(core, s, m, o->durability == QUEUE_SYNCED);
    }
}

void
answer_ok(struct core *core, const struct object *o, struct session *s,
    uint64_t request, uint64_t value)
{
    answer(core, o, s,
        &(struct msg){
            .type = MSG_ok,
            .as.ok = { .request = request, .value = value },
        });
}

void
answer_synced(struct core *core, const struct object *o, struct session *s,
    struct msg_synced synced)
{
    answer(
        core, o, s, &(struct msg){ .type = MSG_synced, .as.synced = synced });
}

void
answer_look(struct core *core, struct session *s, struct msg_synced synced)
{
    reply(core, s, &(struct msg){ .type = MSG_synced, .as.synced = synced });
}
