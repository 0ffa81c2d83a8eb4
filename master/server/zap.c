#include "master/server/zap.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <zmq.h>

#include "common/slice.h"
#include "common/stint_error.h"
#include "common/sys/say.h"

/* Frames of a request, in their order. */
enum { VERSION, REQUEST, DOMAIN, ADDRESS, ROUTING_ID, MECHANISM, KEY, FRAMES };

struct zap {
    void *socket; /* The thread's, once it runs. */
    pthread_t thread;
    atomic_uint_fast64_t refused;
    pthread_mutex_t lock; /* Of the table only. */
    struct zap_key *keys; /* Owned; sorted. */
    size_t count;
};

static int
compare_keys(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct zap_key));
}

uint64_t
zap_refused(const struct zap *zap)
{
    return atomic_load(&zap->refused);
}

int
zap_admit(struct zap *zap, const struct zap_key *keys, size_t count)
{
    struct zap_key *fresh = calloc(count + 1, sizeof *fresh);

    if (fresh == NULL) return say(STINT_ENOMEM, "no memory for the key table");
    if (count > 0) memcpy(fresh, keys, count * sizeof *keys);
    qsort(fresh, count, sizeof *fresh, compare_keys);

    (void)pthread_mutex_lock(&zap->lock);
    struct zap_key *old = zap->keys;
    zap->keys = fresh;
    zap->count = count;
    (void)pthread_mutex_unlock(&zap->lock);
    free(old);
    return 0;
}

static bool
is_known(struct zap *zap, const uint8_t *key)
{
    (void)pthread_mutex_lock(&zap->lock);
    bool known =
        zap->count > 0
        && bsearch(key, zap->keys, zap->count, sizeof *zap->keys, compare_keys)
               != NULL;
    (void)pthread_mutex_unlock(&zap->lock);
    return known;
}

static struct slice
bytes_of(zmq_msg_t *frame)
{
    return (struct slice){ zmq_msg_data(frame), zmq_msg_size(frame) };
}

static bool
is_admitted(struct zap *zap, zmq_msg_t frames[FRAMES], unsigned count)
{
    return count == FRAMES
           && slice_equal(bytes_of(&frames[VERSION]), slice_of("1.0"))
           && slice_equal(bytes_of(&frames[DOMAIN]), slice_of(ZAP_DOMAIN))
           && slice_equal(bytes_of(&frames[MECHANISM]), slice_of("CURVE"))
           && zmq_msg_size(&frames[KEY]) == PROTO_KEY_BYTES
           && is_known(zap, zmq_msg_data(&frames[KEY]));
}

static int
reply(void *socket, struct slice request, const char *status, const char *text,
    const char *user_id)
{
    const struct slice parts[] = { slice_of("1.0"), request, slice_of(status),
        slice_of(text), slice_of(user_id), slice_of("") };
    const size_t last = sizeof parts / sizeof *parts - 1;

    for (size_t i = 0; i <= last; i++) {
        if (zmq_send(socket, parts[i].bytes, parts[i].length,
                i < last ? ZMQ_SNDMORE : 0)
            < 0) {
            return -1;
        }
    }
    return 0;
}

static int
answer(struct zap *zap, zmq_msg_t frames[FRAMES], unsigned count)
{
    char user_id[2 * PROTO_KEY_BYTES + 1];
    struct slice request =
        count > REQUEST ? bytes_of(&frames[REQUEST]) : slice_of("");

    if (!is_admitted(zap, frames, count)) {
        atomic_fetch_add(&zap->refused, 1);
        return reply(zap->socket, request, "400", "unknown key", "");
    }
    (void)sodium_bin2hex(
        user_id, sizeof user_id, zmq_msg_data(&frames[KEY]), PROTO_KEY_BYTES);
    return reply(zap->socket, request, "200", "OK", user_id);
}

/* Receive a whole request; frames beyond those we know make it one too long,
 * which is refused.  Returns how many came, -1 when the context ends. */
static int
receive(void *socket, zmq_msg_t frames[FRAMES])
{
    int count = 0;

    for (bool more = true; more;) {
        zmq_msg_t *frame = &frames[count < FRAMES ? count : FRAMES - 1];
        if (zmq_msg_recv(frame, socket, 0) < 0) {
            if (errno == EINTR) continue;
            return -1;
        }
        more = zmq_msg_more(frame) != 0;
        count++;
    }
    return count;
}

static void *
serve(void *arg)
{
    struct zap *zap = arg;
    zmq_msg_t frames[FRAMES];
    int count = 0;

    (void)pthread_setname_np(pthread_self(), "stint-zap");
    for (size_t i = 0; i < FRAMES; i++) {
        (void)zmq_msg_init(&frames[i]);
    }
    while ((count = receive(zap->socket, frames)) >= 0) {
        if (answer(zap, frames, (unsigned)count) != 0 && errno == ETERM) break;
    }
    for (size_t i = 0; i < FRAMES; i++) {
        (void)zmq_msg_close(&frames[i]);
    }
    (void)zmq_close(zap->socket);
    return NULL;
}

static int
open_socket(void *context, void **out)
{
    int linger = 0;
    void *socket = zmq_socket(context, ZMQ_REP);

    if (socket == NULL) {
        return say(STINT_ESYSTEM, "no socket for the authentication: %s",
            zmq_strerror(errno));
    }
    (void)zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
    if (zmq_bind(socket, "inproc://zeromq.zap.01") != 0) {
        int rc = say(STINT_ESYSTEM, "the authentication cannot be bound: %s",
            zmq_strerror(errno));
        (void)zmq_close(socket);
        return rc;
    }
    *out = socket;
    return 0;
}

int
zap_start(void *context, struct zap **out)
{
    struct zap *zap = calloc(1, sizeof *zap);

    if (zap == NULL) return say(STINT_ENOMEM, "no memory for the key table");
    (void)pthread_mutex_init(&zap->lock, NULL);
    int rc = open_socket(context, &zap->socket);
    if (rc != 0) goto no_socket;
    if (pthread_create(&zap->thread, NULL, serve, zap) != 0) {
        rc = say(STINT_ESYSTEM, "no thread for the authentication");
        goto no_thread;
    }
    *out = zap;
    return 0;

no_thread:
    (void)zmq_close(zap->socket);
no_socket:
    (void)pthread_mutex_destroy(&zap->lock);
    free(zap);
    return rc;
}

void
zap_stop(struct zap *zap)
{
    if (zap == NULL) return;
    (void)pthread_join(zap->thread, NULL);
    (void)pthread_mutex_destroy(&zap->lock);
    free(zap->keys);
    free(zap);
}
