/*
 * Many messages: a million in order, with their rate; and through a proxy that
 * cuts the lines again and again, all of them, once, in order.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "tests/integration/through_proxy.h"

#include <stint_pipe.h>
#include <stint_value.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define IS_SLOW /* Twenty times. */
#endif
#endif
#ifdef IS_SLOW
enum { MILLION = 30000, THROUGH = 10000, CUTS_MIN = 2 };
#else
enum { MILLION = 1000000, THROUGH = 100000, CUTS_MIN = 10 };
#endif
enum { PATIENCE_MS = 120000 };

static struct through through;
static atomic_uint broken; /* Calls that failed in a thread. */

static int64_t
now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
must(int rc, const char *what)
{
    if (rc == 0) return;
    (void)fprintf(stderr, "%s: %s\n", what, stint_error_message());
    atomic_fetch_add(&broken, 1);
}

struct sender {
    struct stint *s;
    struct stint_pipe *p;
    uint32_t count;
    bool posts;
};

/* Some are sent, and so waited for. */
static void *
send_all(void *arg)
{
    struct sender *sender = arg;

    for (uint32_t i = 0; i < sender->count && atomic_load(&broken) == 0; i++) {
        if (sender->posts || i % 16 != 0) {
            must(stint_pipe_post(sender->p, &i, sizeof i), "post");
        } else {
            must(stint_pipe_send(sender->p, &i, sizeof i, PATIENCE_MS), "send");
        }
    }
    must(stint_flush(sender->s, PATIENCE_MS), "flush");
    stint_pipe_close(sender->p);
    return NULL;
}

/* Returns how many came, each one behind the one before. */
static uint32_t
receive_all(struct stint_pipe *p)
{
    struct stint_bytes message;
    uint32_t next = 0, number;
    int rc;

    while ((rc = stint_pipe_recv(p, &message, PATIENCE_MS)) == 0) {
        assert_int_equal(message.size, sizeof number);
        memcpy(&number, message.data, sizeof number);
        if (number != next) fail_msg("%u came instead of %u", number, next);
        next++;
    }
    assert_int_equal(rc, STINT_EEOF);
    return next;
}

/* From one connection to another. */
static uint32_t
run(struct stint *from, struct stint *to, uint32_t count, bool posts)
{
    struct stint_pipe *a, *b, *theirs;
    struct stint_bytes ticket;
    pthread_t thread;

    assert_int_equal(stint_pipe_new(from, NULL, &a, &b), 0);
    assert_int_equal(stint_pipe_pass(b, &ticket), 0);
    assert_int_equal(
        stint_pipe_accept(to, ticket.data, ticket.size, &theirs), 0);
    stint_bytes_free(&ticket);
    stint_pipe_close(b);
    struct sender sender = { from, a, count, posts };
    assert_int_equal(pthread_create(&thread, NULL, send_all, &sender), 0);
    uint32_t came = receive_all(theirs);
    (void)pthread_join(thread, NULL);
    stint_pipe_close(theirs);
    assert_int_equal(atomic_load(&broken), 0);
    return came;
}

static void
a_million_messages_come_in_order(void **state)
{
    struct stint_master_options options = {
        .listen = "tcp://127.0.0.1:0", .memory = true, .silence_ms = 60000
    };
    struct stint_master *master;
    struct stint *from, *to;

    (void)state;
    assert_int_equal(stint_master_start(&options, &master), 0);
    assert_int_equal(stint_master_connect(master, NULL, &from), 0);
    assert_int_equal(stint_master_connect(master, NULL, &to), 0);
    int64_t began = now_ms();
    assert_int_equal(run(from, to, MILLION, true), MILLION);
    int64_t took = now_ms() - began;
    print_message("%d messages in %lld ms: %lld a second\n", MILLION,
        (long long)took, (long long)MILLION * 1000 / (took > 0 ? took : 1));
    assert_int_equal(stint_close(from), 0);
    assert_int_equal(stint_close(to), 0);
    stint_master_stop(master);
}

static void
a_line_that_is_cut_again_and_again_loses_and_doubles_nothing(void **state)
{
    (void)state;
    through_begin(&through, "7", "60000", "0");
    struct stint *from = through_connect(&through);
    struct stint *to = through_connect(&through);
    assert_non_null(from);
    assert_non_null(to);
    assert_int_equal(run(from, to, THROUGH, false), THROUGH);
    assert_int_equal(stint_close(from), 0);
    assert_int_equal(stint_close(to), 0);
    unsigned long cuts = through_end(&through);
    print_message("%d messages, %lu cuts\n", THROUGH, cuts);
    assert_true(cuts >= CUTS_MIN);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_million_messages_come_in_order),
        cmocka_unit_test(
            a_line_that_is_cut_again_and_again_loses_and_doubles_nothing),
    };
    return cmocka_run_group_tests_name("many messages", tests, NULL, NULL);
}
