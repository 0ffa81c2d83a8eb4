#include "master/core/backlog.h"

#include <stdlib.h>

#include "common/base.h"
#include "common/stint_error.h"

/* Of one session, besides one frame of any length. */
enum { KEPT_MAX = 32 << 20 };

struct backlog {
    struct list node;
    struct codec_frame frame; /* Its rest is in `bytes`. */
    size_t length;
    uint8_t bytes[];
};

static struct backlog *
first(const struct session *s)
{
    struct list *node = list_first(&s->backlog);

    return node == NULL ? NULL : CONTAINER_OF(node, struct backlog, node);
}

int
backlog_add(struct core *core, struct session *s, const struct codec_frame *f)
{
    size_t length = f->rest.length;

    if (s->backlog_bytes + length > core->config.frame_max + KEPT_MAX) {
        return STINT_ELIMIT;
    }
    struct backlog *b = malloc(sizeof *b + length);
    if (b == NULL) return STINT_ENOMEM;
    if (length > 0) memcpy(b->bytes, f->rest.bytes, length);
    b->frame = *f;
    b->frame.rest.bytes = b->bytes;
    b->length = sizeof *b + length;
    list_init(&b->node);
    list_push(&s->backlog, &b->node);
    s->backlog_bytes += b->length;
    core->backlog_bytes += b->length;
    if (list_is_empty(&s->behind)) list_push(&core->behind, &s->behind);
    return 0;
}

struct codec_frame *
backlog_first(const struct session *s)
{
    struct backlog *b = first(s);

    return b == NULL ? NULL : &b->frame;
}

void
backlog_pop(struct core *core, struct session *s)
{
    struct backlog *b = first(s);

    if (b == NULL) return;
    list_remove(&b->node);
    s->backlog_bytes -= b->length;
    core->backlog_bytes -= b->length;
    free(b);
    if (list_is_empty(&s->backlog)) list_remove(&s->behind);
}

void
backlog_drop(struct core *core, struct session *s)
{
    while (!list_is_empty(&s->backlog))
        backlog_pop(core, s);
}

bool
backlog_is_long(const struct core *core)
{
    return core->backlog_bytes
           > core->config.memory_max / 8 + core->config.frame_max;
}

bool
backlog_has_had(const struct core *core, struct session *s)
{
    if (s->spent_in != core->turns) {
        s->spent_in = core->turns;
        s->spent = 0;
    }
    return s->spent > 0 && s->spent >= core->config.share_max;
}

void
backlog_charge(struct core *core, struct session *s, uint64_t before)
{
    s->spent += core->spent - before;
}
