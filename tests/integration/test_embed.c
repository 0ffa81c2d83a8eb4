/* stint_test.h: a master inside a test, its clock and its faults. */
#include "tests/integration/with_master.h"

#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stint_test.h>

enum { HOUR_MS = 3600 * 1000, TASKS = 1000, SEEDS = 20, MASTERS = 10 };

/* However slow the machine and the sanitizer: far less than what passes for
 * the master. */
enum { MOMENT_MS = 2000 };

static int
begin(void **state)
{
    /* However busy the machine is, nobody is taken for dead. */
    struct stint_master_options options = { .silence_ms = 30000 };

    (void)state;
    OK(stint_test_start(&options, &master));
    s = connect_as("test");
    q = open_queue(s, "q");
    return 0;
}

static int
end(void **state)
{
    (void)state;
    OK(stint_test_fault(master, NULL));
    OK(stint_close(s));
    stint_master_stop(master);
    return 0;
}

#define EMBEDDED(name) cmocka_unit_test_setup_teardown(name, begin, end)

static struct stint *
connect_worker(struct stint_master *to, const char *name)
{
    struct stint_options options = { .name = name, .kind = STINT_WORKER };
    struct stint *w;

    OK(stint_master_connect(to, &options, &w));
    return w;
}

static struct stint_task *
take(struct stint_queue *from)
{
    struct stint_task *t;

    OK(stint_queue_take(from, NULL, &t, PATIENCE_MS));
    return t;
}

/* The row of one queue. */
static int
keep_row(void *arg, const struct stint_queue_row *row)
{
    *(struct stint_queue_row *)arg = *row;
    return 0;
}

static struct stint_queue_row
row_of(struct stint *on, const char *name)
{
    struct stint_queue_row row = { .name = NULL };

    OK(stint_list_queues(on, name, keep_row, &row, PATIENCE_MS));
    return row;
}

static struct stint_test_count
count(void)
{
    struct stint_test_count c;

    OK(stint_test_count(master, &c));
    return c;
}

/* ---- starting ------------------------------------------------------------ */

static void
it_is_ready_in_milliseconds(void **state)
{
    int64_t best = INT64_MAX;

    (void)state;
    for (int i = 0; i < 5; i++) {
        struct stint_master *m;
        int64_t began = now_ms();
        OK(stint_test_start(NULL, &m));
        if (now_ms() - began < best) best = now_ms() - began;
        stint_master_stop(m);
    }
    print_message("ready in %lld ms\n", (long long)best);
    assert_true(best < 200); /* 5, where nothing instruments it. */
}

static void
ten_of_them_in_one_process_know_nothing_of_each_other(void **state)
{
    struct stint_master *all[MASTERS];
    struct stint *on[MASTERS];

    (void)state;
    for (int i = 0; i < MASTERS; i++) {
        OK(stint_test_start(NULL, &all[i]));
        OK(stint_master_connect(all[i], NULL, &on[i]));
        struct stint_queue *mine = open_queue(on[i], "q");
        for (int n = 0; n <= i; n++)
            put(mine, "x");
        OK(stint_test_move_clock(all[i], i * HOUR_MS));
    }
    for (int i = 0; i < MASTERS; i++) {
        assert_int_equal(row_of(on[i], "q").ready, i + 1);
        for (int n = 0; n < i; n++) {
            assert_string_not_equal(
                stint_master_address(all[i]), stint_master_address(all[n]));
            assert_string_not_equal(
                stint_test_authkey(all[i]), stint_test_authkey(all[n]));
        }
    }
    for (int i = 0; i < MASTERS; i++) {
        OK(stint_close(on[i]));
        stint_master_stop(all[i]);
    }
}

/* In a process of its own, so that the environment of this one stays. */
static void
programs_that_are_started_find_it_in_the_environment(void **state)
{
    const char *build = getenv("STINT_BUILD");
    char command[600];

    (void)state;
    (void)snprintf(command, sizeof command,
        "%s/stint put q seven && test \"$(%s/stint get q)\" = seven",
        build ? build : "build/release", build ? build : "build/release");
    OK(stint_test_export(master));
    assert_int_equal(system(command), 0);
    struct stint *other;
    OK(stint_connect(NULL, &other));
    OK(stint_close(other));
    (void)unsetenv("STINT_MASTER");
    (void)unsetenv("STINT_AUTHKEY");
}

static void
what_it_cannot_be_is_refused(void **state)
{
    struct stint_master_options options = { .state_dir = "/tmp" };
    struct stint_master *m;

    (void)state;
    assert_int_equal(stint_test_start(&options, &m), STINT_EINVAL);
    assert_null(m);
    options = (struct stint_master_options){ .listen = "nowhere" };
    assert_int_equal(stint_test_start(&options, &m), STINT_EINVAL);
    options = (struct stint_master_options){ .authkey = "abc" };
    assert_int_equal(stint_test_start(&options, &m), STINT_EINVAL);
}

static void
a_master_that_serves_can_be_neither_moved_nor_harmed(void **state)
{
    struct stint_master_options options = { .listen = "tcp://127.0.0.1:0" };
    struct stint_test_count c;
    struct stint_master *m;

    (void)state;
    OK(stint_master_start(&options, &m));
    assert_int_equal(stint_test_move_clock(m, 1), STINT_EINVAL);
    assert_non_null(strstr(stint_error_message(), "stint_test_start"));
    assert_int_equal(stint_test_hold_clock(m, true), STINT_EINVAL);
    assert_int_equal(stint_test_fault(m, NULL), STINT_EINVAL);
    assert_int_equal(stint_test_count(m, &c), STINT_EINVAL);
    assert_int_equal(stint_test_kill_worker(m, "w"), STINT_EINVAL);
    assert_int_equal(stint_test_export(m), STINT_EINVAL);
    assert_null(stint_test_authkey(m));
    stint_master_stop(m);
}

static void
refuses_all(struct stint_master *m)
{
    struct stint_test_count c;

    assert_int_equal(stint_test_move_clock(m, 1), STINT_EINVAL);
    assert_int_equal(stint_test_hold_clock(m, true), STINT_EINVAL);
    assert_int_equal(stint_test_fault(m, NULL), STINT_EINVAL);
    assert_int_equal(stint_test_count(m, &c), STINT_EINVAL);
    assert_int_equal(stint_test_kill_worker(m, "w"), STINT_EINVAL);
    assert_int_equal(stint_test_export(m), STINT_EINVAL);
    assert_null(stint_test_authkey(m));
}

static void
no_master_at_all_is_refused(void **state)
{
    (void)state;
    refuses_all(NULL);
}

/* Its exit code tells which of them was right; an alarm ends one that hangs. */
static void
a_forked_child_is_refused_and_does_not_hang(void **state)
{
    struct stint_test_count c;
    int status;

    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)alarm(20);
        int right = stint_test_move_clock(master, 1) == STINT_EINVAL;
        right += stint_test_hold_clock(master, true) == STINT_EINVAL;
        right += stint_test_fault(master, NULL) == STINT_EINVAL;
        right += stint_test_count(master, &c) == STINT_EINVAL;
        right += stint_test_kill_worker(master, "w") == STINT_EINVAL;
        right += stint_test_export(master) == STINT_EINVAL;
        right += stint_test_authkey(master) == NULL;
        right += strstr(stint_error_message(), "forked") != NULL;
        _exit(right);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 8);
    OK(stint_test_move_clock(master, 1));
}

/* Many, as its last answer races the end of the connection. */
static void
one_that_has_ended_says_so(void **state)
{
    (void)state;
    for (int i = 0; i < 30; i++) {
        struct stint_master *m;
        struct stint *on;
        OK(stint_test_start(NULL, &m));
        OK(stint_master_connect(m, NULL, &on));
        OK(stint_shutdown(on));
        OK(stint_master_serve(m));
        assert_int_equal(stint_test_move_clock(m, 1), STINT_ECLOSED);
        assert_int_equal(stint_test_kill_worker(m, NULL), STINT_ECLOSED);
        (void)stint_close(on);
        stint_master_stop(m);
    }
}

/* ---- the clock ----------------------------------------------------------- */

static void
an_hour_later_the_lease_is_over(void **state)
{
    (void)state;
    put(q, "7");
    struct stint_task *t = take(q);
    int64_t began = now_ms();
    OK(stint_test_move_clock(master, HOUR_MS));
    assert_int_equal(stint_task_done(t, "late", 4), STINT_ESTALE);
    t = take(q);
    assert_true(now_ms() - began < MOMENT_MS);
    assert_int_equal(stint_task_attempt(t), 2);
    assert_int_equal(row_of(s, "q").timeouts, 1);
    OK(stint_task_done(t, "49", 2));
}

static void
a_lease_that_has_time_left_stays(void **state)
{
    (void)state;
    OK(stint_test_hold_clock(master, true));
    put(q, "7");
    struct stint_task *t = take(q);
    OK(stint_test_move_clock(master, 29999)); /* Of 30 s. */
    OK(stint_task_done(t, NULL, 0));
}

static void
delays_and_backoffs_pass(void **state)
{
    struct stint_put_options later = { .delay_ms = HOUR_MS };
    struct stint_bytes item;

    (void)state;
    OK(stint_queue_put_with(q, "late", 4, &later, PATIENCE_MS));
    assert_int_equal(stint_queue_get(q, &item, 0), STINT_EEMPTY);
    OK(stint_test_move_clock(master, HOUR_MS - 60 * 1000));
    assert_int_equal(stint_queue_get(q, &item, 0), STINT_EEMPTY);
    OK(stint_test_move_clock(master, 60 * 1000));
    struct stint_task *t = take(q);
    OK(stint_task_fail(t, "not today", 24 * HOUR_MS));
    assert_int_equal(row_of(s, "q").delayed, 1);
    OK(stint_test_move_clock(master, 24 * HOUR_MS));
    assert_int_equal(stint_task_attempt(t = take(q)), 2);
    OK(stint_task_done(t, NULL, 0));
}

static void
what_expires_has_expired(void **state)
{
    struct stint_put_options soon = { .expires_ms = HOUR_MS };
    struct stint_bytes result;
    struct stint_future *f;

    (void)state;
    OK(stint_queue_submit(q, "7", 1, &soon, &f));
    OK(stint_flush(s, PATIENCE_MS));
    OK(stint_test_move_clock(master, HOUR_MS));
    assert_int_equal(stint_future_get(f, &result, PATIENCE_MS), STINT_EEXPIRED);
    stint_future_free(f);
}

static void *
wait_for_an_hour(void *arg)
{
    struct stint_bytes item;
    int *code = arg;

    *code = stint_queue_get(q, &item, HOUR_MS);
    return NULL;
}

static bool
has_getter(void)
{
    return row_of(s, "q").getters == 1;
}

static void
who_waits_for_an_hour_has_waited(void **state)
{
    int64_t began = now_ms();
    pthread_t thread;
    int code = 0;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, wait_for_an_hour, &code), 0);
    while (!has_getter())
        assert_true(now_ms() - began < PATIENCE_MS);
    OK(stint_test_move_clock(master, HOUR_MS));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(code, STINT_EEMPTY);
    assert_true(now_ms() - began < PATIENCE_MS);
}

static int
see_alive(void *arg, const struct stint_peer_row *row)
{
    if (row->alive) ++*(int *)arg;
    return 0;
}

static void
those_who_are_there_are_not_taken_for_dead(void **state)
{
    struct stint *other = connect_as("other");
    struct stint_bytes result;
    struct stint_future *f;
    int alive = 0;

    (void)state;
    OK(stint_queue_submit(q, "7", 1, NULL, &f));
    OK(stint_flush(s, PATIENCE_MS));
    for (int i = 0; i < 30; i++)
        OK(stint_test_move_clock(master, 24 * HOUR_MS));
    OK(stint_list_peers(s, see_alive, &alive, PATIENCE_MS));
    assert_int_equal(alive, 2);
    OK(stint_task_done(take(open_queue(other, "q")), "49", 2));
    OK(stint_future_get(f, &result, PATIENCE_MS));
    expect(result, "49");
    stint_future_free(f);
    OK(stint_close(other));
}

static void
a_clock_that_is_held_moves_only_by_hand(void **state)
{
    struct stint_take_options brief = { .lease_ms = 200, .no_renew = true };
    struct stint_task *t;

    (void)state;
    OK(stint_test_hold_clock(master, true));
    put(q, "7");
    OK(stint_queue_take(q, &brief, &t, PATIENCE_MS));
    (void)usleep(500 * 1000);
    OK(stint_task_done(t, NULL, 0));
    put(q, "8");
    OK(stint_queue_take(q, &brief, &t, PATIENCE_MS));
    OK(stint_test_move_clock(master, 199));
    OK(stint_task_renew(t, 0));
    OK(stint_test_move_clock(master, 200));
    assert_int_equal(stint_task_done(t, NULL, 0), STINT_ESTALE);
    OK(stint_queue_take(q, &brief, &t, PATIENCE_MS));
    OK(stint_test_hold_clock(master, false));
    (void)usleep(500 * 1000);
    assert_int_equal(stint_task_done(t, NULL, 0), STINT_ESTALE);
}

static void
it_does_not_move_back_nor_for_ever(void **state)
{
    (void)state;
    assert_int_equal(stint_test_move_clock(master, -1), STINT_EINVAL);
    assert_int_equal(stint_test_move_clock(master, INT64_MAX), STINT_EINVAL);
    OK(stint_test_move_clock(master, (int64_t)99 * 365 * 24 * HOUR_MS));
    assert_int_equal(
        stint_test_move_clock(master, (int64_t)2 * 365 * 24 * HOUR_MS),
        STINT_EINVAL);
    put(q, "7");
    get(q, "7");
}

/* ---- faults -------------------------------------------------------------- */

/* Puts and gets, one after the other, under one fault; each put happens once.
 */
static struct stint_test_count
under(const struct stint_test_fault *fault)
{
    enum { PUTS = 30 };
    char text[16];

    OK(stint_test_fault(master, fault));
    for (int i = 0; i < PUTS; i++) {
        (void)snprintf(text, sizeof text, "%d", i);
        OK(stint_queue_put(q, text, strlen(text), 30000));
    }
    OK(stint_test_fault(master, NULL));
    assert_int_equal(qsize(q), PUTS);
    for (int i = 0; i < PUTS; i++) {
        (void)snprintf(text, sizeof text, "%d", i);
        get(q, text);
    }
    OK(stint_queue_task_done(q));
    return count();
}

/* Who was cut off waits at least so long before it comes again. */
enum { PAUSE_MS = 45 };

static void
frames_are_lost_and_come_again(void **state)
{
    int64_t began = now_ms();

    (void)state;
    struct stint_test_count c =
        under(&(struct stint_test_fault){ .seed = 1, .drop = 0.1 });
    assert_true(c.dropped > 0);
    assert_true(now_ms() - began >= PAUSE_MS * (int64_t)c.dropped);
    assert_int_equal(c.cut + c.duplicated + c.delayed + c.killed, 0);
}

static void
connections_are_cut_and_mended(void **state)
{
    int64_t began = now_ms();

    (void)state;
    struct stint_test_count c =
        under(&(struct stint_test_fault){ .seed = 2, .cut = 0.1 });
    assert_true(c.cut > 0);
    assert_true(now_ms() - began >= PAUSE_MS * (int64_t)c.cut);
    assert_int_equal(c.dropped + c.duplicated + c.delayed + c.killed, 0);
}

static void
frames_that_come_twice_count_once(void **state)
{
    (void)state;
    struct stint_test_count c =
        under(&(struct stint_test_fault){ .seed = 3, .duplicate = 1 });
    assert_true(c.duplicated >= 60);
    assert_int_equal(c.dropped + c.cut + c.delayed + c.killed, 0);
}

static void
frames_are_late(void **state)
{
    int64_t began = now_ms();

    (void)state;
    struct stint_test_count c =
        under(&(struct stint_test_fault){ .seed = 4, .delay_ms = 20 });
    assert_true(c.delayed >= 60);
    assert_true(now_ms() - began >= 200); /* 60 of them, 10 ms each. */
    assert_int_equal(c.dropped + c.cut + c.duplicated + c.killed, 0);
}

static void
only_those_of_a_name_are_harmed(void **state)
{
    struct stint_test_fault fault = { .seed = 6, .peer = "x", .duplicate = 1 };
    struct stint *x = connect_as("x");

    (void)state;
    assert_int_equal(under(&fault).duplicated, 0);
    OK(stint_test_fault(master, &fault));
    put(open_queue(x, "other"), "7");
    assert_true(count().duplicated > 0);
    OK(stint_close(x));
}

static void
a_worker_is_killed_by_the_seed(void **state)
{
    struct stint_test_fault fault = { .seed = 5, .kill = 1, .kills_max = 1 };
    struct stint *w = connect_worker(master, "w");
    struct stint_queue *its = open_queue(w, "q");
    struct stint_task *t;

    (void)state;
    put(q, "7");
    t = take(its);
    OK(stint_test_fault(master, &fault));
    OK(stint_task_post_release(t, 0));
    while (count().killed == 0)
        (void)usleep(1000);
    t = take(q); /* Nobody else is killed: it is no worker. */
    OK(stint_task_done(t, NULL, 0));
    assert_int_equal(count().killed, 1);
    stint_abandon(w);
}

static struct stint_test_count
once_with(uint64_t seed)
{
    struct stint_test_fault fault = {
        .seed = seed, .drop = 0.05, .cut = 0.05, .duplicate = 0.3
    };
    struct stint_test_count c;

    (void)begin(NULL);
    c = under(&fault);
    (void)end(NULL);
    return c;
}

static void
a_seed_does_the_same_again(void **state)
{
    struct stint_test_count a = once_with(7), b = once_with(7),
                            c = once_with(8);

    (void)state;
    assert_int_equal(a.dropped, b.dropped);
    assert_int_equal(a.cut, b.cut);
    assert_int_equal(a.duplicated, b.duplicated);
    assert_true(a.dropped != c.dropped || a.cut != c.cut
                || a.duplicated != c.duplicated);
}

static void
chances_and_delays_have_bounds(void **state)
{
    (void)state;
    assert_int_equal(
        stint_test_fault(master, &(struct stint_test_fault){ .drop = 1.5 }),
        STINT_EINVAL);
    assert_int_equal(
        stint_test_fault(master, &(struct stint_test_fault){ .cut = -0.1 }),
        STINT_EINVAL);
    assert_int_equal(
        stint_test_fault(master, &(struct stint_test_fault){ .delay_ms = -1 }),
        STINT_EINVAL);
}

/* ---- a worker's host dies ------------------------------------------------ */

static void
what_a_killed_worker_held_goes_to_another(void **state)
{
    struct stint *w = connect_worker(master, "first");
    struct stint_queue *its = open_queue(w, "q");

    (void)state;
    put(q, "7");
    struct stint_task *lost = take(its);
    OK(stint_ping(w, NULL, PATIENCE_MS)); /* The master knows that it has it. */
    int64_t began = now_ms();
    assert_int_equal(stint_test_kill_worker(master, "first"), 1);
    struct stint_task *t = take(q);
    assert_true(now_ms() - began < MOMENT_MS);
    assert_int_equal(stint_task_attempt(t), 2);
    assert_int_equal(row_of(s, "q").lost, 1);
    OK(stint_task_post_done(lost, "dead", 4));
    OK(stint_task_done(t, "49", 2));
    assert_int_equal(row_of(s, "q").done, 1);
    assert_int_equal(stint_flush(w, 100), STINT_ETIMEOUT);
    assert_int_equal(stint_test_kill_worker(master, "first"), 0);
    stint_abandon(w);
}

static void
another_may_come_under_the_name_of_a_killed_one(void **state)
{
    struct stint *first = connect_worker(master, "w"), *second;

    (void)state;
    assert_int_equal(stint_test_kill_worker(master, NULL), 1);
    second = connect_worker(master, "w");
    OK(stint_ping(second, NULL, PATIENCE_MS));
    OK(stint_close(second));
    stint_abandon(first);
    OK(stint_ping(s, NULL, PATIENCE_MS)); /* No worker. */
}

static atomic_int runs;

/* The first one hangs until its worker is stopped. */
static int
hang_once(struct stint_call *call)
{
    if (atomic_fetch_add(&runs, 1) > 0) return stint_call_result(call, "ok", 2);
    while (!stint_call_cancelled(call))
        (void)usleep(1000);
    return stint_call_fail(call, "stopped");
}

static void *
serve(void *arg)
{
    return stint_worker_serve(arg) == 0 ? arg : NULL;
}

static pthread_t
start_serving(struct stint *on, struct stint_worker **w)
{
    static const char *const queues[] = { "q", NULL };
    static const struct stint_handler handlers[] = { { "hang", hang_once },
        { 0 } };
    struct stint_worker_options options = {
        .queues = queues, .slots = 1, .handlers = handlers
    };
    pthread_t thread;

    OK(stint_worker_new(on, &options, w));
    assert_int_equal(pthread_create(&thread, NULL, serve, *w), 0);
    return thread;
}

static void
a_whole_worker_is_killed_and_can_be_stopped(void **state)
{
    struct stint *a = connect_worker(master, "a");
    struct stint *b = connect_worker(master, "b");
    struct stint_worker *first, *second;
    struct stint_bytes result;
    struct stint_future *f;

    (void)state;
    atomic_store(&runs, 0);
    pthread_t dead = start_serving(a, &first);
    OK(stint_queue_submit(q, "7", 1, NULL, &f));
    OK(stint_flush(s, PATIENCE_MS));
    while (atomic_load(&runs) == 0)
        (void)usleep(1000);
    assert_int_equal(stint_test_kill_worker(master, "a"), 1);
    pthread_t alive = start_serving(b, &second);
    OK(stint_future_get(f, &result, PATIENCE_MS));
    expect(result, "ok");
    stint_future_free(f);
    int64_t began = now_ms();
    stint_interrupt(a);
    stint_worker_stop(first);
    stint_worker_stop(second);
    assert_int_equal(pthread_join(dead, NULL), 0);
    assert_int_equal(pthread_join(alive, NULL), 0);
    assert_true(now_ms() - began < MOMENT_MS);
    stint_worker_free(first);
    stint_worker_free(second);
    stint_abandon(a);
    OK(stint_close(b));
}

/* ---- a job under all of it ----------------------------------------------- */

struct hand {
    pthread_t thread;
    struct stint *s;
    struct job *job;
};

struct job {
    struct hand hands[8];
    unsigned count;
    bool over;
    pthread_mutex_t lock;
};

static bool
is_over(struct job *job)
{
    (void)pthread_mutex_lock(&job->lock);
    bool over = job->over;
    (void)pthread_mutex_unlock(&job->lock);
    return over;
}

/* Squares numbers until the job is over, or for ever if it was killed. */
static void *
work(void *arg)
{
    struct stint_consumer_options options = { .credit_tasks = 8 };
    const char *const queues[] = { "job", NULL };
    struct hand *hand = arg;
    struct stint_consumer *c;
    struct stint_task *t;

    if (stint_consumer_open(hand->s, queues, &options, &c) != 0) return NULL;
    while (!is_over(hand->job)) {
        char text[32];
        if (stint_consumer_next(c, &t, 50) != 0) continue;
        struct stint_bytes p = stint_task_payload(t);
        (void)snprintf(
            text, sizeof text, "%.*s", (int)p.size, (const char *)p.data);
        long n = strtol(text, NULL, 10);
        (void)snprintf(text, sizeof text, "%ld", n * n);
        if (stint_task_post_done(t, text, strlen(text)) != 0) break;
    }
    stint_consumer_close(c);
    return NULL;
}

static void
hire(struct job *job)
{
    struct hand *hand = &job->hands[job->count++];

    hand->job = job;
    hand->s = connect_worker(master, "hand");
    assert_int_equal(pthread_create(&hand->thread, NULL, work, hand), 0);
}

/* Whoever is killed is replaced. */
static void
replace_the_dead(struct job *job, uint64_t since)
{
    uint64_t killed = count().killed - since;

    while (job->count < 3 + killed)
        hire(job);
}

static void
check_results(struct stint_future *futures[TASKS])
{
    for (int i = 0; i < TASKS; i++) {
        struct stint_bytes result;
        char text[32];
        OK(stint_future_get(futures[i], &result, PATIENCE_MS));
        (void)snprintf(text, sizeof text, "%d", i * i);
        expect(result, text);
        stint_future_free(futures[i]);
    }
}

static void
run_job(uint64_t seed)
{
    static struct stint_future *futures[TASKS];
    struct stint_test_fault fault = { .seed = seed,
        .drop = 0.01,
        .cut = 0.01,
        .duplicate = 0.1,
        .delay_ms = 2,
        .kill = 0.02,
        .kills_max = 2 };
    struct stint_queue_options patient = { .attempts_max = 1000 };
    struct job job = { .over = false };
    struct stint_queue *jobs;
    int64_t began = now_ms();
    int ready = 0;

    (void)begin(NULL);
    (void)pthread_mutex_init(&job.lock, NULL);
    OK(stint_queue_open(s, "job", &patient, &jobs));
    OK(stint_test_fault(master, &fault));
    replace_the_dead(&job, 0);
    for (int i = 0; i < TASKS; i++) {
        char text[16];
        (void)snprintf(text, sizeof text, "%d", i);
        OK(stint_queue_submit(jobs, text, strlen(text), NULL, &futures[i]));
    }
    while (ready < TASKS && now_ms() - began < 60000) {
        ready = stint_futures_wait(futures, TASKS, TASKS, 20);
        replace_the_dead(&job, 0);
    }
    assert_int_equal(ready, TASKS);
    check_results(futures);
    struct stint_test_count c = count();
    OK(stint_test_fault(master, NULL));
    struct stint_queue_row row = row_of(s, "job");
    assert_int_equal(row.accepted, TASKS);
    assert_int_equal(row.done, TASKS);
    assert_int_equal(row.ready + row.leased + row.delayed + row.dead, 0);
    (void)pthread_mutex_lock(&job.lock);
    job.over = true;
    (void)pthread_mutex_unlock(&job.lock);
    for (unsigned i = 0; i < job.count; i++) {
        stint_interrupt(job.hands[i].s);
        (void)pthread_join(job.hands[i].thread, NULL);
        stint_abandon(job.hands[i].s);
    }
    (void)pthread_mutex_destroy(&job.lock);
    (void)end(NULL);
    print_message("seed %llu: %lld ms, %llu frames, %llu lost, %llu cut, "
                  "%llu twice, %llu late, %llu killed\n",
        (unsigned long long)seed, (long long)(now_ms() - began),
        (unsigned long long)c.frames, (unsigned long long)c.dropped,
        (unsigned long long)c.cut, (unsigned long long)c.duplicated,
        (unsigned long long)c.delayed, (unsigned long long)c.killed);
}

static void
each_of_a_thousand_results_comes_once_whatever_the_seed(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        run_job(seed);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_ready_in_milliseconds),
        cmocka_unit_test(ten_of_them_in_one_process_know_nothing_of_each_other),
        EMBEDDED(programs_that_are_started_find_it_in_the_environment),
        cmocka_unit_test(what_it_cannot_be_is_refused),
        cmocka_unit_test(a_master_that_serves_can_be_neither_moved_nor_harmed),
        cmocka_unit_test(no_master_at_all_is_refused),
        EMBEDDED(a_forked_child_is_refused_and_does_not_hang),
        cmocka_unit_test(one_that_has_ended_says_so),
        EMBEDDED(an_hour_later_the_lease_is_over),
        EMBEDDED(a_lease_that_has_time_left_stays),
        EMBEDDED(delays_and_backoffs_pass),
        EMBEDDED(what_expires_has_expired),
        EMBEDDED(who_waits_for_an_hour_has_waited),
        EMBEDDED(those_who_are_there_are_not_taken_for_dead),
        EMBEDDED(a_clock_that_is_held_moves_only_by_hand),
        EMBEDDED(it_does_not_move_back_nor_for_ever),
        EMBEDDED(frames_are_lost_and_come_again),
        EMBEDDED(connections_are_cut_and_mended),
        EMBEDDED(frames_that_come_twice_count_once),
        EMBEDDED(frames_are_late),
        EMBEDDED(only_those_of_a_name_are_harmed),
        EMBEDDED(a_worker_is_killed_by_the_seed),
        cmocka_unit_test(a_seed_does_the_same_again),
        EMBEDDED(chances_and_delays_have_bounds),
        EMBEDDED(what_a_killed_worker_held_goes_to_another),
        EMBEDDED(another_may_come_under_the_name_of_a_killed_one),
        EMBEDDED(a_whole_worker_is_killed_and_can_be_stopped),
        cmocka_unit_test(
            each_of_a_thousand_results_comes_once_whatever_the_seed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
