/* Waiting for several ends of pipes, processes and descriptors at once, as
 * multiprocessing.connection.wait() has it; of a master in this process. */
#include "tests/integration/with_pipes.h"

#include <poll.h>

#include <stint_process.h>
#include <stint_test.h>
#include <stint_value.h>

enum { COUNT = 3 };

static struct stint_pipe *ours[COUNT], *theirs[COUNT];
static struct stint_waited set[COUNT + 2];

static int
open_pipes(void **state)
{
    (void)state;
    s = connect_as("test");
    memset(set, 0, sizeof set);
    for (int i = 0; i < COUNT; i++) {
        OK(stint_pipe_new(s, NULL, &ours[i], &theirs[i]));
        set[i].pipe = ours[i];
    }
    return 0;
}

static int
close_pipes(void **state)
{
    (void)state;
    for (int i = 0; i < COUNT; i++) {
        stint_pipe_close(ours[i]);
        stint_pipe_close(theirs[i]);
    }
    OK(stint_close(s));
    return 0;
}

static int
wait_for(size_t count, int64_t timeout_ms)
{
    return stint_wait(set, count, timeout_ms);
}

static bool
is_readable(struct stint_pipe *p, int timeout_ms)
{
    struct pollfd fd = { .fd = stint_pipe_fileno(p), .events = POLLIN };

    assert_true(fd.fd >= 0);
    return poll(&fd, 1, timeout_ms) == 1;
}

/* A descriptor is written to by who reads the connection, a little later. */
static bool
becomes_readable(struct stint_pipe *p)
{
    return is_readable(p, PATIENCE_MS);
}

static bool
becomes_quiet(struct stint_pipe *p)
{
    int64_t until = now_ms() + PATIENCE_MS;

    while (is_readable(p, 0) && now_ms() < until)
        (void)usleep(1000);
    return !is_readable(p, 0);
}

/* ---- wait(object_list) --------------------------------------------------- */

static void
wait_gives_those_ends_that_are_ready(void **state)
{
    (void)state;
    say_text(theirs[0], "zero");
    say_text(theirs[2], "two");
    int ready = 0;
    int64_t until = now_ms() + PATIENCE_MS;
    while (ready < 2 && now_ms() < until) {
        ready = wait_for(COUNT, PATIENCE_MS);
        assert_true(ready > 0);
    }
    assert_true(set[0].ready && !set[1].ready && set[2].ready);
    hear_text(ours[0], "zero");
    assert_int_equal(wait_for(COUNT, PATIENCE_MS), 1);
    assert_true(!set[0].ready && !set[1].ready && set[2].ready);
    hear_text(ours[2], "two");
}

static void
wait_without_time_sees_what_the_master_has(void **state)
{
    (void)state;
    assert_int_equal(wait_for(COUNT, 0), STINT_ETIMEOUT);
    say_text(theirs[1], "one");
    assert_int_equal(wait_for(COUNT, 0), 1);
    assert_true(set[1].ready);
    assert_int_equal(wait_for(COUNT, 0), 1); /* And again: nothing is taken. */
    hear_text(ours[1], "one");
    assert_int_equal(wait_for(COUNT, 0), STINT_ETIMEOUT);
}

static void
wait_times_out_and_marks_nothing(void **state)
{
    (void)state;
    int64_t began = now_ms();

    set[0].ready = true;
    assert_int_equal(wait_for(COUNT, 50), STINT_ETIMEOUT);
    assert_true(now_ms() - began >= 50);
    assert_false(set[0].ready);
}

static void *
say_later(void *arg)
{
    (void)usleep(50000);
    say_text(arg, "later");
    return NULL;
}

static void
wait_is_woken_by_a_message(void **state)
{
    (void)state;
    pthread_t thread;

    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(
            pthread_create(&thread, NULL, say_later, theirs[i]), 0);
        assert_int_equal(wait_for(COUNT, PATIENCE_MS), 1);
        assert_true(set[i].ready);
        (void)pthread_join(thread, NULL);
        hear_text(ours[i], "later");
    }
}

static void
an_end_of_file_is_ready_and_so_is_a_peer_that_died(void **state)
{
    (void)state;
    struct stint *peer = connect_as("peer");
    struct stint_bytes ticket;
    struct stint_pipe *end;

    OK(stint_pipe_pass(theirs[0], &ticket));
    OK(stint_pipe_accept(peer, ticket.data, ticket.size, &end));
    stint_bytes_free(&ticket);
    say_text(end, "last words");
    stint_abandon(peer); /* As if it was killed. */
    hear_text(ours[0], "last words");
    assert_int_equal(wait_for(COUNT, PATIENCE_MS), 1);
    assert_true(set[0].ready);
    assert_int_equal(hear_code(ours[0], PATIENCE_MS), STINT_EEOF);
    assert_int_equal(wait_for(1, 0), 1); /* It stays so. */
    stint_pipe_close(end);
    stint_pipe_close(theirs[1]);
    theirs[1] = NULL;
    set[0] = set[1];
    assert_int_equal(wait_for(1, PATIENCE_MS), 1);
    assert_int_equal(hear_code(ours[1], 0), STINT_EEOF);
}

_Noreturn static int
live(void *arg)
{
    (void)arg;
    for (;;)
        (void)pause();
}

static void
a_process_may_be_among_them(void **state)
{
    (void)state;
    const struct stint_process_options options = { .target = live };
    struct stint_process *p;

    OK(stint_process_start(&options, &p));
    set[COUNT] = (struct stint_waited){ .process = p };
    assert_int_equal(wait_for(COUNT + 1, 20), STINT_ETIMEOUT);
    say_text(theirs[1], "one");
    assert_int_equal(wait_for(COUNT + 1, PATIENCE_MS), 1);
    assert_true(set[1].ready && !set[COUNT].ready);
    hear_text(ours[1], "one");
    OK(stint_process_kill(p));
    assert_int_equal(wait_for(COUNT + 1, PATIENCE_MS), 1);
    assert_true(!set[1].ready && set[COUNT].ready);
    stint_process_free(p);
}

static void
so_may_descriptors_and_ends_of_another_connection(void **state)
{
    (void)state;
    struct stint *other = connect_as("other");
    struct stint_pipe *mine, *yours;
    int line[2];

    OK(stint_pipe_new(other, NULL, &mine, &yours));
    assert_int_equal(pipe(line), 0);
    set[COUNT] = (struct stint_waited){ .pipe = mine };
    set[COUNT + 1] = (struct stint_waited){ .fd = line[0] };
    assert_int_equal(wait_for(COUNT + 1, 0), STINT_ETIMEOUT);
    say_text(yours, "over there");
    assert_int_equal(wait_for(COUNT + 1, PATIENCE_MS), 1);
    assert_true(set[COUNT].ready);
    hear_text(mine, "over there");
    say_text(yours, "at once");
    assert_int_equal(wait_for(COUNT + 2, 0), 1);
    hear_text(mine, "at once");
    assert_int_equal(write(line[1], "x", 1), 1);
    assert_int_equal(wait_for(COUNT + 2, PATIENCE_MS), 1);
    assert_true(set[COUNT + 1].ready);
    (void)close(line[0]);
    (void)close(line[1]);
    assert_int_equal(wait_for(COUNT + 2, PATIENCE_MS), STINT_EINVAL);
    stint_pipe_close(mine);
    stint_pipe_close(yours);
    OK(stint_close(other));
}

static void
what_cannot_be_waited_for_is_refused(void **state)
{
    (void)state;
    const struct stint_pipe_options one_way = { .one_way = true };
    struct stint_pipe *reader, *writer;
    struct stint_bytes ticket;

    assert_int_equal(wait_for(0, 0), STINT_EINVAL);
    assert_int_equal(wait_for(COUNT, -5), STINT_EINVAL);
    OK(stint_pipe_new(s, &one_way, &reader, &writer));
    set[0].pipe = writer;
    assert_int_equal(wait_for(COUNT, 0), STINT_EINVAL);
    assert_int_equal(stint_pipe_fileno(writer), STINT_EINVAL);
    OK(stint_pipe_pass(reader, &ticket));
    set[0].pipe = reader;
    assert_int_equal(wait_for(COUNT, 0), STINT_EINVAL);
    assert_int_equal(stint_pipe_fileno(reader), STINT_EINVAL);
    set[0] = (struct stint_waited){ .fd = -1 };
    assert_int_equal(wait_for(COUNT, 0), STINT_EINVAL);
    stint_bytes_free(&ticket);
    stint_pipe_close(reader);
    stint_pipe_close(writer);
}

/* ---- fileno() ------------------------------------------------------------ */

static void
a_descriptor_is_readable_as_long_as_there_are_messages(void **state)
{
    (void)state;
    enum { MESSAGES = 300 };
    char text[16];

    assert_int_equal(stint_pipe_fileno(ours[0]), stint_pipe_fileno(ours[0]));
    assert_false(is_readable(ours[0], 20));
    for (int i = 0; i < MESSAGES; i++) {
        (void)snprintf(text, sizeof text, "%d", i);
        OK(stint_pipe_post(theirs[0], text, strlen(text)));
    }
    for (int i = 0; i < MESSAGES; i++) {
        assert_true(becomes_readable(ours[0]));
        (void)snprintf(text, sizeof text, "%d", i);
        struct stint_bytes message;
        OK(stint_pipe_recv(ours[0], &message, PATIENCE_MS));
        expect(message, text);
    }
    assert_true(becomes_quiet(ours[0]));
    stint_pipe_close(theirs[0]);
    theirs[0] = NULL;
    assert_true(becomes_readable(ours[0]));
    assert_int_equal(hear_code(ours[0], 0), STINT_EEOF);
    assert_true(is_readable(ours[0], 0));
}

/* A recv whose time was over asks no more; somebody must. */
static void
a_descriptor_tells_also_behind_calls_with_timeouts(void **state)
{
    (void)state;
    assert_false(is_readable(ours[0], 0));
    assert_int_equal(hear_code(ours[0], 0), STINT_ETIMEOUT);
    assert_int_equal(hear_code(ours[0], 30), STINT_ETIMEOUT);
    assert_int_equal(stint_pipe_poll(ours[0], 30), 0);
    say_text(theirs[0], "there");
    assert_true(becomes_readable(ours[0]));
    assert_int_equal(stint_pipe_poll(ours[0], 0), 1);
    hear_text(ours[0], "there");
    assert_true(becomes_quiet(ours[0]));
    /* Asked with a timeout before there is a descriptor. */
    assert_int_equal(hear_code(ours[1], 30), STINT_ETIMEOUT);
    assert_false(is_readable(ours[1], 0));
    say_text(theirs[1], "there, too");
    assert_true(becomes_readable(ours[1]));
}

static void
a_descriptor_of_an_end_that_is_passed_on_tells(void **state)
{
    (void)state;
    struct stint_bytes ticket;
    struct stint_pipe *end;
    struct pollfd fd = { .fd = stint_pipe_fileno(ours[0]), .events = POLLIN };

    assert_int_equal(poll(&fd, 1, 0), 0);
    OK(stint_pipe_pass(ours[0], &ticket));
    assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
    say_text(theirs[0], "for who accepts it");
    OK(stint_pipe_accept(s, ticket.data, ticket.size, &end));
    stint_bytes_free(&ticket);
    hear_text(end, "for who accepts it");
    stint_pipe_close(end);
}

static void
a_descriptor_tells_when_the_connection_is_of_no_use_any_more(void **state)
{
    (void)state;
    struct stint *other = connect_as("other");
    struct stint_pipe *mine, *yours;

    OK(stint_pipe_new(other, NULL, &mine, &yours));
    struct pollfd fd = { .fd = stint_pipe_fileno(mine), .events = POLLIN };
    assert_int_equal(poll(&fd, 1, 0), 0);
    stint_abandon(other);
    assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
    assert_int_equal(hear_code(mine, 0), STINT_ECLOSED);
    set[0].pipe = mine;
    assert_int_equal(wait_for(1, 0), 1);
    stint_pipe_close(mine);
    stint_pipe_close(yours);
}

/* What was asked before the line broke is asked again. */
static void
a_descriptor_tells_over_a_line_that_is_cut_again_and_again(void **state)
{
    enum { MESSAGES = 50 };
    const struct stint_test_fault cuts = { .seed = 6, .cut = 0.1 };
    struct stint_test_count count;
    struct stint_pipe *mine, *yours;
    struct stint_master *own;
    struct stint *reader;
    char text[16];

    (void)state;
    OK(stint_test_start(NULL, &own));
    OK(stint_master_connect(own, NULL, &reader));
    OK(stint_pipe_new(reader, NULL, &mine, &yours));
    OK(stint_test_fault(own, &cuts));
    for (int i = 0; i < MESSAGES; i++) {
        (void)snprintf(text, sizeof text, "%d", i);
        say_text(yours, text);
        assert_true(becomes_readable(mine));
        hear_text(mine, text);
    }
    OK(stint_test_fault(own, NULL));
    OK(stint_test_count(own, &count));
    assert_true(count.cut > 0);
    stint_pipe_close(mine);
    stint_pipe_close(yours);
    OK(stint_close(reader));
    stint_master_stop(own);
}

#define WITH_PIPES(name) \
    cmocka_unit_test_setup_teardown(name, open_pipes, close_pipes)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PIPES(wait_gives_those_ends_that_are_ready),
        WITH_PIPES(wait_without_time_sees_what_the_master_has),
        WITH_PIPES(wait_times_out_and_marks_nothing),
        WITH_PIPES(wait_is_woken_by_a_message),
        WITH_PIPES(an_end_of_file_is_ready_and_so_is_a_peer_that_died),
        WITH_PIPES(a_process_may_be_among_them),
        WITH_PIPES(so_may_descriptors_and_ends_of_another_connection),
        WITH_PIPES(what_cannot_be_waited_for_is_refused),
        WITH_PIPES(a_descriptor_is_readable_as_long_as_there_are_messages),
        WITH_PIPES(a_descriptor_tells_also_behind_calls_with_timeouts),
        WITH_PIPES(a_descriptor_of_an_end_that_is_passed_on_tells),
        WITH_PIPES(
            a_descriptor_tells_when_the_connection_is_of_no_use_any_more),
        WITH_PIPES(a_descriptor_tells_over_a_line_that_is_cut_again_and_again),
    };

    return cmocka_run_group_tests(tests, start_master, stop_master);
}
