#include "process/capture.h"

#include <string.h>
#include <unistd.h>

enum { CHUNK = 16384, KEEP_MAX = 1 << 18 };

void
capture_init(struct capture *c)
{
    memset(c, 0, sizeof *c);
    (void)pthread_mutex_init(&c->lock, NULL);
    buf_init(&c->kept[CAPTURE_OUT]);
    buf_init(&c->kept[CAPTURE_ERR]);
}

void
capture_fini(struct capture *c)
{
    buf_fini(&c->kept[CAPTURE_OUT]);
    buf_fini(&c->kept[CAPTURE_ERR]);
    (void)pthread_mutex_destroy(&c->lock);
}

void
capture_begin(struct capture *c, size_t out_max, size_t err_max)
{
    (void)pthread_mutex_lock(&c->lock);
    for (int i = CAPTURE_OUT; i <= CAPTURE_ERR; i++) {
        if (c->kept[i].capacity > KEEP_MAX) buf_fini(&c->kept[i]);
        buf_clear(&c->kept[i]);
        c->cut[i] = false;
    }
    c->max[CAPTURE_OUT] = out_max;
    c->max[CAPTURE_ERR] = err_max;
    c->last_length = 0;
    c->failed = c->watched = false;
    (void)pthread_mutex_unlock(&c->lock);
}

void
capture_drop(struct capture *c, enum capture_stream stream)
{
    (void)pthread_mutex_lock(&c->lock);
    buf_clear(&c->kept[stream]);
    (void)pthread_mutex_unlock(&c->lock);
}

/* ---- writing ------------------------------------------------------------- */

static void
keep_last(struct capture *c, const uint8_t *bytes, size_t length)
{
    if (length > CAPTURE_LAST) {
        bytes += length - CAPTURE_LAST;
        length = CAPTURE_LAST;
    }
    size_t over = c->last_length + length;
    over = over > CAPTURE_LAST ? over - CAPTURE_LAST : 0;
    memmove(c->last, c->last + over, c->last_length - over);
    c->last_length -= over;
    memcpy(c->last + c->last_length, bytes, length);
    c->last_length += length;
}

static struct slice
tail_of(const struct buf *b)
{
    size_t n = b->length < CAPTURE_LAST ? b->length : CAPTURE_LAST;

    if (n == 0) return (struct slice){ NULL, 0 };
    return (struct slice){ b->bytes + b->length - n, n };
}

/* What comes behind the bound: only that it came is remembered, and its end. */
static void
drop(struct capture *c, enum capture_stream stream, const uint8_t *bytes,
    size_t length)
{
    if (stream == CAPTURE_ERR) {
        struct slice tail = tail_of(&c->kept[CAPTURE_ERR]);

        if (!c->cut[stream] && tail.length > 0) {
            keep_last(c, tail.bytes, tail.length);
        }
        keep_last(c, bytes, length);
    }
    c->cut[stream] = true;
}

static size_t
room_of(const struct capture *c, enum capture_stream stream)
{
    const struct buf *b = &c->kept[stream];

    return c->cut[stream] || b->length >= c->max[stream]
               ? 0
               : c->max[stream] - b->length;
}

static uint8_t *
reserve(struct capture *c, enum capture_stream stream, size_t *room)
{
    (void)pthread_mutex_lock(&c->lock);
    uint8_t *to = buf_reserve(&c->kept[stream], *room);
    if (to == NULL) {
        c->failed = true;
        *room = 0;
    }
    (void)pthread_mutex_unlock(&c->lock);
    return to;
}

static bool
commit(struct capture *c, enum capture_stream stream, size_t length)
{
    (void)pthread_mutex_lock(&c->lock);
    c->kept[stream].length += length;
    bool more = c->watched;
    c->watched = false;
    (void)pthread_mutex_unlock(&c->lock);
    return more;
}

/* Only this thread moves or grows `kept`, so it is read into without the lock,
 * behind what the others may see. */
ssize_t
capture_read(struct capture *c, enum capture_stream stream, int fd, bool *more)
{
    uint8_t waste[CHUNK], *to = waste;
    size_t room = room_of(c, stream);

    *more = false;
    if (room > CHUNK) room = CHUNK;
    if (room > 0) to = reserve(c, stream, &room);
    if (room == 0) to = waste;
    ssize_t n = read(fd, to, room > 0 ? room : sizeof waste);
    if (n <= 0) return n;
    if (room > 0) {
        *more = commit(c, stream, (size_t)n);
    } else {
        drop(c, stream, waste, (size_t)n);
    }
    return n;
}

/* ---- looking ------------------------------------------------------------- */

struct slice
capture_last(const struct capture *c)
{
    if (!c->cut[CAPTURE_ERR]) return tail_of(&c->kept[CAPTURE_ERR]);
    return (struct slice){ c->last, c->last_length };
}

/* True: there is more than was copied. */
static bool
copy(struct buf *to, const struct buf *from, size_t at)
{
    buf_clear(to);
    if (at >= from->length) return false;

    size_t n = from->length - at;
    if (n > CAPTURE_LOOK) n = CAPTURE_LOOK;
    buf_append(to, from->bytes + at, n);
    return at + n < from->length;
}

bool
capture_look(struct capture *c, struct capture_view *view)
{
    (void)pthread_mutex_lock(&c->lock);
    bool more = copy(&view->out, &c->kept[CAPTURE_OUT], view->out_from);
    if (copy(&view->err, &c->kept[CAPTURE_ERR], view->err_from)) more = true;
    bool some = view->out.length > 0 || view->err.length > 0;
    if (!some) c->watched = true;
    (void)pthread_mutex_unlock(&c->lock);
    view->more = more;
    return some;
}
