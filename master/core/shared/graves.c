#include "master/core/shared/graves.h"

#include <stdlib.h>

#include "common/base.h"

enum { BURIED_AT_ONCE = 256 };

struct grave {
    struct list node;
    bool is_dict;
    struct shelf_content *content;
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

/* Without memory for a grave it goes at once. */
void
graves_bury(
    struct core *core, const struct shelf *shelf, struct shelf_content *content)
{
    bool is_dict = shelf_is_dict(shelf);
    size_t count = is_dict ? content->in.dict.used : content->in.sequence.count;
    struct grave *g = count > BURIED_AT_ONCE ? malloc(sizeof *g) : NULL;

    if (g == NULL) {
        shelf_drop_content(shelf, content);
        return;
    }
    g->is_dict = is_dict;
    g->content = content;
    if (is_dict) dict_scrap(&content->in.dict);
    list_init(&g->node);
    list_push(&core->objects.graves, &g->node);
    core->memory += memory_of(g);
}

/* Returns whether anything is left of it. */
static bool
clear_some(struct core *core, struct grave *g, size_t most)
{
    struct shelf_content *content = g->content;

    core->memory -= memory_of(g);
    bool more = g->is_dict ? dict_scrap_some(&content->in.dict, most)
                           : sequence_scrap_some(&content->in.sequence, most);
    if (more) {
        core->memory += memory_of(g);
        return true;
    }
    if (g->is_dict) {
        dict_fini(&content->in.dict);
    } else {
        sequence_fini(&content->in.sequence);
    }
    list_remove(&g->node);
    free(content);
    free(g);
    return false;
}

void
graves_tick(struct core *core)
{
    struct list *node = list_first(&core->objects.graves);

    if (node != NULL) {
        (void)clear_some(core, grave_of(node), core->config.steps_max);
    }
}

void
graves_fini(struct core *core)
{
    for (struct list *node;
         (node = list_first(&core->objects.graves)) != NULL;) {
        (void)clear_some(core, grave_of(node), SIZE_MAX);
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
