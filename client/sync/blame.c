#include "client/sync/blame.h"

#include <stdio.h>
#include <string.h>

#include "client/sync/ask.h"
#include "common/base.h"
#include "common/error.h"
#include "common/sys/say.h"

enum { WAS_SAID = 640, NS_OF_A_MS = 1000 * 1000 };

const char *
blame_kind(uint64_t kind)
{
    static const char *const words[] = { "object", "lock", "rlock", "semaphore",
        "condition", "event", "barrier", "dict", "list", "value", "pipe" };

    return words[kind < ARRAY_LEN(words) ? kind : 0];
}

/* What the connection suffered from is nothing of the object's. */
static bool
is_of_connection(int code)
{
    switch (code) {
    case STINT_ECLOSED:
    case STINT_ELOST:
    case STINT_EUNREACHABLE:
    case STINT_EAUTH:
    case STINT_EPROTO:
    case STINT_EMALFORMED:
    case STINT_ENOMEM:
    case STINT_ECANCELLED:
        return true;
    default:
        return false;
    }
}

int
blame_other(const struct named *n, int code)
{
    char said[WAS_SAID];

    if (is_of_connection(code)) return code;
    (void)snprintf(said, sizeof said, "%s", say_message());
    return say(code, "%s \"%s\": %s", blame_kind(n->open.kind), n->name, said);
}

int
blame_gone(const struct named *n)
{
    return say(STINT_ENOOBJECT,
        "there is no %s \"%s\" any more: it was deleted, or lived in the "
        "memory of a master that was started anew; open it again to make it "
        "again",
        blame_kind(n->open.kind), n->name);
}

/* ---- opening ------------------------------------------------------------- */

static int
exists(const struct named *n)
{
    const char *kind = blame_kind(n->open.kind);

    if (n->open.only_open != 0) {
        return say(STINT_EEXISTS,
            "\"%s\" is there, but is no %s: use another name (what is it? "
            "stint objects)",
            n->name, kind);
    }
    return say(STINT_EEXISTS,
        "\"%s\" is there already, made with other options or as something "
        "else than a %s: .only_open = true, or NULL for the options, opens "
        "the %s that is there; else use another name",
        n->name, kind, kind);
}

int
blame_open(const struct named *n, int code)
{
    const char *kind = blame_kind(n->open.kind);

    switch (code) {
    case STINT_EEXISTS:
        return exists(n);
    case STINT_ENOOBJECT:
        if (n->open.only_open == 0) return blame_other(n, code);
        return say(code, "there is no %s \"%s\", and %s", kind, n->name,
            n->open.kind == NAMED_BARRIER
                ? "only options with .parties make one"
                : ".only_open says not to make it");
    default:
        return blame_other(n, code);
    }
}

/* ---- asking -------------------------------------------------------------- */

static int
too_late(const struct named *n, const struct msg_sync *m, tick_ns wait_ns)
{
    const char *kind = blame_kind(n->open.kind);
    long long ms = (long long)((wait_ns + NS_OF_A_MS - 1) / NS_OF_A_MS);

    if (m->verb == ASK_ACQUIRE && wait_ns <= 0) {
        return say(STINT_ETIMEOUT, "%s \"%s\" is not free now", kind, n->name);
    }
    return say(STINT_ETIMEOUT, "%s \"%s\" %s within %lld ms", kind, n->name,
        m->verb == ASK_ACQUIRE            ? "did not come free"
        : n->open.kind == NAMED_EVENT     ? "was not set"
        : n->open.kind == NAMED_BARRIER   ? "was not reached by all parties"
        : n->open.kind == NAMED_CONDITION ? "was not notified"
                                          : "did not answer",
        ms);
}

static int
not_held(const struct named *n)
{
    const char *kind = blame_kind(n->open.kind);

    switch (n->open.kind) {
    case NAMED_LOCK:
        return say(STINT_ENOTHELD,
            "lock \"%s\" is held by nobody: acquire it first", n->name);
    case NAMED_RLOCK:
    case NAMED_CONDITION:
        return say(STINT_ENOTHELD,
            "%s \"%s\" is not held by this thread: acquire it first", kind,
            n->name);
    default:
        return blame_other(n, STINT_ENOTHELD);
    }
}

int
blame_sync(
    const struct named *n, const struct msg_sync *m, tick_ns wait_ns, int code)
{
    const char *kind = blame_kind(n->open.kind);

    switch (code) {
    case STINT_ETIMEOUT:
        if (strcmp(say_message(), error_text(code)) != 0) break;
        return too_late(n, m, wait_ns);
    case STINT_ENOTHELD:
        return not_held(n);
    case STINT_ESTALE:
        return say(code,
            "%s \"%s\" is not ours any more: another released it, or it was "
            "taken from us while we were cut off",
            kind, n->name);
    case STINT_EBROKEN:
        return say(code,
            "barrier \"%s\" is broken: somebody timed out, left, aborted or "
            "reset it while others waited; stint_barrier_reset() makes it "
            "whole",
            n->name);
    case STINT_ENOOBJECT:
        return blame_gone(n);
    default:
        break;
    }
    return blame_other(n, code);
}
