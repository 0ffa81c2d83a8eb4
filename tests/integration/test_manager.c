/* multiprocessing.managers.BaseManager, row by row: who may come in, where, how
 * a master is started, served and ended, what one connection is good for, and
 * what happens when the master stands still.  With "--master" this program is
 * such a master, in a process of its own. */
#include <dirent.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/integration/frozen.h"
#include "tests/integration/spawned.h"
#include "tests/integration/with_master.h"

#include <stint_pipe.h>
#include <stint_shared.h>

/* What nobody may wait longer than, however busy the machine is. */
enum { SOON_MS = 3000 };

/* ---- a master elsewhere -------------------------------------------------- */

static struct far {
    pid_t pid;
    int keep; /* Our end of its input: it ends when we do. */
    char address[64];
    char authkey[STINT_AUTHKEY_TEXT];
} far;

static int
be_a_master(const char *authkey)
{
    const struct stint_master_options options = {
        .listen = "tcp://127.0.0.1:0", .memory = true, .authkey = authkey
    };
    struct stint_master *m;
    char byte;

    if (stint_master_start(&options, &m) != 0) return 1;
    (void)printf("%s\n", stint_master_address(m));
    (void)fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        continue;
    stint_master_stop(m);
    return 0;
}

static int
start_far(void **state)
{
    const char *const words[] = { THIS_PROGRAM, "--master", far.authkey, NULL };

    (void)state;
    stint_key_generate(far.authkey);
    struct spawned p = spawned_with_pipes(words);
    far.pid = p.pid;
    far.keep = p.to;
    FILE *says = fdopen(p.from, "r");
    assert_non_null(says);
    assert_int_equal(fscanf(says, "%63s", far.address), 1);
    (void)fclose(says);
    return 0;
}

static int
end_far(void **state)
{
    int status;

    (void)state;
    (void)kill(far.pid, SIGCONT);
    (void)close(far.keep);
    assert_int_equal(waitpid(far.pid, &status, 0), far.pid);
    assert_int_equal(status, 0);
    return 0;
}

#define ELSEWHERE(name) \
    cmocka_unit_test_setup_teardown(name, start_far, end_far)

/* Where a call has no timeout of its own it has this one. */
static struct stint *
connect_far(int64_t timeout_ms)
{
    const struct stint_options options = {
        .master = far.address, .authkey = far.authkey, .timeout_ms = timeout_ms
    };
    struct stint *on;

    OK(stint_connect(&options, &on));
    return on;
}

/* ---- BaseManager(address, authkey) --------------------------------------- */

static int
connect_with(const char *authkey, size_t size)
{
    const struct stint_options options = {
        .master = stint_master_address(master),
        .authkey = authkey,
        .authkey_size = size,
    };
    struct stint *on;
    int rc = stint_connect(&options, &on);

    if (rc == 0) OK(stint_close(on));
    return rc;
}

/* A zero is a byte like any other: what is behind it counts. */
static void
authkey_is_bytes_and_all_of_them_count(void **state)
{
    static const char right[] = "sixteen bytes and more\0this";
    static const char wrong[] = "sixteen bytes and more\0that";
    const struct stint_master_options options = { .listen = "tcp://127.0.0.1:0",
        .memory = true,
        .authkey = right,
        .authkey_size = sizeof right - 1 };

    (void)state;
    OK(stint_master_start(&options, &master));
    OK(connect_with(right, sizeof right - 1));
    assert_int_equal(connect_with(wrong, sizeof wrong - 1), STINT_EAUTH);
    stint_master_stop(master);
}

/* That it can be allowed is tested with the command line. */
static void
authkey_of_fewer_than_16_bytes_is_refused(void **state)
{
    const struct stint_master_options options = {
        .listen = "tcp://127.0.0.1:0", .memory = true, .authkey = "abc"
    };
    const struct stint_options who = { .master = "tcp://127.0.0.1:1",
        .authkey = "abc" };
    struct stint *on;

    (void)state;
    assert_int_equal(stint_master_start(&options, &master), STINT_EINVAL);
    assert_non_null(strstr(stint_error_message(), "16"));
    assert_int_equal(stint_connect(&who, &on), STINT_EINVAL);
    assert_null(on);
}

/* In Python only that of the server; the manager's own still says 0. */
static void
address_with_port_0_is_the_real_one(void **state)
{
    char authkey[STINT_AUTHKEY_TEXT];
    const struct stint_master_options options = {
        .listen = "tcp://127.0.0.1:0", .memory = true, .authkey = authkey
    };
    unsigned port = 0;

    (void)state;
    stint_key_generate(authkey);
    OK(stint_master_start(&options, &master));
    assert_int_equal(
        sscanf(stint_master_address(master), "tcp://127.0.0.1:%u", &port), 1);
    assert_in_range(port, 1, 65535);
    OK(connect_with(authkey, 0));
    stint_master_stop(master);
}

/* As Manager() does: each has a port and a key of its own, whoever else
 * listens. */
static void
any_number_of_them_start_without_options(void **state)
{
    struct stint_master *m[3];
    struct stint *own;

    (void)state;
    for (int i = 0; i < 3; i++)
        OK(stint_master_start(NULL, &m[i]));
    for (int i = 0; i < 3; i++) {
        assert_null(strstr(stint_master_address(m[i]), ":4725"));
        assert_string_not_equal(
            stint_master_address(m[i]), stint_master_address(m[(i + 1) % 3]));
        OK(stint_master_connect(m[i], NULL, &own));
        OK(stint_close(own));
    }
    for (int i = 0; i < 3; i++)
        stint_master_stop(m[i]);
}

static void
address_may_be_a_unix_socket(void **state)
{
    char folder[] = "/tmp/stint-manager-XXXXXX", where[64];
    char authkey[STINT_AUTHKEY_TEXT];
    const struct stint_master_options options = {
        .listen = where, .memory = true, .authkey = authkey
    };
    struct stat found;

    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(where, sizeof where, "ipc://%s/s", folder);
    stint_key_generate(authkey);
    OK(stint_master_start(&options, &master));
    assert_string_equal(stint_master_address(master), where);
    assert_int_equal(stat(where + 6, &found), 0);
    assert_true(S_ISSOCK(found.st_mode));
    OK(connect_with(authkey, 0));
    stint_master_stop(master);
    (void)unlink(where + 6);
    assert_int_equal(rmdir(folder), 0);
}

/* ---- register ------------------------------------------------------------ */

/* Python's callable runs on every request, and has to return the same again. */
static void
register_is_a_name_and_all_who_open_it_have_the_same_queue(void **state)
{
    struct stint *other = connect_as("other");
    struct stint_queue *mine, *theirs;

    (void)state;
    OK(stint_queue_open(s, "get_task_queue", NULL, &mine));
    put(mine, "7");
    theirs = open_queue(other, "get_task_queue");
    put(theirs, "8");
    get(open_queue(s, "get_task_queue"), "7");
    get(theirs, "8");
    OK(stint_close(other));
}

/* As register() without a callable: the queues are the master's to make. */
static void
register_may_be_left_to_the_master(void **state)
{
    static const char *const queues[] = { "tasks", NULL };
    const struct stint_master_options options = { .listen = "tcp://127.0.0.1:0",
        .memory = true,
        .queues = queues,
        .no_create = true };
    struct stint_queue *none;
    struct stint *on;

    (void)state;
    OK(stint_master_start(&options, &master));
    on = connect_as("test");
    put(open_queue(on, "tasks"), "7");
    assert_int_equal(
        stint_queue_open(on, "others", NULL, &none), STINT_ENOQUEUE);
    OK(stint_close(on));
    stint_master_stop(master);
}

/* ---- start, serve_forever, shutdown, join -------------------------------- */

/* ProcessError('Already started server'). */
static void
start_twice_at_one_address_is_refused_until_the_first_has_stopped(void **state)
{
    char where[64];
    struct stint_master_options options = { .listen = "tcp://127.0.0.1:0",
        .memory = true };
    struct stint_master *second;

    (void)state;
    OK(stint_master_start(&options, &master));
    (void)snprintf(where, sizeof where, "%s", stint_master_address(master));
    options.listen = where;
    assert_int_equal(stint_master_start(&options, &second), STINT_EBUSY);
    assert_null(second);
    assert_non_null(strstr(stint_error_message(), strrchr(where, ':')));
    stint_master_stop(master);
    OK(stint_master_start(&options, &second));
    stint_master_stop(second);
}

static void *
quit_soon(void *arg)
{
    (void)usleep(50000);
    stint_master_quit(arg);
    return NULL;
}

/* Python's ends the program: sys.exit(0). */
static void
serve_forever_returns_0_when_it_is_told_to_quit(void **state)
{
    pthread_t thread;

    (void)state;
    (void)start_master(NULL);
    int64_t from = now_ms();
    assert_int_equal(pthread_create(&thread, NULL, quit_soon, master), 0);
    OK(stint_master_serve(master));
    assert_in_range(now_ms() - from, 45, SOON_MS);
    (void)pthread_join(thread, NULL);
    stint_master_stop(master);
}

/* shutdown() and join(): of a manager that only connected, Python has neither.
 */
static void
shutdown_from_elsewhere_needs_the_role_admin_and_ends_the_serving(void **state)
{
    char folder[] = "/tmp/stint-manager-XXXXXX", file[64], line[64];
    const struct stint_master_options options = {
        .listen = "tcp://127.0.0.1:0", .memory = true, .state_dir = folder
    };
    struct stint_options who = { .access_file = file };
    struct stint *admin, *worker;

    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(file, sizeof file, "%s/of-a-worker", folder);
    OK(stint_master_start(&options, &master));
    admin = connect_as("admin");
    OK(stint_key_new(admin, "of-a-worker", STINT_ROLE_WORK, file));
    who.master = stint_master_address(master);
    OK(stint_connect(&who, &worker));
    assert_int_equal(stint_shutdown(worker), STINT_EROLE);
    OK(stint_ping(admin, NULL, PATIENCE_MS));
    OK(stint_close(worker));
    OK(stint_shutdown(admin));
    OK(stint_master_serve(master)); /* join() */
    stint_abandon(admin);
    stint_master_stop(master);
    stint_master_stop(NULL);
    (void)snprintf(line, sizeof line, "rm -r %s", folder);
    assert_int_equal(system(line), 0);
}

/* The end of the with-block. */
static void
stop_ends_the_master_for_all_who_are_connected(void **state)
{
    struct stint_options options = { .timeout_ms = 200 };
    struct stint_queue *tasks;
    struct stint_bytes item;
    struct stint *on;

    (void)state;
    (void)start_master(NULL);
    OK(stint_master_connect(master, &options, &on));
    tasks = open_queue(on, "tasks");
    stint_master_stop(master);
    int64_t from = now_ms();
    assert_int_equal(stint_queue_get(tasks, &item, 200), STINT_EUNREACHABLE);
    assert_in_range(now_ms() - from, 0, 200 + SOON_MS);
    (void)stint_close(on);
}

/* ---- proxies ------------------------------------------------------------- */

static unsigned
count_in(const char *folder)
{
    unsigned count = 0;
    DIR *dir = opendir(folder);

    assert_non_null(dir);
    while (readdir(dir) != NULL)
        count += 1;
    (void)closedir(dir);
    return count;
}

static void *
use_a_queue(void *arg)
{
    struct stint_queue *own = open_queue(s, arg);
    struct stint_bytes item;

    OK(stint_queue_put(own, "x", 1, PATIENCE_MS));
    OK(stint_queue_get(own, &item, PATIENCE_MS));
    stint_queue_close(own);
    return NULL;
}

/* Python: a connection for each thread, and five for each queue that is used.
 */
static void
one_connection_serves_all_queues_objects_and_threads(void **state)
{
    enum { QUEUES = 40, THREADS = 8 };
    struct stint_queue *queues[QUEUES];
    pthread_t threads[THREADS];
    struct stint_status status;
    struct stint_dict *d;
    char name[16], shared[] = "shared";

    (void)state;
    OK(stint_ping(s, NULL, PATIENCE_MS));
    unsigned before = count_in("/proc/self/fd");
    for (int i = 0; i < QUEUES; i++) {
        (void)snprintf(name, sizeof name, "q-%d", i);
        queues[i] = open_queue(s, name);
        put(queues[i], name);
    }
    OK(stint_dict_open(s, "d", NULL, &d));
    OK(stint_dict_set(d, "k", 1, "v", 1));
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, use_a_queue, shared), 0);
    }
    for (int i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
    assert_int_equal(count_in("/proc/self/fd"), before);
    OK(stint_status(s, &status, PATIENCE_MS));
    assert_int_equal(status.clients, 1);
    stint_dict_close(d);
}

static uint64_t
memory_now(void)
{
    struct stint_status status;

    OK(stint_status(s, &status, PATIENCE_MS));
    return status.memory;
}

static void
open_and_close_some(void)
{
    struct stint *other = connect_as("passing");
    struct stint_dict *d;
    struct stint_lock *lock;

    stint_queue_close(open_queue(other, "kept"));
    OK(stint_dict_open(other, "kept dict", NULL, &d));
    OK(stint_lock_open(other, "kept lock", NULL, &lock));
    OK(stint_lock_acquire(lock, PATIENCE_MS));
    OK(stint_lock_release(lock));
    stint_lock_close(lock);
    stint_dict_close(d);
    OK(stint_close(other));
}

/* Python's server leaks what proxies do not count down.  A few bytes for each
 * connection that ever was are known; a handle or a session would be more. */
static void
handles_and_connections_that_come_and_go_leave_nothing_at_the_master(
    void **state)
{
    enum { ROUNDS = 100, FEW_BYTES = 32 };

    (void)state;
    open_and_close_some();
    uint64_t before = memory_now();
    for (int i = 0; i < ROUNDS; i++)
        open_and_close_some();
    assert_in_range(memory_now(), 0, before + ROUNDS * FEW_BYTES);
}

/* ---- waiting ------------------------------------------------------------- */

static void *
wait_for_event(void *arg)
{
    int rc = stint_event_wait(arg, 4 * PATIENCE_MS);

    return rc == 0 ? NULL : arg;
}

/* Python's server has a thread for each call that waits. */
static void
calls_that_wait_cost_the_master_no_thread(void **state)
{
    enum { WAIT = 50 };
    pthread_t threads[WAIT];
    struct stint_event *e;
    char tasks[64];
    void *failed;

    (void)state;
    s = connect_far(0);
    OK(stint_event_open(s, "e", NULL, &e));
    assert_int_equal(stint_event_wait(e, 0), STINT_ETIMEOUT);
    (void)snprintf(tasks, sizeof tasks, "/proc/%d/task", (int)far.pid);
    unsigned before = count_in(tasks);
    for (int i = 0; i < WAIT; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, wait_for_event, e), 0);
    }
    (void)usleep(200000);
    assert_int_equal(stint_event_is_set(e), 0);
    assert_int_equal(count_in(tasks), before);
    OK(stint_event_set(e));
    for (int i = 0; i < WAIT; i++) {
        (void)pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    stint_event_close(e);
    OK(stint_close(s));
}

static bool
no(void *arg)
{
    (void)arg;
    return false;
}

/* In Python it is "0" here, "for ever" there, and ValueError in a third place.
 */
static void
every_call_that_waits_refuses_a_negative_timeout(void **state)
{
    const struct stint_barrier_options two = { .parties = 2 };
    struct stint_bytes got;
    struct stint_queue *tasks = open_queue(s, "tasks");
    const char *names[] = { "tasks", NULL };
    struct stint_consumer *consumer;
    struct stint_future *f;
    struct stint_task *task;
    struct stint_lock *lock;
    struct stint_semaphore *sem;
    struct stint_condition *c;
    struct stint_event *e;
    struct stint_barrier *b;
    struct stint_dict *d;
    struct stint_pipe *one, *other;
    uint64_t version = 0;
    int64_t us;

    (void)state;
    OK(stint_queue_submit(tasks, "x", 1, NULL, &f));
    OK(stint_consumer_open(s, names, NULL, &consumer));
    OK(stint_lock_open(s, "lock", NULL, &lock));
    OK(stint_semaphore_open(s, "semaphore", NULL, &sem));
    OK(stint_condition_open(s, "condition", NULL, &c));
    OK(stint_condition_acquire(c, PATIENCE_MS));
    OK(stint_event_open(s, "event", NULL, &e));
    OK(stint_barrier_open(s, "barrier", &two, &b));
    OK(stint_dict_open(s, "dict", NULL, &d));
    OK(stint_pipe_new(s, NULL, &one, &other));
    const int codes[] = {
        stint_queue_put(tasks, "x", 1, -2),
        stint_queue_get(tasks, &got, -2),
        stint_queue_take(tasks, NULL, &task, -2),
        stint_queue_join(tasks, -2),
        stint_consumer_next(consumer, &task, -2),
        stint_future_get(f, &got, -2),
        stint_futures_wait(&f, 1, 1, -2),
        stint_flush(s, -2),
        stint_ping(s, &us, -2),
        stint_lock_acquire(lock, -2),
        stint_semaphore_acquire(sem, -2),
        stint_condition_acquire(c, -2),
        stint_condition_wait(c, -2),
        stint_condition_wait_for(c, no, NULL, -2),
        stint_event_wait(e, -2),
        stint_barrier_wait(b, NULL, -2),
        stint_dict_watch(d, NULL, 0, &version, -2),
        stint_pipe_send(one, "x", 1, -2),
        stint_pipe_recv(one, &got, -2),
        stint_pipe_poll(one, -2),
    };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i] != STINT_EINVAL) fail_msg("%zu: %d", i, codes[i]);
    OK(stint_condition_release(c)); /* Nothing was changed. */
    OK(stint_lock_acquire(lock, 0));
    stint_future_free(f);
    stint_consumer_close(consumer);
    stint_pipe_close(one);
    stint_pipe_close(other);
    stint_dict_close(d);
    stint_barrier_close(b);
    stint_event_close(e);
    stint_condition_close(c);
    stint_semaphore_close(sem);
    stint_lock_close(lock);
}

/* ---- a server that is frozen or cut off ---------------------------------- */

struct held {
    struct stint_queue *q;
    struct stint_lock *lock;
    struct stint_dict *d;
    struct stint_barrier *b;
    struct stint_pipe *one, *two;
};

static int
get_one(const struct held *h)
{
    struct stint_bytes item;

    return stint_queue_get(h->q, &item, 200);
}

static int
put_one(const struct held *h)
{
    return stint_queue_put(h->q, "x", 1, 200);
}

static int
acquire_one(const struct held *h)
{
    return stint_lock_acquire(h->lock, 200);
}

static int
look_up(const struct held *h)
{
    struct stint_bytes value;

    return stint_dict_get(h->d, "k", 1, &value);
}

static int
meet(const struct held *h)
{
    return stint_barrier_wait(h->b, NULL, 200);
}

static int
receive(const struct held *h)
{
    struct stint_bytes message;

    return stint_pipe_recv(h->two, &message, 200);
}

static int
join(const struct held *h)
{
    return stint_queue_join(h->q, 200);
}

struct frozen {
    const struct held *held;
    int (*call)(const struct held *h);
    int code;
    int64_t took_ms;
};

static void *
call_it(void *arg)
{
    struct frozen *f = arg;
    int64_t from = now_ms();

    f->code = f->call(f->held);
    f->took_ms = now_ms() - from;
    return NULL;
}

/* Of Python's each hangs without end, get(timeout=0.2) too. */
static void
no_call_outlives_its_timeout_when_the_master_stands_still(void **state)
{
    enum { CALLS = 7 };
    const struct stint_barrier_options two = { .parties = 2 };
    struct held h;
    struct frozen calls[CALLS] = { { .call = get_one }, { .call = put_one },
        { .call = acquire_one }, { .call = look_up }, { .call = meet },
        { .call = receive }, { .call = join } };
    pthread_t threads[CALLS];

    (void)state;
    s = connect_far(200);
    h.q = open_queue(s, "tasks");
    OK(stint_lock_open(s, "lock", NULL, &h.lock));
    OK(stint_dict_open(s, "dict", NULL, &h.d));
    OK(stint_barrier_open(s, "barrier", &two, &h.b));
    OK(stint_pipe_new(s, NULL, &h.one, &h.two));
    freeze(far.pid);
    for (int i = 0; i < CALLS; i++) {
        calls[i].held = &h;
        assert_int_equal(
            pthread_create(&threads[i], NULL, call_it, &calls[i]), 0);
    }
    for (int i = 0; i < CALLS; i++) {
        (void)pthread_join(threads[i], NULL);
        assert_true(calls[i].code < 0);
        assert_in_range(calls[i].took_ms, 0, 200 + STINT_GRACE_MS + SOON_MS);
    }
    assert_int_equal(kill(far.pid, SIGCONT), 0);
    OK(stint_ping(s, NULL, 4 * PATIENCE_MS));
    stint_lock_close(h.lock);
    stint_dict_close(h.d);
    stint_barrier_close(h.b);
    stint_pipe_close(h.one);
    stint_pipe_close(h.two);
    (void)stint_close(s);
}

/* ---- all ----------------------------------------------------------------- */

static int
begin(void **state)
{
    (void)start_master(state);
    return set_up(state);
}

static int
finish(void **state)
{
    (void)tear_down(state);
    return stop_master(state);
}

#define HERE(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(authkey_is_bytes_and_all_of_them_count),
        cmocka_unit_test(authkey_of_fewer_than_16_bytes_is_refused),
        cmocka_unit_test(address_with_port_0_is_the_real_one),
        cmocka_unit_test(any_number_of_them_start_without_options),
        cmocka_unit_test(address_may_be_a_unix_socket),
        HERE(register_is_a_name_and_all_who_open_it_have_the_same_queue),
        cmocka_unit_test(register_may_be_left_to_the_master),
        cmocka_unit_test(
            start_twice_at_one_address_is_refused_until_the_first_has_stopped),
        cmocka_unit_test(serve_forever_returns_0_when_it_is_told_to_quit),

        cmocka_unit_test(
            shutdown_from_elsewhere_needs_the_role_admin_and_ends_the_serving),
        cmocka_unit_test(stop_ends_the_master_for_all_who_are_connected),
        HERE(one_connection_serves_all_queues_objects_and_threads),
        HERE(
            handles_and_connections_that_come_and_go_leave_nothing_at_the_master),
        HERE(every_call_that_waits_refuses_a_negative_timeout),
        ELSEWHERE(calls_that_wait_cost_the_master_no_thread),
        ELSEWHERE(no_call_outlives_its_timeout_when_the_master_stands_still),
    };

    if (argc > 2 && strcmp(argv[1], "--master") == 0)
        return be_a_master(argv[2]);
    return cmocka_run_group_tests_name("manager", tests, NULL, NULL);
}
