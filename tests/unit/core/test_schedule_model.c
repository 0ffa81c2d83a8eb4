/* Schedules under restarts and a clock that jumps, from seeds: each due time is
 * one task, whatever happens, and none is a second one. */
#include "tests/unit/core/schedule_rig.h"
#include "tests/unit/core/unit.h"

#include <stdio.h>

enum { SEEDS = 30, STEPS = 120, LINES = 4 };

static const char *const lines[LINES] = { "* * * * *", "*/7 * * * *",
    "13,44 */2 * * *", "30 5 * * mon,thu" };

struct world {
    struct rig *rig;
    struct rig_peer *p;
    uint64_t seed, draws;
    struct cron crons[LINES];
    uint64_t put[LINES + 1], skipped[LINES + 1];
    int64_t handled[LINES]; /* The latest due time that was dealt with. */
};

static const char *
name_of(unsigned i)
{
    static char name[8];

    (void)snprintf(name, sizeof name, "s%u", i);
    return name;
}

static const struct schedule *
at(const struct world *w, unsigned i)
{
    return schedule_of(w->rig, name_of(i));
}

/* The first due time that is not over: later than what was dealt with. */
static int64_t
next_due(const struct world *w, unsigned i, int64_t after)
{
    if (after < w->handled[i]) after = w->handled[i];
    return cron_next(&w->crons[i], after / TICK_S) * TICK_S;
}

/* Dealt with are those up to `to`; how many were they, of which no task is told
 * yet? */
static uint64_t
come(struct world *w, unsigned i, int64_t from, int64_t to, uint64_t most)
{
    uint64_t count = 0;

    for (int64_t due; (due = next_due(w, i, from)) <= to;) {
        count += 1;
        w->handled[i] = due;
        if (count == most) break;
    }
    return count;
}

static void
expect(struct world *w, unsigned i, uint64_t put, uint64_t skipped,
    const char *what)
{
    const struct schedule *s = at(w, i);

    w->put[i] += put;
    w->skipped[i] += skipped;
    if (s->put == w->put[i] && s->skipped == w->skipped[i]) return;
    fail_msg("seed %u, %s of %s: %u put, not %u; %u skipped, not %u",
        (unsigned)w->seed, what, s->name, (unsigned)s->put, (unsigned)w->put[i],
        (unsigned)s->skipped, (unsigned)w->skipped[i]);
}

/* Tasks are counted and go away: the rig's table is small. */
static void
clear(struct world *w)
{
    uint64_t counted = 0;

    for (struct task *t;
         (t = task_table_next(&w->rig->core->tasks, 0)) != NULL;)
        life_cancel(w->rig->core, w->rig->now, t);
    schedule_turn(w->rig);
    for (unsigned i = 0; i <= LINES; i++)
        counted += w->put[i];
    assert_int_equal(w->rig->core->by_name->accepted, counted);
    rig_forget_inbox(w->p);
}

static bool
leaves_out(unsigned i)
{
    return i % 2 == 1;
}

/* ---- what happens -------------------------------------------------------- */

static void
pass(struct world *w)
{
    int64_t from = schedule_time(w->rig);
    tick_ns length = (tick_ns)(1 + unit_draw(&w->draws, 40 * 60)) * TICK_S;
    tick_ns due = at(w, LINES)->due, every = at(w, LINES)->every;

    schedule_pass(w->rig, length);
    for (unsigned i = 0; i < LINES; i++) {
        expect(w, i, come(w, i, from, schedule_time(w->rig), UINT64_MAX), 0,
            "time");
    }
    tick_ns late = w->rig->now - due;
    expect(w, LINES, late < 0 ? 0 : (uint64_t)(late / every + 1), 0, "time");
}

/* By up to two days, either way. */
static int64_t
jump(struct world *w)
{
    int64_t far = unit_draw(&w->draws, 3) == 0 ? 172800 : 1800;
    int64_t by = (int64_t)unit_draw(&w->draws, (uint32_t)far) - far / 2;

    return by * TICK_S;
}

/* Those that come together are one, of which the first counts. */
static void
set_clock(struct world *w)
{
    int64_t from = schedule_time(w->rig), by = jump(w);

    schedule_set_clock(w->rig, from + by);
    schedule_turn(w->rig);
    for (unsigned i = 0; i < LINES; i++)
        expect(w, i, by > 0 ? come(w, i, from, from + by, 1) : 0, 0, "jump");
    expect(w, LINES, 0, 0, "jump");
}

static void
restart(struct world *w)
{
    int64_t from = schedule_time(w->rig);
    tick_ns gap = (tick_ns)unit_draw(&w->draws, 3 * 3600) * TICK_S;
    tick_ns due = at(w, LINES)->due;

    if (unit_draw(&w->draws, 3) == 0) {
        schedule_set_clock(w->rig, from + jump(w));
    }
    schedule_restart(w->rig, gap);
    for (unsigned i = 0; i < LINES; i++) {
        uint64_t missed = come(w, i, from, schedule_time(w->rig), 1);
        expect(w, i, leaves_out(i) ? 0 : missed, leaves_out(i) ? missed : 0,
            "restart");
    }
    expect(w, LINES, due <= w->rig->now, 0, "restart");
}

/* The turn that puts is not committed any more. */
static void
crash_in_a_turn(struct world *w)
{
    int64_t from = schedule_time(w->rig);
    tick_ns due = at(w, LINES)->due;

    w->rig->now += (tick_ns)unit_draw(&w->draws, 600) * TICK_S;
    schedule_tell_time(w->rig);
    core_turn(w->rig->core, w->rig->now);
    schedule_restart(w->rig, 0);
    for (unsigned i = 0; i < LINES; i++) {
        uint64_t missed = come(w, i, from, schedule_time(w->rig), 1);
        expect(w, i, leaves_out(i) ? 0 : missed, leaves_out(i) ? missed : 0,
            "crash");
    }
    expect(w, LINES, due <= w->rig->now, 0, "crash");
}

static void
run(struct world *w)
{
    char why[CRON_WHY_MAX];

    for (unsigned i = 0; i <= LINES; i++) {
        struct msg_schedule_set set = { .schedule = slice_of(name_of(i)) };
        if (i == LINES) {
            set.every_ns = (uint64_t)(11 * TICK_S);
        } else {
            set.cron = slice_of(lines[i]);
            set.missed = leaves_out(i);
            assert_int_equal(cron_parse(set.cron, &w->crons[i], why), 0);
        }
        schedule_make(w->p, set);
    }
    for (unsigned step = 0; step < STEPS; step++) {
        uint32_t what = unit_draw(&w->draws, 10);
        if (what < 6) {
            pass(w);
        } else if (what < 8) {
            set_clock(w);
        } else if (what < 9) {
            restart(w);
        } else {
            crash_in_a_turn(w);
        }
        clear(w);
    }
}

static void
each_due_time_is_one_task(void **state)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        if (seed > 1) {
            kept_tear_down(state);
            schedule_set_up(state);
        }
        struct world w = { .rig = *state, .seed = seed, .draws = seed };
        w.p = schedule_peer(w.rig, "submit", ROLE_SUBMIT);
        run(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            each_due_time_is_one_task, schedule_set_up, kept_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
