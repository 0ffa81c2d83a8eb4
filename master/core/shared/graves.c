#include "master/core/shared/graves.h"

#include <stdlib.h>

#include "common/base.h"

enum { BURIED_AT_ONCE = 256 };

struct grave {
    struct list node;
    struct shelf_content *content; /* Owned. */
    bool is_dict;
    bool kept;       /* Entries have rows. */
    uint64_t object; /* Its row goes with the last of them; 0: none does. */
};

static struct grave *
grave_of(struct list *node)
{
    return CONTAINER_OF(node, struct grave, node);
}

static size_t
memory_of(const struct grave *g)
{
    return sizeof *g->content
           + (g->is_dict ? dict_memory(&g->content->in.dict)
                         : sequence_memory(&g->content->in.sequence));
}

static size_t
length_of(const struct grave *g)
{
    return g->is_dict ? g->content->in.dict.used
                      : g->content->in.sequence.count;
}

static bool
take_last(struct grave *g, struct entry **last)
{
    return g->is_dict ? dict_scrap_last(&g->content->in.dict, last)
                      : sequence_scrap_last(&g->content->in.sequence, last);
}

static void
free_content(const struct grave *g)
{
    if (g->is_dict) {
        dict_fini(&g->content->in.dict);
    } else {
        sequence_fini(&g->content->in.sequence);
    }
    free(g->content);
}

/* Returns whether anything is left of it. */
static bool
clear_some(struct core *core, struct grave *g, size_t most)
{
    struct entry *e = NULL;

    for (; most > 0 && take_last(g, &e); most--) {
        if (e == NULL) continue;
        if (g->kept && e->row != 0) journal_drop(core, ROW_entry, e->row);
        entry_free(e);
    }
    if (length_of(g) > 0) return true;
    if (g->kept && g->object != 0) journal_drop(core, ROW_object, g->object);
    free_content(g);
    return false;
}

/* Without memory for a grave it goes at once. */
bool
graves_bury(struct core *core, const struct shelf *shelf,
    struct shelf_content *content, uint64_t object)
{
    struct grave now = {
        .content = content, .is_dict = shelf_is_dict(shelf), .kept = shelf->kept
    };
    struct grave *g =
        length_of(&now) > BURIED_AT_ONCE ? malloc(sizeof *g) : NULL;

    if (now.is_dict) dict_scrap(&content->in.dict);
    if (g == NULL) {
        (void)clear_some(core, &now, SIZE_MAX);
        return false;
    }
    *g = now;
    g->object = object;
    list_init(&g->node);
    list_push(&core->objects.graves, &g->node);
    core->memory += memory_of(g);
    return true;
}

/* Free some of it, and the grave when it is empty. */
static void
tend(struct core *core, struct grave *g, size_t most)
{
    core->memory -= memory_of(g);
    if (clear_some(core, g, most)) {
        core->memory += memory_of(g);
        return;
    }
    list_remove(&g->node);
    free(g);
}

void
graves_tick(struct core *core)
{
    struct list *node = list_first(&core->objects.graves);

    if (node != NULL) tend(core, grave_of(node), core->config.steps_max);
}

void
graves_fini(struct core *core)
{
    for (struct list *node;
         (node = list_first(&core->objects.graves)) != NULL;) {
        grave_of(node)->kept = false;
        tend(core, grave_of(node), SIZE_MAX);
    }
}

size_t
graves_memory(const struct core *core)
{
    size_t memory = 0;

    LIST_FOREACH (node, after, &core->objects.graves) {
        memory += memory_of(grave_of(node));
    }
    return memory;
}
