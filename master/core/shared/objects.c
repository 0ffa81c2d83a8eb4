#include "master/core/shared/objects.h"

#include "common/base.h"
#include "common/error.h"
#include "master/core/reply.h"
#include "master/core/shared/answer.h"
#include "master/core/shared/holds.h"
#include "master/core/shared/objrow.h"
#include "master/core/shared/pipe_flow.h"
#include "master/core/shared/shelves.h"
#include "master/core/verbs.h"

enum { PARTIES_MAX = 65535 };

/* ---- what each kind has -------------------------------------------------- */

int
objects_furnish(struct core *core, struct object *o)
{
    switch ((enum object_kind)o->kind) {
    case OBJECT_LOCK:
    case OBJECT_RLOCK:
        list_init(&o->is.lock.first);
        break;
    case OBJECT_SEMAPHORE:
        o->is.semaphore.permits = o->size;
        break;
    case OBJECT_BARRIER:
        list_init(&o->is.barrier.passing);
        break;
    case OBJECT_CONDITION:
    case OBJECT_EVENT:
        break;
    case OBJECT_DICT:
    case OBJECT_LIST:
    case OBJECT_VALUES:
        return shelves_furnish(core, o);
    case OBJECT_PIPE:
        return STINT_EINVAL;
    }
    return 0;
}

/* Take it away again; rows stay. */
static void
strip(struct core *core, struct object *o)
{
    switch ((enum object_kind)o->kind) {
    case OBJECT_CONDITION:
        o->is.condition.lock->is.lock.conditions -= 1;
        break;
    case OBJECT_DICT:
    case OBJECT_LIST:
    case OBJECT_VALUES:
        shelves_strip(core, o);
        break;
    case OBJECT_LOCK:
    case OBJECT_RLOCK:
    case OBJECT_SEMAPHORE:
    case OBJECT_EVENT:
    case OBJECT_BARRIER:
        break;
    case OBJECT_PIPE:
        pipe_strip(core, o);
        break;
    }
}

/* ---- opening ------------------------------------------------------------- */

static uint8_t
durability_of(const struct core *core, const struct msg_object_open *m)
{
    if (!core->config.durable) return QUEUE_MEMORY;
    if (m->durability == 0) return core->config.durability;
    return (uint8_t)(m->durability - 1);
}

static bool
has_fit_options(const struct msg_object_open *m)
{
    uint64_t flags = 0;

    switch ((enum object_kind)m->kind) {
    case OBJECT_SEMAPHORE:
        flags = OBJECT_BOUNDED | OBJECT_NO_RETURN;
        break;
    case OBJECT_BARRIER:
        flags = OBJECT_ACTS;
        if (m->only_open == 0 && (m->size < 1 || m->size > PARTIES_MAX)) {
            return false;
        }
        break;
    case OBJECT_VALUES:
        if (m->only_open == 0 && m->type == 0) return false;
        break;
    case OBJECT_DICT:
    case OBJECT_LIST:
        if (m->size != 0) return false;
        break;
    case OBJECT_LOCK:
    case OBJECT_RLOCK:
    case OBJECT_CONDITION:
    case OBJECT_EVENT:
    case OBJECT_PIPE:
        break;
    }
    if (m->type != 0 && m->kind != OBJECT_VALUES) return false;
    if (m->lock.length > 0 && m->kind != OBJECT_CONDITION) return false;
    return (m->flags & ~flags) == 0;
}

static bool
has_that_lock(const struct object *o, struct slice name)
{
    const struct object *lock = o->is.condition.lock;

    if ((lock->flags & OBJECT_HIDDEN) != 0) return name.length == 0;
    return lock->name_length == name.length
           && memcmp(lock->name, name.bytes, name.length) == 0;
}

/* Of one that is only opened nothing but the kind is meant. */
static bool
is_that_one(const struct core *core, const struct object *o,
    const struct msg_object_open *m)
{
    if (o->kind != m->kind) return false;
    if (m->only_open != 0) return true;
    if (m->durability != 0 && o->durability != durability_of(core, m)) {
        return false;
    }
    if (o->kind == OBJECT_CONDITION && !has_that_lock(o, m->lock)) return false;
    return o->size == m->size && o->flags == m->flags && o->type == m->type;
}

static int
make(struct core *core, const struct msg_object_open *m, uint8_t flags,
    enum object_kind kind, struct object **out)
{
    struct object *o = object_add(core, m->object, kind, flags);

    if (o == NULL) return STINT_ENOMEM;
    o->durability = durability_of(core, m);
    o->size = m->size;
    o->type = (uint8_t)m->type;
    int code = objects_furnish(core, o);
    if (code != 0) {
        object_remove(core, o);
        return code;
    }
    *out = o;
    return 0;
}

/* The lock that a new condition is to have. */
static int
lock_for(
    struct core *core, const struct msg_object_open *m, struct object **out)
{
    if (m->lock.length == 0) {
        return make(core, m, OBJECT_HIDDEN, OBJECT_RLOCK, out);
    }
    *out = object_find(core, m->lock);
    if (*out == NULL) return STINT_ENOOBJECT;
    if (!object_is_lock(*out)) return STINT_EEXISTS;
    /* What survives cannot stand on what does not. */
    bool survives =
        core->config.durable && durability_of(core, m) != QUEUE_MEMORY;
    return survives && !object_is_kept(core, *out) ? STINT_EINVAL : 0;
}

static int
make_condition(
    struct core *core, const struct msg_object_open *m, struct object **out)
{
    struct object *lock;
    int code = lock_for(core, m, &lock);

    if (code != 0) return code;
    code = make(core, m, 0, OBJECT_CONDITION, out);
    if (code != 0) {
        if (m->lock.length == 0) object_remove(core, lock);
        return code;
    }
    if (m->lock.length == 0) objrow_object(core, lock);
    (*out)->is.condition.lock = lock;
    lock->is.lock.conditions += 1;
    return 0;
}

static int
may_make(const struct core *core, const struct session *s,
    const struct msg_object_open *m)
{
    if (!object_is_name(m->object) || !has_fit_options(m)) return STINT_EINVAL;
    if (object_made_enough(s->key)) return STINT_EROLE;
    if (HASH_CNT(by_number, core->objects.by_number)
        >= core->config.objects_max) {
        return STINT_ELIMIT;
    }
    if (!object_has_room(core, sizeof(struct object))) return STINT_EBUDGET;
    if (core->disk_full && durability_of(core, m) != QUEUE_MEMORY) {
        return STINT_ENOSPACE;
    }
    return 0;
}

static int
open_it(struct core *core, const struct session *s,
    const struct msg_object_open *m, struct object **out)
{
    *out = object_find(core, m->object);
    if (*out != NULL) return is_that_one(core, *out, m) ? 0 : STINT_EEXISTS;
    if (m->only_open != 0) return STINT_ENOOBJECT;
    int code = may_make(core, s, m);
    if (code != 0) return code;
    code = m->kind == OBJECT_CONDITION ? make_condition(core, m, out)
                                       : make(core, m, (uint8_t)m->flags,
                                           (enum object_kind)m->kind, out);
    if (code != 0) return code;
    s->key->objects += 1;
    objrow_object(core, *out);
    return 0;
}

static const char *
why_not(const struct msg_object_open *m, int code)
{
    switch (code) {
    case STINT_EEXISTS:
        return "an object of this name is there already, of another kind or "
               "made with other options: use another name, or open it only";
    case STINT_ENOOBJECT:
        return m->only_open == 0
                   ? "there is no lock of the name that the condition is to "
                     "have: open that first"
                   : "there is no such object, and it is not to be made";
    case STINT_EROLE:
        return "a key with the role work may make 256 objects: make them with "
               "a submit key";
    case STINT_ELIMIT:
        return "the master has as many named objects as it may";
    case STINT_EINVAL:
        return "a name has 1 to 255 bytes without control characters, a "
               "barrier 1 to 65535 parties, and a lock that lives in memory "
               "is none for a condition that survives";
    default:
        return error_text(code);
    }
}

void
objects_open(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    const struct msg_object_open *want = &m->as.object_open;
    struct object *o;
    int code = open_it(core, s, want, &o);

    (void)now;
    if (code == 0) {
        reply_ok(core, s, want->request, o->version);
    } else {
        reply_error(core, s, want->request, code, why_not(want, code));
    }
}

/* ---- deleting ------------------------------------------------------------ */

static void
turn_away(struct core *core, struct list *line)
{
    for (struct list *node; (node = list_first(line)) != NULL;) {
        struct wait *w = CONTAINER_OF(node, struct wait, as.object.node);
        reply_error(core, w->session, w->request, STINT_ENOOBJECT, NULL);
        if (w->kind == WAIT_SYNC) {
            holds_free(core, w->as.sync.hold);
            w->as.sync.hold = NULL;
        }
        wait_end(&core->waits, w);
    }
}

static void
turn_all_away(struct core *core, struct object *o)
{
    turn_away(core, &o->line);
    if (object_is_lock(o)) {
        turn_away(core, &o->is.lock.first);
    } else if (o->kind == OBJECT_BARRIER) {
        turn_away(core, &o->is.barrier.passing);
    } else if (o->kind == OBJECT_PIPE) {
        pipe_flow_turn_away(core, o->is.pipe);
    }
}

static void
destroy(struct core *core, struct object *o)
{
    struct object *lock =
        o->kind == OBJECT_CONDITION ? o->is.condition.lock : NULL;

    turn_all_away(core, o);
    for (struct list *node; (node = list_first(&o->holds)) != NULL;) {
        struct hold *h = CONTAINER_OF(node, struct hold, of_object);
        holds_end(core, h);
        holds_free(core, h);
    }
    if (object_is_shared(o) && shelves_gone(core, o)) {
        objrow_dying(core, o);
    } else {
        objrow_gone(core, o);
    }
    strip(core, o);
    object_remove(core, o);
    if (lock != NULL && (lock->flags & OBJECT_HIDDEN) != 0) destroy(core, lock);
}

static bool
is_in_use(const struct object *o)
{
    if (o->waiting > 0 || !list_is_empty(&o->holds)) return true;
    return o->kind == OBJECT_CONDITION
           && (o->is.condition.lock->flags & OBJECT_HIDDEN) != 0
           && is_in_use(o->is.condition.lock);
}

void
objects_delete(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    uint64_t request = m->as.object_delete.request;
    struct object *o = object_find(core, m->as.object_delete.object);

    (void)now;
    if (o == NULL) {
        reply_error(core, s, request, STINT_ENOOBJECT, NULL);
    } else if (object_is_lock(o) && o->is.lock.conditions > 0) {
        reply_error(core, s, request, STINT_EBUSY,
            "conditions have this lock: delete them first");
    } else if (m->as.object_delete.idle != 0 && is_in_use(o)) {
        reply_error(core, s, request, STINT_EBUSY,
            "somebody holds it, waits for it or watches it: nothing was "
            "deleted");
    } else {
        answer_ok(core, o, s, request, 0);
        destroy(core, o);
    }
}

void
objects_fini(struct core *core)
{
    struct object *o = core->objects.by_number, *next;

    /* Conditions first: they look at their locks. */
    for (; o != NULL; o = next) {
        next = o->by_number.next;
        strip(core, o);
    }
    while ((o = core->objects.by_number) != NULL)
        object_remove(core, o);
    hashtable_fini(&core->objects.by_name);
}
