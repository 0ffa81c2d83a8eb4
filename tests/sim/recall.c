#include "tests/sim/recall.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base.h"
#include "common/check.h"
#include "master/core/inside.h"
#include "tests/sim/client.h"

/* ---- pages --------------------------------------------------------------- */

static void
add_jobs(
    const struct list *head, struct recall_job jobs[], uint32_t *jobs_count)
{
    LIST_FOREACH (node, after, head) {
        const struct job *job = CONTAINER_OF(node, struct job, order);
        CHECK(*jobs_count < LEDGER_JOBS);
        jobs[(*jobs_count)++] = (struct recall_job){
            .number = job->number,
            .accepted = job->queue->accepted,
            .given = job->ends.given,
            .dropped = job->ends.dropped,
            .kept = job->ends.kept,
        };
    }
}

static int
by_number(const void *a, const void *b)
{
    const struct recall_job *x = a, *y = b;

    return x->number < y->number ? -1 : x->number > y->number;
}

/* Of all jobs; to be freed. */
static struct recall_job *
jobs_of(const struct core *core, uint32_t *count)
{
    struct recall_job *jobs = calloc(LEDGER_JOBS, sizeof *jobs);

    CHECK(jobs != NULL);
    *count = 0;
    add_jobs(&core->jobs.order, jobs, count);
    add_jobs(&core->jobs.forgotten, jobs, count);
    qsort(jobs, *count, sizeof *jobs, by_number);
    return jobs;
}

static bool
are_same_jobs(const struct world *w, const struct recall_page *p)
{
    uint32_t count;
    struct recall_job *now = jobs_of(w->core, &count);
    bool same = count == p->jobs_count
                && memcmp(now, p->jobs, count * sizeof *now) == 0;

    free(now);
    return same;
}

void
recall_taken(struct world *w, uint64_t batch)
{
    struct recall *r = &w->recall;
    const struct ledger *l = &w->ledger;

    if (r->count == r->capacity) {
        r->capacity = r->capacity == 0 ? 8 : r->capacity * 2;
        r->pages = realloc(r->pages, r->capacity * sizeof *r->pages);
        CHECK(r->pages != NULL);
    }
    struct recall_page *p = &r->pages[r->count++];
    *p = (struct recall_page){
        .batch = batch,
        .count = l->count,
        .open = l->open,
        .dead = l->dead,
    };
    p->jobs = jobs_of(w->core, &p->jobs_count);
    p->entries = calloc(l->count + 1, sizeof *p->entries);
    CHECK(p->entries != NULL);
    if (l->count > 0) {
        memcpy(p->entries, l->entries, (l->count + 1) * sizeof *p->entries);
    }
}

static void
drop_pages(struct recall *r, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        free(r->pages[i].entries);
    for (uint32_t i = 0; i < count; i++)
        free(r->pages[i].jobs);
    r->count -= count;
    if (count == 0) return;
    memmove(r->pages, r->pages + count, r->count * sizeof *r->pages);
}

void
recall_landed(struct world *w, uint64_t batch, bool synced)
{
    struct recall *r = &w->recall;
    uint32_t old = 0;

    r->landed = batch;
    while (synced && r->pages[old].batch < batch)
        old++;
    drop_pages(r, old);
}

void
recall_fini(struct world *w)
{
    drop_pages(&w->recall, w->recall.count);
    free(w->recall.pages);
}

/* ---- the core and a page ------------------------------------------------- */

/* Whether the core has of one task what the page says. */
static bool
is_same_task(const struct world *w, uint64_t id, const struct ledger_entry *e)
{
    const struct task *t = task_table_find(&w->core->tasks, id);

    if (e->end >= 0 && e->end != TASK_DEAD) return t == NULL;
    if (t == NULL || t->attempts != e->attempts) return false;
    if (e->end == TASK_DEAD) return t->state == TASK_DEAD;
    if (t->state == TASK_DEAD) return false;
    if (t->state == TASK_LEASED) {
        return e->state == TASK_LEASED && t->is.lease->nonce == e->nonce;
    }
    /* Of a key that was revoked nothing is left that could hold it. */
    return e->state != TASK_LEASED || w->clients[e->holder]->barred;
}

static bool
is_same(const struct world *w, const struct recall_page *p, uint64_t *odd)
{
    for (uint64_t id = 1; id <= p->count; id++) {
        *odd = id;
        if (!is_same_task(w, id, &p->entries[id])) return false;
    }
    *odd = w->core->tasks.last;
    return w->core->tasks.last == p->count && are_same_jobs(w, p);
}

/* The newest page that fits; the oldest that may is the last that was synced,
 * or after the death of the process alone the last that was written. */
static struct recall_page *
find_page(struct world *w, bool power)
{
    struct recall *r = &w->recall;
    uint64_t odd = 0;

    for (uint32_t i = r->count; i-- > 0;) {
        struct recall_page *p = &r->pages[i];
        if (!power && p->batch < r->landed) break;
        if (is_same(w, p, &odd)) return p;
    }
    world_fail(w, "I1",
        "%s, the store holds no state that the master had; of batch %" PRIu64
        " task %" PRIu64 " is another",
        power ? "after a power cut" : "after a crash",
        r->count > 0 ? r->pages[r->count - 1].batch : 0, odd);
}

/* ---- what was told was true ---------------------------------------------- */

static void
check_item(struct world *w, const struct client *c, uint64_t number,
    const struct client_item *item, const struct recall_page *p)
{
    const struct ledger_entry *e =
        item->task <= p->count ? &p->entries[item->task] : NULL;

    if (!item->answered) return;
    if (e == NULL) {
        world_fail(w, "I1",
            "client %u was told that put %" PRIu64 " is task %" PRIu64
            ", which is lost",
            c->uid, number, item->task);
    }
    /* A put whose session was forgotten may be of a second task since. */
    bool shown = item->shown > 0 && item->shown_task == item->task;
    if ((shown || item->ended) && e->end < 0 && !e->is_remade) {
        world_fail(w, "I12",
            "client %u was shown the end of task %" PRIu64
            ", which has not ended any more",
            c->uid, item->task);
    }
}

static void
check_told(struct world *w, const struct recall_page *p)
{
    const struct ledger *l = &w->ledger;

    for (uint32_t uid = 1; uid <= w->clients_count; uid++) {
        struct client *c = w->clients[uid];
        for (uint64_t n = 1; n < c->items_count; n++) {
            if (c->items[n].is_put) check_item(w, c, n, &c->items[n], p);
        }
    }
    for (uint64_t id = 1; id <= l->count; id++) {
        if (!l->entries[id].told_done) continue;
        if (id <= p->count && p->entries[id].end == TASK_DONE) continue;
        world_fail(w, "I12",
            "the completion of task %" PRIu64 " was acknowledged, and is lost",
            id);
    }
}

/* ---- the ledger from now on ---------------------------------------------- */

static void
recall_entry(struct world *w, uint64_t id, const struct ledger_entry *old)
{
    struct ledger_entry *e = &w->ledger.entries[id];
    const struct task *t = task_table_find(&w->core->tasks, id);

    /* Who put it may have become known since. */
    if (old != NULL && old->is_known && !e->is_known) {
        e->uid = old->uid;
        e->number = old->number;
        e->wants = old->wants;
        e->is_known = true;
    }
    e->may_adopt = false;
    if (t == NULL || e->end >= 0) return;
    e->state = t->state;
    if (t->state == TASK_LEASED) {
        e->deadline = t->is.lease->deadline;
        e->deadline_set = w->now;
        e->length = t->is.lease->length;
        e->key = t->is.lease->session->key;
    }
    e->may_adopt = true;
    e->lost_nonce = journal_nonce(
        w->core, id, (uint64_t)t->attempts + 1, w->core->journal.before);
}

/* How often each put counts as accepted, from what is known now. */
static void
recall_items(struct world *w)
{
    for (uint32_t uid = 1; uid <= w->clients_count; uid++) {
        struct client *c = w->clients[uid];
        for (uint64_t n = 1; n < c->items_count; n++)
            c->items[n].accepted = 0;
    }
    for (uint64_t id = 1; id <= w->ledger.count; id++) {
        const struct ledger_entry *e = &w->ledger.entries[id];
        if (!e->is_known) continue;
        client_item(w->clients[e->uid], e->number)->accepted += 1;
    }
}

static void
recall_clients(struct world *w)
{
    tick_ns grace = w->config.grace - w->config.silence;

    for (uint32_t uid = 1; uid <= w->clients_count; uid++)
        w->clients[uid]->heard = w->now + (grace > 0 ? grace : 0);
}

void
recall_crashed(struct world *w)
{
    struct ledger *l = &w->ledger;
    struct recall_page *p = find_page(w, w->keep.power);

    w->keep.power = false;
    check_told(w, p);
    struct ledger_entry *old = l->entries;
    uint64_t old_count = l->count;
    w->stats.undone += old_count - p->count;
    l->entries = p->entries;
    l->count = p->count;
    l->capacity = p->count + 1;
    l->open = p->open;
    l->dead = p->dead;
    ledger_catch_up(w);
    l->ended_seen = 0;
    p->entries = NULL;
    for (uint64_t id = 1; id <= l->count; id++)
        recall_entry(w, id, id <= old_count ? &old[id] : NULL);
    free(old);
    recall_items(w);
    recall_clients(w);
    drop_pages(&w->recall, w->recall.count);
    recall_started(w);
}

/* The batch that said so is on the disk. */
void
recall_started(struct world *w)
{
    if (w->recall.count > 0) return;
    recall_taken(w, 1);
    w->recall.landed = 1;
}
