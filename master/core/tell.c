#include "master/core/tell.h"

#include "common/base.h"
#include "common/stint_error.h"
#include "master/core/jobs.h"
#include "master/core/notes.h"
#include "master/core/outcome.h"

void
tell_people(struct core *core, tick_ns now, const struct task *t,
    enum task_state state, const char *worker)
{
    struct ended *e = &core->ended[core->ended_count++ % ENDED_MAX];

    *e = (struct ended){
        .task = t->id,
        .queue = t->queue,
        .born = t->born,
        .at = now,
        .attempts = task_number(t),
        .size = t->size,
        .priority = t->priority,
        .failures = t->failures,
        .lost = t->lost,
        .timeouts = t->timeouts,
        .released = t->released,
        .state = (uint8_t)state,
    };
    size_t length = strlen(worker);
    if (length >= sizeof e->worker) length = sizeof e->worker - 1;
    memcpy(e->worker, worker, length);
}

int
tell_done(struct core *core, tick_ns now, struct task *t, struct slice worker,
    struct slice result, struct slice note)
{
    /* Who says nothing else has written it all to standard output. */
    const struct rec_attempt mine = { .cause = NOTES_ENDED,
        .out = result.length };

    if (t->queue->job == NULL) return outcome_tell(core, t, 0, worker, result);
    const struct rec_end how = {
        .worker = worker,
        .notes = notes_last(core, now, t, note, &mine),
        .output = result,
    };
    return jobs_end(core, t, &how) ? 0 : STINT_ENOMEM;
}

struct slice
tell_worker(const struct task *t)
{
    return slice_of(t->more != NULL ? t->more->worker : "");
}

void
tell_end(struct core *core, const struct task *t, int code, struct slice reason,
    struct slice output)
{
    if (t->queue->job == NULL) {
        bool died = code != STINT_ECANCELLED && code != STINT_EEXPIRED;
        outcome_must_tell(
            core, t, code, died ? tell_worker(t) : slice_of(""), reason);
        return;
    }
    struct rec_end how = {
        .code = code,
        .worker = tell_worker(t),
        .reason = reason,
        .output = output,
    };
    if (t->more != NULL) {
        how.notes =
            (struct slice){ t->more->notes.bytes, t->more->notes.length };
    }
    jobs_must_end(core, t, &how);
}
