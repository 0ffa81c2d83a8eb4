#include "master/core/shared/page.h"

#include "common/stint_error.h"
#include "proto/record.h"

struct slice
page_zero(const struct object *o)
{
    static const uint8_t whole[] = { 0 };
    static const uint8_t real[] = { 0xcb, 0, 0, 0, 0, 0, 0, 0, 0 };

    if (o->type == VALUES_REAL) return (struct slice){ real, sizeof real };
    if (o->type == VALUES_BYTES) return (struct slice){ whole, 0 };
    return (struct slice){ whole, sizeof whole };
}

static void
add(struct step *step, const struct entry *e)
{
    const struct dict_item *item = e != NULL ? e->item : NULL;

    record_write(step->page, RECORD_entry,
        &(struct rec_entry){
            .key = { item != NULL ? item->key : NULL,
                item != NULL ? item->length : 0 },
            .value =
                e != NULL ? entry_value(e) : page_zero(step->shelf->object),
            .version = e != NULL ? e->version : 0,
        });
    step->looked += 1;
}

/* Whether another one belongs to this page, which has `count`: an entry that is
 * longer than a page comes alone. */
static bool
fits(const struct step *step, size_t begun, size_t count, struct slice value)
{
    if (count == 0) return true;
    return count < PAGE_ENTRIES
           && step->page->length - begun + value.length <= PAGE_BYTES;
}

static int
finish(struct step *step, size_t begun)
{
    struct buf *b = step->page;

    if (b->failed) return STINT_ENOMEM;
    step->done.version = step->shelf->object->version;
    if (b->length > begun) {
        step->done.value =
            (struct slice){ b->bytes + begun, b->length - begun };
    }
    return 0;
}

int
page_dict(struct step *step)
{
    const struct dict *d = &step->shelf->content->in.dict;
    size_t begun = step->page->length, count = 0;
    int64_t last = 0;

    for (size_t i = dict_behind(d, step->op->at); i < d->used; i++) {
        const struct entry *e = d->slots[i].entry;
        step->looked += 1;
        if (e == NULL) continue;
        if (!fits(step, begun, count, entry_value(e))) {
            step->done.number = last;
            break;
        }
        add(step, e);
        last = e->rank;
        count += 1;
    }
    return finish(step, begun);
}

/* As Python cuts a slice. */
static size_t
cut(int64_t at, size_t count)
{
    if (at < 0) at += (int64_t)count;
    if (at < 0) return 0;
    return (uint64_t)at < count ? (size_t)at : count;
}

int
page_places(struct step *step)
{
    size_t all = shelf_count(step->shelf), begun = step->page->length;
    size_t from = cut(step->op->at, all), to = cut(step->op->to, all);

    for (size_t i = from; i < to; i++) {
        const struct entry *e = shelf_at(step->shelf, i);
        struct slice value =
            e != NULL ? entry_value(e) : page_zero(step->shelf->object);
        if (!fits(step, begun, i - from, value)) {
            step->done.number = (int64_t)i;
            break;
        }
        add(step, e);
    }
    return finish(step, begun);
}
