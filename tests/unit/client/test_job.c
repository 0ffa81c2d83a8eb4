/* Tasks of a job that are put, and ends that are read.  No socket: what would
 * be sent is read from the rpc, and the master answers from here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "client/job/encode.h"
#include "client/job/job_put.h"
#include "client/job/job_read.h"
#include "common/sys/clock.h"
#include "proto/stream.h"

enum { SEEN_MAX = 32, TEXT_MAX = 256, JOB = 5 };

/* A message of the client's; of a put its values, each with a comma. */
struct seen {
    struct msg m;
    char text[TEXT_MAX];
};

struct world {
    struct stint s;
    struct stream master;
    struct stint_job *job;
    struct seen seen[SEEN_MAX];
    unsigned count;
};

/* ---- a master ------------------------------------------------------------ */

static void
note(struct world *w, const struct msg *m)
{
    struct proto_list payloads = m->as.put.payloads;
    struct rec_payload r;

    assert_true(w->count < SEEN_MAX);
    struct seen *seen = &w->seen[w->count++];
    *seen = (struct seen){ .m = *m };
    if (m->type != MSG_put) return;
    while (codec_list_next(&payloads, RECORD_payload, &r)) {
        size_t length = strlen(seen->text);
        (void)snprintf(seen->text + length, TEXT_MAX - length, "%.*s,",
            (int)r.payload.length, (const char *)r.payload.bytes);
    }
}

/* Take what the client sends now. */
static void
take(struct world *w)
{
    struct codec_frame f;
    const char *where;
    struct frame *frame;
    struct msg m;

    w->count = 0;
    while ((frame = rpc_send(w->s.rpc, clock_now(), true)) != NULL) {
        assert_int_equal(
            codec_open((struct slice){ frame->bytes, frame->length }, &f), 0);
        if (f.number != 0) {
            assert_int_equal(stream_accept(&w->master, f.number, f.ack), 1);
        }
        while (codec_next(&f, &m, &where) > 0) {
            if (m.type != MSG_hello && m.type != MSG_ping) note(w, &m);
        }
        frame_drop(frame);
    }
}

static void
give(struct world *w, const struct frame *f)
{
    struct inbound *in = inbound_new();

    assert_non_null(in);
    assert_int_equal(zmq_msg_init_size(&in->message, f->length), 0);
    memcpy(zmq_msg_data(&in->message), f->bytes, f->length);
    w->s.current = in;
    assert_int_equal(rpc_receive(w->s.rpc, clock_now(), inbound_bytes(in)), 0);
    w->s.current = NULL;
    inbound_drop(in);
}

static void
answer(struct world *w, const struct msg *m)
{
    codec_message(stream_message(&w->master), m);
    assert_int_equal(stream_seal(&w->master), 0);
    give(w, stream_next(&w->master));
}

static void
welcome(struct world *w)
{
    static const uint8_t start[PROTO_SESSION_BYTES] = { 1 };
    struct msg m = { .type = MSG_welcome };

    rpc_disconnected(w->s.rpc);
    rpc_connected(w->s.rpc, clock_now());
    take(w);
    m.as.welcome = (struct msg_welcome){ .version = PROTO_VERSION,
        .master = { start, sizeof start },
        .payload_max = 1 << 20,
        .frame_max = (1 << 20) + 65536,
        .silence_ns = 3600 * TICK_S,
        .role = 7 };
    stream_fini(&w->master);
    struct frame *f = stream_bare(&w->master, &m);
    assert_non_null(f);
    give(w, f);
    frame_drop(f);
}

static void
accept(struct world *w, uint64_t request, uint64_t count)
{
    struct msg m = { .type = MSG_put_ok };

    m.as.put_ok = (struct msg_put_ok){
        .request = request, .count = count, .task = 100 + request
    };
    answer(w, &m);
}

static void
refuse(struct world *w, uint64_t request, int code, const char *text)
{
    struct msg m = { .type = MSG_error };

    m.as.error = (struct msg_error){
        .request = request, .code = code, .text = slice_of(text)
    };
    answer(w, &m);
}

struct answered_ends {
    uint64_t first, count; /* Places, which are also ids and numbers. */
    uint64_t next;
    bool over;
    struct slice notes, output;
    uint64_t attempts;
};

static void
end_some(struct world *w, uint64_t request, const struct answered_ends *ends)
{
    struct msg m = { .type = MSG_job_ended };

    m.as.job_ended = (struct msg_job_ended){
        .request = request, .next = ends->next, .over = ends->over
    };
    struct buf *b = stream_message(&w->master);
    struct codec_list list = codec_list_begin(b, &m);
    for (uint64_t i = 0; i < ends->count; i++) {
        struct rec_end r = { .seq = ends->first + i,
            .task = ends->first + i,
            .number = ends->first + i,
            .attempts = ends->attempts,
            .worker = slice_of("w"),
            .notes = ends->notes,
            .payload = slice_of("value"),
            .output = ends->output,
            .size = 5 };
        codec_list_add(b, &list, RECORD_end, &r);
    }
    codec_list_end(b, &list);
    assert_int_equal(stream_seal(&w->master), 0);
    give(w, stream_next(&w->master));
}

/* ---- putting ------------------------------------------------------------- */

static int
put(struct world *w, const char *value)
{
    return stint_job_put(w->job, value, strlen(value), 0);
}

static void
expect_put(const struct seen *seen, const char *values)
{
    assert_int_equal(seen->m.type, MSG_put);
    assert_int_equal(seen->m.as.put.job, JOB);
    assert_string_equal(seen->text, values);
}

static void
the_next_tasks_go_together_when_the_last_ones_are_accepted(void **state)
{
    struct world *w = *state;

    assert_int_equal(put(w, "a"), 0);
    take(w);
    assert_int_equal(w->count, 1);
    expect_put(&w->seen[0], "a,");
    uint64_t request = w->seen[0].m.as.put.request;
    assert_int_equal(put(w, "b"), 0);
    assert_int_equal(put(w, "c"), 0);
    take(w);
    assert_int_equal(w->count, 0);
    accept(w, request, 1);
    take(w);
    assert_int_equal(w->count, 1);
    expect_put(&w->seen[0], "b,c,");
    accept(w, w->seen[0].m.as.put.request, 2);
    assert_true(job_put_is_idle(w->job));
    assert_int_equal(w->s.posting, 0);
}

static void
what_is_accepted_in_part_holds_the_rest_back(void **state)
{
    struct world *w = *state;

    assert_int_equal(put(w, "a"), 0);
    assert_int_equal(put(w, "b"), 0);
    assert_int_equal(put(w, "c"), 0);
    take(w);
    accept(w, w->seen[0].m.as.put.request, 1);
    take(w);
    expect_put(&w->seen[0], "b,c,");
    uint64_t request = w->seen[0].m.as.put.request;
    assert_int_equal(put(w, "d"), 0);
    accept(w, request, 1);
    take(w);
    assert_int_equal(w->count, 0);
    accept(w, request + 1, 1);
    take(w);
    expect_put(&w->seen[0], "d,");
}

static void
behind_a_refused_task_none_is_put(void **state)
{
    struct world *w = *state;

    assert_int_equal(put(w, "a"), 0);
    assert_int_equal(put(w, "b"), 0);
    take(w);
    refuse(w, w->seen[0].m.as.put.request, STINT_ECANCELLED, "2 tasks failed");
    take(w);
    assert_int_equal(w->count, 0);
    assert_int_equal(put(w, "c"), STINT_ECANCELLED);
    assert_string_equal(stint_error_message(), "2 tasks failed");
    take(w);
    assert_int_equal(w->count, 0);
    assert_int_equal(put(w, "d"), STINT_ECANCELLED);
    assert_true(job_put_is_idle(w->job));
}

static void
beyond_the_window_a_put_finds_no_room(void **state)
{
    struct world *w = *state;

    w->job->puts.window = 2;
    assert_int_equal(put(w, "a"), 0);
    assert_int_equal(put(w, "b"), 0);
    assert_int_equal(put(w, "c"), STINT_EFULL);
    take(w);
    accept(w, w->seen[0].m.as.put.request, 1);
    assert_int_equal(put(w, "c"), 0);
    assert_int_equal(put(w, "d"), STINT_EFULL);
}

static void
beyond_the_buffer_a_put_finds_no_room_but_one_of_any_size_does(void **state)
{
    static char large[1000];
    struct world *w = *state;

    w->s.buffer_bytes = 100;
    assert_int_equal(stint_job_put(w->job, large, sizeof large, 0), 0);
    assert_int_equal(put(w, "b"), STINT_EFULL);
    take(w);
    accept(w, w->seen[0].m.as.put.request, 1);
    assert_int_equal(put(w, "b"), 0);
}

static void
a_task_larger_than_the_master_takes_is_not_put(void **state)
{
    struct world *w = *state;
    size_t size = (1 << 20) + 1;
    char *large = calloc(1, size);

    assert_non_null(large);
    assert_int_equal(stint_job_put(w->job, large, size, 0), STINT_ETOOLARGE);
    assert_int_equal(put(w, "b"), 0);
    take(w);
    expect_put(&w->seen[0], "b,");
    free(large);
}

static void
a_message_takes_4096_tasks(void **state)
{
    struct world *w = *state;

    assert_int_equal(put(w, "a"), 0);
    for (unsigned i = 0; i < 5000; i++)
        assert_int_equal(put(w, "b"), 0);
    take(w);
    accept(w, w->seen[0].m.as.put.request, 1);
    take(w);
    assert_int_equal(w->count, 1);
    assert_int_equal(w->seen[0].m.as.put.payloads.count, 4096);
    accept(w, w->seen[0].m.as.put.request, 4096);
    take(w);
    assert_int_equal(w->seen[0].m.as.put.payloads.count, 904);
}

static void
after_a_restart_what_was_not_accepted_goes_first(void **state)
{
    struct world *w = *state;

    assert_int_equal(put(w, "a"), 0);
    take(w);
    assert_int_equal(put(w, "b"), 0);
    assert_int_equal(put(w, "c"), 0);
    welcome(w);
    take(w);
    assert_int_equal(w->count, 1);
    expect_put(&w->seen[0], "a,");
    accept(w, w->seen[0].m.as.put.request, 1);
    take(w);
    expect_put(&w->seen[0], "b,c,");
}

static void
a_handle_that_is_freed_leaves_its_tasks_on_their_way(void **state)
{
    struct world *w = *state;

    assert_int_equal(put(w, "a"), 0);
    assert_int_equal(put(w, "b"), 0);
    assert_int_equal(w->s.refs, 2);
    stint_job_free(w->job);
    w->job = NULL;
    take(w);
    accept(w, w->seen[0].m.as.put.request, 1);
    take(w);
    expect_put(&w->seen[0], "b,");
    assert_int_equal(w->s.refs, 2);
    accept(w, w->seen[0].m.as.put.request, 1);
    assert_int_equal(w->s.refs, 1);
    assert_int_equal(w->s.posting, 0);
}

static void
the_end_of_the_connection_ends_what_was_put(void **state)
{
    struct world *w = *state;

    assert_int_equal(put(w, "a"), 0);
    assert_int_equal(put(w, "b"), 0);
    rpc_fail_all(w->s.rpc, STINT_ECLOSED);
    assert_true(job_put_is_idle(w->job));
    assert_int_equal(w->s.posting, 0);
    assert_int_equal(put(w, "c"), STINT_ECLOSED);
}

/* ---- reading ------------------------------------------------------------- */

/* The request for the next page. */
static const struct msg_job_ends *
asked(struct world *w)
{
    take(w);
    assert_int_equal(w->count, 1);
    assert_int_equal(w->seen[0].m.type, MSG_job_ends);
    return &w->seen[0].m.as.job_ends;
}

/* Begin to read; nothing is there yet. */
static const struct msg_job_ends *
begin_reading(struct world *w, const struct stint_read_options *options)
{
    struct stint_end end;

    stint_job_read(w->job, options);
    assert_int_equal(stint_job_next(w->job, &end, 1), STINT_ETIMEOUT);
    return asked(w);
}

static uint64_t
next(struct world *w)
{
    struct stint_end end;
    int rc = stint_job_next(w->job, &end, 0);

    if (rc != 0) {
        fail_msg("%s: %s", stint_error_name(rc), stint_error_message());
    }
    return end.seq;
}

static void
the_next_page_is_asked_for_before_one_is_used_up(void **state)
{
    struct world *w = *state;
    const struct answered_ends first = { .first = 1, .count = 3, .next = 3 };
    const struct answered_ends second = { .first = 4, .count = 1, .next = 4 };
    const struct msg_job_ends *ask = begin_reading(w, NULL);

    assert_int_equal(ask->after, 0);
    end_some(w, ask->request, &first);
    assert_int_equal(next(w), 1);
    ask = asked(w);
    assert_int_equal(ask->after, 3);
    assert_true(ask->wait_ns > 0);
    end_some(w, ask->request, &second);
    assert_int_equal(next(w), 2);
    assert_int_equal(next(w), 3);
    take(w);
    assert_int_equal(w->count, 0);
    assert_int_equal(next(w), 4);
    assert_int_equal(asked(w)->after, 4);
}

static void
what_the_caller_has_passed_may_be_dropped(void **state)
{
    struct world *w = *state;
    const struct stint_read_options options = { .drop = true, .after = 10 };
    const struct answered_ends first = { .first = 11, .count = 2, .next = 12 };
    const struct answered_ends second = { .first = 13, .count = 1, .next = 13 };
    const struct answered_ends last = { .next = 13, .over = true };
    struct stint_end end;
    const struct msg_job_ends *ask = begin_reading(w, &options);

    assert_int_equal(ask->after, 10);
    assert_int_equal(ask->drop, 0);
    end_some(w, ask->request, &first);
    assert_int_equal(next(w), 11);
    ask = asked(w);
    assert_int_equal(ask->drop, 0);
    end_some(w, ask->request, &second);
    assert_int_equal(next(w), 12);
    assert_int_equal(next(w), 13);
    ask = asked(w);
    assert_int_equal(ask->after, 13);
    assert_int_equal(ask->drop, 12);
    end_some(w, ask->request, &last);
    assert_int_equal(stint_job_next(w->job, &end, 0), STINT_EEMPTY);
    assert_int_equal(asked(w)->drop, 13);
}

static void
a_reader_that_leaves_drops_what_it_has_passed_and_no_more(void **state)
{
    struct world *w = *state;
    const struct stint_read_options options = { .drop = true };
    const struct answered_ends first = { .first = 1, .count = 3, .next = 3 };
    const struct msg_job_ends *ask = begin_reading(w, &options);

    end_some(w, ask->request, &first);
    assert_int_equal(next(w), 1);
    assert_int_equal(next(w), 2);
    take(w);
    stint_job_free(w->job);
    w->job = NULL;
    assert_int_equal(asked(w)->drop, 1);
}

static void
who_passes_on_what_he_reads_says_himself_what_may_be_dropped(void **state)
{
    struct world *w = *state;
    const struct answered_ends first = { .first = 1, .count = 2, .next = 2 };
    const struct answered_ends second = { .first = 3, .count = 1, .next = 3 };
    const struct msg_job_ends *ask = begin_reading(w, NULL);

    end_some(w, ask->request, &first);
    assert_int_equal(next(w), 1);
    stint_job_drop(w->job);
    assert_int_equal(next(w), 2);
    ask = asked(w);
    assert_int_equal(ask->drop, 0);
    end_some(w, ask->request, &second);
    assert_int_equal(next(w), 3);
    assert_int_equal(asked(w)->drop, 1);
}

static void
an_empty_page_is_asked_for_again_only_by_who_waits(void **state)
{
    struct world *w = *state;
    const struct answered_ends none = { .next = 0 };
    struct stint_end end;
    const struct msg_job_ends *ask = begin_reading(w, NULL);

    end_some(w, ask->request, &none);
    take(w);
    assert_int_equal(w->count, 0);
    assert_int_equal(stint_job_next(w->job, &end, 0), STINT_ETIMEOUT);
    assert_int_equal(stint_job_next(w->job, &end, 1), STINT_ETIMEOUT);
    assert_int_equal(asked(w)->after, 0);
}

static void
output_is_parted_by_the_note_of_the_last_attempt(void **state)
{
    struct world *w = *state;
    const struct stint_attempt how = { .code = 3, .worker = "w" };
    struct answered_ends ends = { .first = 1,
        .count = 1,
        .next = 1,
        .output = slice_of("outerr"),
        .attempts = 2 };
    struct stint_end end;
    struct buf notes;

    buf_init(&notes);
    encode_note(&notes, &how, 1, 5);
    encode_note(&notes, &how, 2, 3);
    ends.notes = (struct slice){ notes.bytes, notes.length };
    end_some(w, begin_reading(w, NULL)->request, &ends);
    assert_int_equal(stint_job_next(w->job, &end, 0), 0);
    assert_int_equal(end.out.size, 3);
    assert_memory_equal(end.out.data, "out", 3);
    assert_int_equal(end.err.size, 3);
    assert_memory_equal(end.err.data, "err", 3);
    assert_int_equal(end.tries_count, 2);
    assert_int_equal(end.tries[1].code, 3);
    assert_string_equal(end.worker, "w");
    assert_int_equal(end.value_size, 5);
    ends.attempts = 3; /* A handler's, which leaves no note. */
    ends.first = ends.next = 2;
    end_some(w, asked(w)->request, &ends);
    assert_int_equal(stint_job_next(w->job, &end, 0), 0);
    assert_int_equal(end.out.size, 6);
    assert_int_equal(end.err.size, 0);
    buf_fini(&notes);
}

static void
that_the_job_was_forgotten_is_told_to_the_reader(void **state)
{
    struct world *w = *state;
    struct stint_end end;
    const struct msg_job_ends *ask = begin_reading(w, NULL);

    refuse(w, ask->request, STINT_ENOJOB, "it is gone");
    assert_int_equal(stint_job_next(w->job, &end, 0), STINT_ENOJOB);
    assert_string_equal(stint_error_message(), "it is gone");
}

/* ---- set-up -------------------------------------------------------------- */

static int
set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct rpc_config config = { .arg = w };

    assert_non_null(w);
    w->s.refs = 2;
    w->s.renew_at = TICK_NEVER;
    w->s.buffer_bytes = 1 << 20;
    w->s.conn.wake_fd = -1;
    w->s.conn.retry_at = TICK_NEVER; /* There is no libzmq. */
    list_init(&w->s.held);
    list_init(&w->s.waiters);
    w->s.rpc = rpc_new(&config, clock_now());
    assert_non_null(w->s.rpc);
    w->job = calloc(1, sizeof *w->job);
    assert_non_null(w->job);
    w->job->s = &w->s;
    w->job->number = JOB;
    (void)snprintf(w->job->queue, sizeof w->job->queue, "default");
    list_init(&w->job->puts.batches);
    stream_init(&w->master);
    welcome(w);
    *state = w;
    return 0;
}

static int
tear_down(void **state)
{
    struct world *w = *state;

    rpc_fail_all(w->s.rpc, STINT_ECLOSED);
    stint_job_free(w->job);
    rpc_fail_all(w->s.rpc, STINT_ECLOSED);
    rpc_free(w->s.rpc);
    stream_fini(&w->master);
    free(w);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_next_tasks_go_together_when_the_last_ones_are_accepted),
        TEST(what_is_accepted_in_part_holds_the_rest_back),
        TEST(behind_a_refused_task_none_is_put),
        TEST(beyond_the_window_a_put_finds_no_room),
        TEST(beyond_the_buffer_a_put_finds_no_room_but_one_of_any_size_does),
        TEST(a_task_larger_than_the_master_takes_is_not_put),
        TEST(a_message_takes_4096_tasks),
        TEST(after_a_restart_what_was_not_accepted_goes_first),
        TEST(a_handle_that_is_freed_leaves_its_tasks_on_their_way),
        TEST(the_end_of_the_connection_ends_what_was_put),
        TEST(the_next_page_is_asked_for_before_one_is_used_up),
        TEST(what_the_caller_has_passed_may_be_dropped),
        TEST(a_reader_that_leaves_drops_what_it_has_passed_and_no_more),
        TEST(who_passes_on_what_he_reads_says_himself_what_may_be_dropped),
        TEST(an_empty_page_is_asked_for_again_only_by_who_waits),
        TEST(output_is_parted_by_the_note_of_the_last_attempt),
        TEST(that_the_job_was_forgotten_is_told_to_the_reader),
    };

    return cmocka_run_group_tests_name("job", tests, NULL, NULL);
}
