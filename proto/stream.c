#include "proto/stream.h"

#include <stdlib.h>
#include <string.h>

#include "common/base.h"
#include "common/check.h"
#include "common/stint_error.h"

/* What is reserved beforehand stays below malloc's own pages. */
enum { EXPECTED_MAX = 64 * 1024 };

static struct frame *
frame_of(struct list *node)
{
    return CONTAINER_OF(node, struct frame, node);
}

void
stream_init(struct stream *s)
{
    *s = (struct stream){ .sent = 0 };
    list_init(&s->kept);
    s->next = &s->kept;
    buf_init(&s->open);
}

static void
drop_all(struct list *frames)
{
    LIST_FOREACH (node, after, frames) {
        list_remove(node);
        frame_drop(frame_of(node));
    }
}

void
stream_fini(struct stream *s)
{
    drop_all(&s->kept);
    buf_fini(&s->open);
    stream_init(s);
}

/* ---- sending ------------------------------------------------------------- */

/* Begin a frame that may come to `expected` bytes. */
static void
reserve_header(struct buf *b, size_t expected)
{
    if (expected < FRAME_HEADER_BYTES) expected = FRAME_HEADER_BYTES;
    if (buf_reserve(b, expected) != NULL) b->length += FRAME_HEADER_BYTES;
}

struct buf *
stream_message(struct stream *s)
{
    /* Without memory nothing more is appended, and the next seal says so. */
    if (s->open_messages == FRAME_MESSAGES_MAX && stream_seal(s) != 0) {
        s->open.failed = true;
        return &s->open;
    }
    if (s->open_messages == 0) reserve_header(&s->open, s->expected);
    s->open_messages += 1;
    return &s->open;
}

size_t
stream_open_bytes(const struct stream *s)
{
    return s->open_messages == 0 || s->open.length < FRAME_HEADER_BYTES
               ? 0
               : s->open.length - FRAME_HEADER_BYTES;
}

/* Make a frame of the bytes of `b`, which gives them up. */
static struct frame *
take(struct buf *b, uint64_t number, uint64_t ack, uint32_t messages)
{
    if (b->failed) return NULL;
    codec_header(b->bytes, number, ack, messages);

    /* It may be kept for long: what it does not need goes back. */
    uint8_t *tight = realloc(b->bytes, b->length);
    if (tight != NULL) {
        b->bytes = tight;
        b->capacity = b->length;
    }
    struct frame *f = frame_new(b->bytes, b->length, number);
    if (f != NULL) buf_init(b);
    return f;
}

/* `next` stays the first frame that this connection was not given. */
static void
keep(struct stream *s, struct frame *f)
{
    list_push(&s->kept, &f->node);
    if (s->next == &s->kept) s->next = &f->node;
    s->kept_count += 1;
    s->kept_bytes += f->length;
}

int
stream_seal(struct stream *s)
{
    if (s->open_messages == 0) return 0;

    /* The next one is often as long: no growing in steps. */
    s->expected = s->open.length < EXPECTED_MAX ? s->open.length : EXPECTED_MAX;

    struct frame *f = take(&s->open, s->sent + 1, s->seen, s->open_messages);
    if (f == NULL) return STINT_ENOMEM;
    f->gate = s->gate;
    s->gate = 0;
    s->open_messages = 0;
    s->sent += 1;
    s->told = s->seen;
    keep(s, f);
    return 0;
}

const struct frame *
stream_peek(const struct stream *s)
{
    return s->next == &s->kept ? NULL : frame_of(s->next);
}

struct frame *
stream_next(struct stream *s)
{
    if (s->next == &s->kept) return NULL;

    struct frame *f = frame_of(s->next);
    s->next = s->next->next;
    return f;
}

struct frame *
stream_bare(struct stream *s, const struct msg *m)
{
    struct buf b;

    buf_init(&b);
    reserve_header(&b, 0);
    if (m != NULL) codec_message(&b, m);
    struct frame *f = take(&b, 0, s->seen, m != NULL ? 1 : 0);
    buf_fini(&b);
    if (f != NULL) s->told = s->seen;
    return f;
}

/* ---- receiving ----------------------------------------------------------- */

static void
acknowledge(struct stream *s, uint64_t ack)
{
    while (s->acked < ack) {
        struct frame *f = frame_of(s->kept.next);
        if (s->next == &f->node) s->next = f->node.next;
        list_remove(&f->node);
        s->acked = f->number;
        s->kept_count -= 1;
        s->kept_bytes -= f->length;
        frame_drop(f);
    }
}

int
stream_accept(struct stream *s, uint64_t number, uint64_t ack)
{
    if (ack > s->sent) return STINT_EMALFORMED;
    if (number > s->seen && number - s->seen > 1) return STINT_EMALFORMED;

    acknowledge(s, ack);
    if (number == 0) return 1;
    if (number <= s->seen) return 0;
    s->seen = number;
    return 1;
}

bool
stream_owes_ack(const struct stream *s)
{
    return s->told < s->seen;
}

int
stream_resume(struct stream *s, uint64_t peer_seen)
{
    if (peer_seen > s->sent) return STINT_EMALFORMED;

    acknowledge(s, peer_seen);
    s->next = s->kept.next;
    return 0;
}

/* A frame of another number with the same messages. */
static struct frame *
renumber(const struct frame *f, uint64_t number)
{
    uint8_t *bytes = malloc(f->length);

    if (bytes == NULL) return NULL;
    memcpy(bytes, f->bytes, f->length);
    uint32_t items = (uint32_t)bytes[1] << 8 | bytes[2];
    codec_header(bytes, number, 0, items - 2);

    struct frame *copy = frame_new(bytes, f->length, number);
    if (copy == NULL) free(bytes);
    return copy;
}

int
stream_restart(struct stream *s)
{
    struct list copies;
    uint64_t number = 0;

    /* Copies: another thread may be sending the old ones. */
    list_init(&copies);
    LIST_FOREACH (node, after, &s->kept) {
        struct frame *copy = renumber(frame_of(node), ++number);
        if (copy == NULL) {
            drop_all(&copies);
            return STINT_ENOMEM;
        }
        list_push(&copies, &copy->node);
    }
    drop_all(&s->kept);
    for (struct list *node; (node = list_pop(&copies)) != NULL;) {
        list_push(&s->kept, node);
    }
    s->next = s->kept.next;
    s->sent = number;
    s->acked = s->seen = s->told = 0;
    return 0;
}
