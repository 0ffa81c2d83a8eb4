#include "master/server/router.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

#include "common/base.h"
#include "common/stint_error.h"
#include "common/sys/host.h"
#include "common/sys/say.h"
#include "master/server/zap.h"

/* Of the drafts in zmq.h, but built into Debian's library: without it a context
 * whose ZAP handler is gone lets everybody in. */
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif

/* Of the drafts too.  It lets messages share the buffers they were read into,
 * at 10 KB a connection for the counts; CURVE copies in any case. */
#ifndef ZMQ_ZERO_COPY_RECV
#define ZMQ_ZERO_COPY_RECV 10
#endif

enum {
    HIGH_WATER =
        64, /* Messages each way for each peer; bytes are the core's. */
    BACKLOG = 1024,
    HANDSHAKE_MS = 3000,
    KEEPALIVE_IDLE_S = 10,
    KEEPALIVE_EVERY_S = 5,
    KEEPALIVE_COUNT = 3,
    UNSENT_MS = 15000, /* TCP gives a connection up that takes nothing. */
    LINGER_MS = 1000,  /* For the answers under way when the master stops. */
    FILES = 48,        /* With the first connection of our own. */
    CURVE_EXTRA = 64,  /* MAXMSGSIZE counts what CURVE adds, 33 bytes. */
};

void *
router_context(void)
{
    unsigned half = host_cores() / 2;
    int threads = half < 1 ? 1 : half > 4 ? 4 : (int)half;

    /* libzmq ends the process when it cannot have one. */
    if (!host_can_open(FILES)) {
        (void)say(STINT_ESYSTEM,
            "a master needs %d descriptors to begin, and fewer are left: raise "
            "the limit of open files (ulimit -n)",
            FILES);
        return NULL;
    }
    void *context = zmq_ctx_new();
    if (context == NULL) {
        (void)say(STINT_ESYSTEM, "no ZeroMQ context: %s", zmq_strerror(errno));
        return NULL;
    }
    (void)zmq_ctx_set(context, ZMQ_IO_THREADS, threads);
    (void)zmq_ctx_set(context, ZMQ_ZERO_COPY_RECV, 0);
    return context;
}

static int
set_numbers(void *router)
{
    static const struct {
        int option, value;
    } numbers[] = {
        { ZMQ_CURVE_SERVER, 1 },
        { ZMQ_ZAP_ENFORCE_DOMAIN, 1 },
        { ZMQ_ROUTER_MANDATORY, 1 },
        { ZMQ_ROUTER_HANDOVER, 0 },
        { ZMQ_SNDHWM, HIGH_WATER },
        { ZMQ_RCVHWM, HIGH_WATER },
        { ZMQ_BACKLOG, BACKLOG },
        { ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS },
        /* Not ZMQ_HEARTBEAT_IVL: its timer aborts the process when it meets a
         * connection that broke while its messages waited to be read
         * (!_io_error).  Who is dead the session's silence tells; these only
         * free the descriptor. */
        { ZMQ_TCP_KEEPALIVE, 1 },
        { ZMQ_TCP_KEEPALIVE_IDLE, KEEPALIVE_IDLE_S },
        { ZMQ_TCP_KEEPALIVE_INTVL, KEEPALIVE_EVERY_S },
        { ZMQ_TCP_KEEPALIVE_CNT, KEEPALIVE_COUNT },
        { ZMQ_TCP_MAXRT, UNSENT_MS },
        { ZMQ_LINGER, LINGER_MS },
    };

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        if (zmq_setsockopt(router, numbers[i].option, &numbers[i].value,
                sizeof numbers[i].value)
            != 0) {
            return say(STINT_ESYSTEM,
                "this libzmq refuses the socket option %d, without which the "
                "master would not be safe: %s",
                numbers[i].option, zmq_strerror(errno));
        }
    }
    return 0;
}

static int
set_options(void *router, const struct auth_pair *server, size_t frame_max)
{
    int64_t largest = (int64_t)frame_max + CURVE_EXTRA;

    if (zmq_setsockopt(router, ZMQ_MAXMSGSIZE, &largest, sizeof largest) != 0
        || zmq_setsockopt(
               router, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN, sizeof ZAP_DOMAIN - 1)
               != 0
        || zmq_setsockopt(router, ZMQ_CURVE_SECRETKEY, server->secret_key,
               sizeof server->secret_key)
               != 0) {
        return say(STINT_ESYSTEM, "the socket cannot be made safe: %s",
            zmq_strerror(errno));
    }
    return set_numbers(router);
}

int
router_open(
    void *context, const struct auth_pair *server, size_t frame_max, void **out)
{
    /* libzmq numbers peers from rand(), which starts the same everywhere: who
     * takes the coming number for a name of its own aborts the process. */
    srand(randombytes_random());

    void *router = zmq_socket(context, ZMQ_ROUTER);
    if (router == NULL) {
        return say(
            STINT_ESYSTEM, "no socket to listen on: %s", zmq_strerror(errno));
    }
    int rc = set_options(router, server, frame_max);
    if (rc != 0) {
        (void)zmq_close(router);
        return rc;
    }
    *out = router;
    return 0;
}

/* libzmq listens on addresses and interfaces, not on names.  What cannot be
 * looked up is left as it is: it may be an interface. */
static void
look_up(const struct address *where, char out[256])
{
    char host[256], numeric[INET_ADDRSTRLEN] = "127.0.0.1";
    unsigned port = 0;
    struct addrinfo hints = { .ai_family = AF_INET }, *found = NULL;

    (void)snprintf(out, 256, "%s", where->endpoint);
    if (where->wildcard || where->ipv6
        || !address_split(where->endpoint, host, &port)) {
        return;
    }
    if (strcmp(host, "localhost") != 0) {
        if (getaddrinfo(host, NULL, &hints, &found) != 0) return;
        (void)getnameinfo(found->ai_addr, found->ai_addrlen, numeric,
            sizeof numeric, NULL, 0, NI_NUMERICHOST);
        freeaddrinfo(found);
    }
    (void)snprintf(out, 256, "tcp://%s:%u", numeric, port);
}

/* This host as others see it; those who cannot look up its name would not find
 * it, so then it is at least found from here. */
static void
own_name(char out[256])
{
    struct addrinfo *found = NULL;

    host_name(out);
    if (getaddrinfo(out, NULL, NULL, &found) != 0) {
        (void)snprintf(out, 256, "127.0.0.1");
        return;
    }
    freeaddrinfo(found);
}

/* Fill `place` from what was asked for and the endpoint that libzmq bound. */
static int
locate(const struct address *where, const char *bound, struct router_place *p)
{
    char host[256], asked[256], name[256];
    unsigned port = 0, ignored = 0;

    (void)snprintf(p->address, sizeof p->address, "%s", bound);
    (void)snprintf(p->local, sizeof p->local, "%s", bound);
    if (!address_split(bound, host, &port)
        || !address_split(where->endpoint, asked, &ignored)) {
        return 0;
    }
    const char *bracket = where->ipv6 ? "[" : "";
    if (where->wildcard) {
        own_name(name);
        (void)snprintf(p->local, sizeof p->local,
            where->ipv6 ? "tcp://[::1]:%u" : "tcp://127.0.0.1:%u", port);
    } else {
        (void)snprintf(name, sizeof name, "%s%.250s%s", bracket, asked,
            where->ipv6 ? "]" : "");
    }
    int length =
        snprintf(p->address, sizeof p->address, "tcp://%.240s:%u", name, port);
    return (size_t)length < sizeof p->address
               ? 0
               : say(STINT_EINVAL, "the host name %s is too long", name);
}

static int
bind_failed(const char *endpoint)
{
    switch (errno) {
    case EADDRINUSE:
        return say(STINT_EBUSY,
            "%s is in use: another program (a master, or the --http of one) "
            "uses "
            "it; choose another port with --listen",
            endpoint);
    case EADDRNOTAVAIL:
    case ENODEV:
        return say(STINT_EINVAL, "%s is no address of this host", endpoint);
    case EACCES:
        return say(STINT_ESYSTEM,
            "%s may not be listened on by this user: choose a port above 1023",
            endpoint);
    default:
        return say(STINT_ESYSTEM, "cannot listen on %s: %s", endpoint,
            zmq_strerror(errno));
    }
}

int
router_bind(
    void *router, const struct address *where, struct router_place *place)
{
    char endpoint[256], bound[256] = "";
    size_t size = sizeof bound;
    int ipv6 = where->ipv6;

    look_up(where, endpoint);
    (void)zmq_setsockopt(router, ZMQ_IPV6, &ipv6, sizeof ipv6);
    if (zmq_bind(router, endpoint) != 0) return bind_failed(endpoint);
    if (zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, bound, &size) != 0) {
        return say(STINT_ESYSTEM, "the bound address is not known: %s",
            zmq_strerror(errno));
    }
    return locate(where, bound, place);
}
