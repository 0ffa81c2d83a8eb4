#include "master/server/committer.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/check.h"
#include "common/stint_error.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"

/* Idle for so long it tends the store, and again as long as there is more. */
static const tick_ns PAUSE = 2 * TICK_MS;
/* Never idle, it tends it so long after that at the latest, and once for so
 * many bytes that it committed, but not for long at a stretch. */
static const tick_ns OVERDUE = 20 * TICK_MS;
enum { TEND_BYTES = 128 << 10, TEND_MOST = 4, TEND_FULL = 64 };
/* A full disk is asked again as often. */
static const tick_ns AGAIN = 250 * TICK_MS;
/* At the end it waits so long for a disk that does not answer. */
static const tick_ns PATIENCE = 2 * TICK_S;

struct committer {
    struct store *store;
    struct logger logger;
    pthread_t thread;
    int news_fd; /* An eventfd. */
    bool busy;   /* The loop's: what it gave is not heard of yet. */
    atomic_bool has_news;

    pthread_mutex_t lock;
    pthread_cond_t work; /* `given` or `stopping`. */
    pthread_cond_t end;  /* `ended`. */
    bool given, stopping, ended;
    struct core_batch batch;    /* Whose it is says `given`. */
    struct committer_news news; /* Not heard yet. */
    char sentence[1024];        /* Of news.failed. */

    /* The thread's. */
    tick_ns tend_at; /* TICK_NEVER: nothing to tend. */
    size_t debt;     /* Bytes that were committed and not tended for. */
    bool full;
};

/* ---- news ---------------------------------------------------------------- */

static void
tell(struct committer *c, const struct core_batch *done, int failed)
{
    const uint64_t one = 1;

    (void)pthread_mutex_lock(&c->lock);
    if (done != NULL) {
        c->news.number = done->number;
        c->news.ops = done->ops;
    }
    c->news.full = c->full;
    if (failed != 0) {
        c->news.failed = failed;
        (void)snprintf(c->sentence, sizeof c->sentence, "%s", say_message());
    }
    (void)pthread_mutex_unlock(&c->lock);
    /* In this order: the loop that the write wakes has to find the flag, or it
     * would spin for as long as this thread, which it displaced, does not run.
     */
    atomic_store(&c->has_news, true);
    if (write(c->news_fd, &one, sizeof one) < 0) {
        /* The counter is full: it was told already. */
    }
}

void
committer_wake(struct committer *c)
{
    uint64_t times = 0;

    if (read(c->news_fd, &times, sizeof times) < 0) {
        /* Nobody wrote since. */
    }
}

bool
committer_hear(struct committer *c, struct committer_news *news)
{
    if (!atomic_exchange(&c->has_news, false)) return false;
    (void)pthread_mutex_lock(&c->lock);
    *news = c->news;
    c->news.number = 0;
    buf_init(&c->news.ops);
    (void)pthread_mutex_unlock(&c->lock);
    if (news->number != 0) c->busy = false;
    if (news->failed != 0) (void)say(news->failed, "%s", c->sentence);
    return true;
}

static void
note_full(struct committer *c, bool full, const char *why)
{
    if (full == c->full) return;
    c->full = full;
    (void)pthread_mutex_lock(&c->lock);
    const struct logger logger = c->logger;
    (void)pthread_mutex_unlock(&c->lock);
    if (full) {
        logger_say(&logger, LOG_CRIT,
            "disk-full cause=\"%s\": no new work is taken in until there is "
            "room",
            why);
    } else {
        logger_say(&logger, LOG_NOTICE, "disk-has-room");
    }
}

/* ---- the thread ---------------------------------------------------------- */

/* Wait for a batch until `until`; without one until then, or when it is to
 * stop, returns false. */
static bool
wait_for_batch(struct committer *c, tick_ns until, struct core_batch *batch)
{
    struct timespec t = { .tv_sec = (time_t)(until / TICK_S),
        .tv_nsec = (long)(until % TICK_S) };
    int rc = 0;

    (void)pthread_mutex_lock(&c->lock);
    while (!c->given && !c->stopping && rc == 0) {
        rc = until == TICK_NEVER
                 ? pthread_cond_wait(&c->work, &c->lock)
                 : pthread_cond_timedwait(&c->work, &c->lock, &t);
    }
    bool given = c->given;
    if (given) *batch = c->batch;
    c->given = false;
    (void)pthread_mutex_unlock(&c->lock);
    return given;
}

static bool
is_stopping(struct committer *c)
{
    (void)pthread_mutex_lock(&c->lock);
    bool stopping = c->stopping;
    (void)pthread_mutex_unlock(&c->lock);
    return stopping;
}

static int
tend(struct committer *c)
{
    int rc = store_tend(c->store);
    if (rc < 0) {
        tell(c, NULL, rc);
        return rc;
    }
    bool was_full = c->full;
    note_full(c, store_stat(c->store).full, "the reserve is used up");
    if (c->full != was_full) tell(c, NULL, 0);
    if (rc == 0) c->debt = 0;
    c->tend_at = rc > 0    ? clock_now() + PAUSE
                 : c->full ? clock_now() + AGAIN
                           : TICK_NEVER;
    return 0;
}

/* A store that takes in more than it is tended runs out of room that is ready.
 * The next batch grows meanwhile. */
static int
tend_for_commit(struct committer *c)
{
    tick_ns now = clock_now();
    int rc = 0;

    c->tend_at = tick_min(c->tend_at, now + (c->full ? AGAIN : PAUSE));
    if (c->tend_at + OVERDUE <= now) rc = tend(c);
    for (int i = 0;
         rc == 0 && !c->full && c->debt >= TEND_BYTES && i < TEND_MOST; i++) {
        c->debt -= TEND_BYTES;
        rc = tend(c);
    }
    return rc;
}

/* The disk is full (or the memory, which is as bad): wait, and make room.
 * Returns 0 to try again, or why not. */
static int
wait_for_room(struct committer *c, int rc)
{
    struct core_batch none;
    int tended = 1;

    note_full(c, true,
        rc == STINT_ENOMEM ? "no memory for the store" : say_message());
    tell(c, NULL, 0);
    (void)wait_for_batch(c, clock_now() + AGAIN, &none);
    if (is_stopping(c)) return rc;
    for (int i = 0; i < TEND_FULL && tended > 0; i++)
        tended = store_tend(c->store);
    return tended < 0 ? tended : 0;
}

/* Returns 0, or why there will be no more commits. */
static int
commit(struct committer *c, struct core_batch *batch)
{
    const struct slice ops = { batch->ops.bytes, batch->ops.length };
    int rc;

    for (;;) {
        rc = store_commit(c->store, ops, batch->sync);
        if (rc != STINT_ENOSPACE && rc != STINT_ENOMEM) break;
        rc = wait_for_room(c, rc);
        if (rc != 0) break;
    }
    if (rc == 0) {
        c->debt += ops.length;
        note_full(c, store_stat(c->store).full, "the reserve is used up");
        tell(c, batch, 0);
        return 0;
    }
    buf_fini(&batch->ops);
    tell(c, NULL, rc);
    return rc;
}

static void *
run(void *arg)
{
    struct committer *c = arg;
    struct core_batch batch;
    int rc = 0;

    (void)pthread_setname_np(pthread_self(), "stint-store");
    while (rc == 0) {
        if (wait_for_batch(c, c->tend_at, &batch)) {
            rc = commit(c, &batch);
            if (rc == 0) rc = tend_for_commit(c);
        } else if (is_stopping(c)) {
            break;
        } else {
            rc = tend(c);
        }
    }
    (void)pthread_mutex_lock(&c->lock);
    c->ended = true;
    (void)pthread_cond_signal(&c->end);
    (void)pthread_mutex_unlock(&c->lock);
    return NULL;
}

/* ---- the loop's side ----------------------------------------------------- */

static int
init_cond(pthread_cond_t *cond)
{
    pthread_condattr_t attr;

    int rc = pthread_condattr_init(&attr);
    if (rc != 0) return rc;
    rc = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    if (rc == 0) rc = pthread_cond_init(cond, &attr);
    (void)pthread_condattr_destroy(&attr);
    return rc;
}

static int
start(struct committer *c)
{
    c->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (c->news_fd < 0) {
        return say(STINT_ESYSTEM, "no descriptor is left: %s", strerror(errno));
    }
    int rc = pthread_mutex_init(&c->lock, NULL);
    if (rc != 0) goto no_lock;
    rc = init_cond(&c->work);
    if (rc != 0) goto no_work;
    rc = init_cond(&c->end);
    if (rc != 0) goto no_end;
    rc = pthread_create(&c->thread, NULL, run, c);
    if (rc == 0) return 0;
    (void)pthread_cond_destroy(&c->end);
no_end:
    (void)pthread_cond_destroy(&c->work);
no_work:
    (void)pthread_mutex_destroy(&c->lock);
no_lock:
    (void)close(c->news_fd);
    return say(STINT_ESYSTEM, "no thread for the store: %s", strerror(rc));
}

int
committer_start(
    struct store *store, const struct logger *logger, struct committer **out)
{
    struct committer *c = calloc(1, sizeof *c);
    if (c == NULL) return say(STINT_ENOMEM, "no memory for the store");

    c->store = store;
    c->logger = *logger;
    int rc = start(c);
    if (rc != 0) {
        free(c);
        return rc;
    }
    *out = c;
    return 0;
}

/* False: it hangs. */
static bool
wait_for_end(struct committer *c)
{
    const tick_ns until = clock_now() + PATIENCE;
    const struct timespec t = { .tv_sec = (time_t)(until / TICK_S),
        .tv_nsec = (long)(until % TICK_S) };
    int rc = 0;

    (void)pthread_mutex_lock(&c->lock);
    c->stopping = true;
    (void)pthread_cond_signal(&c->work);
    while (!c->ended && rc == 0)
        rc = pthread_cond_timedwait(&c->end, &c->lock, &t);
    bool ended = c->ended;
    /* Whose the log is may be gone soon. */
    if (!ended) c->logger = (struct logger){ .write = NULL };
    (void)pthread_mutex_unlock(&c->lock);
    return ended;
}

bool
committer_stop(struct committer *c)
{
    if (c == NULL) return true;
    if (!wait_for_end(c)) {
        (void)pthread_detach(c->thread);
        return false;
    }
    (void)pthread_join(c->thread, NULL);
    if (c->given) buf_fini(&c->batch.ops);
    buf_fini(&c->news.ops);
    (void)pthread_cond_destroy(&c->end);
    (void)pthread_cond_destroy(&c->work);
    (void)pthread_mutex_destroy(&c->lock);
    (void)close(c->news_fd);
    free(c);
    return true;
}

int
committer_fd(const struct committer *c)
{
    return c->news_fd;
}

bool
committer_is_idle(const struct committer *c)
{
    return !c->busy;
}

void
committer_give(struct committer *c, struct core_batch *batch)
{
    CHECK(!c->busy);
    c->busy = true;
    (void)pthread_mutex_lock(&c->lock);
    c->batch = *batch;
    c->given = true;
    (void)pthread_mutex_unlock(&c->lock);
    (void)pthread_cond_signal(&c->work);
    buf_init(&batch->ops);
}
