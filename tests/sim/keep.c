#include "tests/sim/keep.h"

#include <stdlib.h>

#include "common/check.h"
#include "common/error.h"
#include "common/sys/say.h"
#include "master/core/queue.h"
#include "tests/disk/fake.h"
#include "tests/sim/recall.h"
#include "tests/sim/tally.h"
#include "tests/sim/world.h"

void
keep_init(struct world *w)
{
    static const uint32_t segments[] = { 4 << 10, 16 << 10, 256 << 10 };

    if (!w->plan.durable) return;
    w->keep.fake = fake_new(rnd_next(&w->rnd));
    w->keep.config.segment = segments[rnd_below(&w->rnd, 3)];
}

/* ---- starting ------------------------------------------------------------ */

static bool
fetch(void *arg, unsigned kind, uint64_t id, struct buf *value)
{
    struct world *w = arg;

    return store_read(w->keep.store, kind, id, value) == 0;
}

static int
load(void *arg, const struct row *row)
{
    struct world *w = arg;
    const char *why = "";
    int rc = core_load(w->core, row, &why);

    if (rc != 0) {
        world_fail(w, "I11", "a row of kind %u is refused: %s (%s)", row->kind,
            why, error_name(rc));
    }
    return rc;
}

/* What the master does in its first moments, which a crash may cut short too.
 * Returns false then. */
static bool
try_start(struct world *w)
{
    struct keep *k = &w->keep;
    const char *why = "";
    int rc = store_open(fake_disk(k->fake), &k->config, &k->store);

    if (rc != 0) {
        if (fake_is_stopped(k->fake)) return false;
        world_fail(w, "I11", "the store does not open: %s", say_message());
    }
    rc = store_scan(k->store, load, w);
    if (rc != 0 && fake_is_stopped(k->fake)) return false;
    CHECK(rc == 0);
    rc = core_loaded(w->core, w->now, &why);
    if (rc != 0) world_fail(w, "I2", "after a crash: %s", why);
    tally_check_sum(w);
    CHECK(core_take(w->core, &k->batch));
    rc = store_commit(k->store,
        (struct slice){ k->batch.ops.bytes, k->batch.ops.length }, true);
    if (rc != 0 && !fake_is_stopped(k->fake)) {
        world_fail(w, "I12", "a healthy disk fails: %s", error_name(rc));
    }
    if (rc == 0) core_committed(w->core, k->batch.number);
    core_recycle(w->core, &k->batch.ops);
    return rc == 0;
}

static void
add_keys(struct world *w)
{
    for (uint32_t i = 0; i < w->keys_count; i++) {
        const struct world_key *key = &w->keys[i];
        CHECK(core_key_add(
                  w->core, slice_of(key->name), key->role, key->public_key)
              == 0);
        if (key->revoked) {
            CHECK(core_key_revoke(w->core, w->now, slice_of(key->name)) == 0);
        }
    }
}

static void
make_core(struct world *w)
{
    w->config.seed = rnd_next(&w->rnd);
    for (size_t i = 0; i < sizeof w->config.master; i++)
        w->config.master[i] = (uint8_t)rnd_next(&w->rnd);
    w->config.durable = w->keep.fake != NULL;
    if (w->config.durable) {
        w->config.fetch = fetch;
        w->config.fetch_arg = w;
    }
    w->config.fence_base += 1 << 20; /* The clock of the wall goes on. */
    w->core = core_new(&w->config, w->now);
    CHECK(w->core != NULL);
    add_keys(w);
}

/* Of what is only written nobody promises anything when the power is cut. */
static void
die(struct world *w, bool power)
{
    struct keep *k = &w->keep;

    power = power && w->config.durability == QUEUE_SYNCED;

    if (!fake_is_stopped(k->fake)) fake_stop_at(k->fake, 1);
    store_close(k->store);
    k->store = NULL;
    core_free(w->core);
    w->core = NULL;
    if (power) {
        k->power = true;
        fake_cut_power(k->fake);
    } else {
        fake_kill(k->fake);
    }
}

void
keep_start(struct world *w)
{
    struct keep *k = &w->keep;

    make_core(w);
    if (k->fake == NULL) return;
    /* Once in a while it does not live to see the end of its recovery. */
    while (w->starts > 0 && rnd_one_in(&w->rnd, 200)) {
        w->stats.recrashes += 1;
        fake_stop_at(k->fake, rnd_between(&w->rnd, 1, 40));
        if (try_start(w)) {
            /* It came through; then it dies a moment later. */
            recall_started(w);
        }
        die(w, rnd_one_in(&w->rnd, 500));
        make_core(w);
    }
    CHECK(try_start(w));
    w->starts += 1;
}

/* ---- batches ------------------------------------------------------------- */

static void
land(struct world *w)
{
    struct keep *k = &w->keep;
    int rc = store_commit(k->store,
        (struct slice){ k->batch.ops.bytes, k->batch.ops.length },
        k->batch.sync);

    if (rc != 0) world_fail(w, "I12", "a healthy disk fails: %d", rc);
    k->flies = false;
    recall_landed(w, k->batch.number, k->batch.sync);
    core_committed(w->core, k->batch.number);
    core_recycle(w->core, &k->batch.ops);
    w->stats.commits += 1;
    w->stats.steps += 1;
    while (rnd_one_in(&w->rnd, 700) && store_tend(k->store) > 0) {}
}

void
keep_turn(struct world *w)
{
    struct keep *k = &w->keep;

    if (k->fake == NULL) return;
    if (k->flies && k->lands <= w->now) land(w);
    if (k->flies || !core_take(w->core, &k->batch)) return;
    k->flies = true;
    k->lands =
        w->now
        + rnd_time(&w->rnd, rnd_one_in(&w->rnd, 20) ? TICK_S / 4 : 3 * TICK_MS);
    recall_taken(w, k->batch.number);
}

tick_ns
keep_due(const struct world *w)
{
    return w->keep.flies ? w->keep.lands : TICK_NEVER;
}

/* ---- the end ------------------------------------------------------------- */

void
keep_crash(struct world *w, bool power)
{
    struct keep *k = &w->keep;

    if (k->flies) {
        /* Somewhere in its commit, or just before or behind it. */
        fake_stop_at(k->fake, rnd_between(&w->rnd, 1, 8));
        if (store_commit(k->store,
                (struct slice){ k->batch.ops.bytes, k->batch.ops.length },
                k->batch.sync)
            == 0) {
            recall_landed(w, k->batch.number, k->batch.sync);
        }
        buf_fini(&k->batch.ops);
        k->flies = false;
    } else if (rnd_one_in(&w->rnd, 300)) {
        fake_stop_at(k->fake, rnd_between(&w->rnd, 1, 8));
        while (store_tend(k->store) > 0) {}
    }
    die(w, power);
}

void
keep_fini(struct world *w)
{
    struct keep *k = &w->keep;

    if (k->flies) buf_fini(&k->batch.ops);
    store_close(k->store);
    fake_free(k->fake);
}
