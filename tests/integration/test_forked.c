/* What a copy of this process can do with our connections: nothing, and it is
 * told so at once. */
#include "tests/integration/with_master.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <stint_pipe.h>
#include <stint_pool.h>
#include <stint_process.h>
#include <stint_shared.h>
#include <stint_sync.h>

static struct stint_lock *lock;
static struct stint_dict *dict;
static struct stint_pipe *ends[2];

static int
open_all(void **state)
{
    (void)set_up(state);
    OK(stint_lock_open(s, "lock", NULL, &lock));
    OK(stint_dict_open(s, "dict", NULL, &dict));
    OK(stint_pipe_new(s, NULL, &ends[0], &ends[1]));
    return 0;
}

static int
close_all(void **state)
{
    stint_lock_close(lock);
    stint_dict_close(dict);
    stint_pipe_close(ends[0]);
    stint_pipe_close(ends[1]);
    return tear_down(state);
}

static bool
is_told(int rc)
{
    return rc == STINT_ECLOSED
           && strstr(stint_error_message(), "of which we are a copy") != NULL;
}

/* Returns which call was wrong, from 1. */
static int
use_all(void *arg)
{
    struct stint_future *f;
    struct stint_bytes item;

    (void)arg;
    if (!is_told(stint_queue_put(q, "x", 1, STINT_FOREVER))) return 1;
    if (!is_told(stint_queue_get(q, &item, STINT_FOREVER))) return 2;
    if (!is_told(stint_queue_submit(q, "x", 1, NULL, &f))) return 3;
    if (!is_told(stint_lock_acquire(lock, STINT_FOREVER))) return 4;
    if (!is_told(stint_dict_set(dict, "k", 1, "v", 1))) return 5;
    if (!is_told(stint_pipe_send(ends[0], "x", 1, STINT_FOREVER))) return 6;
    if (!is_told(stint_pipe_recv(ends[1], &item, STINT_FOREVER))) return 7;
    if (!is_told(stint_ping(s, NULL, STINT_FOREVER))) return 8;
    stint_lock_close(lock);
    stint_dict_close(dict);
    stint_pipe_close(ends[0]);
    stint_queue_close(q);
    stint_interrupt(s);
    if (!is_told(stint_close(s))) return 9;
    stint_abandon(s);
    return 0;
}

static int
run(int (*target)(void *arg), void *arg)
{
    const struct stint_process_options options = { .target = target,
        .arg = arg };
    struct stint_process *p;
    int code = -1;

    OK(stint_process_start(&options, &p));
    OK(stint_process_join(p, PATIENCE_MS));
    OK(stint_process_exitcode(p, &code));
    stint_process_free(p);
    return code;
}

static void
a_copy_is_told_that_a_connection_is_not_its_own(void **state)
{
    (void)state;
    assert_int_equal(run(use_all, NULL), 0);
    /* And it harms us in nothing. */
    put(q, "ours");
    get(q, "ours");
    OK(stint_lock_acquire(lock, PATIENCE_MS));
    OK(stint_lock_release(lock));
    OK(stint_pipe_send(ends[0], "hello", 5, PATIENCE_MS));
    struct stint_bytes message;
    OK(stint_pipe_recv(ends[1], &message, PATIENCE_MS));
    expect(message, "hello");
}

static int
run_plain(int (*target)(void *arg), void *arg)
{
    int status = -1;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) _exit(target(arg));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void
so_is_one_of_a_plain_fork(void **state)
{
    (void)state;
    assert_int_equal(run_plain(use_all, NULL), 0);
    put(q, "ours");
    get(q, "ours");
}

static atomic_bool stop;

static void *
hammer(void *arg)
{
    struct stint_queue *own = arg;
    struct stint_bytes item;

    while (!atomic_load(&stop)) {
        OK(stint_queue_post(own, "x", 1, NULL));
        OK(stint_queue_get(own, &item, PATIENCE_MS));
    }
    return NULL;
}

/* Whatever the others are in the midst of. */
static void
it_does_not_matter_what_other_threads_do_meanwhile(void **state)
{
    enum { COPIES = 40 };
    pthread_t thread;

    (void)state;
    struct stint_queue *own = fresh_queue(NULL);
    atomic_store(&stop, false);
    assert_int_equal(pthread_create(&thread, NULL, hammer, own), 0);
    for (int i = 0; i < COPIES; i++)
        assert_int_equal(run(use_all, NULL), 0);
    atomic_store(&stop, true);
    (void)pthread_join(thread, NULL);
}

static int
square(struct stint_call *call)
{
    int64_t n;

    if (stint_call_int(call, &n) != 0) return -1;
    return stint_call_return_int(call, n * n);
}

static atomic_int *let_go; /* Shared by all processes. */

static int
late(struct stint_call *call)
{
    while (atomic_load(let_go) == 0)
        (void)usleep(1000);
    return square(call);
}

static struct stint_async *result, *earlier;

static int
use_pool(void *arg)
{
    struct stint_pool *pool = arg;
    int64_t n;

    if (!is_told(stint_pool_apply_int(pool, "square", 7, &n))) return 1;
    if (!is_told(stint_async_get_int(result, &n, STINT_FOREVER))) return 2;
    if (!is_told(stint_pool_join(pool, STINT_FOREVER))) return 3;
    if (stint_async_get_int(earlier, &n, 0) != 0 || n != 25) return 4;
    stint_pool_terminate(pool);
    stint_pool_free(pool);
    return 0;
}

/* Source: NotImplementedError('pool objects cannot be passed between
 * processes'). */
static void
a_copy_is_told_that_a_pool_is_not_its_own(void **state)
{
    (void)state;
    static const struct stint_handler functions[] = { { "square", square },
        { "late", late }, { 0 } };
    const struct stint_pool_options options = { .processes = 1,
        .functions = functions };
    struct stint_pool *pool;
    int64_t n = 0;

    let_go = mmap(NULL, sizeof *let_go, PROT_READ | PROT_WRITE,
        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(let_go, MAP_FAILED);
    OK(stint_pool_open(&options, &pool));
    OK(stint_pool_apply_async_int(pool, "square", 5, NULL, &earlier));
    OK(stint_async_wait(earlier, PATIENCE_MS));
    OK(stint_pool_apply_async_int(pool, "late", 6, NULL, &result));
    assert_int_equal(run(use_pool, pool), 0);
    atomic_store(let_go, 1);
    OK(stint_async_get_int(result, &n, PATIENCE_MS));
    assert_int_equal(n, 36);
    OK(stint_pool_apply_int(pool, "square", 7, &n));
    assert_int_equal(n, 49);
    stint_async_free(result);
    stint_async_free(earlier);
    stint_pool_free(pool);
    (void)munmap(let_go, sizeof *let_go);
}

static int
connect_anew(void *arg)
{
    const struct stint_options *options = arg;
    struct stint_queue *mine;
    struct stint *own;

    if (stint_connect(options, &own) != 0) return 1;
    if (stint_queue_open(own, "from a copy", NULL, &mine) != 0) return 2;
    if (stint_queue_put(mine, "hello", 5, PATIENCE_MS) != 0) return 3;
    return stint_close(own) == 0 ? 0 : 4;
}

static void
a_copy_may_connect_by_itself(void **state)
{
    (void)state;
    char authkey[STINT_AUTHKEY_TEXT];
    struct stint_master *own;
    struct stint *ours;

    stint_key_generate(authkey);
    const struct stint_master_options options = {
        .listen = "tcp://127.0.0.1:0", .authkey = authkey, .memory = true
    };
    OK(stint_master_start(&options, &own));
    OK(stint_master_connect(own, NULL, &ours));
    struct stint_options there = { .master = stint_master_address(own),
        .authkey = authkey };
    assert_int_equal(run(connect_anew, &there), 0);
    get(open_queue(ours, "from a copy"), "hello");
    OK(stint_close(ours));
    stint_master_stop(own);
}

/* As Manager()'s proxies do in a child; what it stops and leaves is not its. */
static int
use_and_stop(void *arg)
{
    struct stint_master *parents = arg;
    struct stint *own;
    int64_t sum;

    if (stint_master_connect(parents, NULL, &own) != 0) return 1;
    if (stint_dict_open(own, "shared", NULL, &dict) != 0) return 2;
    if (stint_dict_add(dict, "count", 5, 1, &sum) != 0) return 3;
    stint_dict_close(dict);
    if (stint_close(own) != 0) return 4;
    stint_master_quit(parents);
    stint_master_stop(parents);
    return 0;
}

static void
copies_get_into_the_master_of_their_parent_and_cannot_stop_it(void **state)
{
    (void)state;
    struct stint_master *own;
    struct stint_dict *shared;
    struct stint *ours;
    int64_t sum;

    OK(stint_master_start(NULL, &own));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(run(use_and_stop, own), 0);
        assert_int_equal(run_plain(use_and_stop, own), 0);
    }
    OK(stint_master_connect(own, NULL, &ours));
    OK(stint_dict_open(ours, "shared", NULL, &shared));
    OK(stint_dict_add(shared, "count", 5, 0, &sum));
    assert_int_equal(sum, 6);
    stint_dict_close(shared);
    OK(stint_close(ours));
    stint_master_stop(own);
}

#define WITH_ALL(name) \
    cmocka_unit_test_setup_teardown(name, open_all, close_all)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ALL(a_copy_is_told_that_a_connection_is_not_its_own),
        WITH_ALL(so_is_one_of_a_plain_fork),
        WITH_ALL(it_does_not_matter_what_other_threads_do_meanwhile),
        cmocka_unit_test(a_copy_is_told_that_a_pool_is_not_its_own),
        WITH_ALL(a_copy_may_connect_by_itself),
        cmocka_unit_test(
            copies_get_into_the_master_of_their_parent_and_cannot_stop_it),
    };

    return cmocka_run_group_tests(tests, start_master, stop_master);
}
