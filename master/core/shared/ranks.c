#include "master/core/shared/ranks.h"

#include "common/stint_error.h"
#include "master/core/shared/changes.h"

/* A new entry at an end is so far from its neighbour; where others are spread
 * they get so much room at least.  Ranks stay below a bound that leaves room
 * for a step behind it. */
static const int64_t step_wide = 1 << 16, step_least = 16,
                     rank_most = INT64_MAX / 2;

static int64_t
rank_at(const struct shelf *shelf, size_t at)
{
    return sequence_at(&shelf->content->in.sequence, at)->rank;
}

static size_t
count_of(const struct shelf *shelf)
{
    return shelf->content->in.sequence.count;
}

/* Entries of the places `from` to before `to` get ranks from `first` on. */
static int
spread(struct shelf *shelf, struct changes *changes, size_t from, size_t to,
    int64_t first, int64_t step)
{
    for (size_t i = from; i < to; i++) {
        struct entry *e = sequence_at(&shelf->content->in.sequence, i);
        if (!changes_reserve(changes)) return STINT_ENOMEM;
        changes_note(changes, &(struct change){
                                  .kind = CHANGE_RANK,
                                  .shelf = shelf,
                                  .content = shelf->content,
                                  .after = e,
                                  .rank = e->rank,
                              });
        e->rank = first + (int64_t)(i - from) * step;
    }
    return 0;
}

/* From the middle outwards, until there is room for those between; a window
 * that reaches an end has it. */
static int
make_gap(struct shelf *shelf, struct changes *changes, size_t at, int64_t *rank)
{
    size_t count = count_of(shelf);

    for (size_t reach = 8;; reach *= 2) {
        size_t from = at > reach ? at - reach : 0;
        size_t to = count - at > reach ? at + reach : count;
        int64_t many = (int64_t)(to - from) + 2, step = step_wide, base = 0;
        if (to < count && from > 0) {
            base = rank_at(shelf, from - 1);
            step = (rank_at(shelf, to) - base) / many;
            if (step < step_least) continue;
        } else if (to < count) {
            base = rank_at(shelf, to) - step * many;
        } else if (from > 0) {
            base = rank_at(shelf, from - 1);
        }
        *rank = base + step * ((int64_t)(at - from) + 1);
        /* Downwards or upwards, the order holds all the time when nobody
         * looks meanwhile. */
        int rc = spread(shelf, changes, from, at, base + step, step);
        if (rc != 0) return rc;
        return spread(shelf, changes, at, to, *rank + step, step);
    }
}

/* One end has come too far: all begin anew, around 0. */
static int
start_over(
    struct shelf *shelf, struct changes *changes, size_t at, int64_t *rank)
{
    size_t count = count_of(shelf);

    *rank = (int64_t)at * step_wide;
    int rc = spread(shelf, changes, 0, at, 0, step_wide);
    if (rc != 0) return rc;
    return spread(shelf, changes, at, count, *rank + step_wide, step_wide);
}

int
ranks_place(
    struct shelf *shelf, struct changes *changes, size_t at, int64_t *rank)
{
    size_t count = count_of(shelf);

    *rank = 0;
    if (count == 0) return 0;
    if (rank_at(shelf, count - 1) > rank_most
        || rank_at(shelf, 0) < -rank_most) {
        return start_over(shelf, changes, at, rank);
    }
    if (at == count) {
        *rank = rank_at(shelf, count - 1) + step_wide;
        return 0;
    }
    if (at == 0) {
        *rank = rank_at(shelf, 0) - step_wide;
        return 0;
    }
    int64_t low = rank_at(shelf, at - 1), high = rank_at(shelf, at);
    if (high - low < 2) return make_gap(shelf, changes, at, rank);
    *rank = low + (high - low) / 2;
    return 0;
}

void
ranks_turn(struct shelf *shelf)
{
    struct sequence *q = &shelf->content->in.sequence;

    sequence_reverse(q);
    shelf->reversed = !shelf->reversed;
    for (size_t i = 0; i < q->count; i++) {
        struct entry *e = sequence_at(q, i);
        e->rank = -e->rank;
    }
}
