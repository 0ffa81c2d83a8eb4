/* Processes that hold locks and wait for them, and are killed, stopped or cut
 * off meanwhile.  With arguments this program is one of those processes. */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "tests/integration/frozen.h"
#include "tests/integration/spawned.h"
#include "tests/integration/with_master.h"

#include <stint_sync.h>

enum {
    LOCKS = 8,
    CREW = 50,
    ACQUISITIONS = 10000,
    KILLS = 30,
    SILENCE_MS = 800
};

/* What all processes see: a file that all of them have mapped. */
struct board {
    atomic_ullong acquired, allowed, violations, died, stale;
    atomic_uint stop, step;
    atomic_int code;
    /* Fence of who was in there last; and whether he still is. */
    atomic_ullong protected[LOCKS];
};

static struct board *board;
static char folder[] = "/tmp/stint-sync-XXXXXX";
static char path[64], authkey[STINT_AUTHKEY_TEXT];

static struct board *
map_board(const char *file)
{
    int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0 || ftruncate(fd, sizeof(struct board)) != 0) abort();
    void *at = mmap(
        NULL, sizeof(struct board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) abort();
    (void)close(fd);
    return at;
}

/* ---- a process of the crew ----------------------------------------------- */

/* What the lock protects lets nobody in with a smaller fence than it has seen:
 * on a busy machine one who lives may be taken for dead, and not know it yet.
 * Returns whether we are in. */
static bool
go_in(atomic_ullong *protected, unsigned long long fence, bool died)
{
    unsigned long long before = atomic_load(protected);

    do {
        if (before / 2 >= fence) return false;
    } while (!atomic_compare_exchange_weak(protected, &before, fence * 2 + 1));
    if (before % 2 != 0 && !died) atomic_fetch_add(&board->violations, 1);
    return true;
}

/* Somebody else was in there while we held it, as the master says: then not. */
static void
go_out(
    atomic_ullong *protected, unsigned long long fence, struct stint_lock *lock)
{
    unsigned long long mine = fence * 2 + 1;
    bool alone = atomic_compare_exchange_strong(protected, &mine, fence * 2);
    int rc = stint_lock_release(lock);

    if (rc != 0 && rc != STINT_ESTALE) {
        (void)fprintf(stderr, "release: %s\n", stint_error_message());
    }
    if (rc == STINT_ESTALE) atomic_fetch_add(&board->stale, 1);
    if (rc != STINT_ESTALE && (rc != 0 || !alone)) {
        atomic_fetch_add(&board->violations, 1);
    }
}

static void
use_lock(atomic_ullong *protected, struct stint_lock *lock)
{
    int rc = stint_lock_acquire(lock, 30000);
    unsigned long long fence = stint_lock_fence(lock);

    if (rc < 0) {
        (void)fprintf(stderr, "acquire: %s\n", stint_error_message());
        atomic_fetch_add(&board->violations, 1);
        return;
    }
    if (rc == STINT_OWNER_DIED) atomic_fetch_add(&board->died, 1);
    if (go_in(protected, fence, rc == STINT_OWNER_DIED)) {
        if (fence % 4 == 0) (void)usleep(200);
        atomic_fetch_add(&board->acquired, 1);
        go_out(protected, fence, lock);
    } else if (stint_lock_release(lock) != STINT_ESTALE) {
        atomic_fetch_add(&board->violations, 1);
    }
}

static int
be_of_the_crew(struct stint *on, unsigned number)
{
    struct stint_lock *lock;
    char name[16];

    (void)snprintf(name, sizeof name, "lock-%u", number % LOCKS);
    if (stint_lock_open(on, name, NULL, &lock) != 0) return 1;
    while (atomic_load(&board->stop) == 0) {
        if (atomic_load(&board->acquired) < atomic_load(&board->allowed)) {
            use_lock(&board->protected[number % LOCKS], lock);
        } else {
            (void)usleep(2000);
        }
    }
    stint_lock_close(lock);
    return stint_close(on) != 0;
}

/* ---- a process that stops at one point ----------------------------------- */

static void
tell(unsigned step)
{
    atomic_store(&board->step, step);
}

static int
hold_on(void *arg)
{
    (void)arg;
    tell(2);
    (void)sleep(20);
    return 0;
}

static int
die_at(struct stint *on, const char *point)
{
    struct stint_barrier_options alone = { .parties = 2, .action = hold_on };
    struct stint_barrier_options two = { .parties = 2 };
    struct stint_lock *lock;
    struct stint_semaphore_options three = { .value = 3 };
    struct stint_semaphore *sem;
    struct stint_condition *c;
    struct stint_barrier *b;
    int rc = -1;

    if (strcmp(point, "holding") == 0) {
        if (stint_lock_open(on, "L", NULL, &lock) != 0) return 1;
        if (stint_lock_acquire(lock, 5000) != 0) return 1;
        tell(1);
        while (atomic_load(&board->stop) == 0)
            (void)usleep(1000);
        rc = stint_lock_release(lock);
        stint_lock_close(lock);
    } else if (strcmp(point, "acquiring") == 0) {
        if (stint_lock_open(on, "L", NULL, &lock) != 0) return 1;
        tell(1);
        rc = stint_lock_acquire(lock, 20000);
    } else if (strcmp(point, "permits") == 0) {
        if (stint_semaphore_open(on, "S", &three, &sem) != 0) return 1;
        for (int i = 0; i < 3; i++)
            if (stint_semaphore_acquire(sem, 5000) != 0) return 1;
        tell(1);
        rc = stint_semaphore_acquire(sem, 20000);
    } else if (strcmp(point, "condition") == 0) {
        if (stint_condition_open(on, "C", NULL, &c) != 0) return 1;
        if (stint_condition_acquire(c, 5000) != 0) return 1;
        tell(1);
        rc = stint_condition_wait(c, 20000);
    } else if (strcmp(point, "barrier") == 0) {
        if (stint_barrier_open(on, "B", &two, &b) != 0) return 1;
        tell(1);
        rc = stint_barrier_wait(b, NULL, 20000);
    } else if (strcmp(point, "action") == 0) {
        if (stint_barrier_open(on, "A", &alone, &b) != 0) return 1;
        tell(1);
        rc = stint_barrier_wait(b, NULL, 20000);
    }
    atomic_store(&board->code, rc);
    tell(9);
    return stint_close(on) != 0;
}

static int
be_another(char **argv)
{
    struct stint_options options = { .master = argv[2], .authkey = argv[3] };
    struct stint *on;

    board = map_board(argv[1]);
    if (stint_connect(&options, &on) != 0) {
        (void)fprintf(stderr, "connect: %s\n", stint_error_message());
        return 1;
    }
    if (argv[4][0] >= '0' && argv[4][0] <= '9') {
        return be_of_the_crew(on, (unsigned)strtoul(argv[4], NULL, 10));
    }
    return die_at(on, argv[4]);
}

/* ---- this process -------------------------------------------------------- */

static pid_t
spawn(const char *what)
{
    const char *const words[] = { THIS_PROGRAM, path,
        stint_master_address(master), authkey, what, NULL };

    return spawned_pid(words, NULL);
}

static void
await_step(unsigned step)
{
    int64_t until = now_ms() + 10000;

    while (atomic_load(&board->step) != step) {
        if (now_ms() > until) fail_msg("step %u did not come", step);
        (void)usleep(1000);
    }
}

static void
end(pid_t pid)
{
    (void)kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static struct stint_lock *
the_lock(void)
{
    struct stint_lock *lock;

    OK(stint_lock_open(s, "L", NULL, &lock));
    return lock;
}

/* A moment in which what was sent arrives. */
static void
settle(void)
{
    (void)usleep(100000);
}

static void
outlast_silence(void)
{
    (void)usleep(SILENCE_MS * 1000 * 2);
}

static void
killed_while_holding_a_lock(void **state)
{
    struct stint_lock *lock = the_lock();
    pid_t pid = spawn("holding");

    (void)state;
    await_step(1);
    assert_int_equal(stint_lock_acquire(lock, 0), STINT_ETIMEOUT);
    end(pid);
    assert_int_equal(stint_lock_acquire(lock, PATIENCE_MS), STINT_OWNER_DIED);
    OK(stint_lock_release(lock));
    stint_lock_close(lock);
}

static void
stopped_while_holding_a_lock_it_releases_nobody_elses(void **state)
{
    struct stint_lock *lock = the_lock();
    pid_t pid = spawn("holding");

    (void)state;
    await_step(1);
    freeze(pid);
    assert_int_equal(stint_lock_acquire(lock, PATIENCE_MS), STINT_OWNER_DIED);
    atomic_store(&board->stop, 1);
    (void)kill(pid, SIGCONT);
    await_step(9);
    assert_int_equal(atomic_load(&board->code), STINT_ESTALE);
    assert_int_equal(stint_lock_locked(lock), 1);
    OK(stint_lock_release(lock));
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    stint_lock_close(lock);
}

static void
killed_while_acquiring_a_lock(void **state)
{
    struct stint_lock *lock = the_lock();

    (void)state;
    OK(stint_lock_acquire(lock, 0));
    pid_t pid = spawn("acquiring");
    await_step(1);
    settle();
    end(pid);
    outlast_silence();
    OK(stint_lock_release(lock));
    OK(stint_lock_acquire(lock, 0)); /* The dead one is out of the line. */
    OK(stint_lock_release(lock));
    stint_lock_close(lock);
}

/* And while it waits for one more: that is given to nobody. */
static void
killed_while_holding_permits_all_of_them_return(void **state)
{
    struct stint_semaphore_options three = { .value = 3 };
    struct stint_semaphore *sem;
    uint64_t value;

    (void)state;
    OK(stint_semaphore_open(s, "S", &three, &sem));
    pid_t pid = spawn("permits");
    await_step(1);
    settle();
    assert_int_equal(stint_semaphore_acquire(sem, 0), STINT_ETIMEOUT);
    end(pid);
    for (int i = 0; i < 3; i++)
        OK(stint_semaphore_acquire(sem, PATIENCE_MS));
    OK(stint_semaphore_value(sem, &value));
    assert_int_equal(value, 0);
    stint_semaphore_close(sem);
}

static void *
wait_for_notice(void *arg)
{
    struct stint_condition *c = arg;
    int rc = stint_condition_acquire(c, PATIENCE_MS);

    tell(3);
    if (rc >= 0) rc = stint_condition_wait(c, PATIENCE_MS);
    if (rc == 0) rc = stint_condition_release(c);
    return (void *)(intptr_t)rc;
}

/* Notified as a dead one that nobody knows to be dead: the wake-up goes on to
 * the next one. */
static void
killed_in_a_condition_its_wake_up_is_not_lost(void **state)
{
    struct stint_condition *c;
    pthread_t thread;
    void *rc;

    (void)state;
    OK(stint_condition_open(s, "C", NULL, &c));
    pid_t pid = spawn("condition");
    await_step(1);
    settle();
    (void)pthread_create(&thread, NULL, wait_for_notice, c);
    await_step(3);
    settle();
    end(pid);
    OK(stint_condition_acquire(c, PATIENCE_MS));
    OK(stint_condition_notify(c, 1));
    OK(stint_condition_release(c));
    (void)pthread_join(thread, &rc);
    assert_int_equal((intptr_t)rc, 0);
    stint_condition_close(c);
}

static void
killed_at_a_barrier_it_breaks(void **state)
{
    struct stint_barrier_options options = { .parties = 2 };
    struct stint_barrier *b;

    (void)state;
    OK(stint_barrier_open(s, "B", &options, &b));
    pid_t pid = spawn("barrier");
    await_step(1);
    settle();
    end(pid);
    outlast_silence();
    assert_int_equal(stint_barrier_wait(b, NULL, PATIENCE_MS), STINT_EBROKEN);
    OK(stint_barrier_reset(b));
    stint_barrier_close(b);
}

static int
nothing(void *arg)
{
    (void)arg;
    return 0;
}

static void *
meet(void *arg)
{
    return (void *)(intptr_t)stint_barrier_wait(arg, NULL, PATIENCE_MS);
}

static void
killed_in_the_action_of_a_barrier_it_breaks(void **state)
{
    struct stint_barrier_options options = { .parties = 2, .action = nothing };
    struct stint_barrier *b;
    pthread_t thread;
    void *rc;

    (void)state;
    OK(stint_barrier_open(s, "A", &options, &b));
    (void)pthread_create(&thread, NULL, meet, b);
    settle();
    pid_t pid = spawn("action");
    await_step(2);
    end(pid);
    (void)pthread_join(thread, &rc);
    assert_int_equal((intptr_t)rc, STINT_EBROKEN);
    stint_barrier_close(b);
}

/* ---- all at once --------------------------------------------------------- */

static void
spawn_crew(pid_t *crew, unsigned at, unsigned *names)
{
    char name[16];

    (void)snprintf(name, sizeof name, "%u", ++*names);
    crew[at] = spawn(name);
}

static void
await_acquired(unsigned long long count, int64_t until)
{
    while (atomic_load(&board->acquired) < count) {
        if (now_ms() > until) fail_msg("somebody is blocked");
        (void)usleep(500);
    }
}

/* Each kill comes at a random point of its share of the acquisitions, when all
 * are at work; while the next one is started they do not run far ahead. */
static void
ten_thousand_acquisitions_by_fifty_processes_with_random_kills(void **state)
{
    enum { SHARE = ACQUISITIONS / KILLS };
    pid_t crew[CREW];
    unsigned names = 0, kills = 0, seed = 20260;
    int64_t from = now_ms(), until = from + 60000;

    (void)state;
    for (unsigned i = 0; i < CREW; i++)
        spawn_crew(crew, i, &names);
    for (; kills < KILLS; kills++) {
        seed = seed * 1103515245 + 12345;
        atomic_store(&board->allowed, (kills + 2) * SHARE);
        await_acquired(kills * SHARE + seed / 65536 % SHARE, until);
        unsigned at = seed / 256 % CREW;
        end(crew[at]);
        spawn_crew(crew, at, &names);
    }
    atomic_store(&board->allowed, UINT64_MAX);
    await_acquired(ACQUISITIONS, until);
    int64_t took = now_ms() - from;
    atomic_store(&board->stop, 1); /* Now nobody may be left waiting. */
    for (unsigned i = 0; i < CREW; i++) {
        int status;
        assert_int_equal(waitpid(crew[i], &status, 0), crew[i]);
        assert_int_equal(status, 0);
    }
    print_message("%llu acquisitions, %u kills, %llu owners died, %llu were "
                  "taken for dead, %lld ms\n",
        atomic_load(&board->acquired), kills, atomic_load(&board->died),
        atomic_load(&board->stale), (long long)took);
    assert_int_equal(atomic_load(&board->violations), 0);
}

/* ---- all ----------------------------------------------------------------- */

static int
begin(void **state)
{
    struct stint_master_options options = { .listen = "tcp://127.0.0.1:0",
        .memory = true,
        .authkey = authkey,
        .silence_ms = SILENCE_MS };

    (void)state;
    stint_key_generate(authkey);
    if (mkdtemp(folder) == NULL) return -1;
    (void)snprintf(path, sizeof path, "%s/board", folder);
    board = map_board(path);
    OK(stint_master_start(&options, &master));
    return 0;
}

static int
finish(void **state)
{
    (void)unlink(path);
    (void)rmdir(folder);
    return stop_master(state);
}

static int
clear_board(void **state)
{
    memset(board, 0, sizeof *board);
    return set_up(state);
}

#define ALONE(name) \
    cmocka_unit_test_setup_teardown(name, clear_board, tear_down)

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        ALONE(killed_while_holding_a_lock),
        ALONE(stopped_while_holding_a_lock_it_releases_nobody_elses),
        ALONE(killed_while_acquiring_a_lock),
        ALONE(killed_while_holding_permits_all_of_them_return),
        ALONE(killed_in_a_condition_its_wake_up_is_not_lost),
        ALONE(killed_at_a_barrier_it_breaks),
        ALONE(killed_in_the_action_of_a_barrier_it_breaks),
        ALONE(ten_thousand_acquisitions_by_fifty_processes_with_random_kills),
    };

    if (argc > 4) return be_another(argv);
    return cmocka_run_group_tests_name("sync deaths", tests, begin, finish);
}
