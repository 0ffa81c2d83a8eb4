/* Workers that are killed (-9) inside a handler, and between a result and its
 * acknowledgement: on either side of the moment in which the master has it.
 * With "--worker" this program is such a worker, in a process of its own. */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "tests/integration/spawned.h"
#include "tests/integration/with_master.h"

#include <stint_test.h>

enum { SILENCE_MS = 800 };

/* ---- a worker ------------------------------------------------------------ */

/* Says that it has begun, and waits to be let go on. */
static int
wait_for_leave(struct stint_call *call)
{
    char byte = 0;

    if (write(STDOUT_FILENO, "b", 1) != 1) return 1;
    if (read(STDIN_FILENO, &byte, 1) != 1) return 1;
    return stint_call_result(call, &byte, 1);
}

static const struct stint_handler waiting[] = { { "wait", wait_for_leave },
    { 0 } };

static int
be_a_worker(char **argv)
{
    static const char *const queues[] = { "work", NULL };
    const struct stint_options who = { .master = argv[2],
        .authkey = argv[3],
        .name = argv[4],
        .kind = STINT_WORKER };
    const struct stint_worker_options options = {
        .queues = queues, .slots = 1, .handlers = waiting
    };
    struct stint_worker *w;
    struct stint *on;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (stint_connect(&who, &on) != 0) return 1;
    if (stint_worker_new(on, &options, &w) != 0) return 1;
    return stint_worker_serve(w) != 0;
}

static struct spawned
hire(const char *name)
{
    const char *const words[] = { THIS_PROGRAM, "--worker",
        stint_master_address(master), stint_test_authkey(master), name, NULL };

    return spawned_with_pipes(words);
}

static void
let_go(const struct spawned *hand, char result)
{
    assert_int_equal(write(hand->to, &result, 1), 1);
}

static void
kill_it(struct spawned *hand)
{
    (void)kill(hand->pid, SIGKILL);
    assert_int_equal(waitpid(hand->pid, NULL, 0), hand->pid);
    (void)close(hand->to);
    (void)close(hand->from);
}

/* ---- what is submitted --------------------------------------------------- */

/* In each test the first worker is in its handler, the second one is free. */
static struct spawned first, second;
static struct stint_queue *work;
static struct stint_future *f;

static void
submit(void)
{
    OK(stint_queue_submit(work, "x", 1, NULL, &f));
    OK(stint_flush(s, PATIENCE_MS));
}

static void
expect_result(const char *text)
{
    struct stint_bytes result;

    OK(stint_future_get(f, &result, 2 * PATIENCE_MS));
    expect(result, text);
}

static int
copy_row(void *arg, const struct stint_queue_row *row)
{
    *(struct stint_queue_row *)arg = *row;
    return 0;
}

static struct stint_queue_row
row_of_work(void)
{
    struct stint_queue_row row = { .name = NULL };

    OK(stint_list_queues(s, "work", copy_row, &row, PATIENCE_MS));
    return row;
}

/* Until it is in the handler. */
static void
await_begin(const struct spawned *hand)
{
    char byte = 0;

    assert_int_equal(read(hand->from, &byte, 1), 1);
    assert_int_equal(byte, 'b');
}

/* The second one ends it, once.  A death that came before the master heard that
 * the first one had the task at all costs it no attempt. */
static void
expect_one_end_of_the_second(void)
{
    await_begin(&second);
    let_go(&second, '2');
    expect_result("2");
    struct stint_queue_row row = row_of_work();
    assert_string_equal(stint_future_worker(f), "second");
    assert_in_range(stint_future_attempts(f), 1, 2);
    assert_int_equal(row.lost, stint_future_attempts(f) - 1);
    assert_int_equal(row.accepted, 1);
    assert_int_equal(row.done, 1);
}

/* ---- deaths -------------------------------------------------------------- */

/* Python loses the task. */
static void
killed_inside_a_handler_its_task_is_tried_by_another(void **state)
{
    (void)state;
    kill_it(&first);
    expect_one_end_of_the_second();
}

static void
await_count(const uint64_t *what, struct stint_test_count *c)
{
    int64_t until = now_ms() + PATIENCE_MS;

    do {
        OK(stint_test_count(master, c));
        if (*what > 0) return;
        (void)usleep(1000);
    } while (now_ms() < until);
    fail_msg("the fault did not happen");
}

/* The master has the result, and its worker dies without knowing it. */
static void
killed_between_result_and_acknowledgement_the_result_counts_once(void **state)
{
    const struct stint_test_fault no_answer = { .peer = "first", .cut = 1 };
    struct stint_test_count c;

    (void)state;
    OK(stint_test_fault(master, &no_answer));
    let_go(&first, '1');
    expect_result("1");
    await_count(&c.cut, &c);
    kill_it(&first);
    OK(stint_test_fault(master, NULL));
    (void)usleep(2 * SILENCE_MS * 1000);
    assert_int_equal(stint_future_attempts(f), 1);
    assert_string_equal(stint_future_worker(f), "first");
    assert_int_equal(row_of_work().done, 1);
    assert_int_equal(row_of_work().lost, 0);
    assert_int_equal(qsize(work), 0);
}

/* The result is on its way and lost with its worker: the other one's counts. */
static void
killed_with_its_result_on_the_way_another_gives_the_result(void **state)
{
    const struct stint_test_fault lost = { .peer = "first", .drop = 1 };
    struct stint_test_count c;

    (void)state;
    OK(stint_test_fault(master, &lost));
    let_go(&first, '1');
    await_count(&c.dropped, &c);
    assert_false(stint_future_ready(f));
    kill_it(&first);
    expect_one_end_of_the_second();
}

/* ---- all ----------------------------------------------------------------- */

static int
begin(void **state)
{
    const struct stint_master_options options = { .silence_ms = SILENCE_MS };

    (void)state;
    OK(stint_test_start(&options, &master));
    s = connect_as("test");
    work = open_queue(s, "work");
    first = hire("first");
    submit();
    await_begin(&first);
    second = hire("second");
    return 0;
}

static int
finish(void **state)
{
    stint_future_free(f);
    kill_it(&second);
    OK(stint_close(s));
    return stop_master(state);
}

#define ALONE(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        ALONE(killed_inside_a_handler_its_task_is_tried_by_another),
        ALONE(killed_between_result_and_acknowledgement_the_result_counts_once),
        ALONE(killed_with_its_result_on_the_way_another_gives_the_result),
    };

    if (argc > 4 && strcmp(argv[1], "--worker") == 0) return be_a_worker(argv);
    return cmocka_run_group_tests_name("worker deaths", tests, NULL, NULL);
}
