/* stint_test_…: a master whose time and whose network a test moves.
 *
 * What is asked of it is done by its own loop, between two turns: the caller
 * leaves an order and waits.  The loop's thread owns all but `orders`, `over`
 * and what is set before it starts. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "client/stint_test.h"
#include "common/base.h"
#include "common/list.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"
#include "embed/wire.h"
#include "master/server/loop.h"
#include "master/server/master.h"

static const tick_ns MOVED_MOST = TICK_S * 3600 * 24 * 36525;
static const int64_t DELAY_MOST_MS = 3600 * 1000;

enum order_kind { MOVE, HOLD, FAULT, COUNT, KILL };

struct order {
    struct list node; /* In `orders`. */
    enum order_kind kind;
    bool done;
    int rc;
    tick_ns by;                           /* MOVE */
    bool hold;                            /* HOLD */
    const struct stint_test_fault *fault; /* FAULT */
    struct stint_test_count *count;       /* COUNT */
    const char *name;                     /* KILL */
};

struct embed {
    pthread_mutex_t lock;
    pthread_cond_t done;
    struct list orders;
    bool over; /* Nobody takes orders any more. */
    int fd;    /* An eventfd: there are some. */
    char *authkey;
    pid_t pid; /* Whose threads they are: a fork has none of them. */

    tick_ns moved;
    struct wire wire;
};

/* ---- in the loop's thread ------------------------------------------------ */

static int
move(struct embed *e, struct loop *l, tick_ns by)
{
    if (by > MOVED_MOST - e->moved) return STINT_EINVAL;
    e->moved += by;
    l->time.shift += by;
    l->listened += by; /* Or it would take itself for stalled. */
    core_excuse(l->core, by);
    core_turn(l->core, timeline_now(&l->time));
    return 0;
}

static void
hold(struct loop *l, bool stands)
{
    tick_ns now = timeline_now(&l->time);

    l->time.stands = stands;
    l->time.shift = stands ? now : now - clock_now();
}

static void
carry_out(struct embed *e, struct loop *l, struct order *o)
{
    switch (o->kind) {
    case MOVE:
        o->rc = move(e, l, o->by);
        break;
    case HOLD:
        hold(l, o->hold);
        break;
    case FAULT:
        wire_set(&e->wire, o->fault);
        break;
    case COUNT:
        *o->count = e->wire.count;
        break;
    case KILL:
        o->rc = wire_kill(&e->wire, l, o->name);
        break;
    }
}

static void
begin(void *arg, struct loop *l)
{
    struct embed *e = arg;
    uint64_t times;

    if (l->time.stands) core_hurry(l->core);
    (void)pthread_mutex_lock(&e->lock);
    if (!list_is_empty(&e->orders) && read(e->fd, &times, sizeof times) < 0) {
        /* Written under the lock: there is something to read. */
    }
    for (struct list *node; (node = list_pop(&e->orders)) != NULL;) {
        struct order *o = CONTAINER_OF(node, struct order, node);
        carry_out(e, l, o);
        o->done = true;
    }
    (void)pthread_cond_broadcast(&e->done);
    (void)pthread_mutex_unlock(&e->lock);
    wire_turn(&e->wire, l);
}

static bool
arrived(void *arg, struct loop *l, uint64_t conn,
    const uint8_t key[PROTO_KEY_BYTES], void *message)
{
    struct embed *e = arg;

    return wire_arrived(&e->wire, l, conn, key, message);
}

static bool
leaves(void *arg, struct loop *l, uint64_t conn, struct frame *frame)
{
    struct embed *e = arg;

    return wire_leaves(&e->wire, l, conn, frame);
}

static tick_ns
left(void *arg)
{
    const struct embed *e = arg;

    return wire_left(&e->wire);
}

static void
ended(void *arg)
{
    struct embed *e = arg;

    (void)pthread_mutex_lock(&e->lock);
    e->over = true;
    for (struct list *node; (node = list_pop(&e->orders)) != NULL;) {
        struct order *o = CONTAINER_OF(node, struct order, node);
        o->rc = STINT_ECLOSED;
        o->done = true;
    }
    (void)pthread_cond_broadcast(&e->done);
    (void)pthread_mutex_unlock(&e->lock);
}

/* ---- starting and ending ------------------------------------------------- */

static void
embed_free(void *arg)
{
    struct embed *e = arg;

    wire_fini(&e->wire);
    if (e->fd >= 0) (void)close(e->fd);
    (void)pthread_cond_destroy(&e->done);
    (void)pthread_mutex_destroy(&e->lock);
    free(e->authkey);
    free(e);
}

static struct embed *
embed_new(const char *authkey)
{
    char generated[STINT_AUTHKEY_TEXT];
    struct embed *e = calloc(1, sizeof *e);

    if (e == NULL) return NULL;
    (void)pthread_mutex_init(&e->lock, NULL);
    (void)pthread_cond_init(&e->done, NULL);
    list_init(&e->orders);
    e->pid = getpid();
    wire_init(&e->wire);
    e->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (authkey == NULL) {
        stint_key_generate(generated);
        authkey = generated;
    }
    e->authkey = strdup(authkey);
    if (e->fd >= 0 && e->authkey != NULL) return e;
    embed_free(e);
    return NULL;
}

int
stint_test_start(
    const struct stint_master_options *options, struct stint_master **out)
{
    struct stint_master_options o = { .listen = NULL };

    *out = NULL;
    if (options != NULL) o = *options;
    if (o.state_dir != NULL || o.authkey_file != NULL || o.authkey_size != 0) {
        return say(STINT_EINVAL,
            "a master for tests is in memory only and its authkey is a text: "
            "state_dir, authkey_file and authkey_size must not be set");
    }
    struct embed *e = embed_new(o.authkey);
    if (e == NULL) return say(STINT_ENOMEM, "no memory for a master");
    if (o.listen == NULL) o.listen = "tcp://127.0.0.1:0";
    o.memory = true;
    o.authkey = e->authkey;
    const struct loop_seam seam = { .begin = begin,
        .arrived = arrived,
        .leaves = leaves,
        .left = left,
        .ended = ended,
        .free = embed_free,
        .arg = e,
        .fd = e->fd };
    return master_start(&o, &seam, out);
}

static struct embed *
embed_of(const struct stint_master *m)
{
    const struct loop_seam *seam = m == NULL ? NULL : master_seam(m);

    if (seam != NULL && seam->begin == begin) {
        struct embed *e = seam->arg;
        if (e->pid == getpid()) return e;
        (void)say(STINT_EINVAL,
            "this master lives in process %ld, which forked this one: only "
            "there can it be asked",
            (long)e->pid);
        return NULL;
    }
    (void)say(STINT_EINVAL,
        "this master was not started by stint_test_start(): only those can be "
        "moved and harmed");
    return NULL;
}

const char *
stint_test_authkey(const struct stint_master *m)
{
    const struct embed *e = embed_of(m);

    return e == NULL ? NULL : e->authkey;
}

int
stint_test_export(const struct stint_master *m)
{
    const struct embed *e = embed_of(m);

    if (e == NULL) return STINT_EINVAL;
    if (setenv("STINT_MASTER", stint_master_address(m), 1) != 0
        || setenv("STINT_AUTHKEY", e->authkey, 1) != 0
        || unsetenv("STINT_ACCESS") != 0
        || unsetenv("STINT_AUTHKEY_FILE") != 0) {
        return say(STINT_ENOMEM, "no memory for the environment");
    }
    return 0;
}

/* ---- orders -------------------------------------------------------------- */

/* Returns what became of it, without a sentence. */
static int
give(struct embed *e, struct order *o)
{
    const uint64_t one = 1;
    int before = errno;

    (void)pthread_mutex_lock(&e->lock);
    if (e->over) {
        o->rc = STINT_ECLOSED;
    } else {
        list_push(&e->orders, &o->node);
        if (write(e->fd, &one, sizeof one) < 0) {
            /* The counter is full: it was told already. */
        }
        while (!o->done)
            (void)pthread_cond_wait(&e->done, &e->lock);
    }
    (void)pthread_mutex_unlock(&e->lock);
    errno = before;
    return o->rc;
}

static int
order(struct stint_master *m, struct order *o)
{
    struct embed *e = embed_of(m);

    if (e == NULL) return STINT_EINVAL;
    int rc = give(e, o);
    if (rc == STINT_ECLOSED) return say(rc, "the master has ended");
    return rc;
}

int
stint_test_move_clock(struct stint_master *m, int64_t ms)
{
    if (ms < 0) {
        return say(STINT_EINVAL,
            "the clock cannot be moved back: give 0 ms or "
            "more, not %lld",
            (long long)ms);
    }
    tick_ns by = ms > MOVED_MOST / TICK_MS ? TICK_NEVER : ms * TICK_MS;
    int rc = order(m, &(struct order){ .kind = MOVE, .by = by });
    if (rc != STINT_EINVAL || embed_of(m) == NULL) return rc;
    return say(rc, "the clock was moved by more than a hundred years in all");
}

int
stint_test_hold_clock(struct stint_master *m, bool hold)
{
    return order(m, &(struct order){ .kind = HOLD, .hold = hold });
}

static bool
is_chance(double p)
{
    return p >= 0 && p <= 1; /* Also false for what is no number. */
}

int
stint_test_fault(struct stint_master *m, const struct stint_test_fault *fault)
{
    static const struct stint_test_fault none;

    if (fault == NULL) fault = &none;
    if (!is_chance(fault->drop) || !is_chance(fault->cut)
        || !is_chance(fault->duplicate) || !is_chance(fault->kill)) {
        return say(STINT_EINVAL, "a chance is a number from 0 to 1");
    }
    if (fault->peer != NULL && strlen(fault->peer) > PROTO_NAME_MAX) {
        return say(STINT_EINVAL, "a peer's name has 255 bytes at most");
    }
    if (fault->delay_ms < 0 || fault->delay_ms > DELAY_MOST_MS) {
        return say(STINT_EINVAL, "a delay of %lld ms: give 0 to an hour",
            (long long)fault->delay_ms);
    }
    return order(m, &(struct order){ .kind = FAULT, .fault = fault });
}

int
stint_test_count(struct stint_master *m, struct stint_test_count *out)
{
    return order(m, &(struct order){ .kind = COUNT, .count = out });
}

int
stint_test_kill_worker(struct stint_master *m, const char *name)
{
    return order(m, &(struct order){ .kind = KILL, .name = name });
}
