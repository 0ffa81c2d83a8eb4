/* Operations on dicts, lists and values: all of a request, or none. */
#include "common/base.h"
#include "common/error.h"
#include "master/core/receipt.h"
#include "master/core/reply.h"
#include "master/core/shared/ops.h"
#include "master/core/shared/settle.h"
#include "master/core/shared/watch.h"
#include "master/core/verbs.h"
#include "proto/record.h"

/* What an answer has besides what was read. */
enum { ANSWER_EXTRA = 16 << 10, RECORD_EXTRA = 32 };

struct share {
    struct core *core;
    struct step step;
    struct changes changes;
    struct buf page, answer;
    struct object *last; /* Whose name came last: most requests have one. */
    uint64_t index;      /* Of the operation. */
    bool synced;
};

static int
find(struct share *sh, struct slice name)
{
    struct object *o = sh->last;

    if (o != NULL && o->name_length == name.length
        && memcmp(o->name, name.bytes, name.length) == 0) {
        return 0;
    }
    o = object_find(sh->core, name);
    if (o == NULL) return STINT_ENOOBJECT;
    if (!object_is_shared(o)) return STINT_ETYPE;
    sh->last = o;
    sh->step.shelf = o->is.shelf;
    return 0;
}

/* The answer, too, is bounded: one may read the same large value 4,096 times.
 */
static int
tell(struct share *sh)
{
    size_t more = sh->step.done.value.length + RECORD_EXTRA;

    if (sh->answer.length + more
        > sh->core->config.payload_max + ANSWER_EXTRA + RECORD_EXTRA) {
        return STINT_ETOOLARGE;
    }
    record_write(&sh->answer, RECORD_op_done, &sh->step.done);
    return sh->answer.failed ? STINT_ENOMEM : 0;
}

static int
run_one(struct share *sh, const struct rec_op *op)
{
    int rc = find(sh, op->object);

    if (rc != 0) return rc;
    if (sh->step.looked > OPS_LOOKED_MAX) return STINT_ELIMIT;
    if (op->value.length > sh->core->config.payload_max) return STINT_ETOOLARGE;
    sh->step.op = op;
    buf_clear(&sh->page);
    rc = ops_run(&sh->step);
    return rc != 0 ? rc : tell(sh);
}

/* As of a put: what takes nothing more is always let in. */
static int
check_room(struct share *sh)
{
    size_t more = settle_growth(&sh->changes);
    size_t all = more + settle_twice(&sh->changes);

    if (all == 0) return 0;
    if (!object_has_room(sh->core, all)) return STINT_EBUDGET;
    if (more == 0 || !sh->core->disk_full) return 0;
    LIST_FOREACH (node, after, &sh->changes.touched) {
        if (CONTAINER_OF(node, struct shelf, touched)->kept) {
            return STINT_ENOSPACE;
        }
    }
    return 0;
}

static int
run_all(struct share *sh, struct proto_list ops)
{
    struct rec_op op;
    int rc = 0;

    while (rc == 0 && codec_list_next(&ops, RECORD_op, &op)) {
        rc = run_one(sh, &op);
        if (rc == 0) sh->index += 1;
    }
    return rc != 0 ? rc : check_room(sh);
}

static const char *
why_not(int code)
{
    switch (code) {
    case STINT_ELIMIT:
        return "more than a million entries cannot be gone through in one "
               "step: ask for less at a time, and read what is longer in "
               "slices";
    case STINT_ETOOLARGE:
        return "a value, or all that is asked for together, is larger than the "
               "master's largest payload: ask for less at a time";
    default:
        return error_text(code);
    }
}

static void
refuse(struct share *sh, struct session *s, uint64_t request, int code)
{
    settle_none(sh->core, &sh->changes);
    reply(sh->core, s,
        &(struct msg){
            .type = MSG_error,
            .as.error = {
                .request = request,
                .code = code,
                .text = slice_of(why_not(code)),
                .count = sh->index,
            },
        });
}

/* Who watches is told after who changed. */
static void
accept(struct share *sh, struct session *s, const struct msg *m)
{
    const struct msg_share *share = &m->as.share;
    const struct msg shared = {
        .type = MSG_shared,
        .as.shared = {
            .request = share->request,
            .done = {
                .bytes = { sh->answer.bytes, sh->answer.length },
                .count = share->ops.count,
            },
        },
    };
    bool synced = false;

    LIST_FOREACH (node, after, &sh->changes.touched) {
        struct shelf *shelf = CONTAINER_OF(node, struct shelf, touched);
        synced = synced
                 || (shelf->kept && shelf->object->durability == QUEUE_SYNCED);
        watch_changed(sh->core, shelf->object);
    }
    bool kept = settle_all(sh->core, &sh->changes);
    if (sh->answer.length > ANSWER_EXTRA) reply_seal(sh->core, s);
    reply(sh->core, s, &shared);
    if (kept) receipt_keep(sh->core, s, &shared, synced);
}

void
share_ops(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    struct share sh = { .core = core };

    (void)now;
    changes_init(&sh.changes);
    buf_init(&sh.page);
    buf_init(&sh.answer);
    sh.step.changes = &sh.changes;
    sh.step.page = &sh.page;
    int code = run_all(&sh, m->as.share.ops);
    core->spent += (sh.index + sh.step.looked) / PASSED_A_STEP;
    if (code == 0) {
        accept(&sh, s, m);
    } else {
        refuse(&sh, s, m->as.share.request, code);
    }
    changes_fini(&sh.changes);
    buf_fini(&sh.page);
    buf_fini(&sh.answer);
}
