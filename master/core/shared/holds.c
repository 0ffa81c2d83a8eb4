#include "master/core/shared/holds.h"

#include <stdlib.h>

#include "common/base.h"
#include "common/check.h"
#include "master/core/shared/objrow.h"

struct hold *
holds_new(struct core *core)
{
    struct hold *h = calloc(1, sizeof *h);

    if (h == NULL) return NULL;
    list_init(&h->of_session);
    list_init(&h->of_object);
    core->memory += sizeof *h;
    return h;
}

void
holds_free(struct core *core, struct hold *h)
{
    if (h == NULL) return;
    CHECK(h->object == NULL);
    core->memory -= sizeof *h;
    free(h);
}

void
holds_restore(struct hold *h, struct object *o, struct session *s)
{
    CHECK(h->object == NULL && h->count > 0);
    h->object = o;
    h->session = s;
    list_push(&o->holds, &h->of_object);
    list_push(&s->holds, &h->of_session);
    s->pipe_ends += o->kind == OBJECT_PIPE;
}

void
holds_begin(
    struct core *core, struct hold *h, struct object *o, struct session *s)
{
    holds_restore(h, o, s);
    h->since = core->now;
    objrow_hold(core, h);
}

void
holds_end(struct core *core, struct hold *h)
{
    objrow_hold_gone(core, h);
    h->session->pipe_ends -= h->object->kind == OBJECT_PIPE;
    list_remove(&h->of_object);
    list_remove(&h->of_session);
    h->object = NULL;
    h->session = NULL;
}

void
holds_changed(struct core *core, struct hold *h)
{
    objrow_hold(core, h);
}

/* In whichever list ends first: a session may hold very many objects, and an
 * object may be held by very many. */
struct hold *
holds_find(const struct object *o, const struct session *s)
{
    struct list *of_s = s->holds.next, *of_o = o->holds.next;

    for (; of_s != &s->holds && of_o != &o->holds;
         of_s = of_s->next, of_o = of_o->next) {
        struct hold *h = CONTAINER_OF(of_s, struct hold, of_session);
        if (h->object == o) return h;
        h = CONTAINER_OF(of_o, struct hold, of_object);
        if (h->session == s) return h;
    }
    return NULL;
}
