/**
 * pipe_rig.h - pipes on a bench.                                        [tests]
 */
#ifndef PIPE_RIG_H
#define PIPE_RIG_H

#include <stdio.h>

#include "master/core/inside.h"
#include "master/core/shared/pipe_end.h"
#include "master/core/shared/pipe_flow.h"
#include "tests/unit/core/rig.h"

enum { PIPE_PARKED = 1 }; /* No answer yet. */

/* An end as its holder knows it. */
struct held {
    struct rig_peer *peer;
    uint64_t pipe, end, grip, received;
};

/* The answer's code: 0, an error, or PIPE_PARKED. */
static inline int64_t
pipe_code(const struct rig_peer *p, uint64_t request)
{
    if (rig_find(p, MSG_piped, request) != NULL) return 0;
    return rig_code(p, request);
}

static inline struct msg_piped
pipe_answer(const struct rig_peer *p, uint64_t request)
{
    return rig_see(p, MSG_piped, request)->as.piped;
}

static inline uint64_t
pipe_ask(struct rig_peer *p, struct msg_pipe ask)
{
    struct msg m = { .type = MSG_pipe, .as.pipe = ask };
    uint64_t request = rig_say(p, m);

    rig_turn(p->rig);
    return request;
}

static inline void
pipe_make(struct rig_peer *p, struct msg_pipe options, struct held ends[2])
{
    options.verb = PIPE_NEW;
    struct msg_piped m = pipe_answer(p, pipe_ask(p, options));

    ends[0] = (struct held){ p, m.pipe, 0, m.grip, 0 };
    ends[1] = (struct held){ p, m.pipe, 1, m.other_grip, 0 };
}

static inline int64_t
pipe_open_named(struct rig_peer *p, const char *name, uint64_t end,
    uint64_t window, struct held *out)
{
    uint64_t request = pipe_ask(p, (struct msg_pipe){ .verb = PIPE_OPEN,
                                       .object = slice_of(name),
                                       .end = end,
                                       .window = window,
                                       .set = window > 0 });
    int64_t code = pipe_code(p, request);

    if (code != 0) return code;
    struct msg_piped m = pipe_answer(p, request);
    *out = (struct held){ p, m.pipe, m.end, m.grip, m.number };
    return 0;
}

/* Any other verb about an end; returns the request. */
static inline uint64_t
pipe_do(struct held *h, enum pipe_verb verb)
{
    return pipe_ask(h->peer, (struct msg_pipe){ .verb = (uint64_t)verb,
                                 .pipe = h->pipe,
                                 .end = h->end,
                                 .grip = h->grip,
                                 .received = h->received });
}

static inline uint64_t
pipe_send_many(
    struct held *h, unsigned count, const char *const texts[], tick_ns wait)
{
    struct msg m = { .type = MSG_pipe_send,
        .as.pipe_send = { .request = ++h->peer->last,
            .pipe = h->pipe,
            .end = h->end,
            .grip = h->grip,
            .wait_ns = (uint64_t)wait } };
    struct buf *b = stream_message(&h->peer->stream);
    struct codec_list list = codec_list_begin(b, &m);

    for (unsigned i = 0; i < count; i++) {
        codec_list_add(b, &list, RECORD_payload,
            &(struct rec_payload){ slice_of(texts[i]) });
    }
    codec_list_end(b, &list);
    rig_send(h->peer);
    rig_turn(h->peer->rig);
    return h->peer->last;
}

static inline uint64_t
pipe_send(struct held *h, const char *text, tick_ns wait)
{
    return pipe_send_many(h, 1, &text, wait);
}

/* It must be taken at once. */
static inline void
pipe_put(struct held *h, const char *text)
{
    assert_int_equal(pipe_code(h->peer, pipe_send(h, text, 0)), 0);
}

static inline uint64_t
pipe_recv_as(struct held *h, struct msg_pipe_recv want)
{
    struct msg m = { .type = MSG_pipe_recv, .as.pipe_recv = want };

    m.as.pipe_recv.pipe = h->pipe;
    m.as.pipe_recv.end = h->end;
    m.as.pipe_recv.grip = h->grip;
    m.as.pipe_recv.received = h->received;
    uint64_t request = rig_say(h->peer, m);
    rig_turn(h->peer->rig);
    return request;
}

/* Up to `count` messages. */
static inline uint64_t
pipe_recv(struct held *h, uint64_t count, tick_ns wait)
{
    return pipe_recv_as(
        h, (struct msg_pipe_recv){
               .count = count, .bytes = 1 << 20, .wait_ns = (uint64_t)wait });
}

/* The messages of an answer, behind each other with a blank between them. */
static inline const char *
pipe_texts(const struct rig_peer *p, uint64_t request)
{
    static char text[256];
    struct proto_list list = pipe_answer(p, request).messages;
    struct rec_payload each;
    size_t length = 0;

    text[0] = '\0';
    while (codec_list_next(&list, RECORD_payload, &each)) {
        length += (size_t)snprintf(text + length, sizeof text - length,
            "%s%.*s", length > 0 ? " " : "", (int)each.payload.length,
            (const char *)each.payload.bytes);
        assert_true(length < sizeof text);
    }
    return text;
}

/* The one message that must be there; it is received. */
static inline void
pipe_get(struct held *h, const char *text)
{
    uint64_t request = pipe_recv(h, 1, 0);

    assert_string_equal(pipe_texts(h->peer, request), text);
    h->received = pipe_answer(h->peer, request).number;
}

/* Hand an end over; what `from` had is not its any more. */
static inline int64_t
pipe_hand_over(struct held *from, struct rig_peer *to, struct held *out)
{
    uint64_t pass = pipe_do(from, PIPE_PASS);
    struct slice ticket = pipe_answer(from->peer, pass).ticket;
    uint64_t request = pipe_ask(
        to, (struct msg_pipe){ .verb = PIPE_ACCEPT, .ticket = ticket });
    int64_t code = pipe_code(to, request);

    if (code != 0) return code;
    struct msg_piped m = pipe_answer(to, request);
    *out = (struct held){ to, m.pipe, m.end, m.grip, m.number };
    return 0;
}

/* ---- two peers and a pipe ---------------------------------------------- */

struct two {
    struct rig *rig;
    struct rig_peer *a, *b;
    struct held ends[2]; /* Both held by a. */
};

static inline struct two
pipe_meet_with(void **state, struct msg_pipe options)
{
    struct rig *rig = *state;
    struct two t = { .rig = rig,
        .a = rig_peer(rig, "first", ROLE_SUBMIT),
        .b = rig_peer(rig, "second", ROLE_WORK) };

    pipe_make(t.a, options, t.ends);
    return t;
}

static inline struct two
pipe_meet(void **state)
{
    return pipe_meet_with(state, (struct msg_pipe){ .window = 10 });
}

/* The second end goes to b. */
static inline struct two
pipe_meet_apart(void **state)
{
    struct two t = pipe_meet(state);
    struct held moved;

    assert_int_equal(pipe_hand_over(&t.ends[1], t.b, &moved), 0);
    t.ends[1] = moved;
    return t;
}

/* He says nothing more and is taken for dead; the others live. */
static inline void
pipe_die(struct rig_peer *p)
{
    p->mute = true;
    rig_sleep(p->rig, 4 * TICK_S);
}

static inline size_t
pipe_objects(const struct rig *rig)
{
    return HASH_CNT(by_number, rig->core->objects.by_number);
}

#endif
