/* What the placement knows after a restart. */
#include "tests/unit/core/kept.h"
#include "tests/unit/core/place_rig.h"

static void
what_leases_use_is_counted_again(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 8, "gpus*3");
    struct rig_task t[4];

    (void)place_job(p, "gpus*2");
    kept_settle(rig);
    uint64_t job = rig_see(p, MSG_job_is, 0)->as.job_is.job;
    place_put(p, job, 2);
    uint64_t get = place_get(w, 8);
    assert_int_equal(rig_tasks(w, get, t, 4), 1);
    kept_settle(rig);
    kept_restart(rig);
    place_hello(w, 8, "gpus*3");
    (void)kept_show_all(w, &t[0]);
    get = place_get(w, 8);
    assert_int_equal(place_got(w, get), 0);
    (void)rig_done(w, &t[0], "");
    kept_settle(rig);
    assert_int_equal(place_got(w, get), 1);
}

static void
a_grant_that_the_crash_undid_takes_its_part_when_it_is_shown(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 8, "gpus*2");
    struct rig_task t[4];

    (void)place_job(p, "gpus*2");
    kept_settle(rig);
    uint64_t job = rig_see(p, MSG_job_is, 0)->as.job_is.job;
    place_put(p, job, 2);
    kept_settle(rig);
    uint64_t get = place_get(w, 8);
    assert_int_equal(rig_tasks(w, get, t, 4), 1);
    kept_restart(rig);
    place_hello(w, 8, "gpus*2");
    (void)kept_show_all(w, &t[0]);
    get = place_get(w, 8);
    assert_int_equal(place_got(w, get), 0);
    uint64_t done = rig_done(w, &t[0], "");
    kept_settle(rig);
    assert_int_equal(rig_outcome(w, done), 0);
    assert_int_equal(place_got(w, get), 1);
}

static void
a_pause_survives(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = place_worker(rig, "w", 8, "");

    (void)place_job(p, "");
    kept_settle(rig);
    uint64_t job = rig_see(p, MSG_job_is, 0)->as.job_is.job;
    place_put(p, job, 1);
    (void)place_pause(p, "", job, false);
    (void)place_pause(p, "jobs", 0, false);
    kept_settle(rig);
    kept_restart(rig);
    rig_hello(p, PROTO_VERSION);
    place_hello(w, 8, "");
    uint64_t get = place_get(w, 8);
    assert_int_equal(place_got(w, get), 0);
    (void)place_pause(p, "jobs", 0, true);
    kept_settle(rig);
    assert_int_equal(place_got(w, get), 0);
    (void)place_pause(p, "", job, true);
    kept_settle(rig);
    assert_int_equal(place_got(w, get), 1);
}

static void
bounds_and_needs_of_a_job_survive(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *plain = place_worker(rig, "w plain", 8, "");
    struct rig_peer *eu = place_worker(rig, "w eu", 8, "zone=eu");

    (void)place_open(p, (struct msg_job_open){ .running_max = 2 }, "zone=eu");
    kept_settle(rig);
    uint64_t job = rig_see(p, MSG_job_is, 0)->as.job_is.job;
    place_put(p, job, 5);
    kept_settle(rig);
    kept_restart(rig);
    place_hello(plain, 8, "");
    place_hello(eu, 8, "zone=eu");
    uint64_t a = place_get(plain, 8), b = place_get(eu, 8);
    assert_int_equal(place_got(plain, a), 0);
    assert_int_equal(place_got(eu, b), 2);
}

#define KEPT(name) \
    cmocka_unit_test_setup_teardown(name, kept_set_up, kept_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        KEPT(what_leases_use_is_counted_again),
        KEPT(a_grant_that_the_crash_undid_takes_its_part_when_it_is_shown),
        KEPT(a_pause_survives),
        KEPT(bounds_and_needs_of_a_job_survive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
