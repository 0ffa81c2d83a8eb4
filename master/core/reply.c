#include "master/core/reply.h"

#include <stdlib.h>

#include "common/base.h"
#include "common/error.h"

/* Longer than a task of no work takes to come back, so that the answer to its
 * completion finds the next task; far below what a person notices. */
static const tick_ns lazy_time = 300 * TICK_US;

void
reply_broken(struct core *core, struct session *s)
{
    s->stream.open.failed = true;
    list_remove(&s->sending);
    list_push(&core->broken, &s->sending);
}

static bool
is_broken(const struct session *s)
{
    return s->stream.open.failed;
}

void
reply_sending(struct core *core, struct session *s)
{
    list_remove(&s->lazy);
    if (is_broken(s)) {
        reply_broken(core, s);
    } else if (list_is_empty(&s->sending)) {
        list_push(&core->sending, &s->sending);
    }
}

void
reply_seal(struct core *core, struct session *s)
{
    size_t before = session_out_bytes(s);

    if (stream_seal(&s->stream) != 0) {
        reply_broken(core, s);
        return;
    }
    core->out += session_out_bytes(s) - before;
}

/* What the frame tells may not leave before it is on the disk. */
static void
gate(struct core *core, struct session *s)
{
    s->stream.gate = journal_gate(core);
}

/* Of a get that is over, of what was refused and of how things look nobody
 * relies on the disk; and while that is stuck, people want to look. */
static bool
tells_a_fact(enum msg_type type)
{
    static const enum msg_type looks[] = { MSG_get_end, MSG_error,
        MSG_master_row, MSG_queue_rows, MSG_peer_rows, MSG_task_rows,
        MSG_key_rows, MSG_job_rows, MSG_job_runs, MSG_file_piece, MSG_file_rows,
        MSG_peeked, MSG_show, MSG_explained, MSG_piped, MSG_schedule_rows,
        MSG_object_rows, MSG_object_users };

    for (size_t i = 0; i < ARRAY_LEN(looks); i++) {
        if (looks[i] == type) return false;
    }
    return true;
}

static void
append(struct core *core, struct session *s, const struct msg *m)
{
    size_t before = session_out_bytes(s);

    codec_message(stream_message(&s->stream), m);
    if (tells_a_fact(m->type)) gate(core, s);
    core->out += session_out_bytes(s) - before;
}

void
reply_lazily(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    append(core, s, m);
    if (is_broken(s) || stream_open_bytes(&s->stream) > SESSION_FRAME_SOFT) {
        reply_sending(core, s);
    } else if (list_is_empty(&s->sending) && list_is_empty(&s->lazy)) {
        s->lazy_until = tick_after(now, lazy_time);
        list_push(&core->lazy, &s->lazy);
    }
}

void
reply_tick(struct core *core, tick_ns now)
{
    for (;;) {
        struct list *node = list_first(&core->lazy);
        if (node == NULL) return;
        struct session *s = CONTAINER_OF(node, struct session, lazy);
        if (s->lazy_until > now) return;
        reply_sending(core, s);
    }
}

tick_ns
reply_next_deadline(const struct core *core)
{
    const struct list *node = list_first(&core->lazy);

    if (node == NULL) return TICK_NEVER;
    return CONTAINER_OF_CONST(node, struct session, lazy)->lazy_until;
}

void
reply(struct core *core, struct session *s, const struct msg *m)
{
    append(core, s, m);
    reply_sending(core, s);
    if (stream_open_bytes(&s->stream) > SESSION_FRAME_SOFT) {
        reply_seal(core, s);
    }
}

void
reply_again(struct core *core, struct session *s, struct slice message)
{
    size_t before = session_out_bytes(s);

    buf_append(stream_message(&s->stream), message.bytes, message.length);
    core->out += session_out_bytes(s) - before;
    reply_sending(core, s);
}

void
reply_ok(struct core *core, struct session *s, uint64_t request, uint64_t value)
{
    reply(core, s,
        &(struct msg){
            .type = MSG_ok,
            .as.ok = { .request = request, .value = value },
        });
}

void
reply_error(struct core *core, struct session *s, uint64_t request, int code,
    const char *text)
{
    reply(core, s,
        &(struct msg){
            .type = MSG_error,
            .as.error = {
                .request = request,
                .code = code,
                .text = slice_of(text != NULL ? text : error_text(code)),
            },
        });
}

void
reply_get_end(struct core *core, struct session *s, uint64_t request, int code)
{
    reply(core, s,
        &(struct msg){
            .type = MSG_get_end,
            .as.get_end = { .request = request, .code = code },
        });
}

/* No list of messages.def that grows here is bound to fewer. */
enum { LIST_MAX = 4096 };

/* Whether the open frame ends with a list that one more record may join. */
static bool
can_join(const struct session *s, const struct msg *head)
{
    uint64_t request = head->type == MSG_tasks ? head->as.tasks.request : 0;

    return s->tail.type == head->type && s->tail.request == request
           && s->tail.list.count < LIST_MAX
           && s->tail.frame == s->stream.sent + 1 && s->stream.open_messages > 0
           && s->stream.open.length == s->tail.end;
}

static void
add_record(struct core *core, struct session *s, const struct msg *head,
    enum record_type type, const void *record, bool is_fact)
{
    size_t before = session_out_bytes(s);
    struct buf *b = &s->stream.open;

    if (!can_join(s, head)) {
        b = stream_message(&s->stream);
        s->tail.type = head->type;
        s->tail.request = head->type == MSG_tasks ? head->as.tasks.request : 0;
        s->tail.frame = s->stream.sent + 1;
        s->tail.list = codec_list_begin(b, head);
    }
    if (is_fact) gate(core, s);
    codec_list_add(b, &s->tail.list, type, record);
    codec_list_end(b, &s->tail.list);
    s->tail.end = b->length;
    core->out += session_out_bytes(s) - before;
    reply_sending(core, s);
    if (stream_open_bytes(&s->stream) > SESSION_FRAME_SOFT) {
        reply_seal(core, s);
    }
}

void
reply_record(struct core *core, struct session *s, const struct msg *head,
    enum record_type type, const void *record)
{
    add_record(core, s, head, type, record, false);
}

void
reply_fact(struct core *core, struct session *s, const struct msg *head,
    enum record_type type, const void *record)
{
    add_record(core, s, head, type, record, true);
}

bool
reply_has_window(struct core *core, struct session *s)
{
    bool crowded = core->out > core->config.memory_max / 2;

    if (session_has_window(s) && (!crowded || session_out_bytes(s) == 0)) {
        return true;
    }
    if (list_is_empty(&s->starved)) list_push(&core->starved, &s->starved);
    return false;
}

bool
reply_is_held_up(struct core *core, struct session *s)
{
    struct stream *out = &s->stream;
    bool held = false;

    if (!journal_is_stuck(core)) return false;
    for (struct list *n = out->next; n != &out->kept; n = n->next) {
        const struct frame *f = CONTAINER_OF(n, struct frame, node);
        held = held || !journal_is_open(core, f->gate);
    }
    held =
        held || (out->open_messages > 0 && !journal_is_open(core, out->gate));
    if (held && list_is_empty(&s->starved)) {
        list_push(&core->starved, &s->starved);
    }
    return held;
}

void
reply_letter(
    struct core *core, struct session *s, uint64_t conn, const struct msg *m)
{
    struct stream none;
    struct letter *letter = malloc(sizeof *letter);

    /* Without memory nothing is said: the peer asks again. */
    if (letter == NULL) return;
    stream_init(&none);
    letter->conn = conn;
    letter->frame = stream_bare(s != NULL ? &s->stream : &none, m);
    stream_fini(&none);
    if (letter->frame == NULL) {
        free(letter);
        return;
    }
    list_push(&core->letters, &letter->node);
}
