/**
 * with_pipes.h - texts through the ends of pipes.             [layer: tests]
 */
#ifndef WITH_PIPES_H
#define WITH_PIPES_H

#include "tests/integration/with_master.h"

#include <stint_pipe.h>

static inline void
say_text(struct stint_pipe *p, const char *text)
{
    OK(stint_pipe_send(p, text, strlen(text), PATIENCE_MS));
}

static inline void
hear_text(struct stint_pipe *p, const char *text)
{
    struct stint_bytes message;

    OK(stint_pipe_recv(p, &message, PATIENCE_MS));
    expect(message, text);
}

/* What a recv says that must not give anything. */
static inline int
hear_code(struct stint_pipe *p, int64_t timeout_ms)
{
    struct stint_bytes message;

    return stint_pipe_recv(p, &message, timeout_ms);
}

#endif
