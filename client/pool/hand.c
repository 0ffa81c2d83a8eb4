#include "client/pool/hand.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/sys/clock.h"
#include "common/sys/host.h"
#include "worker/map.h"
#include "worker/worker.h"

enum { AHEAD_MS = 20, FILES = 64 };

/* Several may write at once: the last byte stays 0. */
static void complain(struct hand_board *board, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
complain(struct hand_board *board, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(board->why, sizeof board->why - 1, format, args);
    va_end(args);
}

void
hand_name(char name[HAND_NAME], unsigned number, pid_t pid)
{
    (void)snprintf(name, HAND_NAME, "PoolWorker-%u-%ld", number + 1, (long)pid);
}

static int
join(const struct hand *hand, unsigned number, struct stint **s)
{
    char name[HAND_NAME];

    /* The pool's own limit was raised after the nursery was forked. */
    (void)host_allow_files(FILES);
    hand_name(name, number, getpid());
    const struct stint_options options = { .master = hand->board->address,
        .authkey = hand->authkey,
        .name = name,
        .kind = STINT_WORKER,
        .slots = 1 };
    return stint_connect(&options, s);
}

/* The pool ends its workers by a signal, as soon as it has all results: what
 * was printed is out before these are. */
static void
flush_output(void)
{
    (void)fflush(stdout);
    (void)fflush(stderr);
}

struct desk {
    struct hand_seat *seat;
    bool once;
};

static void
note_task(void *arg, const struct stint_task *task)
{
    const struct desk *desk = arg;
    struct hand_seat *seat = desk->seat;

    if (task == NULL) {
        flush_output();
        if (!desk->once) atomic_store(&seat->task, 0);
        return;
    }
    const char *function = map_function(stint_task_handler(task));
    (void)snprintf(seat->function, sizeof seat->function, "%s",
        function != NULL ? function : "");
    seat->attempt = stint_task_attempt(task);
    seat->began = clock_now();
    atomic_store(&seat->task, stint_task_id(task));
}

static void
beat(void *arg)
{
    const struct desk *desk = arg;

    atomic_fetch_add(&desk->seat->beats, 1);
}

static int
serve(const struct hand *hand, unsigned number, struct stint *s)
{
    static const char *const queues[] = { HAND_QUEUE, NULL };
    const struct stint_pool_options *o = &hand->options;
    /* Whose function does not return is of no use: it leaves at once. */
    const struct stint_worker_options options = { .queues = queues,
        .slots = 1,
        .handlers = o->functions,
        .plugin = o->plugin,
        .task_timeout_ms = o->task_timeout_ms,
        .grace_ms = 1,
        .ahead_ms = AHEAD_MS,
        .tasks_max = (int64_t)o->tasks_per_child };
    struct desk desk = { .seat = &hand->board->seats[number],
        .once = o->tries == 1 };
    struct stint_worker *w;

    int rc = stint_worker_new(s, &options, &w);
    if (rc != 0) return rc;
    worker_watch(w, note_task, &desk);
    worker_beat(w, beat, &desk);
    beat(&desk);
    atomic_store(&desk.seat->phase, HAND_SERVES);
    rc = stint_worker_serve(w);
    atomic_store(&desk.seat->phase, HAND_LEAVES);
    stint_worker_free(w);
    return rc;
}

int
hand_run(void *arg, unsigned number)
{
    const struct hand *hand = arg;
    const struct stint_pool_options *o = &hand->options;
    struct stint *s;

    if (o->initializer != NULL) {
        int code = o->initializer(o->initializer_arg);
        flush_output();
        if (code != 0) {
            complain(hand->board, "it returned %d", code);
            return HAND_NO_INITIALIZER;
        }
    }
    int rc = join(hand, number, &s);
    if (rc == 0) {
        rc = serve(hand, number, s);
        if (rc != 0 && rc != STINT_ETIMEOUT)
            complain(hand->board, "%s", stint_error_message());
        (void)stint_close(s);
    } else {
        complain(hand->board, "%s", stint_error_message());
    }
    return rc == 0 ? 0 : HAND_NO_MASTER;
}
