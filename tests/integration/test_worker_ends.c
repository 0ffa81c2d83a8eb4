/*
 * Commands of jobs on a worker, with a real master over TCP: what ends them,
 * what is seen of them while they run, and who may run them.
 */
#include "tests/integration/commands.h"

/* ---- limits -------------------------------------------------------------- */

static void
a_task_that_lasts_too_long_ends_with_its_grandchildren(void **state)
{
    (void)state;
    const char *const argv[] = { "sh", "-c",
        "trap '' TERM; (trap '' TERM; sleep 1000; sleep 1000) & echo $!; wait",
        NULL };
    int64_t before = now_ms();

    open_job((struct stint_job_options){ .program = STINT_PROGRAM_COMMAND,
        .command = { .argv = argv, .grace_ms = 300 },
        .timeout_ms = 200 });
    put("");
    next();
    assert_int_equal(end.code, STINT_EDEAD);
    expect_reason("timed out after 200 ms");
    assert_int_equal(try_of(0)->cause, STINT_CAUSE_TIMEOUT);
    assert_int_equal(try_of(0)->signal, SIGKILL);
    assert_true(try_of(0)->wall_ns >= 500000000);
    assert_true(now_ms() - before < WAIT_MS);
    wait_until_gone(number_in(end.out));
    close_job();
}

static void
what_ends_by_itself_leaves_nobody_behind(void **state)
{
    (void)state;
    run_shell("sleep 1000 & echo $!", "");
    assert_int_equal(end.code, 0);
    wait_until_gone(number_in(end.out));
    close_job();
}

static void
limits_of_memory_time_and_files_hold(void **state)
{
    (void)state;
    const char *const dd[] = { "dd", "if=/dev/zero", "of=/dev/null", "bs=300M",
        "count=1", NULL };
    const char *const spin[] = { "sh", "-c", "while :; do :; done", NULL };
    const char *const ask[] = { "sh", "-c", "ulimit -v; ulimit -n; echo $1",
        "sh", NULL };

    open_command((struct stint_command){
        .argv = dd, .input = true, .memory_max = (uint64_t)200 << 20 });
    put("");
    next();
    assert_int_equal(end.code, STINT_EDEAD);
    expect_reason("memory");
    close_job();
    open_command((struct stint_command){ .argv = spin, .cpu_ms = 900 });
    put("");
    next();
    assert_int_equal(try_of(0)->cause, STINT_CAUSE_LIMIT);
    expect_reason("used more than its 1 s of processor time");
    close_job();
    open_command((struct stint_command){
        .argv = ask, .memory_max = (uint64_t)1 << 30, .files_max = 77 });
    put("it's");
    next();
    expect(end.out, "1048576\n77\nit's\n");
    close_job();
}

static void
a_missing_program_with_limits_is_missing_all_the_same(void **state)
{
    (void)state;
    const char *const argv[] = { "no-such-program-here", NULL };

    open_command((struct stint_command){ .argv = argv, .files_max = 50 });
    put("");
    next();
    expect_reason("cannot start \"no-such-program-here\": No such file");
    assert_int_equal(try_of(0)->cause, STINT_CAUSE_NOT_STARTED);
    close_job();
}

/* ---- while it runs ------------------------------------------------------- */

/* A file that is not there yet. */
static char flag[32];

static void
lower_flag(void)
{
    (void)snprintf(flag, sizeof flag, "/tmp/stint-test-XXXXXX");
    int fd = mkstemp(flag);

    assert_true(fd >= 0);
    (void)close(fd);
    (void)unlink(flag);
}

static void
raise_flag(void)
{
    FILE *f = fopen(flag, "w");

    assert_non_null(f);
    (void)fclose(f);
}

static void
what_it_writes_is_seen_while_it_runs(void **state)
{
    (void)state;
    struct stint_glance glance = { 0 };
    int64_t until = now_ms() + WAIT_MS;

    lower_flag();
    open_shell("echo one; while [ ! -e \"$1\" ]; do sleep 0.02; done; "
               "echo two; echo three >&2");
    put(flag);
    uint64_t task = wait_until_it_wrote(&glance);
    expect(glance.out, "one\n");
    assert_int_equal(glance.state, STINT_LEASED);
    raise_flag();
    while (glance.state < STINT_DONE && now_ms() < until) {
        ok(stint_task_glance(client, task, &glance, 1000));
        if (glance.out.size > 0) expect(glance.out, "two\n");
    }
    assert_int_equal(glance.state, STINT_DONE);
    assert_int_equal(glance.out_from, 8);
    assert_int_equal(glance.err_from, 6);
    stint_glance_free(&glance);
    (void)unlink(flag);
    close_job();
}

static int
see_progress(void *arg, const struct stint_task_row *row)
{
    char *seen = arg;

    (void)snprintf(seen, 64, "%llu/%llu %s",
        (unsigned long long)row->progress_done,
        (unsigned long long)row->progress_total, row->progress_text);
    return 0;
}

static void
expect_progress(uint64_t task, const char *text)
{
    const struct stint_task_filter filter = { .task = task };
    int64_t until = now_ms() + WAIT_MS;
    char seen[64] = "";

    while (strcmp(seen, text) != 0 && now_ms() < until) {
        ok(stint_list_tasks(client, &filter, see_progress, seen, WAIT_MS));
        (void)usleep(10000);
    }
    assert_string_equal(seen, text);
}

static void
its_progress_is_seen(void **state)
{
    (void)state;
    struct stint_glance glance = { 0 };

    lower_flag();
    open_shell("echo 'half \377way' >&$STINT_PROGRESS_FD; "
               "echo '3/10 apples' >&$STINT_PROGRESS_FD; echo on; "
               "while [ ! -e \"$1\" ]; do sleep 0.02; done");
    put(flag);
    uint64_t task = wait_until_it_wrote(&glance);
    stint_glance_free(&glance);
    expect_progress(task, "3/10 apples");
    raise_flag();
    next();
    assert_int_equal(end.code, 0);
    (void)unlink(flag);
    close_job();
}

static void
a_cancelled_task_is_dead_within_a_second(void **state)
{
    (void)state;
    const char *const argv[] = { "sh", "-c",
        "trap '' TERM; echo $$; while :; do sleep 0.1; done", NULL };
    struct stint_selection which = { 0 };
    struct stint_glance glance = { 0 };
    uint64_t count = 0;

    open_command((struct stint_command){ .argv = argv, .grace_ms = 60000 });
    put("");
    uint64_t task = wait_until_it_wrote(&glance);
    pid_t pid = number_in(glance.out);
    stint_glance_free(&glance);
    which.first = which.last = task;
    int64_t before = now_ms();
    ok(stint_cancel(client, &which, &count));
    assert_int_equal(count, 1);
    wait_until_gone(pid);
    if (now_ms() - before > 1500)
        fail_msg("it lived for %lld ms", (long long)(now_ms() - before));
    next();
    assert_int_equal(end.code, STINT_ECANCELLED);
    put("");
    close_job();
}

/* ---- who may, and who has ------------------------------------------------ */

static void
a_worker_that_was_not_told_to_is_given_no_commands(void **state)
{
    (void)state;
    const char *const argv[] = { "echo", NULL };
    struct hand other;

    (void)dismiss(&hand);
    hire(&other, (struct stint_worker_options){ .slots = 1 });
    open_command((struct stint_command){ .argv = argv });
    put("x");
    assert_int_equal(stint_job_next(job, &end, 300), STINT_ETIMEOUT);
    hire(
        &hand, (struct stint_worker_options){ .slots = 1, .allow_exec = true });
    next();
    expect(end.out, "x\n");
    assert_string_equal(end.worker, "hand");
    assert_int_equal(dismiss(&other).done, 0);
    close_job();
}

static void
a_task_of_a_queue_is_nothing_for_a_worker_of_commands(void **state)
{
    (void)state;

    expect_death(submit(NULL, "x", 1), 2, "only runs the commands of jobs");
}

static void
a_fixed_command_runs_the_tasks_of_jobs_that_leave_it_to_the_worker(void **state)
{
    (void)state;
    const char *const command[] = { "sh", "-c", "echo \"$1\"; cat >&2; exit 4",
        "sh", "<{}>", NULL };

    (void)dismiss(&hand);
    hire(
        &hand, (struct stint_worker_options){ .slots = 1, .command = command });
    open_job((struct stint_job_options){ .program = STINT_PROGRAM_WORKER });
    ok(stint_job_put(job, "a\0b", 3, WAIT_MS));
    next();
    expect(end.out, "<a b>\n");
    assert_int_equal(end.err.size, 3);
    assert_int_equal(try_of(0)->code, 4);
    close_job();
}

static void
a_worker_says_what_it_has(void **state)
{
    (void)state;
    const struct stint_trait more[] = { { "zone", "b", 0 }, { "gpus", NULL, 2 },
        { "memory", NULL, 17 }, { 0 } };
    const struct stint_worker_options options = {
        .handlers = handlers, .allow_exec = true, .traits = more
    };
    struct stint_trait *all;
    unsigned exec = 0, named = 0, memory = 0, cpus = 0, given = 0;

    ok(stint_worker_traits(&options, &all));
    for (const struct stint_trait *t = all; t->name != NULL; t++) {
        exec += strcmp(t->name, "exec") == 0;
        named += strcmp(t->name, "handler") == 0
                 && (strcmp(t->value, "square") == 0
                     || strcmp(t->value, "obey") == 0);
        memory += strcmp(t->name, "memory") == 0 && t->count == 17;
        cpus += strcmp(t->name, "cpus") == 0 && t->count > 0;
        given += strcmp(t->name, "zone") == 0 || strcmp(t->name, "gpus") == 0;
    }
    free(all);
    assert_int_equal(exec, 1);
    assert_int_equal(named, 2);
    assert_int_equal(memory, 1);
    assert_int_equal(cpus, 1);
    assert_int_equal(given, 2);
    const struct stint_trait lie[] = { { "exec", NULL, 0 }, { 0 } };
    const struct stint_worker_options liar = { .handlers = handlers,
        .traits = lie };
    assert_int_equal(stint_worker_traits(&liar, &all), STINT_EINVAL);
    assert_null(all);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        COMMANDS(a_task_that_lasts_too_long_ends_with_its_grandchildren),
        COMMANDS(what_ends_by_itself_leaves_nobody_behind),
        COMMANDS(limits_of_memory_time_and_files_hold),
        COMMANDS(a_missing_program_with_limits_is_missing_all_the_same),
        COMMANDS(what_it_writes_is_seen_while_it_runs),
        COMMANDS(its_progress_is_seen),
        COMMANDS(a_cancelled_task_is_dead_within_a_second),
        COMMANDS(a_worker_that_was_not_told_to_is_given_no_commands),
        COMMANDS(a_task_of_a_queue_is_nothing_for_a_worker_of_commands),
        COMMANDS(
            a_fixed_command_runs_the_tasks_of_jobs_that_leave_it_to_the_worker),
        TEST(a_worker_says_what_it_has),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
