/* Files of jobs: pieces in, pieces out, and what is kept of them. */
#include <stdio.h>

#include "master/core/files.h"
#include "tests/unit/core/kept.h"

enum { PIECE = 16384, LONG = 40000 };

static uint8_t bytes[LONG];

/* A hash is what its sender says; here it is a letter, 32 times. */
static struct slice
hash_of(char letter)
{
    static uint8_t hash[FILES_HASH_BYTES];

    memset(hash, letter, sizeof hash);
    return (struct slice){ hash, sizeof hash };
}

static void
turn(struct rig *rig)
{
    if (rig->config.durable) {
        kept_settle(rig);
    } else {
        rig_turn(rig);
    }
}

static uint64_t
open_job(struct rig_peer *p)
{
    struct msg m = { .type = MSG_job_open };

    m.as.job_open.queue = slice_of("q");
    uint64_t request = rig_say(p, m);
    turn(p->rig);
    return rig_see(p, MSG_job_is, request)->as.job_is.job;
}

static void
put_task(struct rig_peer *p, uint64_t job, const char *payload)
{
    struct msg_put put = { .queue = slice_of("q"), .job = job };

    (void)rig_put_as(p, put, 1, &payload);
    turn(p->rig);
}

static struct rig_task
take(struct rig_peer *w)
{
    struct rig_task t = { .task = 0 };
    uint64_t get = rig_get(w, "q", 1, TICK_S);

    turn(w->rig);
    assert_int_equal(rig_tasks(w, get, &t, 1), 1);
    return t;
}

/* ---- pieces -------------------------------------------------------------- */

static struct msg_file_put
piece_of(uint64_t job, const char *name, uint64_t size, char letter)
{
    return (struct msg_file_put){ .job = job,
        .name = slice_of(name),
        .size = size,
        .mode = 0644,
        .hash = hash_of(letter) };
}

static int64_t
put_piece(struct rig_peer *p, struct msg_file_put f, uint64_t from,
    size_t length, uint64_t *have)
{
    f.from = from;
    f.bytes = (struct slice){ bytes + from, length };
    uint64_t request =
        rig_say(p, (struct msg){ .type = MSG_file_put, .as.file_put = f });
    turn(p->rig);
    const struct msg *ok = rig_find(p, MSG_ok, request);
    if (ok != NULL && have != NULL) *have = ok->as.ok.value;
    return rig_code(p, request);
}

/* All of it, in pieces. */
static int64_t
put_file(struct rig_peer *p, struct msg_file_put f)
{
    int64_t code = 0;
    uint64_t from = 0;

    do {
        size_t length = f.size - from < PIECE ? (size_t)(f.size - from) : PIECE;
        code = put_piece(p, f, from, length, NULL);
        from += length;
    } while (code == 0 && from < f.size);
    return code;
}

static struct msg_file_put
by(struct msg_file_put f, const struct rig_task *t)
{
    f.task = t->task;
    f.attempt = t->attempt;
    f.nonce = t->nonce;
    return f;
}

static uint64_t
ask(struct rig_peer *p, uint64_t job, uint64_t seq, const char *name,
    uint64_t from)
{
    struct msg m = { .type = MSG_file_get };

    m.as.file_get.job = job;
    m.as.file_get.seq = seq;
    m.as.file_get.name = slice_of(name);
    m.as.file_get.from = from;
    uint64_t request = rig_say(p, m);
    turn(p->rig);
    return request;
}

/* The code, or 0 when all of its bytes came as they were put. */
static int64_t
read_back(struct rig_peer *p, uint64_t job, uint64_t seq, const char *name)
{
    uint64_t from = 0, size = 1;

    while (from < size) {
        uint64_t request = ask(p, job, seq, name, from);
        if (rig_find(p, MSG_error, request) != NULL) {
            return rig_code(p, request);
        }
        const struct msg_file_piece *piece =
            &rig_see(p, MSG_file_piece, request)->as.file_piece;
        size = piece->size;
        assert_true(piece->bytes.length > 0 || size == 0);
        assert_true(from + piece->bytes.length <= size);
        assert_memory_equal(
            piece->bytes.bytes, bytes + from, piece->bytes.length);
        from += piece->bytes.length;
    }
    return 0;
}

/* How many files are listed; the last one's name in `name`. */
static unsigned
list(struct rig_peer *p, uint64_t job, uint64_t seq, char name[64])
{
    struct msg m = { .type = MSG_file_list };
    struct rec_file_row row;
    unsigned count = 0;

    m.as.file_list.job = job;
    m.as.file_list.seq = seq;
    do {
        uint64_t request = rig_say(p, m);
        turn(p->rig);
        const struct msg_file_rows *page =
            &rig_see(p, MSG_file_rows, request)->as.file_rows;
        struct proto_list rows = page->rows;
        while (codec_list_next(&rows, RECORD_file_row, &row)) {
            count += 1;
            assert_true(row.name.length < 64);
            memcpy(name, row.name.bytes, row.name.length);
            name[row.name.length] = '\0';
        }
        m.as.file_list.after = page->next;
    } while (m.as.file_list.after != 0);
    return count;
}

/* The inputs that a worker hears of. */
static unsigned
inputs(struct rig_peer *w, uint64_t job)
{
    uint64_t request = rig_say(
        w, (struct msg){ .type = MSG_job_what, .as.job_what.job = job });

    turn(w->rig);
    return rig_see(w, MSG_job_runs, request)->as.job_runs.files.count;
}

static int64_t
say(struct rig_peer *p, enum msg_type type, uint64_t job)
{
    struct msg m = { .type = type };

    m.as.job_close.job = job;
    uint64_t request = rig_say(p, m);
    turn(p->rig);
    return rig_code(p, request);
}

/* ---- inputs -------------------------------------------------------------- */

static void
a_file_comes_back_as_it_was_put(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    static const uint64_t sizes[] = { 0, 1, 100, PIECE, PIECE + 1, LONG };
    uint64_t job = open_job(p);
    char name[64];

    for (unsigned i = 0; i < 6; i++) {
        (void)snprintf(name, sizeof name, "in/%u", i);
        assert_int_equal(put_file(p, piece_of(job, name, sizes[i], 'a')), 0);
    }
    for (unsigned i = 0; i < 6; i++) {
        (void)snprintf(name, sizeof name, "in/%u", i);
        assert_int_equal(read_back(p, job, 0, name), 0);
        assert_int_equal(read_back(w, job, 0, name), 0);
    }
    assert_int_equal(inputs(w, job), 6);
    assert_int_equal(list(p, job, 0, name), 6);
    assert_string_equal(name, "in/5");
}

static void
a_piece_is_read_from_its_middle_and_not_from_behind_the_end(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    uint64_t job = open_job(p);

    assert_int_equal(put_file(p, piece_of(job, "a", LONG, 'a')), 0);
    uint64_t request = ask(p, job, 0, "a", PIECE + 7);
    const struct msg_file_piece *piece =
        &rig_see(p, MSG_file_piece, request)->as.file_piece;
    assert_int_equal(piece->bytes.length, PIECE - 7);
    assert_memory_equal(piece->bytes.bytes, bytes + PIECE + 7, PIECE - 7);
    assert_int_equal(rig_code(p, ask(p, job, 0, "a", LONG)), STINT_EINVAL);
    assert_int_equal(rig_code(p, ask(p, job, 0, "b", 0)), STINT_ENOFILE);
    assert_int_equal(rig_code(p, ask(p, job + 1, 0, "a", 0)), STINT_ENOJOB);
}

static void
a_file_is_no_file_before_its_last_piece(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    uint64_t job = open_job(p);
    struct msg_file_put f = piece_of(job, "a", LONG, 'a');
    char name[64];

    assert_int_equal(put_piece(p, f, 0, PIECE, NULL), 0);
    assert_int_equal(inputs(w, job), 0);
    assert_int_equal(list(p, job, 0, name), 0);
    assert_int_equal(read_back(w, job, 0, "a"), STINT_ENOFILE);
    assert_int_equal(put_piece(p, f, PIECE, LONG - PIECE, NULL), 0);
    assert_int_equal(inputs(w, job), 1);
    assert_int_equal(read_back(w, job, 0, "a"), 0);
}

static void
pieces_come_in_order_and_are_long_but_for_the_last(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    uint64_t job = open_job(p);
    struct msg_file_put f = piece_of(job, "a", LONG, 'a');
    uint64_t have = 0;

    assert_int_equal(put_piece(p, f, PIECE, PIECE, NULL), STINT_EINVAL);
    assert_int_equal(put_piece(p, f, 0, PIECE - 1, NULL), STINT_EINVAL);
    assert_int_equal(put_piece(p, f, 0, PIECE, &have), 0);
    assert_int_equal(have, PIECE);
    assert_int_equal(put_piece(p, f, PIECE + 1, PIECE, NULL), STINT_EINVAL);
    f.size = 100;
    assert_int_equal(put_piece(p, f, 0, 101, NULL), STINT_EINVAL);
    f.size = LONG;
    /* Once more, and a question. */
    assert_int_equal(put_piece(p, f, 0, PIECE, &have), 0);
    assert_int_equal(put_piece(p, f, 0, 0, &have), 0);
    assert_int_equal(have, PIECE);
}

static void
names_that_lead_out_are_refused(void **state)
{
    static const char *const names[] = { "../x", "/etc/passwd", "a/../../x",
        "a//b", "./a", "a/", "a\nb", "." };
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    uint64_t job = open_job(p);

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_int_equal(
            put_file(p, piece_of(job, names[i], 1, 'a')), STINT_EINVAL);
    }
}

static void
a_file_that_is_there_is_not_taken_again(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    uint64_t job = open_job(p);
    struct msg_file_put f = piece_of(job, "a", LONG, 'a');
    uint64_t have = 0;

    assert_int_equal(put_file(p, f), 0);
    size_t memory = core_totals(rig->core).memory;
    assert_int_equal(put_piece(p, f, 0, 0, &have), 0);
    assert_int_equal(have, LONG);
    assert_int_equal(put_file(p, f), 0);
    assert_int_equal(core_totals(rig->core).memory, memory);
    put_task(p, job, "x");
    memory = core_totals(rig->core).memory;
    assert_int_equal(put_file(p, f), 0);
    assert_int_equal(core_totals(rig->core).memory, memory);
}

static void
another_file_of_the_name_replaces_it_until_tasks_were_put(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    uint64_t job = open_job(p);
    char name[64];

    assert_int_equal(put_file(p, piece_of(job, "a", LONG, 'a')), 0);
    assert_int_equal(put_file(p, piece_of(job, "a", 10, 'b')), 0);
    assert_int_equal(list(p, job, 0, name), 1);
    assert_int_equal(read_back(p, job, 0, "a"), 0);
    put_task(p, job, "x");
    assert_int_equal(put_file(p, piece_of(job, "a", 10, 'c')), STINT_EEXISTS);
    assert_int_equal(put_file(p, piece_of(job, "new", 10, 'c')), STINT_EEXISTS);
}

/* ---- who may ------------------------------------------------------------- */

static void
inputs_are_for_workers_and_the_rest_for_the_jobs_owner(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    struct rig_peer *other = rig_peer(rig, "someone", ROLE_SUBMIT);
    uint64_t job = open_job(p);
    struct msg m = { .type = MSG_file_list, .as.file_list.job = job };

    assert_int_equal(put_file(p, piece_of(job, "a", 5, 'a')), 0);
    put_task(p, job, "x");
    struct rig_task t = take(w);
    assert_int_equal(put_file(w, by(piece_of(job, "o", 5, 'a'), &t)), 0);
    (void)rig_done(w, &t, "");
    turn(rig);

    assert_int_equal(read_back(w, job, 0, "a"), 0);
    assert_int_equal(read_back(w, job, 1, "o"), STINT_EROLE);
    assert_int_equal(read_back(other, job, 0, "a"), STINT_EROLE);
    assert_int_equal(read_back(other, job, 1, "o"), STINT_EROLE);
    assert_int_equal(put_file(other, piece_of(job, "b", 5, 'a')), STINT_EROLE);
    assert_int_equal(put_file(w, piece_of(job, "b", 5, 'a')), STINT_EROLE);
    uint64_t request = rig_say(other, m);
    turn(rig);
    assert_int_not_equal(rig_code(other, request), 0);
    assert_null(rig_find(other, MSG_file_rows, request));
    assert_int_equal(read_back(p, job, 1, "o"), 0);
}

static void
an_output_comes_from_who_holds_the_lease(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    struct rig_peer *other = rig_other_worker(rig);
    uint64_t job = open_job(p), next = open_job(p);

    put_task(p, job, "x");
    struct rig_task t = take(w);
    struct msg_file_put f = by(piece_of(job, "o", 5, 'a'), &t);
    assert_int_equal(put_file(other, f), STINT_ESTALE);
    f.nonce += 1;
    assert_int_equal(put_file(w, f), STINT_ESTALE);
    f.nonce -= 1;
    f.job = next;
    assert_int_equal(put_file(w, f), STINT_ENOTASK);
    f.job = job;
    assert_int_equal(put_file(w, f), 0);
    (void)rig_done(w, &t, "");
    turn(rig);
    assert_int_equal(put_file(w, f), STINT_ESTALE);
}

/* ---- outputs ------------------------------------------------------------- */

static void
outputs_count_when_their_attempt_is_done(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    uint64_t job = open_job(p);
    char name[64];

    put_task(p, job, "x");
    struct rig_task t = take(w);
    assert_int_equal(put_file(w, by(piece_of(job, "o", LONG, 'a'), &t)), 0);
    assert_int_equal(list(p, job, 1, name), 0);
    assert_int_equal(read_back(p, job, 1, "o"), STINT_ENOFILE);
    (void)rig_done(w, &t, "");
    turn(rig);
    assert_int_equal(list(p, job, 1, name), 1);
    assert_int_equal(list(p, job, 0, name), 1);
    assert_int_equal(list(p, job, 2, name), 0);
    assert_int_equal(read_back(p, job, 1, "o"), 0);
}

static void
what_a_failed_attempt_left_is_dropped(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    uint64_t job = open_job(p);
    struct msg fail = { .type = MSG_fail, .as.fail.retry_ns = 1 };
    char name[64];

    put_task(p, job, "x");
    struct rig_task t = take(w);
    assert_int_equal(put_file(w, by(piece_of(job, "o", LONG, 'a'), &t)), 0);
    assert_int_equal(put_file(w, by(piece_of(job, "p", 7, 'a'), &t)), 0);
    (void)rig_show(w, fail, &t);
    turn(rig);
    assert_int_equal(kept_count_rows(ROW_file), 0);
    rig_sleep(rig, TICK_S);
    t = take(w);
    assert_int_equal(put_file(w, by(piece_of(job, "o", 10, 'b'), &t)), 0);
    (void)rig_done(w, &t, "");
    turn(rig);
    assert_int_equal(list(p, job, 0, name), 1);
    assert_int_equal(read_back(p, job, 1, "o"), 0);
}

static void
what_a_lost_worker_left_is_dropped(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    uint64_t job = open_job(p);
    char name[64];

    put_task(p, job, "x");
    struct rig_task t = take(w);
    assert_int_equal(put_file(w, by(piece_of(job, "o", LONG, 'a'), &t)), 0);
    w->mute = true;
    rig_sleep(rig, 10 * TICK_S);
    turn(rig);
    assert_int_equal(kept_count_rows(ROW_file), 0);
    struct rig_peer *other = rig_other_worker(rig);
    t = take(other);
    assert_int_equal(t.attempt, 2);
    (void)rig_done(other, &t, "");
    turn(rig);
    assert_int_equal(list(p, job, 0, name), 0);
}

/* ---- memory and the store ------------------------------------------------ */

static void
bytes_leave_the_memory_when_the_store_has_them(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    uint64_t job = open_job(p);
    size_t before = core_totals(rig->core).memory;

    assert_int_equal(put_file(p, piece_of(job, "a", LONG, 'a')), 0);
    assert_true(core_totals(rig->core).memory < before + 2000);
    assert_int_equal(kept_count_rows(ROW_file), 3);
    assert_int_equal(read_back(p, job, 0, "a"), 0);
}

static void
files_beyond_the_budget_are_refused(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    uint64_t job = open_job(p);
    char name[64];
    int64_t code = 0;

    for (unsigned i = 0; i < 100 && code == 0; i++) {
        (void)snprintf(name, sizeof name, "%u", i);
        code = put_file(p, piece_of(job, name, LONG, 'a'));
    }
    assert_int_equal(code, STINT_EBUDGET);
    assert_true(core_totals(rig->core).memory < rig->config.memory_max);
    assert_int_equal(read_back(p, job, 0, "0"), 0);
}

static void
a_job_has_so_many_inputs_and_no_more(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    uint64_t job = open_job(p);
    char name[64];

    for (unsigned i = 0; i < FILES_INPUTS_MAX; i++) {
        (void)snprintf(name, sizeof name, "%u", i);
        assert_int_equal(put_file(p, piece_of(job, name, 1, 'a')), 0);
        rig_forget_inbox(p);
    }
    assert_int_equal(put_file(p, piece_of(job, "more", 1, 'a')), STINT_ELIMIT);
    assert_int_equal(put_file(p, piece_of(job, "7", 1, 'b')), 0);
    assert_int_equal(list(p, job, 0, name), FILES_INPUTS_MAX);
}

/* So many at once: a request of its own would acknowledge what came before. */
static uint64_t
ask_often(struct rig_peer *w, uint64_t job, unsigned times)
{
    struct msg m = { .type = MSG_file_get };
    uint64_t first = w->last + 1;

    m.as.file_get.job = job;
    m.as.file_get.name = slice_of("a");
    for (unsigned i = 0; i < times; i++) {
        m.as.file_get.request = ++w->last;
        codec_message(stream_message(&w->stream), &m);
    }
    rig_send(w);
    turn(w->rig);
    return first;
}

static void
pieces_wait_for_room_in_the_window(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_stranger(rig, "work", ROLE_WORK);
    uint64_t job = open_job(p);
    unsigned came = 0;

    w->window = 4 * PIECE;
    w->mute = true;
    rig_hello(w, PROTO_VERSION);
    assert_int_equal(put_file(p, piece_of(job, "a", PIECE, 'a')), 0);
    uint64_t first = ask_often(w, job, 8);
    for (unsigned i = 0; i < 8; i++)
        came += rig_find(w, MSG_file_piece, first + i) != NULL;
    assert_int_equal(came, 4);
    w->mute = false;
    for (unsigned i = 0; i < 16; i++)
        turn(rig);
    for (unsigned i = 0; i < 8; i++)
        assert_non_null(rig_find(w, MSG_file_piece, first + i));
}

static void
who_waits_for_pieces_may_leave(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_stranger(rig, "work", ROLE_WORK);
    uint64_t job = open_job(p);

    w->window = 1;
    w->mute = true;
    rig_hello(w, PROTO_VERSION);
    assert_int_equal(put_file(p, piece_of(job, "a", PIECE, 'a')), 0);
    size_t before = core_totals(rig->core).memory;
    uint64_t first = ask_often(w, job, 64);
    assert_true(core_totals(rig->core).memory > before);
    assert_int_equal(rig_code(w, first + 63), STINT_ELIMIT);
    assert_true(core_forget(rig->core, rig->now, w->session));
    w->conn = 0;
    turn(rig);
    assert_int_equal(core_totals(rig->core).memory, before);
}

static void
files_go_with_their_job(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    size_t before = core_totals(rig->core).memory;
    uint64_t job = open_job(p);

    assert_int_equal(put_file(p, piece_of(job, "a", LONG, 'a')), 0);
    assert_int_equal(
        put_piece(p, piece_of(job, "b", LONG, 'a'), 0, PIECE, NULL), 0);
    put_task(p, job, "x");
    struct rig_task t = take(w);
    assert_int_equal(put_file(w, by(piece_of(job, "o", LONG, 'a'), &t)), 0);
    (void)rig_done(w, &t, "");
    turn(rig);
    assert_int_equal(say(p, MSG_job_close, job), 0);
    assert_int_equal(say(p, MSG_job_forget, job), 0);
    turn(rig);
    turn(rig);
    assert_int_equal(kept_count_rows(ROW_file), 0);
    assert_int_equal(core_totals(rig->core).memory, before);
}

/* ---- a restart ----------------------------------------------------------- */

static void
files_are_there_after_a_restart(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    uint64_t job = open_job(p);
    char name[64];

    assert_int_equal(put_file(p, piece_of(job, "a", LONG, 'a')), 0);
    assert_int_equal(put_file(p, piece_of(job, "empty", 0, 'b')), 0);
    put_task(p, job, "x");
    struct rig_task t = take(w);
    assert_int_equal(put_file(w, by(piece_of(job, "o", LONG, 'a'), &t)), 0);
    (void)rig_done(w, &t, "");
    turn(rig);

    kept_restart(rig);
    rig_hello(p, PROTO_VERSION);
    assert_int_equal(list(p, job, 0, name), 3);
    assert_int_equal(read_back(p, job, 0, "a"), 0);
    assert_int_equal(read_back(p, job, 0, "empty"), 0);
    assert_int_equal(read_back(p, job, 1, "o"), 0);
    /* Rows of new pieces do not take the place of old ones. */
    uint64_t next = open_job(p);
    assert_int_equal(put_file(p, piece_of(next, "a", LONG, 'a')), 0);
    assert_int_equal(read_back(p, job, 0, "a"), 0);
}

static void
a_file_that_was_under_way_goes_on_after_a_restart(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    uint64_t job = open_job(p), have = 0;
    struct msg_file_put f = piece_of(job, "a", LONG, 'a');

    assert_int_equal(put_piece(p, f, 0, PIECE, NULL), 0);
    kept_restart(rig);
    rig_hello(p, PROTO_VERSION);
    assert_int_equal(put_piece(p, f, 0, 0, &have), 0);
    assert_int_equal(have, PIECE);
    assert_int_equal(put_piece(p, f, PIECE, LONG - PIECE, NULL), 0);
    assert_int_equal(read_back(p, job, 0, "a"), 0);
}

static void
outputs_under_way_go_on_with_their_lease_after_a_restart(void **state)
{
    struct rig *rig = *state;
    struct rig_peer *p = rig_submitter(rig);
    struct rig_peer *w = rig_worker(rig);
    uint64_t job = open_job(p);

    put_task(p, job, "x");
    struct rig_task t = take(w);
    struct msg_file_put f = by(piece_of(job, "o", LONG, 'a'), &t);
    assert_int_equal(put_piece(w, f, 0, PIECE, NULL), 0);
    kept_restart(rig);
    rig_hello(p, PROTO_VERSION);
    rig_hello(w, PROTO_VERSION);
    uint64_t shown = kept_show_all(w, &t);
    turn(rig);
    assert_int_equal(rig_outcome(w, shown), 0);
    assert_int_equal(put_piece(w, f, PIECE, LONG - PIECE, NULL), 0);
    assert_int_equal(read_back(p, job, 1, "o"), STINT_ENOFILE);
    (void)rig_done(w, &t, "");
    turn(rig);
    assert_int_equal(read_back(p, job, 1, "o"), 0);
}

/* ---- all ----------------------------------------------------------------- */

static int
in_memory(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);

    assert_non_null(rig);
    rig_begin(rig);
    rig_start(rig);
    *state = rig;
    return 0;
}

static int
in_long_frames(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);

    assert_non_null(rig);
    rig_begin(rig);
    rig->config.payload_max = 4 << 20;
    rig->config.frame_max = 5 << 20;
    rig_start(rig);
    *state = rig;
    return 0;
}

static int
in_little_memory(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);

    assert_non_null(rig);
    rig_begin(rig);
    rig->config.memory_max = 1 << 20;
    rig_start(rig);
    *state = rig;
    return 0;
}

#define BOTH(test)                                                   \
    cmocka_unit_test_setup_teardown(test, in_memory, rig_tear_down), \
        cmocka_unit_test_setup_teardown(test, kept_set_up, kept_tear_down)
#define KEPT(test) \
    cmocka_unit_test_setup_teardown(test, kept_set_up, kept_tear_down)

int
main(void)
{
    /* clang-format off */
    const struct CMUnitTest tests[] = {
        BOTH(a_file_comes_back_as_it_was_put),
        BOTH(a_piece_is_read_from_its_middle_and_not_from_behind_the_end),
        BOTH(a_file_is_no_file_before_its_last_piece),
        BOTH(pieces_come_in_order_and_are_long_but_for_the_last),
        BOTH(names_that_lead_out_are_refused),
        BOTH(a_file_that_is_there_is_not_taken_again),
        BOTH(another_file_of_the_name_replaces_it_until_tasks_were_put),
        BOTH(inputs_are_for_workers_and_the_rest_for_the_jobs_owner),
        BOTH(an_output_comes_from_who_holds_the_lease),
        BOTH(outputs_count_when_their_attempt_is_done),
        BOTH(what_a_failed_attempt_left_is_dropped),
        BOTH(what_a_lost_worker_left_is_dropped),
        KEPT(bytes_leave_the_memory_when_the_store_has_them),
        cmocka_unit_test_setup_teardown(files_beyond_the_budget_are_refused,
            in_little_memory, rig_tear_down),
        cmocka_unit_test_setup_teardown(a_job_has_so_many_inputs_and_no_more,
            in_long_frames, rig_tear_down),
        BOTH(pieces_wait_for_room_in_the_window),
        BOTH(who_waits_for_pieces_may_leave),
        BOTH(files_go_with_their_job),
        KEPT(files_are_there_after_a_restart),
        KEPT(a_file_that_was_under_way_goes_on_after_a_restart),
        KEPT(outputs_under_way_go_on_with_their_lease_after_a_restart),
    };
    /* clang-format on */

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 31 + i / 256);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
