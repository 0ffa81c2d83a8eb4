#include "master/core/schedule.h"

#include <stdlib.h>

#include "common/base.h"
#include "common/check.h"
#include "common/error.h"
#include "master/core/inside.h"
#include "master/core/life.h"

static struct schedule *
of_node(struct heap_node *node)
{
    return CONTAINER_OF(node, struct schedule, node);
}

static bool
due_sooner(const struct heap_node *a, const struct heap_node *b)
{
    const struct schedule *x = CONTAINER_OF_CONST(a, struct schedule, node);
    const struct schedule *y = CONTAINER_OF_CONST(b, struct schedule, node);

    return x->due < y->due || (x->due == y->due && x->number < y->number);
}

void
schedule_init(struct core *core)
{
    struct schedules *all = &core->schedules;

    list_init(&all->order);
    heap_init(&all->by_tick, due_sooner);
    heap_init(&all->by_wall, due_sooner);
}

struct schedule *
schedule_find(const struct core *core, struct slice name)
{
    struct schedule *found;

    HASH_FIND(by_name, core->schedules.by_name, name.bytes, name.length, found);
    return found;
}

static void
copy_text(char *out, struct slice text)
{
    if (text.length > 0) memcpy(out, text.bytes, text.length);
    out[text.length] = '\0';
}

struct schedule *
schedule_new(struct slice name, struct slice line, struct slice payload)
{
    struct schedule *s = calloc(1, sizeof *s + payload.length);

    if (s == NULL) return NULL;
    list_init(&s->order);
    s->due = TICK_NEVER;
    copy_text(s->name, name);
    copy_text(s->line, line);
    s->size = payload.length;
    if (s->size > 0) memcpy(s->payload, payload.bytes, s->size);
    return s;
}

void
schedule_free(struct schedule *s)
{
    free(s);
}

size_t
schedule_memory(const struct schedule *s)
{
    return sizeof *s + s->size;
}

/* ---- the heaps ----------------------------------------------------------- */

static struct heap *
heap_of(struct core *core, const struct schedule *s)
{
    return s->every > 0 ? &core->schedules.by_tick : &core->schedules.by_wall;
}

static void
line_up(struct core *core, struct schedule *s)
{
    if (s->due != TICK_NEVER) heap_add(heap_of(core, s), &s->node);
}

static void
leave_line(struct core *core, struct schedule *s)
{
    if (s->due != TICK_NEVER) heap_remove(heap_of(core, s), &s->node);
}

void
schedule_move(struct core *core, struct schedule *s, int64_t due)
{
    leave_line(core, s);
    s->due = due;
    line_up(core, s);
}

bool
schedule_add(struct core *core, struct schedule *s)
{
    struct schedules *all = &core->schedules;

    HASH_ADD_KEYPTR(by_name, all->by_name, s->name, strlen(s->name), s);
    if (!HASH_IS_IN(by_name, s)) return false;
    if (s->number == 0) s->number = all->last + 1;
    all->last = s->number;
    list_push(&all->order, &s->order);
    line_up(core, s);
    core->memory += schedule_memory(s);
    return true;
}

static void
take_out(struct core *core, struct schedule *s)
{
    leave_line(core, s);
    list_remove(&s->order);
    HASH_DELETE(by_name, core->schedules.by_name, s);
    core->memory -= schedule_memory(s);
}

static void
drop_row(struct core *core, const struct schedule *s)
{
    if (!schedule_is_kept(core, s)) return;
    journal_drop(core, ROW_schedule, s->number);
    if (s->is_noted) journal_drop(core, ROW_due, s->number);
}

void
schedule_remove(struct core *core, struct schedule *s)
{
    drop_row(core, s);
    take_out(core, s);
    schedule_free(s);
}

struct schedule *
schedule_spent(const struct core *core)
{
    LIST_FOREACH (node, after, &core->schedules.order) {
        struct schedule *s = CONTAINER_OF(node, struct schedule, order);
        if (s->due == TICK_NEVER) return s;
    }
    return NULL;
}

bool
schedule_replace(struct core *core, struct schedule *old, struct schedule *s)
{
    HASH_ADD_KEYPTR(
        by_name, core->schedules.by_name, s->name, strlen(s->name), s);
    if (!HASH_IS_IN(by_name, s)) return false;
    s->number = old->number;
    s->last = old->last;
    s->put = old->put;
    s->skipped = old->skipped;
    s->task = old->task;
    s->is_noted = old->is_noted;
    list_push(old->order.next, &s->order);
    line_up(core, s);
    core->memory += schedule_memory(s);
    /* Else the new row takes the place of the old one. */
    if (!schedule_is_kept(core, s)) drop_row(core, old);
    take_out(core, old);
    schedule_free(old);
    return true;
}

void
schedule_fini(struct core *core)
{
    for (struct list *node;
         (node = list_first(&core->schedules.order)) != NULL;) {
        struct schedule *s = CONTAINER_OF(node, struct schedule, order);
        take_out(core, s);
        schedule_free(s);
    }
}

/* ---- rows ---------------------------------------------------------------- */

bool
schedule_is_kept(const struct core *core, const struct schedule *s)
{
    return journal_keeps(core, s->queue);
}

/* A second row would be of before. */
void
schedule_write(struct core *core, struct schedule *s)
{
    if (!schedule_is_kept(core, s)) return;
    if (s->is_noted) journal_drop(core, ROW_due, s->number);
    s->is_noted = false;
    journal_put(core, ROW_schedule, s->number, RECORD_kept_schedule,
        &(struct rec_kept_schedule){
            .name = slice_of(s->name),
            .queue = s->queue->index,
            .owner = { s->owner, sizeof s->owner },
            .at = (uint64_t)s->at,
            .every_ns = (uint64_t)s->every,
            .cron = slice_of(s->line),
            .due = s->due,
            .missed = s->leaves_missed,
            .skip_if_open = s->skips_open,
            .priority = s->priority,
            .delay_ns = (uint64_t)s->delay,
            .expires_ns = (uint64_t)s->expires,
            .attempts_max = s->attempts_max,
            .handler = slice_of(s->handler),
            .payload = { s->payload, s->size },
            .last = (uint64_t)s->last,
            .put = s->put,
            .skipped = s->skipped,
            .task = s->task,
            .handled = (uint64_t)s->handled,
        },
        s->queue->policy.durability == QUEUE_SYNCED);
}

void
schedule_note(struct core *core, struct schedule *s)
{
    if (!schedule_is_kept(core, s)) return;
    s->is_noted = true;
    journal_put(core, ROW_due, s->number, RECORD_kept_due,
        &(struct rec_kept_due){
            .due = s->due,
            .last = (uint64_t)s->last,
            .put = s->put,
            .skipped = s->skipped,
            .task = s->task,
            .handled = (uint64_t)s->handled,
        },
        s->queue->policy.durability == QUEUE_SYNCED);
}

/* ---- when ---------------------------------------------------------------- */

wall_ns
schedule_wall(const struct core *core, tick_ns now)
{
    const struct core_clock *clock = &core->journal.clock;
    wall_ns wall = clock->wall < INT64_MAX ? (wall_ns)clock->wall : INT64_MAX;

    if (now >= clock->tick) return tick_after(wall, now - clock->tick);
    return wall > clock->tick - now ? wall - (clock->tick - now) : 0;
}

static wall_ns
next_of_line(const struct schedule *s, wall_ns after)
{
    int64_t seconds = cron_next(&s->cron, after / TICK_S);

    return seconds < INT64_MAX / TICK_S ? seconds * TICK_S : TICK_NEVER;
}

void
schedule_begin(const struct core *core, tick_ns now, struct schedule *s)
{
    if (s->every > 0) {
        s->due = tick_after(now, s->every);
    } else if (s->at > 0) {
        s->due = s->at;
    } else {
        s->due = next_of_line(s, schedule_wall(core, now));
    }
}

wall_ns
schedule_next(const struct core *core, tick_ns now, const struct schedule *s)
{
    if (s->due == TICK_NEVER) return 0;
    if (s->every == 0) return s->due;
    wall_ns wall = schedule_wall(core, now);
    return s->due > now ? tick_after(wall, s->due - now) : wall;
}

/* It was due and has been dealt with: when is it due next?  What has come
 * together was one. */
static void
advance(struct core *core, tick_ns now, wall_ns wall, struct schedule *s)
{
    int64_t due = s->due;

    if (s->every > 0) {
        due += (now - due) / s->every * s->every;
        due = tick_after(due, s->every);
    } else if (s->at > 0) {
        due = TICK_NEVER;
    } else {
        s->handled = due;
        due = next_of_line(s, due > wall ? due : wall);
    }
    schedule_move(core, s, due);
}

/* The clock was set back: times that lines of cron have passed over come again,
 * of which only those that were dealt with are over. */
static void
turn_back(struct core *core, wall_ns wall)
{
    LIST_FOREACH (node, after, &core->schedules.order) {
        struct schedule *s = CONTAINER_OF(node, struct schedule, order);
        if (s->line[0] == '\0') continue;
        wall_ns next = next_of_line(s, s->handled > wall ? s->handled : wall);
        if (next >= s->due) continue;
        schedule_move(core, s, next);
        schedule_note(core, s);
    }
}

/* ---- putting ------------------------------------------------------------- */

static bool
is_open(const struct core *core, const struct schedule *s)
{
    const struct task *t = task_table_find(&core->tasks, s->task);

    return t != NULL && t->queue == s->queue && t->state != TASK_DEAD;
}

/* What keeps it from putting now; 0: nothing. */
static int
obstacle(struct core *core, const struct schedule *s)
{
    const struct key *owner = keyring_find(&core->keys, s->owner);
    size_t budget = core->config.memory_max - core->config.memory_max / 8;

    if (owner != NULL && owner->revoked) return STINT_EAUTH;
    if (s->skips_open && is_open(core, s)) return STINT_EBUSY;
    if (s->queue->shut) return STINT_ESHUTDOWN;
    if (core->disk_full && schedule_is_kept(core, s)) return STINT_ENOSPACE;
    /* Who waits for room came first. */
    if (!list_is_empty(&s->queue->putters)
        || !queue_has_room(s->queue, s->size)) {
        return STINT_EFULL;
    }
    if (core->memory + core->out + s->size > budget) return STINT_EBUDGET;
    return task_table_reserve(&core->tasks, 1) ? 0 : STINT_ENOMEM;
}

static struct task *
make_task(const struct schedule *s, tick_ns now)
{
    struct task *t = task_new((struct slice){ s->payload, s->size });

    if (t == NULL) return NULL;
    t->priority = s->priority;
    if (s->expires == 0 && s->attempts_max == 0 && s->handler[0] == '\0') {
        return t;
    }
    struct task_more *more = task_more(t);
    if (more == NULL) {
        task_free(t);
        return NULL;
    }
    more->expires = s->expires > 0 ? tick_after(now, s->expires) : TICK_NEVER;
    more->attempts_max = s->attempts_max;
    memcpy(more->handler, s->handler, sizeof more->handler);
    return t;
}

/* An open task is no trouble: it is what was asked for.  The same trouble is
 * told once. */
static void
skip(struct core *core, struct schedule *s, int code)
{
    s->skipped += 1;
    if (code == STINT_EBUSY || code == s->said) return;
    s->said = code;
    news_add(&core->news,
        &(struct news_item){ .kind = NEWS_SKIPPED, .count = s->skipped },
        slice_of(s->name), slice_of(s->queue->name),
        slice_of(code == STINT_EAUTH ? "the key that made it was revoked"
                                     : error_text(code)));
}

static void
put(struct core *core, tick_ns now, wall_ns wall, struct schedule *s)
{
    int code = obstacle(core, s);
    struct task *t = code == 0 ? make_task(s, now) : NULL;

    if (code == 0 && t == NULL) code = STINT_ENOMEM;
    if (code != 0) {
        skip(core, s, code);
        return;
    }
    core->memory += task_memory(t);
    life_accept(core, now, s->queue, t, s->delay);
    s->said = 0;
    s->put += 1;
    s->last = wall;
    s->task = t->id;
}

/* ---- the turn ------------------------------------------------------------ */

static void
deal_with(struct core *core, tick_ns now, wall_ns wall, struct schedule *s)
{
    if (core->schedules.loaded && s->leaves_missed) {
        s->skipped += 1;
    } else {
        put(core, now, wall, s);
    }
    advance(core, now, wall, s);
    schedule_note(core, s);
}

/* Lines of cron are due together, and may have large payloads: what is too much
 * for one turn is put in the next ones.  Returns whether that was all. */
static bool
deal_with_due(
    struct core *core, tick_ns now, wall_ns wall, const struct heap *heap)
{
    enum { SHARES = 4, BYTES_A_STEP = 128 };
    int64_t time = heap == &core->schedules.by_tick ? now : wall;
    uint64_t most = (uint64_t)SHARES * core->config.share_max;

    for (uint64_t spent = 0; spent < most;) {
        struct heap_node *node = heap_peek(heap);
        if (node == NULL || of_node(node)->due > time) return true;
        spent += 1 + of_node(node)->size / BYTES_A_STEP;
        deal_with(core, now, wall, of_node(node));
    }
    return false;
}

void
schedule_tick(struct core *core, tick_ns now)
{
    struct schedules *all = &core->schedules;
    wall_ns wall = schedule_wall(core, now);

    /* A master that stops leaves what is due to the next one. */
    if (core->doors_closed) return;
    /* Both clocks are not read in one moment. */
    if (wall < all->seen - TICK_S) turn_back(core, wall);
    all->seen = wall;
    bool ticks = deal_with_due(core, now, wall, &all->by_tick);
    bool walls = deal_with_due(core, now, wall, &all->by_wall);
    if (ticks && walls) all->loaded = false;
}

tick_ns
schedule_next_deadline(const struct core *core)
{
    const struct schedules *all = &core->schedules;
    const struct core_clock *clock = &core->journal.clock;
    tick_ns next = TICK_NEVER;

    if (core->doors_closed) return TICK_NEVER;
    struct heap_node *node = heap_peek(&all->by_tick);
    if (node != NULL) next = of_node(node)->due;
    node = heap_peek(&all->by_wall);
    if (node == NULL) return next;
    wall_ns left = of_node(node)->due - schedule_wall(core, clock->tick);
    return tick_min(next, tick_after(clock->tick, left > 0 ? left : 0));
}

/* ---- for tests ----------------------------------------------------------- */

size_t
schedule_check(const struct core *core)
{
    size_t memory = 0;
    uint64_t before = 0;
    unsigned count = 0;

    LIST_FOREACH (node, after, &core->schedules.order) {
        const struct schedule *s = CONTAINER_OF(node, struct schedule, order);
        CHECK(s->number > before && s->number <= core->schedules.last);
        CHECK((s->at > 0) + (s->every > 0) + (s->line[0] != '\0') == 1);
        CHECK(s->line[0] == '\0' || s->handled < s->due);
        CHECK(schedule_find(core, slice_of(s->name)) == s);
        before = s->number;
        memory += schedule_memory(s);
        count += 1;
    }
    CHECK(count == HASH_CNT(by_name, core->schedules.by_name));
    return memory;
}
