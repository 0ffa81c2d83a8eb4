#include "master/core/shared/shelfrow.h"

void
shelfrow_entry(struct core *core, const struct shelf *shelf, struct entry *e)
{
    const struct object *o = shelf->object;

    if (!shelf->kept) return;
    if (e->row == 0) e->row = ++core->objects.entries;
    journal_put(core, ROW_entry, e->row, RECORD_kept_entry,
        &(struct rec_kept_entry){
            .object = o->number,
            .rank = shelf->reversed ? -e->rank : e->rank,
            .key = { e->item != NULL ? e->item->key : NULL,
                e->item != NULL ? e->item->length : 0 },
            .value = entry_value(e),
            .version = e->version,
        },
        o->durability == QUEUE_SYNCED);
}

void
shelfrow_gone(
    struct core *core, const struct shelf *shelf, const struct entry *e)
{
    if (shelf->kept && e->row != 0) journal_drop(core, ROW_entry, e->row);
}
