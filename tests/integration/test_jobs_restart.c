/* Jobs of a master that is killed and started again: nothing that was put is
 * lost, put twice or out of its order, and nothing that ended is lost. */
#include "tests/integration/crew.h"
#include "tests/integration/folders.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

enum { TASKS = 3000, ADDRESS = 64, AWAY_MS = 60000 };

static char dir[FOLDER_MAX];
static char address[ADDRESS] = "tcp://127.0.0.1:0";
static char access_path[128];
static pid_t master_pid;
static struct stint_job *job;

/* ---- a master that can be killed ----------------------------------------- */

/* The text behind "name": in a line of JSON. */
static void
read_field(const char *line, const char *name, char *out, size_t size)
{
    const char *at = strstr(line, name);

    assert_non_null(at);
    at = strchr(at + strlen(name), ':');
    assert_non_null(at);
    at = strchr(at, '"');
    assert_non_null(at);
    (void)snprintf(out, size, "%.*s", (int)strcspn(at + 1, "\""), at + 1);
}

static void
start_killable(void)
{
    const char *build = getenv("STINT_BUILD");
    char program[256], state[128], log_path[128], fd[16], line[1024];
    char *const environment[] = { state, NULL };
    posix_spawn_file_actions_t actions;
    int ends[2];

    (void)snprintf(program, sizeof program, "%s/stint",
        build != NULL ? build : "build/release");
    (void)snprintf(state, sizeof state, "XDG_STATE_HOME=%s", dir);
    (void)snprintf(log_path, sizeof log_path, "%s/master.log", dir);
    assert_int_equal(pipe(ends), 0);
    assert_true(fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0);
    (void)snprintf(fd, sizeof fd, "%d", ends[1]);
    char *const argv[] = { program, (char[]){ "master" },
        (char[]){ "--listen" }, address, (char[]){ "--ready-fd" }, fd,
        (char[]){ "--http" }, (char[]){ "off" }, NULL };
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_addopen(&actions, 2, log_path,
                         O_WRONLY | O_CREAT | O_APPEND, 0600),
        0);
    assert_int_equal(
        posix_spawn(&master_pid, program, &actions, NULL, argv, environment),
        0);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(ends[1]);
    FILE *ready = fdopen(ends[0], "r");
    assert_non_null(ready);
    if (fgets(line, sizeof line, ready) == NULL) fail_msg("no master");
    (void)fclose(ready);
    read_field(line, "\"address\"", address, sizeof address);
    read_field(line, "\"access\"", access_path, sizeof access_path);
}

static void
kill_it(void)
{
    assert_int_equal(kill(master_pid, SIGKILL), 0);
    assert_int_equal(waitpid(master_pid, NULL, 0), master_pid);
}

static void
restart(void)
{
    kill_it();
    start_killable();
}

static int
connect_there(const struct stint_options *o, struct stint **out)
{
    struct stint_options options = *o;

    options.master = address;
    options.access_file = access_path;
    return stint_connect(&options, out);
}

/* ---- jobs ---------------------------------------------------------------- */

static void
put_number(unsigned i)
{
    char text[16];
    int length = snprintf(text, sizeof text, "%u", i);

    OK(stint_job_put(job, text, (size_t)length, AWAY_MS));
}

static void
expect_number(const struct stint_end *end, unsigned i)
{
    char text[16];

    (void)snprintf(text, sizeof text, "%u", i);
    assert_int_equal(end->seq, i);
    assert_int_equal(end->code, 0);
    expect(end->value, text);
    expect(end->out, text);
}

static void
expect_numbers(unsigned from, unsigned to)
{
    struct stint_end end;

    for (unsigned i = from; i <= to; i++) {
        OK(stint_job_next(job, &end, AWAY_MS));
        expect_number(&end, i);
    }
}

static void
expect_all_read(void)
{
    struct stint_end end;

    assert_int_equal(stint_job_next(job, &end, AWAY_MS), STINT_EEMPTY);
}

static void
what_is_put_over_restarts_has_its_order(void **state)
{
    struct stint_job_row row;

    (void)state;
    OK(stint_job_open(s, NULL, &job));
    for (unsigned i = 1; i <= TASKS; i++) {
        if (i % 1000 == 500) restart();
        put_number(i);
    }
    OK(stint_job_close_input(job, AWAY_MS));
    OK(stint_job_look(job, &row, PATIENCE_MS));
    assert_int_equal(row.tasks, TASKS);
    restart();
    hire(2);
    expect_numbers(1, TASKS);
    expect_all_read();
}

static void
what_is_read_over_restarts_is_whole(void **state)
{
    const struct stint_read_options options = { .drop = true };

    (void)state;
    OK(stint_job_open(s, NULL, &job));
    stint_job_read(job, &options);
    hire(2);
    for (unsigned i = 1; i <= TASKS; i++)
        put_number(i);
    OK(stint_job_close_input(job, AWAY_MS));
    for (unsigned from = 1; from <= TASKS; from += 1000) {
        expect_numbers(from, from + 999);
        restart();
    }
    expect_all_read();
}

struct waiting {
    struct stint_job *job;
    struct stint_end end;
    int next, wait;
};

static void *
wait_for_it(void *arg)
{
    struct waiting *w = arg;

    w->next = stint_job_next(w->job, &w->end, AWAY_MS);
    w->wait = stint_job_wait(w->job, AWAY_MS);
    return NULL;
}

static void
who_waits_does_not_notice_a_restart(void **state)
{
    struct waiting waiting = { .next = 1 };
    pthread_t thread;

    (void)state;
    OK(stint_job_open(s, NULL, &job));
    waiting.job = job;
    assert_int_equal(pthread_create(&thread, NULL, wait_for_it, &waiting), 0);
    OK(stint_ping(s, NULL, PATIENCE_MS));
    restart();
    put_number(1);
    OK(stint_job_close_input(job, AWAY_MS));
    hire(1);
    (void)pthread_join(thread, NULL);
    OK(waiting.next);
    expect_number(&waiting.end, 1);
    OK(waiting.wait);
}

static void
a_job_in_memory_ends_with_its_master(void **state)
{
    const struct stint_job_options options = { .durability = "memory" };
    struct stint_end end;
    int rc = 0;

    (void)state;
    OK(stint_job_open(s, &options, &job));
    put_number(1);
    OK(stint_flush(s, PATIENCE_MS));
    restart();
    assert_int_equal(stint_job_next(job, &end, AWAY_MS), STINT_ENOJOB);
    assert_int_equal(stint_job_wait(job, AWAY_MS), STINT_ENOJOB);
    for (unsigned i = 0; rc == 0 && i < 1000; i++) {
        rc = stint_job_put(job, "x", 1, AWAY_MS);
        (void)usleep(1000);
    }
    assert_int_equal(rc, STINT_ENOJOB);
    assert_int_equal(stint_job_close_input(job, AWAY_MS), STINT_ENOJOB);
}

static void
a_client_that_comes_back_with_its_key_puts_the_rest(void **state)
{
    const struct stint_job_options options = { .key = "nightly" };
    const struct stint_options who = { .name = "again" };
    uint64_t tasks;

    (void)state;
    OK(stint_job_open(s, &options, &job));
    for (unsigned i = 1; i <= 100; i++)
        put_number(i);
    OK(stint_flush(s, AWAY_MS));
    stint_abandon(s);
    stint_job_free(job);
    restart();
    OK(connect_there(&who, &s));
    OK(stint_job_open(s, &options, &job));
    assert_true(stint_job_existed(job, &tasks));
    assert_int_equal(tasks, 100);
    for (unsigned i = (unsigned)tasks + 1; i <= 200; i++)
        put_number(i);
    OK(stint_job_close_input(job, AWAY_MS));
    hire(1);
    expect_numbers(1, 200);
    expect_all_read();
}

static void
a_worker_says_again_what_it_has(void **state)
{
    const struct stint_trait needs[] = { { "zone", "b", 0 },
        { NULL, NULL, 0 } };
    const struct stint_job_options options = { .needs = needs };

    (void)state;
    hire(1);
    OK(stint_job_open(s, &options, &job));
    put_number(1);
    expect_numbers(1, 1);
    restart();
    put_number(2);
    expect_numbers(2, 2);
}

static void
a_call_ends_in_time_while_no_master_is_there(void **state)
{
    struct stint_end end;

    (void)state;
    OK(stint_job_open(s, NULL, &job));
    kill_it();
    int64_t began = now_ms();
    int rc = stint_job_next(job, &end, 300);
    assert_true(rc == STINT_ETIMEOUT || rc == STINT_EUNREACHABLE);
    rc = stint_job_wait(job, 300);
    assert_true(rc == STINT_ETIMEOUT || rc == STINT_EUNREACHABLE);
    OK(stint_job_put(job, "1", 1, 0));
    rc = stint_job_close_input(job, 300);
    assert_true(rc == STINT_ETIMEOUT || rc == STINT_EUNREACHABLE);
    assert_in_range(now_ms() - began, 600, 900 + 3 * STINT_GRACE_MS);
    start_killable();
    hire(1);
    expect_numbers(1, 1);
    OK(stint_job_close_input(job, AWAY_MS));
    expect_all_read();
}

/* ---- set-up -------------------------------------------------------------- */

static int
set_up_killable(void **state)
{
    const struct stint_options options = { .name = "test" };

    (void)state;
    if (folder_make(dir, "jobs") != 0) return -1;
    (void)snprintf(address, sizeof address, "tcp://127.0.0.1:0");
    job = NULL;
    connect_crew = connect_there;
    start_killable();
    OK(connect_there(&options, &s));
    return 0;
}

static int
tear_down_killable(void **state)
{
    (void)state;
    dismiss();
    stint_job_free(job);
    OK(stint_close(s));
    kill_it();
    return folder_remove(dir);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, set_up_killable, tear_down_killable)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_put_over_restarts_has_its_order),
        TEST(what_is_read_over_restarts_is_whole),
        TEST(who_waits_does_not_notice_a_restart),
        TEST(a_job_in_memory_ends_with_its_master),
        TEST(a_client_that_comes_back_with_its_key_puts_the_rest),
        TEST(a_worker_says_again_what_it_has),
        TEST(a_call_ends_in_time_while_no_master_is_there),
    };

    return cmocka_run_group_tests_name("jobs_restart", tests, NULL, NULL);
}
