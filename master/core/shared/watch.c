#include "master/core/shared/watch.h"

#include <stdlib.h>

#include "common/base.h"
#include "common/stint_error.h"
#include "master/core/reply.h"
#include "master/core/shared/shelf.h"
#include "master/core/verbs.h"

static bool
has_changed(const struct object *o, const struct wait_watch *watch)
{
    const struct shelf *shelf = o->is.shelf;

    if (!watch->keyed) return o->version > watch->after;
    const struct entry *e =
        shelf_find(shelf, (struct slice){ watch->key, watch->key_length });
    return (e != NULL ? e->version : shelf->lost) > watch->after;
}

static void
tell(struct core *core, struct wait *w)
{
    reply_ok(core, w->session, w->request, w->as.object.object->version);
    wait_end(&core->waits, w);
}

/* ---- changes ------------------------------------------------------------- */

void
watch_changed(struct core *core, struct object *o)
{
    struct shelf *shelf = o->is.shelf;

    if (list_is_empty(&o->line) || !list_is_empty(&shelf->watched)) return;
    list_push(&core->objects.watched, &shelf->watched);
}

void
watch_tick(struct core *core)
{
    for (struct list *node;
         (node = list_pop(&core->objects.watched)) != NULL;) {
        struct shelf *shelf = CONTAINER_OF(node, struct shelf, watched);
        LIST_FOREACH (each, after, &shelf->object->line) {
            struct wait *w = CONTAINER_OF(each, struct wait, as.object.node);
            if (has_changed(shelf->object, &w->as.watch)) tell(core, w);
        }
    }
}

/* ---- asking -------------------------------------------------------------- */

static int
check(const struct core *core, const struct session *s,
    const struct msg_watch *m, const struct object *o)
{
    if (o == NULL) return STINT_ENOOBJECT;
    if (!object_is_shared(o)) return STINT_ETYPE;
    if (m->keyed != 0 && o->kind != OBJECT_DICT) return STINT_ETYPE;
    return wait_check(&core->waits, s, m->wait_ns);
}

/* Of one that is not watched any longer than now nothing has to be kept. */
static struct wait *
make(const struct msg_watch *m, const struct object *o)
{
    struct wait *w = wait_new(WAIT_WATCH, 0);

    if (w == NULL) return NULL;
    w->as.watch.after = m->after != 0 ? m->after : o->version;
    w->as.watch.keyed = m->keyed != 0;
    if (m->keyed == 0 || m->key.length == 0) return w;
    w->as.watch.key = malloc(m->key.length);
    if (w->as.watch.key == NULL) {
        free(w);
        return NULL;
    }
    memcpy(w->as.watch.key, m->key.bytes, m->key.length);
    w->as.watch.key_length = m->key.length;
    return w;
}

void
watch_object(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    const struct msg_watch *want = &m->as.watch;
    struct object *o = object_find(core, want->object);
    int code = check(core, s, want, o);
    struct wait *w = code == 0 ? make(want, o) : NULL;

    if (w == NULL) {
        reply_error(
            core, s, want->request, code != 0 ? code : STINT_ENOMEM, NULL);
        return;
    }
    wait_begin(&core->waits, w, s, want->request,
        tick_after(now, (tick_ns)want->wait_ns));
    wait_stand(w, o, &o->line);
    if (has_changed(o, &w->as.watch)) tell(core, w);
}
