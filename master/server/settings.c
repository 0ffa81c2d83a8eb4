#include "master/server/settings.h"

#include <sodium.h>

#include "common/base.h"
#include "common/stint_error.h"
#include "common/sys/clock.h"
#include "common/sys/host.h"
#include "common/sys/say.h"
#include "common/sys/secret.h"
#include "master/core/queue.h"

static const char DEFAULT_LISTEN[] = "tcp://127.0.0.1:4725";
static const char PRIVATE_LISTEN[] = "tcp://127.0.0.1:0";
static const size_t FRAME_ROOM = 64 << 10; /* Beside one payload. */
static const size_t FRAME_LEAST = 1 << 20; /* However small a payload may be. */
static const size_t PAYLOAD_MOST = 1 << 30; /* messages.def. */
static const int64_t MS_MOST = INT64_MAX / TICK_MS;

/* Only its own program has a key to a private one, and asks it for its address:
 * so several of them need not quarrel about the port. */
static const char *
default_listen(const struct stint_master_options *o)
{
    bool has_keys =
        o->state_dir != NULL || o->authkey != NULL || o->authkey_file != NULL;

    return has_keys ? DEFAULT_LISTEN : PRIVATE_LISTEN;
}

static int
read_listen(struct settings *s, const struct stint_master_options *o)
{
    const char *listen = o->listen != NULL ? o->listen : default_listen(o);
    const char *why = NULL;

    if (address_parse(listen, &s->listen, &why) != 0) {
        return say(STINT_EINVAL, "cannot listen on \"%s\": %s", listen, why);
    }
    return 0;
}

static int
copy_authkey(struct settings *s, const char *bytes, size_t length)
{
    if (length > sizeof s->authkey) {
        return say(STINT_EINVAL, "the authkey is longer than %zu bytes",
            sizeof s->authkey);
    }
    memcpy(s->authkey, bytes, length);
    s->authkey_length = length;
    return 0;
}

static int
read_authkey(struct settings *s, const struct stint_master_options *o)
{
    s->has_authkey = o->authkey != NULL || o->authkey_file != NULL;
    s->allow_weak = o->allow_weak_authkey;
    if (!s->has_authkey) return 0;
    if (o->authkey != NULL && o->authkey_file != NULL) {
        return say(
            STINT_EINVAL, "give the authkey or the path of its file, not both");
    }
    if (o->authkey_file != NULL) {
        return secret_read(
            o->authkey_file, s->authkey, sizeof s->authkey, &s->authkey_length);
    }
    return copy_authkey(s, o->authkey,
        o->authkey_size != 0 ? o->authkey_size : strlen(o->authkey));
}

static int
check_authkey(const struct settings *s, const struct stint_master_options *o)
{
    if (!s->has_authkey) return 0;
    const char *problem = auth_authkey_problem(
        settings_authkey(s), s->allow_weak, s->listen.pinned);
    if (problem == NULL) return 0;
    if (o->authkey_file == NULL) return say(STINT_EINVAL, "%s", problem);
    return say(STINT_EACCESS, "%s: %s", o->authkey_file, problem);
}

/* Who listens for other hosts needs a key that somebody can have at all. */
static int
check_exposure(const struct settings *s, const struct stint_master_options *o)
{
    if (s->listen.pinned && o->state_dir == NULL) {
        return say(STINT_EINVAL,
            "a server key behind the address (#…) needs the state directory "
            "that holds it");
    }
    if (s->listen.loopback) return 0;
    if (!s->has_authkey && o->state_dir == NULL) {
        return say(STINT_EINVAL,
            "%s is reached from other hosts, but nobody there could have a "
            "key: give an authkey, or a state directory for access files",
            s->listen.endpoint);
    }
    return 0;
}

static int
read_time(const char *what, int64_t ms, tick_ns *out)
{
    if (ms < 0 || ms > MS_MOST) {
        return say(STINT_EINVAL, "%s is out of its bounds", what);
    }
    if (ms > 0) *out = ms * TICK_MS;
    return 0;
}

static int
read_sizes(struct core_config *c, const struct stint_master_options *o)
{
    size_t half = host_memory() / 2;

    if (o->payload_max > PAYLOAD_MOST) {
        return say(STINT_EINVAL, "payload_max is more than 1 GiB");
    }
    if (o->payload_max > 0) c->payload_max = o->payload_max;
    if (o->memory_max > 0) {
        c->memory_max = o->memory_max;
    } else if (half > 0) {
        c->memory_max = half;
    }
    if (o->sessions_max > 0) c->sessions_max = o->sessions_max;
    c->frame_max = c->payload_max < FRAME_LEAST ? FRAME_LEAST : c->payload_max;
    c->frame_max += FRAME_ROOM;
    return 0;
}

static int
read_durability(struct core_config *c, const struct stint_master_options *o)
{
    c->durable = o->state_dir != NULL && !o->memory;
    if (o->durability == NULL) return 0;
    int durability = queue_durability_of(o->durability);
    if (durability < 0) {
        return say(STINT_EINVAL,
            "the durability \"%s\" is not synced, written or memory",
            o->durability);
    }
    c->durability = (uint8_t)durability;
    return 0;
}

static int
read_core(struct core_config *c, const struct stint_master_options *o)
{
    core_config_init(c);
    randombytes_buf(&c->seed, sizeof c->seed);
    randombytes_buf(c->master, sizeof c->master);
    /* A million for each millisecond: no start gives as many. */
    c->fence_base = (uint64_t)(clock_wall() / TICK_MS) << 20;
    c->no_create = o->no_create;
    c->software = "stint " STINT_VERSION;
    int rc = read_sizes(c, o);
    if (rc == 0) rc = read_durability(c, o);
    if (rc == 0) rc = read_time("silence_ms", o->silence_ms, &c->silence);
    if (rc == 0) rc = read_time("session_ms", o->session_ms, &c->session_ttl);
    return rc;
}

int
settings_read(struct settings *s, const struct stint_master_options *options)
{
    static const struct stint_master_options defaults = { .listen = NULL };
    const struct stint_master_options *o =
        options == NULL ? &defaults : options;

    memset(s, 0, sizeof *s);
    int rc = read_listen(s, o);
    if (rc == 0) rc = read_authkey(s, o);
    if (rc == 0) rc = check_authkey(s, o);
    if (rc == 0) rc = check_exposure(s, o);
    if (rc == 0) rc = read_core(&s->core, o);
    if (rc == 0) rc = webplace_read(&s->web, o, &s->listen);
    if (rc != 0) settings_fini(s);
    return rc;
}

bool
settings_is_exposed(const struct settings *s)
{
    return s->has_authkey && !s->listen.loopback && !s->listen.pinned
           && auth_authkey_is_weak(settings_authkey(s));
}

void
settings_fini(struct settings *s)
{
    sodium_memzero(s->authkey, sizeof s->authkey);
    s->authkey_length = 0;
    webplace_fini(&s->web);
}

struct slice
settings_authkey(const struct settings *s)
{
    return (struct slice){ (const uint8_t *)s->authkey, s->authkey_length };
}
