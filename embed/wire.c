#include "embed/wire.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <zmq.h>

#include "common/base.h"
#include "common/hash.h"
#include "common/sys/clock.h"
#include "master/core/chance.h"
#include "master/core/core.h"
#include "proto/codec.h"

enum { WORKER = 1 }; /* hello.kind */
enum way { UP, DOWN };
enum fate { PASS, DROP, CUT, KILL, TWICE, DELAY, DELAY_BARE };

struct wire_peer {
    struct list node;
    uint8_t session[PROTO_SESSION_BYTES];
    char name[PROTO_NAME_MAX + 1];
    bool works, dead;
    uint64_t chance;   /* Who it is, for draws. */
    uint64_t last[2];  /* Number of the last frame, in each direction, */
    uint64_t again[2]; /* and how often it went back: frames came again. */
};

/* One direction of a line. */
struct pipe {
    struct list held; /* In order. */
    tick_ns last;     /* When the last one is due. */
    uint64_t bare;    /* Frames without a number. */
};

struct wire_line {
    uint64_t conn;
    struct wire_peer *peer;
    uint8_t key[PROTO_KEY_BYTES];
    bool dark;
    int fd; /* libzmq's; -1: not known. */
    struct sockaddr_storage from;
    struct pipe pipes[2];
    UT_hash_handle hh;
};

struct held {
    struct list node;
    tick_ns due; /* Real time. */
    struct frame *frame;
};

void
wire_init(struct wire *w)
{
    *w = (struct wire){ .lines = NULL };
    list_init(&w->peers);
}

void
wire_set(struct wire *w, const struct stint_test_fault *fault)
{
    struct chance c;

    chance_init(&c, fault->seed);
    memcpy(w->draws, c.key, sizeof w->draws);
    w->fault = *fault;
    w->fault.peer = NULL;
    (void)snprintf(
        w->only, sizeof w->only, "%s", fault->peer == NULL ? "" : fault->peer);
    w->kills = 0;
}

/* ---- who is there -------------------------------------------------------- */

static struct wire_line *
find_line(const struct wire *w, uint64_t conn)
{
    struct wire_line *line;

    HASH_FIND(hh, w->lines, &conn, sizeof conn, line);
    return line;
}

static void
name_peer(struct wire *w, struct wire_peer *p, struct slice name)
{
    uint32_t before = 0;

    if (name.length > 0) memcpy(p->name, name.bytes, name.length);
    LIST_FOREACH (node, after, &w->peers) {
        const struct wire_peer *o = CONTAINER_OF(node, struct wire_peer, node);
        if (strcmp(o->name, p->name) == 0) before++;
    }
    p->chance = (uint64_t)hash_bytes(p->name, name.length) << 32 | before;
}

/* Whose hello it is.  NULL without memory. */
static struct wire_peer *
get_peer(struct wire *w, const struct msg_hello *hello)
{
    LIST_FOREACH (node, after, &w->peers) {
        struct wire_peer *p = CONTAINER_OF(node, struct wire_peer, node);
        if (memcmp(p->session, hello->session.bytes, sizeof p->session) == 0) {
            return p;
        }
    }
    struct wire_peer *p = calloc(1, sizeof *p);
    if (p == NULL) return NULL;
    memcpy(p->session, hello->session.bytes, sizeof p->session);
    p->works = hello->kind == WORKER;
    name_peer(w, p, hello->name);
    list_push(&w->peers, &p->node);
    return p;
}

/* libzmq tells a message's descriptor for as long as the connection stands; who
 * is at its other end shows later whether it is still the same. */
static void
note_socket(struct wire_line *line, zmq_msg_t *message)
{
    socklen_t size = sizeof line->from;

    line->fd = zmq_msg_get(message, ZMQ_SRCFD);
    if (line->fd < 0) return;
    if (getpeername(line->fd, (struct sockaddr *)&line->from, &size) != 0) {
        line->fd = -1;
    }
}

static struct wire_line *
add_line(struct wire *w, struct wire_peer *peer, uint64_t conn,
    const uint8_t key[PROTO_KEY_BYTES], zmq_msg_t *message)
{
    struct wire_line *line = calloc(1, sizeof *line);

    if (line == NULL) return NULL;
    line->conn = conn;
    line->peer = peer;
    line->dark = peer->dead;
    memcpy(line->key, key, PROTO_KEY_BYTES);
    list_init(&line->pipes[UP].held);
    list_init(&line->pipes[DOWN].held);
    note_socket(line, message);
    HASH_ADD(hh, w->lines, conn, sizeof line->conn, line);
    if (!HASH_IS_IN(hh, line)) {
        free(line);
        return NULL;
    }
    return line;
}

/* A line begins with its hello; what is anything else the core refuses. */
static struct wire_line *
meet(struct wire *w, uint64_t conn, const uint8_t key[PROTO_KEY_BYTES],
    zmq_msg_t *message)
{
    const struct slice wire = { zmq_msg_data(message), zmq_msg_size(message) };
    struct codec_frame frame;
    const char *where;
    struct msg m;

    if (codec_open(wire, &frame) != 0 || codec_next(&frame, &m, &where) != 1
        || m.type != MSG_hello) {
        return NULL;
    }
    struct wire_peer *peer = get_peer(w, &m.as.hello);
    return peer == NULL ? NULL : add_line(w, peer, conn, key, message);
}

/* ---- fate ---------------------------------------------------------------- */

static bool
is_meant(const struct wire *w, const struct wire_line *line)
{
    return w->only[0] == '\0' || strcmp(w->only, line->peer->name) == 0;
}

static uint64_t
draw(const struct wire *w, const struct wire_line *line, enum way way,
    enum fate fate, uint64_t number)
{
    uint64_t which = line->peer->again[way] << 8 | (uint64_t)fate << 1 | way;

    return chance_of(w->draws, line->peer->chance, which, number);
}

static bool
strikes(const struct wire *w, const struct wire_line *line, enum way way,
    enum fate fate, uint64_t number, double chance)
{
    if (!(chance > 0)) return false;
    return (double)(draw(w, line, way, fate, number) >> 11) * 0x1p-53 < chance;
}

static bool
may_kill(const struct wire *w, const struct wire_line *line, enum way way)
{
    return way == UP && line->peer->works
           && (w->fault.kills_max == 0 || w->kills < w->fault.kills_max);
}

/* How often a peer connects is up to time; what it sends again is not. */
static void
note_number(struct wire_peer *peer, enum way way, uint64_t number)
{
    if (number == 0) return;
    if (number <= peer->last[way]) peer->again[way]++;
    peer->last[way] = number;
}

static enum fate
fate_of(const struct wire *w, const struct wire_line *line, enum way way,
    uint64_t number)
{
    const struct stint_test_fault *f = &w->fault;

    if (number == 0 || !is_meant(w, line)) return PASS;
    if (strikes(w, line, way, DROP, number, f->drop)) return DROP;
    if (strikes(w, line, way, CUT, number, f->cut)) return CUT;
    if (may_kill(w, line, way)
        && strikes(w, line, way, KILL, number, f->kill)) {
        return KILL;
    }
    if (strikes(w, line, way, TWICE, number, f->duplicate)) return TWICE;
    return PASS;
}

/* ---- holding back -------------------------------------------------------- */

static void
drop_held(struct wire *w, struct pipe *p)
{
    for (struct list *node; (node = list_pop(&p->held)) != NULL;) {
        struct held *h = CONTAINER_OF(node, struct held, node);
        frame_drop(h->frame);
        free(h);
        w->held--;
        w->count.swallowed++;
    }
}

static tick_ns
delay_of(struct wire *w, struct wire_line *line, enum way way, uint64_t number)
{
    uint64_t most = (uint64_t)(w->fault.delay_ms * TICK_MS);

    if (most == 0 || !is_meant(w, line)) return 0;
    if (number != 0) {
        return (tick_ns)(draw(w, line, way, DELAY, number) % (most + 1));
    }
    number = ++line->pipes[way].bare;
    return (tick_ns)(draw(w, line, way, DELAY_BARE, number) % (most + 1));
}

/* Takes `frame`.  False without memory: it is lost. */
static bool
hold(struct wire *w, struct wire_line *line, enum way way, struct frame *frame)
{
    struct pipe *p = &line->pipes[way];
    struct held *h = malloc(sizeof *h);

    if (h == NULL) {
        frame_drop(frame);
        return false;
    }
    h->due = tick_after(clock_now(), delay_of(w, line, way, frame->number));
    if (h->due < p->last) h->due = p->last;
    p->last = h->due;
    h->frame = frame;
    list_push(&p->held, &h->node);
    w->held++;
    w->count.delayed++;
    return true;
}

/* Takes `frame`. */
static void
carry(struct wire_line *line, struct loop *l, enum way way, struct frame *frame)
{
    if (way == DOWN) {
        outbox_send(&l->outbox, line->conn, frame);
        return;
    }
    core_receive(l->core, timeline_now(&l->time), line->conn, line->key,
        (struct slice){ frame->bytes, frame->length });
    frame_drop(frame);
}

/* Deliver what is due by `until`. */
static void
release(struct wire *w, struct wire_line *line, struct loop *l, enum way way,
    tick_ns until)
{
    for (;;) {
        struct list *node = list_first(&line->pipes[way].held);
        if (node == NULL) return;
        struct held *h = CONTAINER_OF(node, struct held, node);
        if (h->due > until) return;
        list_remove(node);
        w->held--;
        carry(line, l, way, h->frame);
        free(h);
    }
}

void
wire_turn(struct wire *w, struct loop *l)
{
    if (w->held == 0) return;
    tick_ns now = clock_now();
    for (struct wire_line *line = w->lines; line != NULL;
         line = line->hh.next) {
        release(w, line, l, UP, now);
        release(w, line, l, DOWN, now);
    }
}

static tick_ns
pipe_due(const struct pipe *p)
{
    struct list *node = list_first(&p->held);

    return node == NULL ? TICK_NEVER
                        : CONTAINER_OF(node, struct held, node)->due;
}

tick_ns
wire_left(const struct wire *w)
{
    tick_ns due = TICK_NEVER;

    if (w->held == 0) return TICK_NEVER;
    for (const struct wire_line *line = w->lines; line != NULL;
         line = line->hh.next) {
        due = tick_min(due, pipe_due(&line->pipes[UP]));
        due = tick_min(due, pipe_due(&line->pipes[DOWN]));
    }
    tick_ns now = clock_now();
    return due > now ? due - now : 0;
}

/* ---- cutting and killing ------------------------------------------------- */

static void
darken(struct wire *w, struct wire_line *line)
{
    line->dark = true;
    drop_held(w, &line->pipes[UP]);
    drop_held(w, &line->pipes[DOWN]);
}

static void
cut(struct wire *w, struct wire_line *line, struct loop *l)
{
    struct sockaddr_storage now;
    socklen_t size = sizeof now;

    darken(w, line);
    core_conn_lost(l->core, line->conn);
    memset(&now, 0, sizeof now);
    if (line->fd >= 0
        && getpeername(line->fd, (struct sockaddr *)&now, &size) == 0
        && memcmp(&now, &line->from, sizeof now) == 0) {
        (void)shutdown(line->fd, SHUT_RDWR);
    }
}

/* Returns whether the master knew it. */
static bool
kill_peer(struct wire *w, struct wire_peer *peer, struct loop *l)
{
    peer->dead = true;
    for (struct wire_line *line = w->lines; line != NULL;
         line = line->hh.next) {
        if (line->peer == peer) darken(w, line);
    }
    bool known = core_forget(l->core, timeline_now(&l->time), peer->session);
    if (known) w->count.killed++;
    return known;
}

int
wire_kill(struct wire *w, struct loop *l, const char *name)
{
    int count = 0;

    LIST_FOREACH (node, after, &w->peers) {
        struct wire_peer *p = CONTAINER_OF(node, struct wire_peer, node);
        if (name == NULL ? !p->works : strcmp(name, p->name) != 0) continue;
        if (!p->dead && kill_peer(w, p, l)) count++;
    }
    return count;
}

/* ---- frames -------------------------------------------------------------- */

/* Takes `frame`. */
static void
forward(struct wire *w, struct wire_line *line, struct loop *l, enum way way,
    struct frame *frame)
{
    if (line->dark) {
        frame_drop(frame);
    } else if ((w->fault.delay_ms == 0 || !is_meant(w, line))
               && list_is_empty(&line->pipes[way].held)) {
        carry(line, l, way, frame);
    } else if (!hold(w, line, way, frame)) {
        cut(w, line, l);
    }
}

/* What is held goes first.  Whether libzmq would still send what leaves is
 * chance, so nothing does.  Takes `frame`. */
static void
deliver_last(struct wire *w, struct wire_line *line, struct loop *l,
    enum way way, struct frame *frame)
{
    if (way == DOWN) {
        frame_drop(frame);
        return;
    }
    release(w, line, l, way, TICK_NEVER);
    carry(line, l, way, frame);
}

/* Let one frame meet its fate.  Takes `frame`. */
static void
pass(struct wire *w, struct wire_line *line, struct loop *l, enum way way,
    struct frame *frame)
{
    note_number(line->peer, way, frame->number);
    switch (fate_of(w, line, way, frame->number)) {
    case DROP:
        w->count.dropped++;
        frame_drop(frame);
        cut(w, line, l);
        return;
    case CUT:
        w->count.cut++;
        deliver_last(w, line, l, way, frame);
        cut(w, line, l);
        return;
    case KILL:
        w->kills++;
        deliver_last(w, line, l, way, frame);
        (void)kill_peer(w, line->peer, l);
        return;
    case TWICE:
        w->count.duplicated++;
        forward(w, line, l, way, frame_hold(frame));
        forward(w, line, l, way, frame);
        return;
    case PASS:
    case DELAY:
    case DELAY_BARE:
        forward(w, line, l, way, frame);
        return;
    }
}

static bool
has_faults(const struct wire *w, const struct wire_line *line, enum way way)
{
    const struct stint_test_fault *f = &w->fault;

    if (!list_is_empty(&line->pipes[way].held)) return true;
    if (!is_meant(w, line)) return false;
    return f->drop > 0 || f->cut > 0 || f->duplicate > 0 || f->kill > 0
           || f->delay_ms > 0;
}

static struct frame *
copy_of(zmq_msg_t *message)
{
    size_t length = zmq_msg_size(message);
    uint8_t *bytes = malloc(length == 0 ? 1 : length);
    struct codec_frame header = { .number = 0 };

    if (bytes == NULL) return NULL;
    if (length > 0) memcpy(bytes, zmq_msg_data(message), length);
    (void)codec_open((struct slice){ bytes, length }, &header);
    struct frame *frame = frame_new(bytes, length, header.number);
    if (frame == NULL) free(bytes);
    return frame;
}

bool
wire_arrived(struct wire *w, struct loop *l, uint64_t conn,
    const uint8_t key[PROTO_KEY_BYTES], void *message)
{
    struct wire_line *line = find_line(w, conn);

    w->count.frames++;
    if (line == NULL) line = meet(w, conn, key, message);
    if (line == NULL) return true;
    if (line->dark) {
        w->count.swallowed++;
        return false;
    }
    if (!has_faults(w, line, UP)) return true;
    struct frame *frame = copy_of(message);
    if (frame == NULL) return true;
    pass(w, line, l, UP, frame);
    return false;
}

bool
wire_leaves(struct wire *w, struct loop *l, uint64_t conn, struct frame *frame)
{
    struct wire_line *line = find_line(w, conn);

    w->count.frames++;
    if (line == NULL) return true;
    if (line->dark) {
        w->count.swallowed++;
        frame_drop(frame);
        return false;
    }
    if (!has_faults(w, line, DOWN)) return true;
    pass(w, line, l, DOWN, frame);
    return false;
}

void
wire_fini(struct wire *w)
{
    while (w->lines != NULL) {
        struct wire_line *line = w->lines;
        darken(w, line);
        HASH_DELETE(hh, w->lines, line);
        free(line);
    }
    for (struct list *node; (node = list_pop(&w->peers)) != NULL;)
        free(CONTAINER_OF(node, struct wire_peer, node));
}
