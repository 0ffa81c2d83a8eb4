/* How many do a pool's work.                                    [layer: pool]
 */
#include "client/pool/pool.h"

enum { STATUS_MS = 5000 };

static int
note_workers(void *arg, const struct stint_queue_row *row)
{
    uint64_t *workers = arg;

    *workers = row->workers;
    return 0;
}

/* Which of them serve the queue with how many slots is not told: as many each
 * as all have on average. */
static unsigned
count_elsewhere(struct stint_pool *pool)
{
    struct stint_status status;
    uint64_t workers = 0;

    if (stint_list_queues(pool->s, stint_queue_name(pool->q), note_workers,
            &workers, STATUS_MS)
            != 0
        || workers == 0 || stint_status(pool->s, &status, STATUS_MS) != 0
        || status.workers == 0) {
        return workers > 0 ? (unsigned)workers : 1;
    }
    uint64_t slots = status.slots * workers / status.workers;
    return slots > 0 ? (unsigned)slots : 1;
}

unsigned
stint_pool_processes(struct stint_pool *pool)
{
    return pool->crew != NULL ? pool->processes : count_elsewhere(pool);
}
