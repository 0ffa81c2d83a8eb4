#include "master/core/shared/settle.h"

#include "common/base.h"
#include "master/core/shared/graves.h"
#include "master/core/shared/objrow.h"
#include "master/core/shared/ranks.h"
#include "master/core/shared/shelfrow.h"

static struct shelf *
shelf_of(struct list *node)
{
    return CONTAINER_OF(node, struct shelf, touched);
}

size_t
settle_growth(const struct changes *changes)
{
    size_t now = 0, before = 0;

    LIST_FOREACH (node, after, &changes->touched) {
        now += shelf_memory(shelf_of(node));
        before += shelf_of(node)->counted;
    }
    return now > before ? now - before : 0;
}

size_t
settle_twice(const struct changes *changes)
{
    size_t memory = 0;

    for (size_t i = 0; i < changes->count; i++) {
        const struct change *c = &changes->all[i];
        if (c->kind != CHANGE_CLEAR) continue;
        if (c->shelf->object->kind != OBJECT_VALUES) continue;
        memory += shelf_content_memory(c->shelf, c->content);
    }
    return memory;
}

/* In the order in which it was done: an entry that was replaced in turn has had
 * its row by then. */
static void
keep(struct core *core, const struct change *c)
{
    struct shelf *shelf = c->shelf;

    if (c->kind == CHANGE_CLEAR) {
        (void)graves_bury(core, shelf, c->content, 0);
        return;
    }
    if (c->before != NULL && c->after != NULL) c->after->row = c->before->row;
    if (c->after != NULL) {
        shelfrow_entry(core, shelf, c->after);
    } else if (c->before != NULL) {
        shelfrow_gone(core, shelf, c->before);
    }
    entry_free(c->before);
}

/* The rest is the same whether it lasts or not. */
static void
end(struct core *core, struct changes *changes)
{
    LIST_FOREACH (node, after, &changes->touched) {
        struct shelf *shelf = shelf_of(node);
        if (shelf_is_dict(shelf)) {
            dict_settle(&shelf->content->in.dict);
        } else {
            sequence_settle(&shelf->content->in.sequence);
        }
        size_t memory = shelf_memory(shelf);
        object_grow(
            core, shelf->object, (int64_t)memory - (int64_t)shelf->counted);
        shelf->counted = memory;
        list_remove(node);
    }
    changes->count = 0;
}

bool
settle_all(struct core *core, struct changes *changes)
{
    bool kept = false;

    for (size_t i = 0; i < changes->count; i++)
        keep(core, &changes->all[i]);
    LIST_FOREACH (node, after, &changes->touched) {
        objrow_object(core, shelf_of(node)->object);
        kept = kept || shelf_of(node)->kept;
    }
    end(core, changes);
    return kept;
}

static void
undo(const struct change *c)
{
    struct sequence *q = &c->content->in.sequence;

    switch (c->kind) {
    case CHANGE_KEY:
        dict_undo(&c->content->in.dict, c->item, c->before, c->after);
        break;
    case CHANGE_PLACE:
        (void)sequence_set(q, c->at, c->before);
        break;
    case CHANGE_INSERT:
        (void)sequence_take(q, c->at);
        break;
    case CHANGE_TAKE:
        sequence_insert(q, c->at, c->before);
        break;
    case CHANGE_RANK:
        c->after->rank = c->rank;
        return; /* It is still there. */
    case CHANGE_TURN:
        ranks_turn(c->shelf);
        break;
    case CHANGE_CLEAR:
        shelf_drop_content(c->shelf, c->shelf->content);
        c->shelf->content = c->content;
        break;
    }
    entry_free(c->after);
}

void
settle_none(struct core *core, struct changes *changes)
{
    for (size_t i = changes->count; i > 0; i--)
        undo(&changes->all[i - 1]);
    LIST_FOREACH (node, after, &changes->touched) {
        struct shelf *shelf = shelf_of(node);
        shelf->object->version = shelf->version_before;
        shelf->lost = shelf->lost_before;
        shelf->cleared = shelf->cleared_before;
    }
    end(core, changes);
}
