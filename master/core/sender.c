#include "master/core/sender.h"

#include <stdlib.h>

#include "common/base.h"
#include "master/core/reply.h"

/* The open frame waits for a batch that still fills: more may join it. */
static bool
gathers(const struct core *core, const struct session *s)
{
    return s->stream.gate == core->journal.filling
           && !journal_is_open(core, s->stream.gate);
}

void
sender_seal_all(struct core *core)
{
    struct list *with_frames[] = { &core->sending, &core->gated };

    for (size_t i = 0; i < ARRAY_LEN(with_frames); i++) {
        LIST_FOREACH (node, after, with_frames[i]) {
            struct session *s = CONTAINER_OF(node, struct session, sending);
            if (!gathers(core, s)) reply_seal(core, s);
        }
    }
}

/* The next frame of `s`, sealed now if it has only been gathering. */
static const struct frame *
peek(struct core *core, struct session *s)
{
    const struct frame *f = stream_peek(&s->stream);

    if (f != NULL || s->stream.open_messages == 0 || gathers(core, s)) return f;
    reply_seal(core, s);
    return stream_peek(&s->stream);
}

bool
sender_next(struct core *core, uint64_t *conn, struct frame **frame)
{
    struct list *node = list_pop(&core->letters);

    if (node != NULL) {
        struct letter *letter = CONTAINER_OF(node, struct letter, node);
        *conn = letter->conn;
        *frame = letter->frame;
        free(letter);
        return true;
    }
    for (;;) {
        node = list_first(&core->sending);
        if (node == NULL) return false;
        struct session *s = CONTAINER_OF(node, struct session, sending);
        const struct frame *f = s->conn != 0 ? peek(core, s) : NULL;
        if (f != NULL && journal_is_open(core, f->gate)) {
            *conn = s->conn;
            *frame = frame_hold(stream_next(&s->stream));
            return true;
        }
        if (s->stream.open.failed) continue; /* It is among the broken now. */
        bool waits = s->conn != 0 && (f != NULL || s->stream.open_messages > 0);
        list_remove(&s->sending);
        if (waits) list_push(&core->gated, &s->sending);
    }
}

void
sender_fini(struct core *core)
{
    for (;;) {
        struct list *node = list_pop(&core->letters);
        if (node == NULL) return;
        struct letter *letter = CONTAINER_OF(node, struct letter, node);
        frame_drop(letter->frame);
        free(letter);
    }
}
