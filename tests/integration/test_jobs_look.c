/* Looking at jobs and changing them, with a real master. */
#include "tests/integration/with_job.h"

/* ---- looking and changing ------------------------------------------------ */

struct found {
    unsigned count;
    struct stint_job_row row;
    char name[64], queue[64], command[64];
};

static int
see_job(void *arg, const struct stint_job_row *row)
{
    struct found *found = arg;

    found->count++;
    found->row = *row;
    (void)snprintf(found->name, sizeof found->name, "%s", row->name);
    (void)snprintf(found->queue, sizeof found->queue, "%s", row->queue);
    (void)snprintf(found->command, sizeof found->command, "%s", row->command);
    return 0;
}

static void
a_job_is_listed_with_what_it_is(void **state)
{
    const char *const argv[] = { "./simulate", "{}", NULL };
    const struct stint_job_options options = { .name = "test run",
        .program = STINT_PROGRAM_COMMAND,
        .command = { .argv = argv },
        .running_max = 3,
        .priority = -2 };
    struct found found = { .count = 0 };
    struct stint_job *other;

    (void)state;
    open_job(&options);
    put_numbers(2);
    close_job();
    OK(stint_list_jobs(s, stint_job_number(job), see_job, &found, PATIENCE_MS));
    assert_int_equal(found.count, 1);
    assert_int_equal(found.row.job, stint_job_number(job));
    assert_int_equal(found.row.state, STINT_JOB_RUNNING);
    assert_int_equal(found.row.program, STINT_PROGRAM_COMMAND);
    assert_int_equal(found.row.tasks, 2);
    assert_int_equal(found.row.ready, 2);
    assert_int_equal(found.row.running_max, 3);
    assert_int_equal(found.row.priority, -2);
    assert_string_equal(found.name, "test run");
    assert_string_equal(found.queue, "default");
    assert_string_equal(found.command, "./simulate {}");
    OK(stint_job_open(s, NULL, &other));
    stint_job_free(other);
    found.count = 0;
    OK(stint_list_jobs(s, 0, see_job, &found, PATIENCE_MS));
    assert_true(found.count > 1);
}

static void
what_a_job_runs_its_worker_hears(void **state)
{
    const char *const argv[] = { "sh", "-c", "", "{}", NULL };
    const char *const env[] = { "A=1", NULL };
    const struct stint_job_options options = { .name = "n",
        .program = STINT_PROGRAM_COMMAND,
        .command = { .argv = argv, .env = env, .cwd = "/", .input = true },
        .timeout_ms = 1234 };
    struct stint_job_program *p;

    (void)state;
    open_job(&options);
    OK(stint_job_program_get(s, stint_job_number(job), &p, PATIENCE_MS));
    assert_int_equal(p->program, STINT_PROGRAM_COMMAND);
    assert_string_equal(p->name, "n");
    assert_string_equal(p->handler, "");
    assert_int_equal(p->timeout_ms, 1234);
    for (unsigned i = 0; i < 4; i++)
        assert_string_equal(p->command.argv[i], argv[i]);
    assert_null(p->command.argv[4]);
    assert_string_equal(p->command.env[0], "A=1");
    assert_null(p->command.env[1]);
    assert_null(p->command.outputs);
    assert_string_equal(p->command.cwd, "/");
    assert_true(p->command.input);
    assert_false(p->command.shell);
    assert_int_equal(p->files_count, 0);
    stint_job_program_free(p);
    assert_int_equal(
        stint_job_program_get(s, 999999, &p, PATIENCE_MS), STINT_ENOJOB);
    assert_null(p);
}

static int
see_task(void *arg, const struct stint_task_row *row)
{
    struct stint_task_row *copy = arg;

    *copy = *row;
    return 0;
}

static struct stint_task_row
look_at(uint64_t number)
{
    const struct stint_task_filter filter = { .job = number };
    struct stint_task_row row = { .task = 0 };

    OK(stint_list_tasks(s, &filter, see_task, &row, PATIENCE_MS));
    return row;
}

static void
a_task_tells_its_job_its_place_and_its_progress(void **state)
{
    struct stint_queue *workers = open_queue(s, "default");
    struct stint_task *t;

    (void)state;
    open_job(NULL);
    put_value("x");
    OK(stint_queue_take(workers, NULL, &t, PATIENCE_MS));
    assert_int_equal(stint_task_job(t), stint_job_number(job));
    assert_int_equal(stint_task_seq(t), 1);
    OK(stint_task_post_progress(t, 3, 7, "three"));
    OK(stint_ping(s, NULL, PATIENCE_MS));
    struct stint_task_row row = look_at(stint_job_number(job));
    assert_int_equal(row.task, stint_task_id(t));
    assert_int_equal(row.job, stint_job_number(job));
    assert_int_equal(row.seq, 1);
    assert_int_equal(row.progress_done, 3);
    assert_int_equal(row.progress_total, 7);
    OK(stint_task_done(t, NULL, 0));
    stint_queue_close(workers);
}

static int
see_reason(void *arg, const struct stint_because *why)
{
    unsigned *code = arg;

    assert_true(strlen(why->text) > 0);
    *code = why->code;
    return 1;
}

static void
that_nobody_serves_the_queue_explains_why_a_task_waits(void **state)
{
    unsigned code = 99;

    (void)state;
    open_job(NULL);
    put_value("x");
    OK(stint_flush(s, PATIENCE_MS));
    assert_int_equal(stint_explain(s, 0, stint_job_number(job), see_reason,
                         &code, PATIENCE_MS),
        1);
    assert_int_equal(code, 6);
}

static void
a_paused_job_hands_nothing_out(void **state)
{
    struct stint_end end;

    (void)state;
    hire(1);
    open_job(NULL);
    OK(stint_pause(s, NULL, stint_job_number(job), false));
    assert_true(look().paused);
    put_value("x");
    assert_int_equal(stint_job_next(job, &end, 100), STINT_ETIMEOUT);
    OK(stint_pause(s, NULL, stint_job_number(job), true));
    assert_int_equal(next_end().seq, 1);
}

static void
a_job_may_be_changed_and_forgotten(void **state)
{
    const unsigned running_max = 1;
    const int priority = 9;
    struct stint_end end;

    (void)state;
    hire(1);
    open_job(NULL);
    uint64_t number = stint_job_number(job);
    OK(stint_job_change(s, number, &running_max, &priority));
    assert_int_equal(look().running_max, 1);
    assert_int_equal(look().priority, 9);
    assert_int_equal(stint_job_change(s, number, NULL, NULL), STINT_EINVAL);
    put_value("x");
    assert_int_equal(stint_job_forget(s, number), STINT_EBUSY);
    close_job();
    OK(stint_job_wait(job, PATIENCE_MS));
    OK(stint_job_forget(s, number));
    assert_int_equal(stint_job_next(job, &end, PATIENCE_MS), STINT_ENOJOB);
    struct stint_job_row row;
    assert_int_equal(stint_job_look(job, &row, PATIENCE_MS), STINT_ENOJOB);
}

static void
tasks_go_to_workers_that_have_what_they_need(void **state)
{
    const struct stint_trait has[] = { { "zone", "b", 0 }, { "gpus", NULL, 1 },
        { NULL, NULL, 0 } };
    const struct stint_trait lacks[] = { { "zone", "a", 0 },
        { NULL, NULL, 0 } };
    struct stint_job_options options = { .needs = lacks };
    struct stint_end end;

    (void)state;
    hire(1);
    open_job(&options);
    put_value("x");
    assert_int_equal(stint_job_next(job, &end, 100), STINT_ETIMEOUT);
    stint_job_free(job);
    options.needs = has;
    open_job(&options);
    put_value("x");
    assert_int_equal(next_end().code, 0);
}

static void
options_out_of_their_bounds_are_refused_here(void **state)
{
    const struct stint_job_options wrong[] = {
        { .program = STINT_PROGRAM_COMMAND },
        { .program = STINT_PROGRAM_HANDLER },
        { .timeout_ms = -1 },
        { .halt_percent = 101 },
        { .queue = "" },
        { .durability = "none" },
    };
    const struct stint_selection range = { .first = 3, .last = 2 };
    struct stint_job *none;

    (void)state;
    open_job(NULL);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(stint_job_open(s, &wrong[i], &none), STINT_EINVAL);
        assert_null(none);
    }
    assert_int_equal(stint_cancel(s, &range, NULL), STINT_EINVAL);
    assert_int_equal(stint_pause(s, NULL, 0, false), STINT_EINVAL);
    assert_int_equal(stint_pause(s, "default", 1, false), STINT_EINVAL);
    assert_int_equal(stint_job_put(job, "x", 1, -2), STINT_EINVAL);
}

/* ---- what a task writes -------------------------------------------------- */

struct shower {
    struct stint *s;
    pthread_mutex_t lock;
    struct stint_show show;
    bool asked;
};

static void
note_show(void *arg, const struct stint_show *show)
{
    struct shower *shower = arg;

    (void)pthread_mutex_lock(&shower->lock);
    shower->show = *show;
    shower->asked = true;
    (void)pthread_mutex_unlock(&shower->lock);
}

static bool
take_show(struct shower *shower, struct stint_show *show)
{
    (void)pthread_mutex_lock(&shower->lock);
    bool asked = shower->asked;
    shower->asked = false;
    *show = shower->show;
    (void)pthread_mutex_unlock(&shower->lock);
    return asked;
}

struct glancer {
    uint64_t task;
    struct stint_glance glance;
    int code;
};

static void *
glance_at(void *arg)
{
    struct glancer *g = arg;

    g->code = stint_task_glance(s, g->task, &g->glance, PATIENCE_MS);
    return NULL;
}

static void
what_runs_is_looked_at(void **state)
{
    struct stint *worker = connect_as("shows");
    struct stint_queue *workers = open_queue(worker, "default");
    struct shower shower = { .s = worker, .lock = PTHREAD_MUTEX_INITIALIZER };
    const struct stint_duties duties = { .show = note_show, .arg = &shower };
    const struct stint_attempt how = { .code = 0 };
    struct stint_bytes out = { "one\n", 4 }, err = { "two\n", 4 };
    struct glancer g = { .code = 0 };
    struct stint_show show;
    struct stint_task *t;
    pthread_t thread;

    (void)state;
    stint_duties(worker, &duties);
    open_job(NULL);
    put_value("x");
    OK(stint_queue_take(workers, NULL, &t, PATIENCE_MS));
    g.task = stint_task_id(t);
    assert_int_equal(pthread_create(&thread, NULL, glance_at, &g), 0);
    for (int64_t end = now_ms() + PATIENCE_MS; !take_show(&shower, &show);) {
        assert_true(now_ms() < end);
        OK(stint_ping(worker, NULL, PATIENCE_MS));
    }
    assert_int_equal(show.task, g.task);
    assert_int_equal(show.fence, 1);
    assert_int_equal(show.out_from, 0);
    OK(stint_show_post(worker, &show, out, err, false));
    (void)pthread_join(thread, NULL);
    OK(g.code);
    expect(g.glance.out, "one\n");
    expect(g.glance.err, "two\n");
    assert_int_equal(g.glance.out_from, 4);
    assert_int_equal(g.glance.attempt, 1);
    assert_int_equal(g.glance.state, STINT_LEASED);
    assert_string_equal(g.glance.worker, "shows");
    out = (struct stint_bytes){ "one\nmore\n", 9 };
    OK(stint_task_post_done_with(t, &how, out, err));
    OK(stint_flush(worker, PATIENCE_MS));
    OK(stint_task_glance(s, g.task, &g.glance, PATIENCE_MS));
    assert_int_equal(g.glance.state, STINT_DONE);
    expect(g.glance.out, "more\n");
    assert_int_equal(g.glance.err.size, 0);
    stint_glance_free(&g.glance);
    OK(stint_close(worker));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_job_is_listed_with_what_it_is),
        TEST(what_a_job_runs_its_worker_hears),
        TEST(a_task_tells_its_job_its_place_and_its_progress),
        TEST(that_nobody_serves_the_queue_explains_why_a_task_waits),
        TEST(a_paused_job_hands_nothing_out),
        TEST(a_job_may_be_changed_and_forgotten),
        TEST(tasks_go_to_workers_that_have_what_they_need),
        TEST(options_out_of_their_bounds_are_refused_here),
        TEST(what_runs_is_looked_at),
    };

    return cmocka_run_group_tests_name(
        "jobs_look", tests, start_master, stop_master);
}
