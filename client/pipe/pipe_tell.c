#include "client/pipe/pipe_tell.h"

#include "common/base.h"
#include "common/sys/clock.h"

enum { TELL_BYTES = 64 };

#define TELL_AFTER TICK_MS

struct msg_pipe
pipe_tell_about(const struct stint_pipe *p, enum pipe_verb verb)
{
    return (struct msg_pipe){ .verb = verb,
        .pipe = p->number,
        .end = p->end,
        .grip = p->grip,
        .received = p->received };
}

void
pipe_tell(const struct stint_pipe *p, enum pipe_verb verb)
{
    struct msg m = { .type = MSG_pipe, .as.pipe = pipe_tell_about(p, verb) };
    struct buf *b = rpc_tell(p->s->rpc, TELL_BYTES);

    if (b != NULL) codec_message(b, &m);
}

void
pipe_tell_later(struct stint_pipe *p)
{
    struct stint *s = p->s;

    if (p->passed || !list_is_empty(&p->node)) return;
    if (list_is_empty(&s->pipes)) {
        s->pipes_at = tick_after(clock_now(), TELL_AFTER);
    }
    list_push(&s->pipes, &p->node);
}

void
pipe_tell_turn(struct stint *s, tick_ns now)
{
    if (now < s->pipes_at) return;
    for (struct list *node; (node = list_pop(&s->pipes)) != NULL;)
        pipe_tell(CONTAINER_OF(node, struct stint_pipe, node), PIPE_RECEIVED);
    s->pipes_at = TICK_NEVER;
}
