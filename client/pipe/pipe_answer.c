#include "client/pipe/pipe_answer.h"

#include "client/call.h"
#include "client/pipe/pipe_tell.h"
#include "client/pump.h"
#include "common/error.h"
#include "common/sys/say.h"

enum { CALL_BYTES = 64 };

int
pipe_answer_say(const struct stint_pipe *p, int code)
{
    switch (code) {
    case STINT_ESTALE:
    case STINT_ENOOBJECT:
    case STINT_EEOF:
        if (p->passed && code == STINT_ESTALE) {
            return say(STINT_ECLOSED,
                "this end of the pipe was passed on, and somebody has accepted "
                "it");
        }
        return say(STINT_EEOF,
            code == STINT_EEOF
                ? "the other end of the pipe is closed"
                : "the pipe is gone: its master was started anew, or took us "
                  "for dead");
    case STINT_ETIMEOUT:
        return say(code,
            "the pipe has no room: the other end has not received what was "
            "sent before");
    default:
        return say(code, "%s", error_text(code));
    }
}

int
pipe_answer_look(const struct stint_pipe *p, tick_ns deadline)
{
    struct msg m = { .type = MSG_pipe,
        .as.pipe = pipe_tell_about(p, PIPE_LOOK) };
    struct call call;

    int rc = call_begin(&call, p->s, 1, CALL_BYTES);
    if (rc == 0) rc = call_send(&call, &m, pump_grace(deadline));
    if (rc == 0) call_end(&call);
    return rc;
}
