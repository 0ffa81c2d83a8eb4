/*
 * The store is stopped at every call it makes of its disk, by a kill and by
 * power cuts, and again at every call of the recovery; what was acknowledged
 * must be there, whole batches in their order, and nothing else.
 *
 *     crash_matrix [--short] [--seed N] [--count CUTS]
 */
#include "common/stint_error.h"
#include "common/sys/say.h"
#include "tests/disk/luck.h"
#include "tests/store/player.h"
#include "tests/store/report.h"

enum {
    BATCHES = 300,
    BATCHES_SHORT = 120,
    SEGMENT = 4096,
    LARGE = 10000,
    CUTS = 3,         /* Power cuts at each call, of different luck. */
    GO_ON = 12,       /* Batches after a recovery, */
    GO_ON_CALLS = 40, /* or so many calls, */
    GO_ON_FEW = 4,    /* or so many. */
    SHORT_STEP = 13,  /* The short form takes every such call. */
    HANG_SECONDS = 1800
};

static struct {
    struct script script;
    unsigned last; /* The batch that the run ends with. */
    uint64_t cuts; /* At each call. */
    unsigned step; /* Every which second end is tried. */
    uint64_t calls, kinds[FAKE_ANY];
    uint64_t ends, recovered, pairs, pair_recovered, torn, moved;
    unsigned segments_max;
} matrix;

static uint64_t
luck_of(uint64_t k, uint64_t end, uint64_t j)
{
    return matrix.script.seed * UINT64_C(1000003) + k * UINT64_C(10007)
           + end * UINT64_C(101) + j * UINT64_C(7919);
}

/* End 0 is a kill, the others are power cuts of different luck. */
static void
end_it(struct fake *fake, struct player *p, uint64_t end)
{
    if (end == 0) {
        fake_kill(fake);
        player_is_killed(p);
    } else {
        fake_cut_power(fake);
        player_lost_power(p);
    }
}

/* The player goes on with a disk that is the same until now. */
static struct player
player_on(const struct player *p, struct fake *fake)
{
    struct player on;

    player_init(&on, p->script, fake);
    on.synced = p->synced;
    on.written = p->written;
    on.tried = p->tried;
    on.must = p->must;
    return on;
}

static unsigned
further(const struct player *p)
{
    unsigned to = p->written + GO_ON;

    return to < matrix.script.count ? to : matrix.script.count;
}

/* Recover without more ado, go on for a while, end, look again.  `chance`
 * draws when, and how. */
static void
recover_and_go_on(struct player *p, uint64_t chance)
{
    struct luck luck = { chance };
    int code = player_open(p);

    if (code < 0) {
        report_failure("the recovery returns %d: %s", code, say_message());
        return;
    }
    matrix.torn += p->torn;
    size_t calls = luck_has(&luck, 1, 2) ? GO_ON_FEW : GO_ON_CALLS;
    fake_stop_at(p->fake, 1 + luck_below(&luck, calls));
    code = player_play(p, further(p));
    if (code < 0 && !fake_is_stopped(p->fake)) {
        report_failure("going on returns %d: %s", code, say_message());
    }
    if (!fake_is_stopped(p->fake)) fake_stop_at(p->fake, 1);
    player_close(p);
    end_it(p->fake, p, luck_below(&luck, 3));
    code = player_open(p);
    if (code < 0) {
        report_failure(
            "after going on the open returns %d: %s", code, say_message());
    }
    player_close(p);
}

/* Returns whether the recovery came as far as its call `j`. */
static bool
stop_recovery(const struct player *crashed, uint64_t k, uint64_t end,
    uint64_t j, uint64_t second)
{
    struct fake *fake = fake_copy(crashed->fake, luck_of(k, end, j + second));
    struct player p = player_on(crashed, fake);

    fake_stop_at(fake, j);
    int code = player_open(&p);
    bool stopped = fake_is_stopped(fake);
    if (stopped && code == 0) {
        /* The last call was the scan's or a read's. */
        code = STINT_EDISK;
    }
    if (!stopped && code < 0) report_failure("the recovery returns %d", code);
    fake_stop_at(fake, stopped ? 0 : 1);
    player_close(&p);
    if (stopped) {
        matrix.pairs++;
        end_it(fake, &p, second);
        if (player_open(&p) == 0) {
            matrix.pair_recovered++;
            if (j % 5 == 0) {
                player_close(&p);
                recover_and_go_on(&p, luck_of(k, end, j));
            }
        } else {
            report_failure("the second recovery fails: %s", say_message());
        }
        fake_stop_at(fake, 1);
        player_close(&p);
    }
    fake_free(fake);
    return stopped;
}

static void
crash(const struct player *stopped, uint64_t k, uint64_t end)
{
    static const char *const names[] = { "kill", "cut" };
    struct fake *fake = fake_copy(stopped->fake, luck_of(k, end, 0));
    struct player p = player_on(stopped, fake);

    end_it(fake, &p, end);
    matrix.ends++;
    struct fake *left = fake_copy(fake, luck_of(k, end, 1));
    struct player again = player_on(&p, left);
    uint64_t failures = report_failures();
    recover_and_go_on(&p, luck_of(k, end, 2));
    matrix.recovered += failures == report_failures();
    bool more = end < 2 && failures == report_failures();
    for (uint64_t j = 1; more; j += matrix.step) {
        uint64_t second = (j + k) % 3;
        if (report_scene("K=%u %s%u J=%u", (unsigned)k, names[end > 0],
                (unsigned)end, (unsigned)j)) {
            more = stop_recovery(&again, k, end, j, second);
        } else {
            more = j < 1000;
        }
    }
    fake_free(left);
    fake_free(fake);
}

/* Run until call `k`.  Returns whether there was one. */
static bool
run(uint64_t k)
{
    static const char *const names[] = { "kill", "cut" };
    struct fake *fake = fake_new(luck_of(k, 0, 0));
    struct player p;

    player_init(&p, &matrix.script, fake);
    fake_stop_at(fake, k);
    int code = player_open(&p);
    if (code == 0) code = player_play(&p, matrix.last);
    bool stopped = fake_is_stopped(fake);
    if (stopped && p.store != NULL && code < 0) player_must_have_failed(&p);
    if (!stopped && code < 0) report_failure("the run returns %d", code);
    player_close(&p);
    stopped = fake_is_stopped(fake);
    matrix.moved = p.moved > matrix.moved ? p.moved : matrix.moved;
    if (p.segments_max > matrix.segments_max) {
        matrix.segments_max = p.segments_max;
    }
    if (!stopped) {
        matrix.calls = fake_calls(fake, FAKE_ANY);
        for (unsigned i = 0; i < FAKE_ANY; i++)
            matrix.kinds[i] = fake_calls(fake, (enum fake_call)i);
    }
    for (uint64_t end = 0; stopped && end <= matrix.cuts; end++) {
        if (report_scene(
                "K=%u %s%u", (unsigned)k, names[end > 0], (unsigned)end)) {
            crash(&p, k, end);
        }
    }
    fake_free(fake);
    return stopped;
}

static void
print_counts(bool is_short)
{
    static const enum fake_call must[] = { FAKE_CREATE, FAKE_WRITE, FAKE_SYNC,
        FAKE_RENAME, FAKE_REMOVE, FAKE_SYNC_DIR, FAKE_READ };

    report_needs(
        "calls of the disk in the run", matrix.calls, is_short ? 200 : 500);
    for (unsigned i = 0; i < sizeof must / sizeof must[0]; i++) {
        char what[64];
        (void)snprintf(
            what, sizeof what, "  of them %s", fake_call_name(must[i]));
        /* Nothing is removed if every segment finds a use. */
        report_needs(
            what, matrix.kinds[must[i]], must[i] == FAKE_REMOVE ? 0 : 1);
    }
    report_needs("bytes moved out of the oldest segments", matrix.moved, 1);
    report_needs("segments in use at most", matrix.segments_max, 4);
    report_needs("ends at these calls", matrix.ends, is_short ? 40 : 2000);
    report_count(
        "of them recovered, gone on with, recovered again", matrix.recovered);
    report_needs("bytes of torn ends cut off", matrix.torn, 1);
    report_needs(
        "second ends during recovery", matrix.pairs, is_short ? 200 : 5000);
    report_count("of them recovered", matrix.pair_recovered);
}

int
main(int argc, char **argv)
{
    struct report_options o =
        report_begin(argc, argv, "crash_matrix", HANG_SECONDS);
    unsigned k_step = o.is_short ? SHORT_STEP : 1;

    matrix.last = o.is_short ? BATCHES_SHORT : BATCHES;
    matrix.cuts = o.count > 0 ? o.count : CUTS;
    matrix.step = o.is_short && o.only == NULL ? 3 : 1;
    script_init(
        &matrix.script, o.seed, matrix.last + 2 * GO_ON, SEGMENT, LARGE, false);
    uint64_t k = 1;
    for (bool more = true; more; k += k_step) {
        if (report_scene("K=%u", (unsigned)k)) {
            more = run(k);
        } else {
            more = k < 100000;
        }
    }
    print_counts(o.is_short);
    script_fini(&matrix.script);
    return report_end();
}
