/* Pipes whose ends are held by processes that are killed or stopped at each
 * point; and by nobody, as their master was started anew.  With arguments this
 * program is one of those processes. */
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "tests/integration/folders.h"
#include "tests/integration/frozen.h"
#include "tests/integration/spawned.h"
#include "tests/integration/with_pipes.h"

#include <stint_value.h>

enum { SILENCE_MS = 800, WINDOW = 8 };

static const struct stint_pipe_options narrow = { .window = WINDOW };
static char folder[FOLDER_MAX];
static char authkey[STINT_AUTHKEY_TEXT], listening[64];

/* ---- a process that stops at one point ----------------------------------- */

/* The parent reads this on a queue, so that it knows how far we are. */
static int
tell(struct stint *on, const void *what, size_t size)
{
    struct stint_queue *steps;
    int rc = stint_queue_open(on, "steps", NULL, &steps);

    return rc != 0 ? rc : stint_queue_put(steps, what, size, PATIENCE_MS);
}

static int
pass_the_second_end(struct stint *on)
{
    struct stint_pipe *first, *second;
    struct stint_bytes ticket;
    int rc = stint_pipe_new(on, &narrow, &first, &second);

    if (rc == 0) rc = stint_pipe_send(first, "before", 6, PATIENCE_MS);
    if (rc == 0) rc = stint_pipe_pass(second, &ticket);
    if (rc == 0) rc = tell(on, ticket.data, ticket.size);
    (void)sleep(20);
    return rc;
}

static int
stop_at(struct stint *on, const char *point)
{
    struct stint_bytes message;
    struct stint_pipe *p;
    int rc = 0;

    if (strcmp(point, "ticket") == 0) return pass_the_second_end(on);
    if (stint_pipe_open(on, "P", 1, &narrow, &p) != 0) return 1;
    if (strcmp(point, "recv") == 0) {
        rc = tell(on, "ready", 5);
        if (rc == 0) rc = stint_pipe_recv(p, &message, 20000);
    } else if (strcmp(point, "ahead") == 0) {
        rc = stint_pipe_poll(p, PATIENCE_MS) == 1 ? tell(on, "ready", 5) : 1;
        (void)sleep(20);
    } else if (strcmp(point, "send") == 0) {
        rc = stint_pipe_send(p, "12345678", 8, PATIENCE_MS);
        if (rc == 0) rc = tell(on, "ready", 5);
        if (rc == 0) rc = stint_pipe_send(p, "more", 4, 20000);
    } else {
        rc = tell(on, "ready", 5);
        (void)sleep(20);
    }
    stint_pipe_close(p);
    return rc == STINT_EEOF ? 43 : rc != 0;
}

static int
be_another(char **argv)
{
    struct stint_options options = { .master = argv[1], .authkey = argv[2] };
    struct stint *on;

    if (stint_connect(&options, &on) != 0) return 1;
    int code = stop_at(on, argv[3]);
    (void)stint_close(on);
    return code;
}

/* ---- this process -------------------------------------------------------- */

static struct stint_pipe *ours;
static struct stint_queue *steps;
static pid_t child;

static void
spawn(const char *what)
{
    const char *const words[] = { THIS_PROGRAM, listening, authkey, what,
        NULL };

    child = spawned_pid(words, NULL);
}

/* It holds the second end and stands where it is to. */
static void
meet(const char *point)
{
    spawn(point);
    get(steps, "ready");
    (void)usleep(50000); /* What it asked next arrives. */
}

static void
kill_it(void)
{
    (void)kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    child = 0;
}

static void *
kill_soon(void *arg)
{
    (void)usleep(100000);
    (void)kill(child, SIGKILL);
    return arg;
}

/* It is killed while the call is under way. */
#define KILLED_MEANWHILE(call, code)                                         \
    do {                                                                     \
        pthread_t killer;                                                    \
        assert_int_equal(pthread_create(&killer, NULL, kill_soon, NULL), 0); \
        assert_int_equal((call), (code));                                    \
        (void)pthread_join(killer, NULL);                                    \
        assert_int_equal(waitpid(child, NULL, 0), child);                    \
        child = 0;                                                           \
    } while (0)

static void
killed_while_the_other_waits_in_recv(void **state)
{
    (void)state;
    meet("idle");
    KILLED_MEANWHILE(hear_code(ours, STINT_FOREVER), STINT_EEOF);
}

static void
killed_while_the_other_waits_in_poll(void **state)
{
    (void)state;
    meet("idle");
    KILLED_MEANWHILE(stint_pipe_poll(ours, STINT_FOREVER), 1);
    assert_int_equal(hear_code(ours, 0), STINT_EEOF);
}

static void
killed_while_the_other_waits_in_send_with_a_full_window(void **state)
{
    (void)state;
    meet("idle");
    OK(stint_pipe_send(ours, "12345678", 8, PATIENCE_MS));
    assert_int_equal(stint_pipe_send(ours, "x", 1, 0), STINT_ETIMEOUT);
    KILLED_MEANWHILE(
        stint_pipe_send(ours, "more", 4, STINT_FOREVER), STINT_EEOF);
}

static void
killed_in_recv_its_end_is_closed(void **state)
{
    (void)state;
    meet("recv");
    kill_it();
    assert_int_equal(hear_code(ours, STINT_FOREVER), STINT_EEOF);
    assert_int_equal(stint_pipe_send(ours, "x", 1, 0), STINT_EEOF);
}

static void
killed_in_send_what_the_master_had_is_received_and_then_the_end(void **state)
{
    (void)state;
    meet("send");
    kill_it();
    (void)usleep(2 * SILENCE_MS * 1000);
    hear_text(ours, "12345678");
    assert_int_equal(hear_code(ours, STINT_FOREVER), STINT_EEOF);
}

static void
killed_with_messages_read_ahead_the_sender_hears_of_the_end(void **state)
{
    (void)state;
    OK(stint_pipe_send(ours, "1234", 4, PATIENCE_MS));
    OK(stint_pipe_send(ours, "5678", 4, PATIENCE_MS));
    meet("ahead");
    KILLED_MEANWHILE(
        stint_pipe_send(ours, "more", 4, STINT_FOREVER), STINT_EEOF);
}

static void
killed_with_a_ticket_under_way_the_pipe_is_gone(void **state)
{
    struct stint_bytes ticket;
    struct stint_pipe *theirs;

    (void)state;
    spawn("ticket");
    OK(stint_queue_get(steps, &ticket, PATIENCE_MS));
    kill_it();
    (void)usleep(2 * SILENCE_MS * 1000);
    assert_int_equal(
        stint_pipe_accept(s, ticket.data, ticket.size, &theirs), STINT_EEOF);
}

static void
killed_after_its_ticket_was_accepted_we_read_all_and_then_the_end(void **state)
{
    struct stint_bytes ticket;
    struct stint_pipe *theirs;

    (void)state;
    spawn("ticket");
    OK(stint_queue_get(steps, &ticket, PATIENCE_MS));
    OK(stint_pipe_accept(s, ticket.data, ticket.size, &theirs));
    KILLED_MEANWHILE(
        (hear_text(theirs, "before"), hear_code(theirs, STINT_FOREVER)),
        STINT_EEOF);
    stint_pipe_close(theirs);
}

static void
stopped_for_longer_than_the_silence_it_is_at_the_end_as_we_are(void **state)
{
    int status;

    (void)state;
    meet("recv");
    freeze(child);
    assert_int_equal(hear_code(ours, STINT_FOREVER), STINT_EEOF);
    (void)kill(child, SIGCONT);
    assert_int_equal(waitpid(child, &status, 0), child);
    child = 0;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 43);
}

/* ---- masters ------------------------------------------------------------- */

static void
start(const char *listen, bool in_memory)
{
    struct stint_master_options options = { .listen = listen,
        .state_dir = in_memory ? NULL : folder,
        .memory = in_memory,
        .authkey = authkey,
        .silence_ms = SILENCE_MS };

    OK(stint_master_start(&options, &master));
    (void)snprintf(
        listening, sizeof listening, "%s", stint_master_address(master));
}

static void *
restart_soon(void *arg)
{
    char same[sizeof listening];

    (void)usleep(100000);
    (void)snprintf(same, sizeof same, "%s", listening);
    stint_master_stop(master);
    start(same, *(const bool *)arg);
    return NULL;
}

/* A restart while one waits in recv: the end for both, whatever was under way;
 * and the name is free again. */
static void
restart_with(bool in_memory)
{
    struct stint_options options = {
        .master = listening, .authkey = authkey, .timeout_ms = 20000
    };
    struct stint *on;
    struct stint_pipe *a, *b;
    pthread_t thread;

    OK(stint_connect(&options, &on));
    OK(stint_pipe_open(on, "over", 0, NULL, &a));
    OK(stint_pipe_open(on, "over", 1, NULL, &b));
    OK(stint_pipe_send(a, "lost", 4, PATIENCE_MS));
    assert_int_equal(
        pthread_create(&thread, NULL, restart_soon, &in_memory), 0);
    assert_int_equal(hear_code(a, STINT_FOREVER), STINT_EEOF);
    (void)pthread_join(thread, NULL);
    assert_int_equal(stint_pipe_send(a, "x", 1, 20000), STINT_EEOF);
    assert_int_equal(hear_code(b, 20000), STINT_EEOF);
    struct stint_pipe *again;
    OK(stint_pipe_open(on, "over", 1, NULL, &again));
    assert_int_equal(hear_code(b, 20000), STINT_EEOF);
    stint_pipe_close(a);
    stint_pipe_close(b);
    OK(stint_pipe_open(on, "over", 0, NULL, &a));
    OK(stint_pipe_send(a, "new", 3, PATIENCE_MS));
    hear_text(again, "new");
    stint_pipe_close(a);
    stint_pipe_close(again);
    OK(stint_close(on));
}

static void
a_restart_of_a_durable_master_is_the_end_for_both(void **state)
{
    (void)state;
    restart_with(false);
}

/* The first of these begins with a durable one. */
static void
a_restart_of_a_master_in_memory_is_the_end_for_both(void **state)
{
    (void)state;
    restart_with(true);
    restart_with(true);
}

/* ---- all ----------------------------------------------------------------- */

static int
begin(void **state)
{
    (void)state;
    stint_key_generate(authkey);
    if (folder_make(folder, "pipe") != 0) return -1;
    start("tcp://127.0.0.1:0", false);
    return 0;
}

static int
finish(void **state)
{
    (void)stop_master(state);
    return folder_remove(folder);
}

static int
open_ours(void **state)
{
    if (set_up(state) != 0) return -1;
    steps = open_queue(s, "steps");
    OK(stint_pipe_open(s, "P", 0, &narrow, &ours));
    return 0;
}

static int
close_ours(void **state)
{
    if (child != 0) kill_it();
    stint_pipe_close(ours);
    return tear_down(state);
}

#define APART(name) cmocka_unit_test_setup_teardown(name, open_ours, close_ours)

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        APART(killed_while_the_other_waits_in_recv),
        APART(killed_while_the_other_waits_in_poll),
        APART(killed_while_the_other_waits_in_send_with_a_full_window),
        APART(killed_in_recv_its_end_is_closed),
        APART(killed_in_send_what_the_master_had_is_received_and_then_the_end),
        APART(killed_with_messages_read_ahead_the_sender_hears_of_the_end),
        APART(killed_with_a_ticket_under_way_the_pipe_is_gone),
        APART(
            killed_after_its_ticket_was_accepted_we_read_all_and_then_the_end),
        APART(stopped_for_longer_than_the_silence_it_is_at_the_end_as_we_are),
        cmocka_unit_test(a_restart_of_a_durable_master_is_the_end_for_both),
        cmocka_unit_test(a_restart_of_a_master_in_memory_is_the_end_for_both),
    };

    if (argc > 3) return be_another(argv);
    return cmocka_run_group_tests_name("pipe deaths", tests, begin, finish);
}
