/* The life of a connection, from stint_connect() to stint_close().
 *                                                            [layer: client] */
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "client/call.h"
#include "client/consumer.h"
#include "client/dial.h"
#include "client/find.h"
#include "client/forked.h"
#include "client/future.h"
#include "client/hold.h"
#include "client/job/duties.h"
#include "client/job/encode.h"
#include "client/pump.h"
#include "client/queue.h"
#include "common/sys/clock.h"
#include "common/sys/host.h"
#include "common/sys/say.h"
#include "common/text.h"

enum { CALL_BYTES = 64, TRAITS_MAX = 128 };

#define TIMEOUT_DEFAULT (20 * TICK_S)
#define BUFFER_DEFAULT ((size_t)8 * 1024 * 1024)

/* ---- what the session tells ---------------------------------------------- */

static void
take_result(void *arg, const struct rec_result *result)
{
    future_ended(arg, result);
}

static void
take_restart(void *arg)
{
    struct stint *s = arg;

    s->starts += 1;
    if (rpc_welcome(s->rpc).kept == 0) {
        future_lose_accepted(s);
    } else {
        future_lose_fleeting(s);
    }
    hold_show(s, clock_now());
    if (s->duties.restarted != NULL) s->duties.restarted(s->duties.arg);
}

static void
take_pong(void *arg, uint64_t echo)
{
    struct stint *s = arg;

    if (echo > s->pong) s->pong = echo;
}

static void
take_duty(void *arg, const struct msg *m)
{
    duties_take(arg, m);
}

/* ---- connecting ---------------------------------------------------------- */

static int
check_options(const struct stint_options *o)
{
    if (o->connect_timeout_ms < STINT_FOREVER
        || o->timeout_ms < STINT_FOREVER) {
        return say(STINT_EINVAL,
            "a timeout is negative: give 0 or more, or STINT_FOREVER");
    }
    if (o->kind > STINT_TOOL || o->slots > UINT16_MAX
        || (o->name != NULL && strlen(o->name) > PROTO_NAME_MAX)) {
        return say(STINT_EINVAL,
            "kind, slots (at most 65535) or name (at most %d bytes) is out of "
            "its bounds",
            PROTO_NAME_MAX);
    }
    if (o->name != NULL && !text_is_plain(slice_of(o->name))) {
        return say(STINT_EINVAL, "the name of a connection must be plain text "
                                 "in UTF-8, without control characters");
    }
    return 0;
}

static tick_ns
length_of(int64_t ms)
{
    if (ms == 0) return TIMEOUT_DEFAULT;
    return ms < 0 || ms > TICK_NEVER / TICK_MS ? TICK_NEVER : ms * TICK_MS;
}

static struct rpc_config
configure(struct stint *s, const struct stint_options *o)
{
    struct rpc_config config = { .result = take_result,
        .restarted = take_restart,
        .duty = take_duty,
        .pong = take_pong,
        .arg = s };

    (void)snprintf(s->name, sizeof(s->name), "%s",
        o->name != NULL ? o->name : program_invocation_short_name);
    text_clean((uint8_t *)s->name, strlen(s->name)); /* The program's may be
                                                        anything. */
    host_name(s->host);
    randombytes_buf(config.session, sizeof(config.session));
    config.hello.kind = (uint64_t)o->kind;
    config.hello.name = slice_of(s->name);
    config.hello.host = slice_of(s->host);
    config.hello.pid = (uint64_t)getpid();
    config.hello.slots = o->slots;
    config.hello.software = slice_of("libstint " STINT_VERSION);
    return config;
}

/* The session with what every hello of it says. */
static int
open_session(struct stint *s, const struct stint_options *o)
{
    struct rpc_config config = configure(s, o);

    buf_init(&s->traits);
    int rc =
        encode_traits(&s->traits, &config.hello.traits, o->traits, TRAITS_MAX);
    if (rc != 0) return rc;
    s->rpc = rpc_new(&config, clock_now());
    if (s->rpc != NULL && pthread_mutex_init(&s->lock, NULL) == 0) return 0;
    rpc_free(s->rpc);
    return say(STINT_ENOMEM, "no memory for a connection");
}

static int
stint_new(const struct stint_options *o, struct stint **out)
{
    struct stint *s = calloc(1, sizeof(*s));

    *out = NULL;
    if (s == NULL) return say(STINT_ENOMEM, "no memory for a connection");
    int rc = open_session(s, o);
    if (rc != 0) {
        buf_fini(&s->traits);
        free(s);
        return rc;
    }
    s->refs = 1;
    s->connecting = true;
    s->renew_at = TICK_NEVER;
    s->timeout = length_of(o->timeout_ms);
    s->buffer_bytes = o->buffer_bytes != 0 ? o->buffer_bytes : BUFFER_DEFAULT;
    numbers_init(&s->futures);
    list_init(&s->waiters);
    list_init(&s->held);
    list_init(&s->free_futures);
    list_init(&s->queues);
    list_init(&s->ownings);
    list_init(&s->pipes);
    s->pipes_at = TICK_NEVER;
    list_init(&s->consumers);
    forked_add(s);
    *out = s;
    return 0;
}

/* Threads of libzmq are made in here, and must not get the program's signals.
 */
static int
init_conn(struct stint *s, const char *endpoint, const uint8_t *server_key,
    const struct auth_pair *pair)
{
    sigset_t all, old;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = conn_init(&s->conn, endpoint, server_key, pair);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return rc;
}

static bool
is_up(const void *arg)
{
    const struct stint *s = arg;

    return rpc_state(s->rpc) == RPC_UP;
}

/* Everything ends; what is still held points to an empty shell from now on.
 * Called with the lock, which goes with it. */
static void
tear_down(struct stint *s)
{
    s->closed = true;
    pump_stop(s);
    future_fail_all(s, STINT_ECLOSED, "the connection was closed");
    for (struct list *node; (node = list_first(&s->consumers)) != NULL;)
        consumer_free(consumer_of(node));
    for (struct list *node; (node = list_first(&s->queues)) != NULL;)
        queue_free(queue_of(node));
    rpc_fail_all(s->rpc, STINT_ECLOSED);
    conn_fini(&s->conn);
    rpc_free(s->rpc);
    s->rpc = NULL;
    inside_drop(s);
}

static int
establish(struct stint *s, int64_t timeout_ms)
{
    tick_ns deadline = tick_after(clock_now(), length_of(timeout_ms));

    pump_enter(s);
    int rc = pump_wait(s, is_up, s, deadline);
    s->connecting = false;
    if (rc != 0) {
        tear_down(s);
    } else {
        pump_leave(s);
    }
    return rc;
}

int
client_dial(const struct stint_options *options, const char *endpoint,
    const uint8_t server_key[PROTO_KEY_BYTES],
    const struct auth_pair *client_key, struct stint **out)
{
    static const struct stint_options none;
    const struct stint_options *o = options != NULL ? options : &none;

    *out = NULL;
    int rc = check_options(o);
    if (rc != 0) return rc;
    struct stint *s;
    rc = stint_new(o, &s);
    if (rc != 0) return rc;
    rc = init_conn(s, endpoint, server_key, client_key);
    if (rc != 0) goto free_it;
    rc = pump_start(s);
    if (rc != 0) goto close_conn;
    rc = establish(s, o->connect_timeout_ms);
    if (rc == 0) *out = s;
    return rc;

close_conn:
    conn_fini(&s->conn);
free_it:
    rpc_free(s->rpc);
    (void)pthread_mutex_lock(&s->lock);
    inside_drop(s);
    return rc;
}

int
stint_connect(const struct stint_options *options, struct stint **out)
{
    struct find find;

    *out = NULL;
    int rc = find_master(options, &find);
    if (rc == 0) {
        rc = client_dial(
            options, find.endpoint, find.server_key, &find.pair, out);
    }
    sodium_memzero(&find, sizeof(find));
    return rc;
}

/* ---- waiting for all that was posted ------------------------------------- */

static bool
is_flushed(const void *arg)
{
    const struct stint *s = arg;

    return s->posting == 0;
}

static int
flush(struct stint *s, tick_ns deadline)
{
    int rc = pump_obstacle(s);

    if (rc == 0 && s->posting > 0) {
        rc = pump_wait(s, is_flushed, s, deadline);
    }
    if (rc != 0 || s->post_error == 0) return rc;
    rc = say(s->post_error, "%s", s->post_text);
    s->post_error = 0;
    return rc;
}

int
stint_flush(struct stint *s, int64_t timeout_ms)
{
    int rc = pump_check_timeout(timeout_ms);

    if (rc != 0) return rc;
    pump_enter(s);
    rc = flush(s, pump_deadline(timeout_ms));
    pump_leave(s);
    return rc;
}

/* ---- leaving ------------------------------------------------------------- */

static int
say_bye(struct stint *s, tick_ns deadline)
{
    struct msg m = { .type = MSG_bye };
    struct call call;

    int rc = call_begin(&call, s, 1, CALL_BYTES);
    if (rc == 0) rc = call_send(&call, &m, deadline);
    if (rc == 0) call_end(&call);
    return rc;
}

static int
finish(struct stint *s)
{
    tick_ns deadline = call_deadline(s);

    for (struct list *node; (node = list_first(&s->consumers)) != NULL;)
        consumer_free(consumer_of(node));
    for (struct list *node; (node = list_first(&s->queues)) != NULL;)
        queue_free(queue_of(node));
    if (s->stopped) return 0; /* Nobody is there to hear of it. */
    int rc = flush(s, deadline);
    int bye = say_bye(s, deadline);
    return rc != 0 ? rc : bye;
}

int
stint_close(struct stint *s)
{
    if (s == NULL) return 0;

    if (s->is_copy) return say(s->fatal, "%s", s->fatal_text);
    pump_enter(s);
    int rc = finish(s);
    tear_down(s);
    return rc;
}

void
stint_abandon(struct stint *s)
{
    if (s == NULL || s->is_copy) return;
    pump_enter(s);
    conn_drop(&s->conn, TICK_NEVER);
    tear_down(s);
}

/* ---- the rest ------------------------------------------------------------ */

struct echo {
    const struct stint *s;
    uint64_t number;
};

static bool
is_echoed(const void *arg)
{
    const struct echo *echo = arg;

    return echo->s->pong >= echo->number;
}

static int
ping(struct stint *s, tick_ns deadline, int64_t *round_trip_us)
{
    struct echo echo = { s, ++s->pings };
    int rc;

    /* A ping is lost with its connection: first there must be one, and when it
     * breaks while we wait, the next one is asked. */
    do {
        rc = pump_wait(s, is_up, s, deadline);
        if (rc != 0) return rc;
        tick_ns from = clock_now();
        rpc_ping(s->rpc, echo.number);
        rc = pump_wait(
            s, is_echoed, &echo, tick_min(deadline, tick_after(from, TICK_S)));
        if (rc == 0 && round_trip_us != NULL) {
            *round_trip_us = (clock_now() - from) / TICK_US;
        }
    } while ((rc == STINT_ETIMEOUT || rc == STINT_EUNREACHABLE)
             && clock_now() < deadline);
    return rc;
}

int
stint_ping(struct stint *s, int64_t *round_trip_us, int64_t timeout_ms)
{
    int rc = pump_check_timeout(timeout_ms);

    if (rc != 0) return rc;
    pump_enter(s);
    rc = ping(s, pump_deadline(timeout_ms), round_trip_us);
    pump_leave(s);
    return rc;
}

bool
stint_is_connected(struct stint *s)
{
    /* Not as a call: whoever looks does not do the keeper's work. */
    (void)pthread_mutex_lock(&s->lock);
    bool is = !s->closed && is_up(s);
    (void)pthread_mutex_unlock(&s->lock);
    return is;
}

void
stint_interrupt(struct stint *s)
{
    atomic_store(&s->interrupted, true);
    if (!s->is_copy) conn_wake(s->conn.wake_fd);
}

void
stint_resume(struct stint *s)
{
    atomic_store(&s->interrupted, false);
}
