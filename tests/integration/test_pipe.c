/* Pipes through the public library, as multiprocessing has them; of a master in
 * this process. */
#include <stdatomic.h>

#include "tests/integration/with_pipes.h"

#include <stint_value.h>

static struct stint_pipe *first, *second; /* Of the pipe of a test. */

static void
open_both(const struct stint_pipe_options *options)
{
    OK(stint_pipe_new(s, options, &first, &second));
}

static void
close_both(void)
{
    stint_pipe_close(first);
    stint_pipe_close(second);
}

static void
pipe_duplex_goes_both_ways_in_order(void **state)
{
    (void)state;
    open_both(NULL);
    say_text(first, "one");
    say_text(first, "two");
    say_text(second, "three");
    hear_text(second, "one");
    hear_text(second, "two");
    hear_text(first, "three");
    close_both();
}

/* ---- Pipe(duplex), recv, send -------------------------------------------- */

static void
pipe_simplex_gives_a_reader_and_a_writer(void **state)
{
    const struct stint_pipe_options one_way = { .one_way = true };

    (void)state;
    open_both(&one_way);
    say_text(second, "down");
    hear_text(first, "down");
    close_both();
}

static void
pipe_simplex_refuses_the_wrong_direction_poll_included(void **state)
{
    const struct stint_pipe_options one_way = { .one_way = true };

    (void)state;
    open_both(&one_way);
    assert_int_equal(stint_pipe_send(first, "x", 1, 0), STINT_EINVAL);
    assert_non_null(strstr(stint_error_message(), "connection is read-only"));
    assert_int_equal(stint_pipe_post(first, "x", 1), STINT_EINVAL);
    assert_int_equal(hear_code(second, 0), STINT_EINVAL);
    assert_non_null(strstr(stint_error_message(), "connection is write-only"));
    assert_int_equal(stint_pipe_poll(second, 0), STINT_EINVAL);
    close_both();
}

static void *
send_soon(void *arg)
{
    (void)usleep(50000);
    OK(stint_pipe_send(arg, "late", 4, PATIENCE_MS));
    return NULL;
}

static void
recv_blocks_until_a_message_comes(void **state)
{
    pthread_t thread;

    (void)state;
    open_both(NULL);
    assert_int_equal(pthread_create(&thread, NULL, send_soon, first), 0);
    hear_text(second, "late");
    (void)pthread_join(thread, NULL);
    int64_t from = now_ms();
    assert_int_equal(hear_code(second, 100), STINT_ETIMEOUT);
    assert_in_range(now_ms() - from, 95, 20000);
    assert_int_equal(hear_code(second, 0), STINT_ETIMEOUT);
    assert_int_equal(hear_code(second, -2), STINT_EINVAL);
    close_both();
}

static void
recv_drains_what_a_closed_peer_sent_and_then_is_at_the_end(void **state)
{
    (void)state;
    open_both(NULL);
    for (int i = 0; i < 200; i++)
        say_text(first, "kept");
    stint_pipe_close(first);
    for (int i = 0; i < 200; i++)
        hear_text(second, "kept");
    assert_int_equal(hear_code(second, STINT_FOREVER), STINT_EEOF);
    assert_int_equal(hear_code(second, 0), STINT_EEOF);
    stint_pipe_close(second);
}

static void
send_to_a_closed_peer_is_a_broken_pipe(void **state)
{
    (void)state;
    open_both(NULL);
    stint_pipe_close(first);
    assert_int_equal(
        stint_pipe_send(second, "x", 1, STINT_FOREVER), STINT_EEOF);
    stint_pipe_close(second);
}

static void
a_handle_whose_connection_is_closed_says_so_and_close_may_follow(void **state)
{
    struct stint *other = connect_as("other");
    struct stint_pipe *a, *b;

    (void)state;
    OK(stint_pipe_new(other, NULL, &a, &b));
    OK(stint_close(other));
    assert_int_equal(stint_pipe_send(a, "x", 1, 0), STINT_ECLOSED);
    assert_int_equal(hear_code(a, 0), STINT_ECLOSED);
    assert_int_equal(stint_pipe_poll(a, 0), STINT_ECLOSED);
    struct stint_bytes ticket;
    assert_int_equal(stint_pipe_pass(a, &ticket), STINT_ECLOSED);
    stint_pipe_close(a);
    stint_pipe_close(b);
    stint_pipe_close(NULL);
}

/* ---- poll ---------------------------------------------------------------- */

static void
poll_does_not_wait_by_zero_and_takes_nothing(void **state)
{
    (void)state;
    open_both(NULL);
    assert_int_equal(stint_pipe_poll(second, 0), 0);
    say_text(first, "there");
    assert_int_equal(stint_pipe_poll(second, 0), 1);
    assert_int_equal(stint_pipe_poll(second, STINT_FOREVER), 1);
    hear_text(second, "there");
    assert_int_equal(stint_pipe_poll(second, 50), 0);
    close_both();
}

static void
poll_is_true_at_the_end_of_file_so_that_recv_says_it(void **state)
{
    (void)state;
    open_both(NULL);
    stint_pipe_close(first);
    assert_int_equal(stint_pipe_poll(second, 0), 1);
    assert_int_equal(stint_pipe_poll(second, STINT_FOREVER), 1);
    assert_int_equal(hear_code(second, 0), STINT_EEOF);
    stint_pipe_close(second);
}

static void
poll_with_a_negative_time_is_refused_where_python_takes_it_for_zero(
    void **state)
{
    (void)state;
    open_both(NULL);
    assert_int_equal(stint_pipe_poll(second, -5), STINT_EINVAL);
    close_both();
}

/* ---- send_bytes, recv_bytes ---------------------------------------------- */

static void
an_empty_message_is_one_and_arrives_empty(void **state)
{
    struct stint_bytes message;

    (void)state;
    open_both(NULL);
    OK(stint_pipe_send(first, NULL, 0, 0));
    OK(stint_pipe_send(first, "", 0, 0));
    say_text(first, "x");
    OK(stint_pipe_recv(second, &message, 0));
    assert_int_equal(message.size, 0);
    OK(stint_pipe_recv(second, &message, 0));
    assert_int_equal(message.size, 0);
    hear_text(second, "x");
    close_both();
}

static void
bytes_at_null_and_more_than_a_payload_are_refused(void **state)
{
    size_t size = 5 * 1024 * 1024;
    char *large = calloc(1, size);

    (void)state;
    assert_non_null(large);
    open_both(NULL);
    assert_int_equal(stint_pipe_send(first, NULL, 3, 0), STINT_EINVAL);
    assert_int_equal(stint_pipe_post(first, NULL, 3), STINT_EINVAL);
    assert_int_equal(stint_pipe_send(first, large, size, 0), STINT_ETOOLARGE);
    say_text(first, "still");
    hear_text(second, "still");
    close_both();
    free(large);
}

static void
a_message_comes_whole_however_long_it_is(void **state)
{
    size_t size = 3 * 1024 * 1024;
    unsigned char *large = malloc(size);
    struct stint_bytes message;

    (void)state;
    assert_non_null(large);
    for (size_t i = 0; i < size; i++)
        large[i] = (unsigned char)(i * 7 + i / 4096);
    open_both(NULL);
    OK(stint_pipe_send(first, large, size, PATIENCE_MS));
    OK(stint_pipe_recv(second, &message, PATIENCE_MS));
    assert_int_equal(message.size, size);
    assert_memory_equal(message.data, large, size);
    close_both();
    free(large);
}

static void
what_was_lent_stays_until_the_next_recv_of_this_thread(void **state)
{
    struct stint_bytes one;

    (void)state;
    open_both(NULL);
    say_text(first, "one");
    say_text(first, "two");
    OK(stint_pipe_recv(second, &one, PATIENCE_MS));
    assert_int_equal(stint_pipe_poll(second, PATIENCE_MS), 1);
    say_text(second, "answer");
    hear_text(first, "answer");
    expect(one, "one");
    hear_text(second, "two");
    close_both();
}

/* ---- the end of file and its holders ------------------------------------- */

static void
a_forked_child_that_keeps_a_copy_keeps_no_reader_waiting(void **state)
{
    struct stint *other = connect_as("forks");
    struct stint_pipe *theirs;
    struct stint_bytes ticket;
    int hold[2];

    (void)state;
    open_both(NULL);
    OK(stint_pipe_pass(first, &ticket));
    OK(stint_pipe_accept(other, ticket.data, ticket.size, &theirs));
    stint_bytes_free(&ticket);
    assert_int_equal(pipe(hold), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char byte;
        (void)close(hold[1]);
        _exit(read(hold[0], &byte, 1) == 0 ? 0 : 1);
    }
    stint_pipe_close(theirs);
    assert_int_equal(hear_code(second, PATIENCE_MS), STINT_EEOF);
    (void)close(hold[0]);
    (void)close(hold[1]);
    OK(stint_close(other));
    close_both();
}

/* ---- threads ------------------------------------------------------------- */

enum { THREADS = 4, EACH = 500 };

static atomic_uint whole, seen[THREADS];

static void *
send_many(void *arg)
{
    unsigned number = *(const unsigned *)arg;
    unsigned char text[64];

    for (unsigned i = 0; i < EACH; i++) {
        memset(text, (int)(number * 60 + i % 60), sizeof text);
        OK(stint_pipe_send(first, text, 1 + i % 64, 30000));
    }
    return NULL;
}

static void *
receive_many(void *arg)
{
    struct stint_bytes message;

    (void)arg;
    while (stint_pipe_recv(second, &message, STINT_FOREVER) == 0) {
        const unsigned char *bytes = message.data;
        bool same = message.size > 0;
        for (size_t i = 1; i < message.size; i++)
            same = same && bytes[i] == bytes[0];
        if (same) atomic_fetch_add(&whole, 1);
        if (message.size > 0) atomic_fetch_add(&seen[bytes[0] / 60], 1);
    }
    return NULL;
}

static void
threads_may_share_an_end_and_each_message_goes_to_one_of_them_whole(
    void **state)
{
    pthread_t senders[THREADS], receivers[THREADS];
    unsigned numbers[THREADS];
    const struct stint_pipe_options narrow = { .window = 4096 };

    (void)state;
    open_both(&narrow);
    for (unsigned i = 0; i < THREADS; i++) {
        numbers[i] = i;
        assert_int_equal(
            pthread_create(&senders[i], NULL, send_many, &numbers[i]), 0);
        assert_int_equal(
            pthread_create(&receivers[i], NULL, receive_many, NULL), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        (void)pthread_join(senders[i], NULL);
    stint_pipe_close(first);
    for (unsigned i = 0; i < THREADS; i++)
        (void)pthread_join(receivers[i], NULL);
    assert_int_equal(atomic_load(&whole), THREADS * EACH);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(atomic_load(&seen[i]), EACH);
    stint_pipe_close(second);
}

static void *
receive_for_ever(void *arg)
{
    return hear_code(arg, STINT_FOREVER) == 0 ? arg : NULL;
}

static void
who_does_not_wait_is_not_kept_by_a_thread_that_does(void **state)
{
    const struct stint_pipe_options narrow = { .window = 4 };
    pthread_t thread;
    void *result;

    (void)state;
    open_both(&narrow);
    assert_int_equal(
        pthread_create(&thread, NULL, receive_for_ever, second), 0);
    (void)usleep(50000);
    int64_t from = now_ms();
    assert_int_equal(hear_code(second, 0), STINT_ETIMEOUT);
    assert_int_equal(stint_pipe_poll(second, 0), 0);
    assert_int_equal(hear_code(second, 50), STINT_ETIMEOUT);
    assert_in_range(now_ms() - from, 0, 20000);
    say_text(first, "x");
    (void)pthread_join(thread, &result);
    assert_ptr_equal(result, second);

    say_text(first, "full");
    assert_int_equal(pthread_create(&thread, NULL, send_soon, first), 0);
    (void)usleep(150000);
    from = now_ms();
    assert_int_equal(stint_pipe_send(first, "x", 1, 0), STINT_ETIMEOUT);
    assert_int_equal(stint_pipe_send(first, "x", 1, 50), STINT_ETIMEOUT);
    assert_in_range(now_ms() - from, 0, 20000);
    hear_text(second, "full");
    hear_text(second, "late");
    (void)pthread_join(thread, NULL);
    assert_int_equal(hear_code(second, 0), STINT_ETIMEOUT);
    close_both();
}

/* ---- wait(object_list) --------------------------------------------------- */

static void
of_several_pipes_those_are_ready_whose_poll_says_so(void **state)
{
    struct stint_pipe *a[3], *b[3];

    (void)state;
    for (int i = 0; i < 3; i++)
        OK(stint_pipe_new(s, NULL, &a[i], &b[i]));
    say_text(a[1], "ready");
    stint_pipe_close(a[2]);
    assert_int_equal(stint_pipe_poll(b[0], 0), 0);
    assert_int_equal(stint_pipe_poll(b[1], 0), 1);
    assert_int_equal(stint_pipe_poll(b[2], 0), 1);
    stint_pipe_close(a[0]);
    stint_pipe_close(a[1]);
    for (int i = 0; i < 3; i++)
        stint_pipe_close(b[i]);
}

/* ---- credit -------------------------------------------------------------- */

static void
a_sender_that_is_faster_waits_for_the_receiver(void **state)
{
    const struct stint_pipe_options narrow = { .window = 10 };

    (void)state;
    open_both(&narrow);
    say_text(first, "12345");
    say_text(first, "67890");
    assert_int_equal(stint_pipe_send(first, "a", 1, 0), STINT_ETIMEOUT);
    int64_t from = now_ms();
    assert_int_equal(stint_pipe_send(first, "a", 1, 100), STINT_ETIMEOUT);
    assert_in_range(now_ms() - from, 95, 20000);
    /* What is read ahead is not received. */
    assert_int_equal(stint_pipe_poll(second, 0), 1);
    assert_int_equal(stint_pipe_send(first, "a", 1, 100), STINT_ETIMEOUT);
    /* And what is received makes room without another call. */
    hear_text(second, "12345");
    say_text(first, "abcde");
    hear_text(second, "67890");
    hear_text(second, "abcde");
    close_both();
}

static void
a_single_larger_message_passes_alone(void **state)
{
    const struct stint_pipe_options narrow = { .window = 4 };

    (void)state;
    open_both(&narrow);
    say_text(first, "much longer");
    assert_int_equal(stint_pipe_send(first, "x", 1, 50), STINT_ETIMEOUT);
    hear_text(second, "much longer");
    say_text(first, "and again");
    hear_text(second, "and again");
    close_both();
}

static void
what_is_posted_comes_in_order_and_a_send_behind_it(void **state)
{
    char text[16];

    (void)state;
    open_both(NULL);
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(text, sizeof text, "%d", i);
        OK(stint_pipe_post(first, text, strlen(text)));
    }
    say_text(first, "last");
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(text, sizeof text, "%d", i);
        hear_text(second, text);
    }
    hear_text(second, "last");
    OK(stint_flush(s, PATIENCE_MS));
    close_both();
}

static void
what_was_posted_before_a_close_still_arrives(void **state)
{
    const struct stint_pipe_options narrow = { .window = 4 };

    (void)state;
    open_both(&narrow);
    for (int i = 0; i < 20; i++)
        OK(stint_pipe_post(first, "abc", 3));
    stint_pipe_close(first);
    for (int i = 0; i < 20; i++)
        hear_text(second, "abc");
    assert_int_equal(hear_code(second, PATIENCE_MS), STINT_EEOF);
    stint_pipe_close(second);
}

static void
a_flush_tells_what_a_post_could_not_send(void **state)
{
    (void)state;
    open_both(NULL);
    stint_pipe_close(second);
    OK(stint_pipe_post(first, "x", 1));
    assert_int_equal(stint_flush(s, PATIENCE_MS), STINT_EEOF);
    OK(stint_flush(s, PATIENCE_MS));
    stint_pipe_close(first);
}

/* It has no timeout of its own, and nobody reads. */
static void
a_post_waits_for_room_as_long_as_the_connection_says(void **state)
{
    static char large[20000];
    const struct stint_pipe_options narrow = { .window = 4 };
    const struct stint_options options = { .timeout_ms = 200,
        .buffer_bytes = 2 * sizeof large };
    struct stint_pipe *from, *to;
    struct stint *impatient;
    int rc = 0;

    (void)state;
    OK(stint_master_connect(master, &options, &impatient));
    OK(stint_pipe_new(impatient, &narrow, &from, &to));
    int64_t began = now_ms();
    for (int i = 0; i < 10 && rc == 0; i++)
        rc = stint_pipe_post(from, large, sizeof large);
    assert_int_equal(rc, STINT_ETIMEOUT);
    assert_in_range(now_ms() - began, 200, PATIENCE_MS / 2);
    stint_pipe_close(to);
    stint_pipe_close(from);
    stint_abandon(impatient);
}

/* ---- by name, by ticket -------------------------------------------------- */

static void
two_who_know_a_name_meet_and_messages_wait_for_the_second(void **state)
{
    struct stint *other = connect_as("other");
    struct stint_pipe *a, *b;

    (void)state;
    OK(stint_pipe_open(s, "meeting", 0, NULL, &a));
    say_text(a, "early");
    assert_int_equal(hear_code(a, 0), STINT_ETIMEOUT);
    assert_int_equal(
        stint_pipe_open(other, "meeting", 0, NULL, &b), STINT_EBUSY);
    const struct stint_pipe_options differs = { .window = 5 };
    assert_int_equal(
        stint_pipe_open(other, "meeting", 1, &differs, &b), STINT_EEXISTS);
    assert_int_equal(
        stint_pipe_open(other, "meeting", 2, NULL, &b), STINT_EINVAL);
    assert_int_equal(stint_pipe_open(other, "", 1, NULL, &b), STINT_EINVAL);
    OK(stint_pipe_open(other, "meeting", 1, NULL, &b));
    hear_text(b, "early");
    say_text(b, "hello");
    hear_text(a, "hello");
    stint_pipe_close(b);
    assert_int_equal(hear_code(a, PATIENCE_MS), STINT_EEOF);
    stint_pipe_close(a);
    OK(stint_close(other));
}

static void
an_end_goes_to_who_takes_the_task_that_its_ticket_is_in(void **state)
{
    struct stint *worker = connect_as("worker");
    struct stint_queue *tasks = fresh_queue(NULL);
    struct stint_bytes ticket, item;
    struct stint_pipe *theirs;

    (void)state;
    open_both(NULL);
    OK(stint_pipe_pass(second, &ticket));
    OK(stint_queue_put(tasks, ticket.data, ticket.size, PATIENCE_MS));
    stint_bytes_free(&ticket);
    say_text(first, "question");
    struct stint_queue *same = open_queue(worker, stint_queue_name(tasks));
    OK(stint_queue_get(same, &item, PATIENCE_MS));
    OK(stint_pipe_accept(worker, item.data, item.size, &theirs));
    hear_text(theirs, "question");
    say_text(theirs, "answer");
    hear_text(first, "answer");
    struct stint_pipe *no;
    assert_int_equal(
        stint_pipe_accept(s, item.data, item.size, &no), STINT_ESTALE);
    stint_pipe_close(theirs);
    close_both();
    OK(stint_close(worker));
}

static void
nothing_is_lost_or_doubled_when_an_end_is_passed_on(void **state)
{
    struct stint *other = connect_as("other");
    struct stint_pipe *theirs;
    struct stint_bytes ticket;
    char text[16];

    (void)state;
    open_both(NULL);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(text, sizeof text, "%d", i);
        say_text(first, text);
    }
    hear_text(second, "0"); /* Some are here already. */
    OK(stint_pipe_pass(second, &ticket));
    hear_text(second, "1"); /* Until it is accepted it is ours. */
    assert_int_equal(stint_pipe_poll(second, 0), 1);
    hear_text(second, "2");
    OK(stint_pipe_accept(other, ticket.data, ticket.size, &theirs));
    for (int i = 3; i < 100; i++) {
        (void)snprintf(text, sizeof text, "%d", i);
        hear_text(theirs, text);
    }
    assert_int_equal(hear_code(second, 0), STINT_ECLOSED);
    assert_int_equal(stint_pipe_send(second, "x", 1, 0), STINT_ECLOSED);
    struct stint_bytes again;
    assert_int_equal(stint_pipe_pass(second, &again), STINT_ECLOSED);
    stint_pipe_close(second); /* Closes nothing of theirs. */
    say_text(theirs, "still");
    hear_text(first, "still");
    stint_bytes_free(&ticket);
    stint_pipe_close(theirs);
    stint_pipe_close(first);
    OK(stint_close(other));
}

static void
a_thread_that_waits_in_recv_is_told_when_the_end_is_accepted(void **state)
{
    struct stint *other = connect_as("other");
    struct stint_pipe *theirs;
    struct stint_bytes ticket;
    pthread_t thread;
    void *result;

    (void)state;
    open_both(NULL);
    assert_int_equal(
        pthread_create(&thread, NULL, receive_for_ever, second), 0);
    (void)usleep(20000);
    OK(stint_pipe_pass(second, &ticket));
    OK(stint_pipe_accept(other, ticket.data, ticket.size, &theirs));
    (void)pthread_join(thread, &result);
    assert_null(result);
    say_text(first, "yours");
    hear_text(theirs, "yours");
    stint_bytes_free(&ticket);
    stint_pipe_close(theirs);
    close_both();
    OK(stint_close(other));
}

static void
bytes_that_are_no_ticket_are_refused_and_one_of_a_gone_pipe_is_the_end(
    void **state)
{
    struct stint_bytes ticket;
    struct stint_pipe *p;

    (void)state;
    open_both(NULL);
    assert_int_equal(stint_pipe_accept(s, "nonsense", 8, &p), STINT_EINVAL);
    assert_int_equal(stint_pipe_accept(s, NULL, 0, &p), STINT_EINVAL);
    OK(stint_pipe_pass(second, &ticket));
    close_both();
    OK(stint_ping(s, NULL, PATIENCE_MS));
    assert_int_equal(
        stint_pipe_accept(s, ticket.data, ticket.size, &p), STINT_EEOF);
    stint_bytes_free(&ticket);
}

/* Its request is on its way, and is answered when nobody waits for it. */
/* Its answer may be quicker than the interruption is seen. */
static void
give_up_an_open(char name[32])
{
    struct stint_pipe *p = NULL;
    int rc = 0;

    for (int i = 0; rc == 0 && i < 1000; i++) {
        (void)snprintf(name, 32, "given up %d", i);
        stint_interrupt(s);
        rc = stint_pipe_open(s, name, 0, NULL, &p);
        stint_resume(s);
        if (rc == 0) stint_pipe_close(p);
    }
    assert_int_equal(rc, STINT_ECANCELLED);
    assert_null(p);
}

static void
an_open_that_was_given_up_has_taken_nothing(void **state)
{
    struct stint *other = connect_as("other");
    struct stint_pipe *p;
    char name[32];
    int rc;

    (void)state;
    give_up_an_open(name);
    OK(stint_ping(s, NULL, PATIENCE_MS));
    int64_t until = now_ms() + PATIENCE_MS;
    while ((rc = stint_pipe_open(other, name, 0, NULL, &p)) != 0) {
        assert_int_equal(rc, STINT_EBUSY);
        assert_true(now_ms() < until);
        (void)usleep(1000);
    }
    stint_pipe_close(p);
    OK(stint_close(other));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CONNECTED(pipe_duplex_goes_both_ways_in_order),
        CONNECTED(pipe_simplex_gives_a_reader_and_a_writer),
        CONNECTED(pipe_simplex_refuses_the_wrong_direction_poll_included),
        CONNECTED(recv_blocks_until_a_message_comes),
        CONNECTED(recv_drains_what_a_closed_peer_sent_and_then_is_at_the_end),
        CONNECTED(send_to_a_closed_peer_is_a_broken_pipe),
        CONNECTED(
            a_handle_whose_connection_is_closed_says_so_and_close_may_follow),
        CONNECTED(poll_does_not_wait_by_zero_and_takes_nothing),
        CONNECTED(poll_is_true_at_the_end_of_file_so_that_recv_says_it),
        CONNECTED(
            poll_with_a_negative_time_is_refused_where_python_takes_it_for_zero),
        CONNECTED(an_empty_message_is_one_and_arrives_empty),
        CONNECTED(bytes_at_null_and_more_than_a_payload_are_refused),
        CONNECTED(a_message_comes_whole_however_long_it_is),
        CONNECTED(what_was_lent_stays_until_the_next_recv_of_this_thread),
        CONNECTED(a_forked_child_that_keeps_a_copy_keeps_no_reader_waiting),
        CONNECTED(
            threads_may_share_an_end_and_each_message_goes_to_one_of_them_whole),
        CONNECTED(who_does_not_wait_is_not_kept_by_a_thread_that_does),
        CONNECTED(of_several_pipes_those_are_ready_whose_poll_says_so),
        CONNECTED(a_sender_that_is_faster_waits_for_the_receiver),
        CONNECTED(a_single_larger_message_passes_alone),
        CONNECTED(what_is_posted_comes_in_order_and_a_send_behind_it),
        CONNECTED(what_was_posted_before_a_close_still_arrives),
        CONNECTED(a_flush_tells_what_a_post_could_not_send),
        CONNECTED(a_post_waits_for_room_as_long_as_the_connection_says),
        CONNECTED(two_who_know_a_name_meet_and_messages_wait_for_the_second),
        CONNECTED(an_end_goes_to_who_takes_the_task_that_its_ticket_is_in),
        CONNECTED(nothing_is_lost_or_doubled_when_an_end_is_passed_on),
        CONNECTED(a_thread_that_waits_in_recv_is_told_when_the_end_is_accepted),
        CONNECTED(
            bytes_that_are_no_ticket_are_refused_and_one_of_a_gone_pipe_is_the_end),
        CONNECTED(an_open_that_was_given_up_has_taken_nothing),
    };
    return cmocka_run_group_tests(tests, start_master, stop_master);
}
