/*
 * Every call of the disk fails in turn, once or for ever; and the disk is full
 * at every size.  After a failed write or sync nothing more is acknowledged,
 * and a store that was opened again on a healthy disk, even if the power is cut
 * then, has all that was; a full disk loses nothing and goes on when there is
 * room.
 *
 *     io_faults [--short] [--seed N]
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/base.h"
#include "common/stint_error.h"
#include "common/sys/say.h"
#include "tests/store/player.h"
#include "tests/store/report.h"

enum {
    BATCHES = 110,
    GO_ON = 10,
    SEGMENT = 4096,
    LARGE = 6000,
    ROOMY = 3 * SEGMENT, /* There was a reserve once. */
    ENDS = 3,            /* 0: a kill, then power cuts. */
    HANG_SECONDS = 1200
};

static struct {
    struct script script;
    uint64_t runs, failed, full, outlived, recovered;
    uint64_t reserve_least; /* Bytes committed from "full" to the refusal. */
} faults;

static const char *const error_names[] = { "EIO", "ENOSPC" };
static const int errors[] = { EIO, ENOSPC };

/* ---- what is there afterwards -------------------------------------------- */

static unsigned
further(const struct player *p)
{
    unsigned to = p->written + GO_ON;

    return to < faults.script.count ? to : faults.script.count;
}

static bool
open_again(struct player *p, const char *when)
{
    int code = player_open(p);

    if (code < 0) {
        report_failure("%s the open returns %d: %s", when, code, say_message());
    }
    return code == 0;
}

/* The disk is healthy again, the bytes it lost in secret are not. */
static void
recover(const struct player *ended, uint64_t end)
{
    struct fake *fake = fake_copy(ended->fake, faults.script.seed + end);
    struct player p;
    uint64_t before = report_failures();

    player_init(&p, ended->script, fake);
    p.synced = ended->synced;
    p.written = ended->written;
    p.tried = ended->tried;
    p.must = ended->written;
    fake_set_room(fake, UINT64_MAX);
    if (end > 0) {
        fake_cut_power(fake);
        player_lost_power(&p);
    }
    if (open_again(&p, "after the fault")) {
        int code = player_play(&p, further(&p));
        if (code < 0) report_failure("going on returns %d", code);
    }
    fake_stop_at(fake, 1);
    player_close(&p);
    fake_cut_power(fake);
    player_lost_power(&p);
    (void)open_again(&p, "after the fault, going on and a power cut");
    player_close(&p);
    fake_free(fake);
    faults.recovered += before == report_failures();
}

static void
recover_all(struct player *p)
{
    player_close(p);
    for (uint64_t end = 0; end < ENDS; end++)
        recover(p, end);
}

/* ---- calls that fail ----------------------------------------------------- */

static bool
must_stop(enum fake_call call, int error)
{
    return error == EIO && (call == FAKE_WRITE || call == FAKE_SYNC);
}

/* The disk is full or was: makes room, and then it must go on. */
static void
make_room_and_end(struct player *p)
{
    faults.full++;
    fake_fail(p->fake, (struct fake_fault){ .nth = 0 });
    fake_set_room(p->fake, UINT64_MAX);
    int code = p->store == NULL ? player_open(p) : 0;
    if (code == 0) code = player_play(p, BATCHES);
    if (code < 0) {
        report_failure(
            "with room again it returns %d: %s", code, say_message());
    }
}

static void
judge_error(struct player *p, int code, struct fake_fault fault)
{
    if (code == STINT_ENOSPACE) {
        if (fault.error != ENOSPC) {
            report_failure(
                "STINT_ENOSPACE, but the fault was another: %s", say_message());
        }
        make_room_and_end(p);
        return;
    }
    faults.failed++;
    if (code != STINT_EDISK) {
        report_failure("the fault is returned as %d: %s", code, say_message());
    }
    /* Whoever cannot open a store has none to ask. */
    if (p->store != NULL && must_stop(fault.call, fault.error)) {
        player_must_have_failed(p);
    }
}

/* Returns whether there was an nth such call. */
static bool
run(struct fake_fault fault, unsigned nth)
{
    struct fake *fake = fake_new(faults.script.seed + nth);
    struct player p;

    fault.nth = nth;
    player_init(&p, &faults.script, fake);
    fake_fail(fake, fault);
    int code = player_open(&p);
    if (code == 0) code = player_play(&p, BATCHES);
    bool happened = fake_failures(fake) > 0;
    if (code < 0 && happened) judge_error(&p, code, fault);
    if (code < 0 && !happened) {
        report_failure("without a fault it returns %d", code);
    }
    if (code == 0) {
        player_close(&p);
        happened = fake_failures(fake) > 0;
        faults.outlived += happened;
        /* A close has no way to tell. */
        if (must_stop(fault.call, fault.error)
            && fake_failures(fake) > p.close_failures) {
            report_failure(
                "went on over a failed %s", fake_call_name(fault.call));
        }
    }
    if (happened) recover_all(&p);
    player_close(&p);
    fake_free(fake);
    faults.runs += happened;
    return happened;
}

static void
fail_every_call(unsigned step)
{
    for (unsigned i = 0; i < FAKE_ANY; i++) {
        for (unsigned e = 0; e < 2 * ARRAY_LEN(errors); e++) {
            struct fake_fault fault = { .call = (enum fake_call)i,
                .error = errors[e / 2],
                .forever = e % 2 == 1 };
            bool more = true;
            for (unsigned nth = 1; more; nth += step) {
                if (report_scene("%s %s %s %u", fake_call_name(fault.call),
                        error_names[e / 2], fault.forever ? "forever" : "once",
                        nth)) {
                    more = run(fault, nth);
                } else {
                    more = nth < 10000;
                }
            }
        }
    }
}

/* ---- disks that are full ------------------------------------------------- */

static uint64_t
bytes_of(const struct player *p, unsigned batch)
{
    struct buf ops;

    buf_init(&ops);
    script_ops(p->script, batch, &ops);
    uint64_t bytes = ops.length;
    buf_fini(&ops);
    return bytes;
}

/* *reserve: bytes that were acknowledged after the store had said for the first
 * time that it is full; UINT64_MAX if that tells nothing, because a large batch
 * was refused, which fits into no ordinary segment. */
static int
play_until_full(struct player *p, uint64_t *reserve)
{
    int code = 0;
    bool full = false;
    uint64_t since = 0;

    while (code == 0 && p->written < BATCHES) {
        unsigned n = p->written + 1;
        code = player_play(p, n);
        if (full && code == 0) since += bytes_of(p, n);
        if (p->store != NULL) full |= store_stat(p->store).full;
    }
    if (code == STINT_ENOSPACE && !full) {
        report_failure("refused, and store_stat() has never said full");
    }
    *reserve = UINT64_MAX;
    if (code == STINT_ENOSPACE && bytes_of(p, p->written + 1) < SEGMENT / 2) {
        *reserve = since;
    }
    return code;
}

/* Returns whether the disk was too small. */
static bool
run_with_room(uint64_t room)
{
    struct fake *fake = fake_new(faults.script.seed);
    struct player p;
    uint64_t reserve = UINT64_MAX;

    player_init(&p, &faults.script, fake);
    fake_set_room(fake, room);
    int code = player_open(&p);
    if (code == 0) code = play_until_full(&p, &reserve);
    bool small = code == STINT_ENOSPACE;
    if (code < 0 && !small) {
        report_failure("a full disk is %d: %s", code, say_message());
    }
    if (faults.script.keeps && room >= ROOMY
        && reserve < faults.reserve_least) {
        faults.reserve_least = reserve;
    }
    unsigned written = p.written;
    if (small && p.store != NULL) {
        /* All that was acknowledged can be opened before there is room. */
        if (player_look(&p) == 0 && p.written < written) {
            report_failure("a full disk lost batches");
        }
    }
    if (small) make_room_and_end(&p);
    recover_all(&p);
    fake_free(fake);
    faults.runs++;
    return small;
}

static void
fill_every_disk(const char *name, unsigned step)
{
    bool more = true;

    for (uint64_t room = 0; more; room += step) {
        if (report_scene("%s %" PRIu64, name, room)) {
            more = run_with_room(room);
        } else {
            more = room < 1000000;
        }
    }
}

int
main(int argc, char **argv)
{
    struct report_options o =
        report_begin(argc, argv, "io_faults", HANG_SECONDS);
    bool coarse = o.is_short && o.only == NULL;

    faults.reserve_least = UINT64_MAX;
    script_init(
        &faults.script, o.seed, BATCHES + 2 * GO_ON, SEGMENT, LARGE, false);
    fail_every_call(coarse ? 7 : 1);
    fill_every_disk("full", coarse ? 2048 : 256);
    /* Rows that stay fill any disk; large ones have no part of the reserve. */
    script_fini(&faults.script);
    script_init(&faults.script, o.seed, BATCHES + 2 * GO_ON, SEGMENT, 0, true);
    fill_every_disk("full-small", coarse ? 1024 : 128);
    report_needs("runs with a fault", faults.runs, 100);
    report_needs("ended with STINT_EDISK", faults.failed, 50);
    report_needs("full, and went on with room", faults.full, 20);
    report_count("faults that were outlived", faults.outlived);
    report_needs(
        "recovered, gone on with, recovered again", faults.recovered, 300);
    report_needs("bytes that a full store still took, at least",
        faults.reserve_least == UINT64_MAX ? 0 : faults.reserve_least,
        SEGMENT / 4);
    script_fini(&faults.script);
    return report_end();
}
