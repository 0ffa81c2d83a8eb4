#include "cli/feeder.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/exit.h"
#include "cli/mem.h"
#include "cli/pace.h"

/* While the first one runs the master keeps what the others wrote; so much may
 * be ahead, and so much where it has little memory left. */
enum { TASKS_MAX = 1 << 18, TASKS_SHORT = 1 << 10, BYTES_MAX = 64 << 20 };
enum { PIECE_MS = 200, CLOSE_MS = 2000 };
/* The master gives back no more of a value. */
enum { VALUE_MAX = 64 << 10 };

struct large {
    uint64_t seq;
    char *text;
    size_t size;
};

/* From place `seq` of the job on, so many places of the input were left out. */
struct shift {
    uint64_t seq, skipped;
};

struct feeder {
    struct feeder_options o;
    pthread_t thread;
    bool is_joined;
    atomic_bool stop;
    pthread_mutex_t lock; /* Of all below. */
    pthread_cond_t room;
    uint64_t place, put, ended, bytes, skipped;
    bool is_over, is_short;
    int status;
    struct large *large; /* Those that the master cuts, until they end. */
    size_t large_count;
    char *lent; /* The value of the last feeder_release(). */
    struct shift *shifts;
    size_t shift_count;
};

/* ---- what is between put and ended --------------------------------------- */

static bool
has_room(const struct feeder *f)
{
    uint64_t most = f->is_short ? TASKS_SHORT : TASKS_MAX;

    if (!f->o.is_bounded || f->put <= f->ended) return true;
    return f->put - f->ended < most && f->bytes < BYTES_MAX;
}

static void
wait_for_room(struct feeder *f)
{
    pthread_mutex_lock(&f->lock);
    while (!has_room(f) && !atomic_load(&f->stop))
        pthread_cond_wait(&f->room, &f->lock);
    pthread_mutex_unlock(&f->lock);
}

static void
keep_large(struct feeder *f, struct stint_bytes value)
{
    char *copy = mem_new(value.size, 1);

    memcpy(copy, value.data, value.size);
    f->large = mem_grow(f->large, f->large_count + 1, sizeof(*f->large));
    f->large[f->large_count++] = (struct large){ f->put, copy, value.size };
}

static void
count_put(struct feeder *f, struct stint_bytes value)
{
    pthread_mutex_lock(&f->lock);
    f->put++;
    f->bytes += value.size;
    if (f->o.is_bounded && value.size > VALUE_MAX) keep_large(f, value);
    pthread_mutex_unlock(&f->lock);
}

static void
take_large(struct feeder *f, struct stint_end *end)
{
    for (size_t i = 0; i < f->large_count; i++) {
        if (f->large[i].seq != end->seq) continue;
        f->lent = f->large[i].text;
        end->value = (struct stint_bytes){ f->lent, f->large[i].size };
        f->large[i] = f->large[--f->large_count];
        return;
    }
}

void
feeder_release(struct feeder *f, struct stint_end *end)
{
    pthread_mutex_lock(&f->lock);
    free(f->lent);
    f->lent = NULL;
    if (end->value.size < end->value_size) take_large(f, end);
    f->ended++;
    f->bytes -= f->bytes < end->value_size ? f->bytes : end->value_size;
    if (f->ended % 256 == 0 || f->put == f->ended || f->bytes < BYTES_MAX / 2)
        pthread_cond_signal(&f->room);
    pthread_mutex_unlock(&f->lock);
}

void
feeder_mind_memory(struct feeder *f, bool is_short)
{
    pthread_mutex_lock(&f->lock);
    f->is_short = is_short;
    pthread_cond_signal(&f->room);
    pthread_mutex_unlock(&f->lock);
}

/* ---- places -------------------------------------------------------------- */

static void
skip(struct feeder *f)
{
    struct shift *last;

    pthread_mutex_lock(&f->lock);
    last = f->shift_count > 0 ? &f->shifts[f->shift_count - 1] : NULL;
    f->skipped++;
    if (last == NULL || last->seq != f->put + 1) {
        f->shifts = mem_grow(f->shifts, f->shift_count + 1, sizeof(*f->shifts));
        last = &f->shifts[f->shift_count++];
        last->seq = f->put + 1;
    }
    last->skipped = f->skipped;
    pthread_mutex_unlock(&f->lock);
}

uint64_t
feeder_place(struct feeder *f, uint64_t seq)
{
    size_t low = 0, high;
    uint64_t skipped;

    pthread_mutex_lock(&f->lock);
    high = f->shift_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (f->shifts[middle].seq <= seq)
            low = middle + 1;
        else
            high = middle;
    }
    skipped = low > 0 ? f->shifts[low - 1].skipped : 0;
    pthread_mutex_unlock(&f->lock);
    return seq + skipped;
}

static bool
is_done(const struct feeder *f, struct stint_bytes value)
{
    if (f->o.joblog != NULL) return joblog_has(f->o.joblog, f->place);
    return f->o.results != NULL && results_has(f->o.results, f->place, value);
}

/* ---- the thread ---------------------------------------------------------- */

static bool
may_pass(int code)
{
    return code == STINT_EFULL || code == STINT_ETIMEOUT
           || code == STINT_EUNREACHABLE;
}

static int
say_stopped(const struct feeder *f, int code)
{
    if (atomic_load(&f->stop)) return EXIT_FINE;
    /* Halted or cancelled: who reads the ends says so; so he does, if there is
     * one, when it is not there any more. */
    if (code == STINT_ECANCELLED) return EXIT_FINE;
    if (code == STINT_ENOJOB && f->o.is_bounded) return EXIT_FAILED;
    return exit_say(exit_of(code), "%" PRIu64 " tasks were put, then: %s",
        f->put, stint_error_message());
}

static int
put_one(struct feeder *f, struct stint_bytes value)
{
    int code;

    if (is_done(f, value)) {
        skip(f);
        return 0;
    }
    wait_for_room(f);
    do {
        if (atomic_load(&f->stop)) return STINT_ECANCELLED;
        code = stint_job_put(f->o.job, value.data, value.size, PIECE_MS);
    } while (may_pass(code));
    if (code == 0) count_put(f, value);
    return code;
}

/* Returns the exit status. */
static int
put_all(struct feeder *f)
{
    struct stint_bytes value;
    int got;

    while (
        !atomic_load(&f->stop) && (got = input_next(f->o.input, &value)) != 0) {
        int code;

        if (got < 0) return EXIT_FAILED;
        f->place++;
        code = put_one(f, value);
        if (code != 0) return say_stopped(f, code);
    }
    return EXIT_FINE;
}

/* Patiently, unless somebody wants to leave. */
static int
close_job(struct feeder *f)
{
    int64_t stopped_ms = -1;
    int code;

    for (;;) {
        code = stint_job_close_input(f->o.job, PIECE_MS);
        if (!may_pass(code)) break;
        if (!atomic_load(&f->stop)) continue;
        if (stopped_ms < 0) stopped_ms = pace_now_ms();
        if (pace_now_ms() - stopped_ms > CLOSE_MS) break;
    }
    return code == 0 ? EXIT_FINE : say_stopped(f, code);
}

static void *
feed(void *arg)
{
    struct feeder *f = arg;
    int status = EXIT_FINE, closed = EXIT_FINE;

    if (f->o.input != NULL) {
        status = put_all(f);
        closed = close_job(f);
    }
    pthread_mutex_lock(&f->lock);
    f->status = status != EXIT_FINE ? status : closed;
    f->is_over = true;
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

struct feeder *
feeder_begin(const struct feeder_options *options)
{
    struct feeder *f = mem_new(1, sizeof(*f));
    int error;

    f->o = *options;
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->room, NULL);
    error = pthread_create(&f->thread, NULL, feed, f);
    if (error != 0)
        exit_now(EXIT_AGAIN, "no thread can be started: %s", strerror(error));
    return f;
}

struct feeder_state
feeder_look(struct feeder *f)
{
    struct feeder_state state;

    pthread_mutex_lock(&f->lock);
    state = (struct feeder_state){ .put = f->put,
        .skipped = f->skipped,
        .is_over = f->is_over,
        .is_stopped = atomic_load(&f->stop),
        .status = f->status };
    pthread_mutex_unlock(&f->lock);
    return state;
}

void
feeder_stop(struct feeder *f)
{
    static const uint64_t one = 1;

    pthread_mutex_lock(&f->lock);
    atomic_store(&f->stop, true);
    pthread_cond_broadcast(&f->room);
    pthread_mutex_unlock(&f->lock);
    /* It cannot be full: nobody else writes. */
    if (write(f->o.wake_fd, &one, sizeof(one)) < 0) return;
}

int
feeder_wait(struct feeder *f)
{
    if (!f->is_joined) pthread_join(f->thread, NULL);
    f->is_joined = true;
    return f->status;
}

int
feeder_end(struct feeder *f)
{
    int status;

    if (f == NULL) return EXIT_FINE;
    feeder_stop(f);
    status = feeder_wait(f);
    for (size_t i = 0; i < f->large_count; i++)
        free(f->large[i].text);
    free(f->large);
    free(f->lent);
    free(f->shifts);
    pthread_cond_destroy(&f->room);
    pthread_mutex_destroy(&f->lock);
    free(f);
    return status;
}
