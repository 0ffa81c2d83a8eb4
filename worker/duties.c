#include "worker/duties.h"

#include <string.h>

#include "common/sys/clock.h"
#include "worker/order.h"
#include "worker/wake.h"
#include "worker/worker.h"

void
duties_init(struct duties *d)
{
    memset(d, 0, sizeof *d);
    (void)pthread_mutex_init(&d->lock, NULL);
}

void
duties_fini(struct duties *d)
{
    (void)pthread_mutex_destroy(&d->lock);
}

/* ---- what comes: in the thread that reads -------------------------------- */

static void
note_recall(void *arg, uint64_t task, uint64_t fence)
{
    struct stint_worker *w = arg;
    struct duties *d = &w->duties;

    (void)pthread_mutex_lock(&d->lock);
    if (d->new_recall_count < DUTIES_RECALLS) {
        d->new_recalls[d->new_recall_count++] =
            (struct duties_recall){ task, fence };
    }
    (void)pthread_mutex_unlock(&d->lock);
    wake(w);
}

/* Beyond the bound nobody is shown anything until his wait is over. */
static void
note_show(void *arg, const struct stint_show *show)
{
    struct stint_worker *w = arg;
    struct duties *d = &w->duties;
    tick_ns wait = show->wait_ms < INT64_MAX / TICK_MS ? show->wait_ms * TICK_MS
                                                       : TICK_NEVER;

    (void)pthread_mutex_lock(&d->lock);
    if (d->new_show_count < DUTIES_SHOWS) {
        d->new_shows[d->new_show_count++] =
            (struct duties_show){ *show, tick_after(clock_now(), wait) };
    }
    (void)pthread_mutex_unlock(&d->lock);
    wake(w);
}

static void
note_restart(void *arg)
{
    struct stint_worker *w = arg;

    programs_forget(w->programs);
}

void
duties_begin(struct stint_worker *w)
{
    const struct stint_duties ours = { .recalled = note_recall,
        .show = note_show,
        .restarted = note_restart,
        .arg = w };

    stint_duties(w->s, &ours);
}

void
duties_end(struct stint_worker *w)
{
    stint_duties(w->s, NULL);
}

/* ---- recalls ------------------------------------------------------------- */

static struct slot *
find_slot(struct stint_worker *w, uint64_t task, uint64_t fence)
{
    for (unsigned i = 0; i < w->slot_count; i++) {
        struct slot *slot = &w->slots[i];

        if (slot->state == SLOT_RUNNING && slot->task != NULL
            && stint_task_id(slot->task) == task
            && stint_task_fence(slot->task) == fence) {
            return slot;
        }
    }
    return NULL;
}

static void
keep_stray(struct duties *d, struct duties_recall recall)
{
    if (d->stray_count == DUTIES_STRAYS) {
        d->stray_count -= 1;
        memmove(d->strays, d->strays + 1, d->stray_count * sizeof recall);
    }
    d->strays[d->stray_count++] = recall;
}

static void
do_recalls(struct stint_worker *w)
{
    struct duties_recall recalls[DUTIES_RECALLS];
    struct duties *d = &w->duties;

    (void)pthread_mutex_lock(&d->lock);
    unsigned count = d->new_recall_count;
    memcpy(recalls, d->new_recalls, count * sizeof recalls[0]);
    d->new_recall_count = 0;
    (void)pthread_mutex_unlock(&d->lock);
    if (count == 0) return;

    (void)pthread_mutex_lock(&w->lock);
    for (unsigned i = 0; i < count; i++) {
        struct slot *slot = find_slot(w, recalls[i].task, recalls[i].fence);

        if (slot != NULL) {
            order_recall(slot);
        } else {
            keep_stray(d, recalls[i]);
        }
    }
    (void)pthread_mutex_unlock(&w->lock);
}

bool
duties_is_recalled(struct duties *d, uint64_t task, uint64_t fence)
{
    for (unsigned i = 0; i < d->stray_count; i++) {
        if (d->strays[i].task != task || d->strays[i].fence != fence) {
            continue;
        }
        d->strays[i] = d->strays[--d->stray_count];
        return true;
    }
    return false;
}

/* ---- shows --------------------------------------------------------------- */

static void
take_shows(struct duties *d)
{
    (void)pthread_mutex_lock(&d->lock);
    unsigned room = DUTIES_SHOWS - d->show_count;
    unsigned count = d->new_show_count < room ? d->new_show_count : room;
    memcpy(
        d->shows + d->show_count, d->new_shows, count * sizeof d->new_shows[0]);
    d->show_count += count;
    d->new_show_count = 0;
    (void)pthread_mutex_unlock(&d->lock);
}

/* Whether there is something to show; what, is in `view`. */
static bool
look(struct stint_worker *w, const struct stint_show *asked,
    struct capture_view *view)
{
    (void)pthread_mutex_lock(&w->lock);
    struct slot *slot = find_slot(w, asked->task, asked->fence);
    bool some = slot != NULL && capture_look(&slot->capture, view);
    (void)pthread_mutex_unlock(&w->lock);
    return some;
}

static struct stint_bytes
bytes_of(const struct buf *b)
{
    return (struct stint_bytes){ b->bytes, b->failed ? 0 : b->length };
}

/* True: it was answered. */
static bool
answer(struct stint_worker *w, const struct duties_show *show, tick_ns now,
    struct capture_view *view)
{
    view->out_from = show->asked.out_from;
    view->err_from = show->asked.err_from;
    view->more = false;
    buf_clear(&view->out);
    buf_clear(&view->err);
    if (!look(w, &show->asked, view) && now < show->until) return false;
    int code = stint_show_post(w->s, &show->asked, bytes_of(&view->out),
        bytes_of(&view->err), view->more);
    (void)code; /* Who looks asks again. */
    return true;
}

static void
do_shows(struct stint_worker *w, tick_ns now)
{
    struct duties *d = &w->duties;
    struct capture_view view;
    unsigned kept = 0;

    take_shows(d);
    if (d->show_count == 0) return;
    buf_init(&view.out);
    buf_init(&view.err);
    for (unsigned i = 0; i < d->show_count; i++) {
        if (!answer(w, &d->shows[i], now, &view))
            d->shows[kept++] = d->shows[i];
    }
    d->show_count = kept;
    buf_fini(&view.out);
    buf_fini(&view.err);
}

/* ---- progress ------------------------------------------------------------ */

static void
tell_progress(struct stint_worker *w, tick_ns now)
{
    struct progress_note note;

    (void)pthread_mutex_lock(&w->lock);
    for (unsigned i = 0; i < w->slot_count; i++) {
        struct slot *slot = &w->slots[i];

        if (slot->state != SLOT_RUNNING || slot->task == NULL) continue;
        if (!progress_take(&slot->call.progress, now, &note)) continue;
        int code = stint_task_post_progress(
            slot->task, note.done, note.total, note.text);
        (void)code; /* It says it again. */
    }
    (void)pthread_mutex_unlock(&w->lock);
}

/* ---- the whole ----------------------------------------------------------- */

void
duties_do(struct stint_worker *w, tick_ns now)
{
    do_recalls(w);
    do_shows(w, now);
    tell_progress(w, now);
}

tick_ns
duties_next(const struct duties *d)
{
    tick_ns next = TICK_NEVER;

    for (unsigned i = 0; i < d->show_count; i++) {
        next = tick_min(next, d->shows[i].until);
    }
    return next;
}
