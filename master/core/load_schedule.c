#include "master/core/load_schedule.h"

#include "common/base.h"
#include "common/stint_error.h"
#include "common/text.h"

static bool
is_sound(const struct core *core, uint64_t number,
    const struct rec_kept_schedule *row, const struct queue *queue)
{
    int kinds = (row->at > 0) + (row->every_ns > 0) + (row->cron.length > 0);

    return number > core->schedules.last && number <= INT64_MAX && kinds == 1
           && queue != NULL && queue->job == NULL && text_is_plain(row->name)
           && schedule_find(core, row->name) == NULL
           && (row->every_ns == 0 || row->every_ns >= SCHEDULE_LEAST)
           && row->due >= 0 && (wall_ns)row->handled < row->due;
}

static void
fill(struct schedule *s, const struct rec_kept_schedule *row)
{
    s->at = (wall_ns)row->at;
    s->every = (tick_ns)row->every_ns;
    s->due = row->due;
    s->handled = (wall_ns)row->handled;
    s->leaves_missed = row->missed != 0;
    s->skips_open = row->skip_if_open != 0;
    s->last = (wall_ns)row->last;
    s->put = row->put;
    s->skipped = row->skipped;
    s->task = row->task;
    s->priority = (int32_t)row->priority;
    s->attempts_max = (uint32_t)row->attempts_max;
    s->delay = (tick_ns)row->delay_ns;
    s->expires = (tick_ns)row->expires_ns;
    memcpy(s->owner, row->owner.bytes, sizeof s->owner);
    if (row->handler.length > 0) {
        memcpy(s->handler, row->handler.bytes, row->handler.length);
    }
}

int
load_schedule(struct core *core, uint64_t number,
    const struct rec_kept_schedule *row, struct queue *queue, const char **why)
{
    char said[CRON_WHY_MAX];

    *why = "a schedule is there twice, or has no queue, or no time";
    if (!is_sound(core, number, row, queue)) return STINT_EDAMAGED;
    struct schedule *s = schedule_new(row->name, row->cron, row->payload);
    if (s == NULL) return STINT_ENOMEM;
    fill(s, row);
    s->number = number;
    s->queue = queue;
    if (row->cron.length > 0 && cron_parse(row->cron, &s->cron, said) != 0) {
        schedule_free(s);
        *why = "a schedule has a line of cron that cannot be read";
        return STINT_EDAMAGED;
    }
    if (!schedule_add(core, s)) {
        schedule_free(s);
        return STINT_ENOMEM;
    }
    return 0;
}

/* Both kinds of rows come in order of numbers. */
static struct schedule *
next_numbered(struct schedules *all, uint64_t number)
{
    struct list *node = all->reached != NULL ? all->reached : all->order.next;
    struct schedule *s = NULL;

    for (; node != &all->order; node = node->next) {
        s = CONTAINER_OF(node, struct schedule, order);
        if (s->number >= number) break;
    }
    all->reached = node;
    return node != &all->order && s->number == number ? s : NULL;
}

int
load_schedule_due(struct core *core, uint64_t number,
    const struct rec_kept_due *row, const char **why)
{
    struct schedule *s = next_numbered(&core->schedules, number);

    *why = "what became of a schedule that is not there, or cannot be";
    if (s == NULL || row->due < 0 || (wall_ns)row->handled >= row->due) {
        return STINT_EDAMAGED;
    }
    s->is_noted = true;
    s->last = (wall_ns)row->last;
    s->put = row->put;
    s->skipped = row->skipped;
    s->task = row->task;
    s->handled = (wall_ns)row->handled;
    schedule_move(core, s, row->due);
    return 0;
}

void
load_schedule_settle(struct core *core)
{
    uint64_t wall = core->journal.clock.wall;

    core->schedules.loaded = true;
    core->schedules.seen = wall < INT64_MAX ? (wall_ns)wall : INT64_MAX;
}
