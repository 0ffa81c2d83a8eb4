/* Where few descriptors are left nothing is opened, and it is said how many are
 * needed: libzmq would end the program. */
#include "tests/integration/with_pool.h"

#include <sys/resource.h>
#include <sys/wait.h>

enum { FINE = 0, TOLD = 1, WRONG = 2 };

static const char *master_address;
static const char AUTHKEY[] = "few files, and a key of some length";

static int
judge(int rc)
{
    if (rc == 0) return FINE;
    bool told = rc == STINT_ESYSTEM
                && strstr(stint_error_message(), "ulimit -n") != NULL;

    if (!told) {
        (void)fprintf(
            stderr, "%s: %s\n", stint_error_name(rc), stint_error_message());
    }
    return told ? TOLD : WRONG;
}

static int
try_connect(void)
{
    const struct stint_options options = { .master = master_address,
        .authkey = AUTHKEY };
    struct stint *s;

    int rc = stint_connect(&options, &s);
    int verdict = judge(rc);
    if (rc == 0) (void)stint_close(s);
    return verdict;
}

static int
try_master(void)
{
    const struct stint_master_options options = { .memory = true,
        .listen = "tcp://127.0.0.1:0" };
    struct stint_master *m;

    int rc = stint_master_start(&options, &m);
    int verdict = judge(rc);
    if (rc == 0) stint_master_stop(m);
    return verdict;
}

/* Its workers have as few, but need fewer. */
static int
try_pool(void)
{
    const struct stint_pool_options options = { .processes = 2,
        .functions = functions };
    struct stint_pool *pool;
    int64_t n = 0;

    int rc = stint_pool_open(&options, &pool);
    int verdict = judge(rc);
    if (rc != 0) return verdict;
    rc = stint_pool_apply_int(pool, "square", 3, &n);
    if (rc != 0 || n != 9) verdict = WRONG;
    stint_pool_free(pool);
    return verdict;
}

static int
with_few(unsigned files, int (*attempt)(void))
{
    int status = 0;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        const struct rlimit limit = { files, files };

        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) _exit(WRONG);
        _exit(attempt());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status)) {
        fail_msg(
            "with %u files it was ended by signal %d", files, WTERMSIG(status));
    }
    return WEXITSTATUS(status);
}

/* From so few that nothing is possible to so many that all is. */
static void
go_through(int (*attempt)(void))
{
    assert_int_equal(with_few(10, attempt), TOLD);
    for (unsigned files = 14; files < 90; files += 9)
        assert_in_range(with_few(files, attempt), FINE, TOLD);
    assert_int_equal(with_few(200, attempt), FINE);
}

static void
a_pool_that_lacks_files_says_so(void **state)
{
    (void)state;
    go_through(try_pool);
}

static void
a_master_that_lacks_files_says_so(void **state)
{
    (void)state;
    go_through(try_master);
}

static void
a_connection_that_lacks_files_says_so(void **state)
{
    (void)state;
    const struct stint_master_options options = {
        .memory = true, .listen = "tcp://127.0.0.1:0", .authkey = AUTHKEY
    };
    struct stint_master *m;

    OK(stint_master_start(&options, &m));
    master_address = stint_master_address(m);
    go_through(try_connect);
    stint_master_stop(m);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pool_that_lacks_files_says_so),
        cmocka_unit_test(a_master_that_lacks_files_says_so),
        cmocka_unit_test(a_connection_that_lacks_files_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
