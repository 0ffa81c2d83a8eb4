#include "master/core/shared/census.h"

#include "common/base.h"
#include "common/stint_error.h"
#include "master/core/listing.h"
#include "master/core/reply.h"
#include "master/core/shared/holds.h"
#include "master/core/shared/pipe.h"
#include "master/core/shared/shelf.h"

/* The bits are those of object_row.state. */
enum {
    STATE_DIED = 1,
    STATE_BROKEN = 2,
    STATE_FIRST_CLOSED = 4,
    STATE_SECOND_CLOSED = 8,
    STATE_ONE_WAY = 16,
};

static void
refuse(struct core *core, struct session *s, const struct msg_list *l)
{
    reply_error(core, s, l->request, STINT_ENOOBJECT, NULL);
}

/* ---- one object ---------------------------------------------------------- */

static bool
is_away(const struct session *s)
{
    return s->restored || s->conn == 0;
}

static uint64_t
held_for(tick_ns now, const struct hold *h)
{
    if (h->since == 0) return 0;
    return now > h->since ? (uint64_t)(now - h->since) : 1;
}

/* What is held where this one is: a condition stands on its lock. */
static const struct object *
ground_of(const struct object *o)
{
    return o->kind == OBJECT_CONDITION ? o->is.condition.lock : o;
}

static void
add_holder(struct rec_object_row *row, tick_ns now, const struct object *o)
{
    const struct list *node = list_first(&ground_of(o)->holds);

    if (node == NULL) return;
    const struct hold *h = CONTAINER_OF_CONST(node, struct hold, of_object);
    const struct session *s = h->session;
    row->held = 1;
    row->holder = slice_of(s->name);
    row->host = slice_of(s->host);
    row->pid = s->pid;
    row->key = slice_of(s->key->name);
    row->away = is_away(s);
    row->held_ns = held_for(now, h);
    row->fence = h->fence;
}

static void
add_pipe(struct rec_object_row *row, const struct pipe *p)
{
    row->size = p->window;
    row->count = p->ways[0].count + p->ways[1].count;
    row->first_messages = p->ways[0].count;
    row->first_bytes = p->ways[0].bytes;
    row->second_messages = p->ways[1].count;
    row->second_bytes = p->ways[1].bytes;
    if (pipe_is_closed(&p->ends[0])) row->state |= STATE_FIRST_CLOSED;
    if (pipe_is_closed(&p->ends[1])) row->state |= STATE_SECOND_CLOSED;
    if (p->one_way) row->state |= STATE_ONE_WAY;
}

static void
add_lock(struct rec_object_row *row, const struct object *lock)
{
    if (lock->is.lock.died) row->state |= STATE_DIED;
}

static void
add_condition(struct rec_object_row *row, const struct object *lock)
{
    add_lock(row, lock);
    if ((lock->flags & OBJECT_HIDDEN) != 0) {
        row->waiting += lock->waiting;
    } else {
        row->lock =
            (struct slice){ (const uint8_t *)lock->name, lock->name_length };
    }
}

static void
add_kind(struct rec_object_row *row, const struct object *o)
{
    switch ((enum object_kind)o->kind) {
    case OBJECT_LOCK:
    case OBJECT_RLOCK:
        add_lock(row, o);
        break;
    case OBJECT_SEMAPHORE:
        row->count = o->is.semaphore.permits;
        break;
    case OBJECT_CONDITION:
        add_condition(row, o->is.condition.lock);
        break;
    case OBJECT_EVENT:
        row->count = o->is.event.set;
        break;
    case OBJECT_BARRIER:
        row->count = o->waiting - o->is.barrier.passing_count;
        if (o->is.barrier.broken) row->state |= STATE_BROKEN;
        break;
    case OBJECT_DICT:
    case OBJECT_LIST:
    case OBJECT_VALUES:
        row->count = shelf_count(o->is.shelf);
        break;
    case OBJECT_PIPE:
        add_pipe(row, o->is.pipe);
        break;
    }
}

static void
add_object(struct listing *page, tick_ns now, const struct object *o)
{
    struct rec_object_row row = {
        .object = { (const uint8_t *)o->name, o->name_length },
        .number = o->number,
        .kind = o->kind,
        .durability = o->durability,
        .size = o->size,
        .flags = o->flags & OBJECT_FLAGS,
        .type = o->type,
        .bytes = o->memory,
        .version = o->version,
        .waiting = o->waiting,
    };

    add_kind(&row, o);
    add_holder(&row, now, o);
    listing_add(page, RECORD_object_row, &row);
}

/* ---- all of them --------------------------------------------------------- */

/* The lock that a condition has for itself is seen with it. */
static bool
is_shown(const struct object *o)
{
    return (o->flags & OBJECT_HIDDEN) == 0 || o->kind == OBJECT_PIPE;
}

/* The first object behind the number `after`.  Where that one has gone
 * meanwhile, the next number that is there is looked for: *passed of them were
 * not, and when those are too many NULL is returned, and there may be more. */
static const struct object *
first_behind(const struct core *core, uint64_t after, uint64_t *passed)
{
    const struct object *o = core->objects.by_number;

    if (after == 0 || o == NULL) return o;
    o = object_numbered(core, after);
    if (o != NULL) return o->by_number.next;
    while (
        after + *passed < core->objects.last && *passed < CENSUS_PASSED_MAX) {
        *passed += 1;
        o = object_numbered(core, after + *passed);
        if (o != NULL) return o;
    }
    return NULL;
}

static void
list_all(struct core *core, tick_ns now, struct listing *page, uint64_t after)
{
    uint64_t passed = 0;
    const struct object *o = first_behind(core, after, &passed);

    if (o == NULL && passed == CENSUS_PASSED_MAX) page->next = after + passed;
    for (; o != NULL; o = o->by_number.next) {
        if (!listing_has_room(page, after)) break;
        if (is_shown(o)) add_object(page, now, o);
        after = o->number;
        passed += 1;
    }
    core->looked += passed;
}

void
census_objects(
    struct core *core, tick_ns now, struct session *s, const struct msg_list *l)
{
    const struct object *o =
        l->object.length > 0 ? object_find(core, l->object) : NULL;
    struct listing page;

    if (l->object.length > 0 && o == NULL) {
        refuse(core, s, l);
        return;
    }
    listing_begin(&page, l);
    if (o != NULL) {
        add_object(&page, now, o);
    } else {
        list_all(core, now, &page, l->after);
    }
    listing_send(core, s, &page, MSG_object_rows, l->request);
}

/* ---- who holds it, who waits --------------------------------------------- */

/* The numbers are those of object_user.how. */
enum how {
    HOW_HOLDS = 0,
    HOW_WAITS = 1,
    HOW_AGAIN = 2,
    HOW_WATCHES = 3,
    HOW_SENDS = 4,
    HOW_RECEIVES = 5,
    HOW_PASSES = 6,
};

/* Going through those of one object, in their order. */
struct round {
    struct listing *page;
    tick_ns now;
    uint64_t after; /* So many are passed over. */
    uint64_t at;    /* So many were come by. */
};

/* Whether one more belongs to this page. */
static bool
is_wanted(struct round *r)
{
    r->at += 1;
    return r->at > r->after && listing_has_room(r->page, r->at - 1);
}

static bool
is_over(const struct round *r)
{
    return r->page->next != 0 || r->at >= CENSUS_USERS_MAX;
}

static struct rec_object_user
user_of(const struct session *s, enum how how)
{
    return (struct rec_object_user){
        .how = how,
        .name = slice_of(s->name),
        .host = slice_of(s->host),
        .pid = s->pid,
        .key = slice_of(s->key->name),
        .away = is_away(s),
    };
}

static void
add_holders(struct round *r, const struct object *o)
{
    LIST_FOREACH (node, after, &o->holds) {
        if (is_over(r)) return;
        if (!is_wanted(r)) continue;
        const struct hold *h = CONTAINER_OF(node, struct hold, of_object);
        struct rec_object_user row = user_of(h->session, HOW_HOLDS);
        row.holder = h->holder;
        row.count = h->count;
        row.fence = h->fence;
        row.held_ns = held_for(r->now, h);
        listing_add(r->page, RECORD_object_user, &row);
    }
}

static uint64_t
left_of(tick_ns now, const struct wait *w)
{
    if (w->deadline == TICK_NEVER) return INT64_MAX;
    return w->deadline > now ? (uint64_t)(w->deadline - now) : 0;
}

/* Which thread, of which a wait knows where it brings a hold along. */
static uint64_t
thread_of(const struct wait *w)
{
    if (w->kind != WAIT_SYNC || w->as.sync.hold == NULL) return 0;
    return w->as.sync.hold->holder;
}

/* Who stands in `line`; in one of a pipe it is about its end `end`. */
static void
add_line(struct round *r, const struct list *line, enum how how, uint64_t end)
{
    LIST_FOREACH (node, after, line) {
        if (is_over(r)) return;
        if (!is_wanted(r)) continue;
        const struct wait *w = CONTAINER_OF(node, struct wait, as.object.node);
        bool again = w->kind == WAIT_SYNC && how == HOW_WAITS
                     && (w->as.sync.notice != 0 || w->as.sync.late);
        struct rec_object_user row =
            user_of(w->session, again ? HOW_AGAIN : how);
        row.holder = w->kind == WAIT_SYNC ? thread_of(w) : end;
        row.left_ns = left_of(r->now, w);
        listing_add(r->page, RECORD_object_user, &row);
    }
}

static void
add_lines_of_pipe(struct round *r, const struct pipe *p)
{
    for (unsigned to = 0; to < 2; to++) {
        add_line(r, &p->ways[to].receivers, HOW_RECEIVES, to);
        add_line(r, &p->ways[to].senders, HOW_SENDS, 1 - to);
    }
}

static void
add_waiters(struct round *r, const struct object *o)
{
    switch ((enum object_kind)o->kind) {
    case OBJECT_LOCK:
    case OBJECT_RLOCK:
        add_line(r, &o->is.lock.first, HOW_WAITS, 0);
        add_line(r, &o->line, HOW_WAITS, 0);
        break;
    case OBJECT_CONDITION:
        add_line(r, &o->line, HOW_WAITS, 0);
        if ((o->is.condition.lock->flags & OBJECT_HIDDEN) != 0) {
            add_waiters(r, o->is.condition.lock);
        }
        break;
    case OBJECT_BARRIER:
        add_line(r, &o->is.barrier.passing, HOW_PASSES, 0);
        add_line(r, &o->line, HOW_WAITS, 0);
        break;
    case OBJECT_SEMAPHORE:
    case OBJECT_EVENT:
        add_line(r, &o->line, HOW_WAITS, 0);
        break;
    case OBJECT_DICT:
    case OBJECT_LIST:
    case OBJECT_VALUES:
        add_line(r, &o->line, HOW_WATCHES, 0);
        break;
    case OBJECT_PIPE:
        add_lines_of_pipe(r, o->is.pipe);
        break;
    }
}

void
census_users(
    struct core *core, tick_ns now, struct session *s, const struct msg_list *l)
{
    const struct object *o = object_find(core, l->object);
    struct listing page;
    struct round r = { .page = &page, .now = now, .after = l->after };

    if (o == NULL) {
        refuse(core, s, l);
        return;
    }
    listing_begin(&page, l);
    add_holders(&r, ground_of(o));
    add_waiters(&r, o);
    core->looked += r.at;
    listing_send(core, s, &page, MSG_object_users, l->request);
}
