#include "client/pool/crew.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "client/pool/hand.h"
#include "client/pool/pulse.h"
#include "common/sys/clock.h"
#include "common/sys/host.h"
#include "common/sys/say.h"
#include "master/server/witness.h"
#include "process/nursery.h"
#include "worker/handlers.h"

enum { HANDS_MAX = 4096, FAILURES_MAX = 3, LOOK_MS = 2 };

/* Longer than a pulse may be silent: what it runs is still its own then. */
enum { SILENCE_MS = 10000 };

#define SPAWN_FOR (10 * TICK_S)
#define INITIALIZE_FOR (20 * TICK_S)
#define PAYLOAD_MAX ((size_t)1 << 30)

/* Where one after the other works; the watcher's. */
struct place {
    pid_t pid;       /* 0: nobody's. */
    unsigned silent; /* For so many looks: it was killed for that; or 0. */
    struct pulse pulse;
};

struct crew {
    struct hand hand; /* For good since the nursery was forked. */
    struct handlers handlers;
    struct stint_master *master;
    unsigned size;
    size_t board_size;
    struct place *places; /* `size` of them. */
    pthread_t watcher;
    bool has_watcher;
    int wake_fd;

    pthread_mutex_t lock;
    struct nursery *nursery; /* NULL: closed. */
    bool stopping;
    unsigned failures; /* In a row. */
    int code;          /* Why it is broken, or 0. */
    char text[HAND_WHY + 128];
    void (*broke)(void *arg, int code, const char *text);
    void *broke_arg;
};

/* ---- breaking ------------------------------------------------------------ */

static void break_crew(struct crew *crew, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void
break_crew(struct crew *crew, int code, const char *format, ...)
{
    va_list args;

    (void)pthread_mutex_lock(&crew->lock);
    bool first = crew->code == 0 && !crew->stopping;
    if (first) {
        va_start(args, format);
        (void)vsnprintf(crew->text, sizeof crew->text, format, args);
        va_end(args);
        crew->code = code;
    }
    void (*broke)(void *, int, const char *) = crew->broke;
    void *arg = crew->broke_arg;
    (void)pthread_mutex_unlock(&crew->lock);
    if (first && broke != NULL) broke(arg, code, crew->text);
}

void
crew_watch(struct crew *crew,
    void (*broke)(void *arg, int code, const char *text), void *arg)
{
    (void)pthread_mutex_lock(&crew->lock);
    crew->broke = broke;
    crew->broke_arg = arg;
    int code = crew->code;
    (void)pthread_mutex_unlock(&crew->lock);
    if (code != 0) broke(arg, code, crew->text);
}

/* ---- workers ------------------------------------------------------------- */

static bool
is_stopping(struct crew *crew)
{
    (void)pthread_mutex_lock(&crew->lock);
    bool stopping = crew->stopping;
    (void)pthread_mutex_unlock(&crew->lock);
    return stopping;
}

static int
spawn(struct crew *crew, unsigned number)
{
    pid_t pid;

    struct hand_seat *seat = &crew->hand.board->seats[number];
    struct place *place = &crew->places[number];
    *place = (struct place){ .pid = 0 };
    atomic_store(&seat->phase, HAND_BEGINS);
    atomic_store(&seat->task, 0);
    int rc = nursery_spawn(
        crew->nursery, number, tick_after(clock_now(), SPAWN_FOR), &pid);
    if (rc != 0) return rc;
    place->pid = pid;
    if (is_stopping(crew)) nursery_kill(crew->nursery, pid, SIGKILL);
    return 0;
}

static void
give_up(struct crew *crew, const struct nursery_exit *e)
{
    const char *why = crew->hand.board->why;
    bool killed = e->code < 0;

    if (e->code == HAND_NO_INITIALIZER) {
        break_crew(crew, STINT_EDEAD,
            "the pool's initializer failed in %d processes in a row: %s",
            FAILURES_MAX, why);
    } else if (e->code == HAND_NO_MASTER) {
        break_crew(crew, STINT_EDEAD,
            "%d processes of the pool in a row could not begin: %s",
            FAILURES_MAX, why);
    } else {
        break_crew(crew, STINT_EDEAD,
            "%d processes of the pool in a row ended before they could begin, "
            "the last one %s %d",
            FAILURES_MAX, killed ? "by signal" : "with exit code",
            killed ? -e->code : e->code);
    }
}

/* For the failure of what it ran. */
static void
describe(const struct nursery_exit *e, const struct hand_seat *seat, char *text,
    size_t room)
{
    bool killed = e->code < 0;
    const char *name = killed ? sigabbrev_np(-e->code) : NULL;

    size_t n = (size_t)snprintf(text, room, "worker %d %s %d", (int)e->pid,
        killed ? "was ended by signal" : "ended with exit code",
        killed ? -e->code : e->code);
    if (name != NULL)
        n += (size_t)snprintf(text + n, room - n, " (SIG%s)", name);
    (void)snprintf(text + n, room - n, " in \"%s\", attempt %u", seat->function,
        seat->attempt);
}

/* It looked at its limit itself as long as it could. */
static bool
is_late(const struct crew *crew, const struct hand_seat *seat)
{
    tick_ns limit = crew->hand.options.task_timeout_ms * TICK_MS;

    return limit > 0 && clock_now() - seat->began >= limit;
}

static void
describe_silent(const struct crew *crew, const struct nursery_exit *e,
    bool late, char *text, size_t room)
{
    const struct hand_seat *seat = &crew->hand.board->seats[e->number];
    size_t n = 0;

    if (late) {
        n = (size_t)snprintf(text, room, "timed out after %g s: ",
            (double)crew->hand.options.task_timeout_ms / 1000);
    }
    (void)snprintf(text + n, room - n,
        "worker %d gave no sign of life for %u s and was killed, in \"%s\", "
        "attempt %u",
        (int)e->pid, crew->places[e->number].silent - 1, seat->function,
        seat->attempt);
}

/* At once: its silence would tell later.  Returns whether it had begun to
 * serve. */
static bool
tell_master(struct crew *crew, const struct nursery_exit *e)
{
    const struct hand_seat *seat = &crew->hand.board->seats[e->number];
    bool silent = crew->places[e->number].silent > 0 && e->code == -SIGKILL;
    bool late = silent && is_late(crew, seat);
    char name[HAND_NAME], how[HAND_FUNCTION + 192];

    if (atomic_load(&seat->phase) == HAND_BEGINS) return false;
    hand_name(name, e->number, e->pid);
    if (silent) {
        describe_silent(crew, e, late, how, sizeof how);
    } else {
        describe(e, seat, how, sizeof how);
    }
    /* Without memory its silence tells. */
    (void)master_worker_died(
        crew->master, name, atomic_load(&seat->task), late, how);
    return true;
}

static void
replace(struct crew *crew, const struct nursery_exit *e)
{
    if (e->number >= crew->size) return;

    bool began = tell_master(crew, e);
    crew->places[e->number].pid = 0;
    (void)pthread_mutex_lock(&crew->lock);
    crew->failures = began ? 0 : crew->failures + 1;
    bool over = crew->stopping || crew->code != 0;
    bool hopeless = crew->failures >= FAILURES_MAX;
    (void)pthread_mutex_unlock(&crew->lock);
    if (over) return;
    if (hopeless) {
        give_up(crew, e);
    } else if (spawn(crew, e->number) != 0) {
        break_crew(crew, STINT_ESYSTEM,
            "a process of the pool cannot be replaced: %s",
            stint_error_message());
    }
}

/* An initializer may take as long as it likes. */
static unsigned
patience(const struct crew *crew, enum hand_phase phase)
{
    if (phase == HAND_SERVES) return PULSE_SILENT;
    bool may_initialize =
        phase == HAND_BEGINS && crew->hand.options.initializer != NULL;
    return may_initialize ? UINT_MAX : PULSE_RIM;
}

/* Who serves has counted on since it said so: it is looked at in this order. */
static void
look_at(struct crew *crew, unsigned number)
{
    struct hand_seat *seat = &crew->hand.board->seats[number];
    struct place *place = &crew->places[number];

    if (place->pid == 0) return;
    unsigned most = patience(crew, (enum hand_phase)atomic_load(&seat->phase));
    if (pulse_look(&place->pulse, atomic_load(&seat->beats)) < most) return;
    place->silent = most;
    nursery_kill(crew->nursery, place->pid, SIGKILL);
}

/* Until it is to stop, or there is nobody to watch any more. */
static void *
watch(void *arg)
{
    struct crew *crew = arg;
    struct pollfd fds[] = {
        { .fd = nursery_fd(crew->nursery), .events = POLLIN },
        { .fd = crew->wake_fd, .events = POLLIN },
    };
    tick_ns next = tick_after(clock_now(), PULSE_EVERY);
    int rc = 0;

    while (!is_stopping(crew) && rc != STINT_ECLOSED) {
        tick_ns now = clock_now();
        struct nursery_exit e;

        if (now >= next) {
            next = tick_after(now, PULSE_EVERY);
            for (unsigned i = 0; i < crew->size; i++)
                look_at(crew, i);
        }
        (void)poll(fds, 2, (int)((next - now) / TICK_MS) + 1);
        while ((rc = nursery_next_exit(crew->nursery, &e, 0)) == 0)
            replace(crew, &e);
    }
    if (rc == STINT_ECLOSED) {
        break_crew(crew, STINT_EWORKERLOST,
            "the process that starts the pool's workers was killed, and they "
            "with it: open another pool");
    }
    return NULL;
}

/* ---- opening ------------------------------------------------------------- */

static struct crew *
allocate(const struct stint_pool_options *o, unsigned size)
{
    struct crew *crew = calloc(1, sizeof *crew);

    if (crew == NULL) return NULL;
    crew->hand.options = *o;
    crew->size = size;
    crew->wake_fd = -1;
    (void)pthread_mutex_init(&crew->lock, NULL);
    return crew;
}

static int
make_board(struct crew *crew)
{
    crew->board_size =
        sizeof(struct hand_board) + crew->size * sizeof(struct hand_seat);
    void *board = mmap(NULL, crew->board_size, PROT_READ | PROT_WRITE,
        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (board == MAP_FAILED) return say(STINT_ENOMEM, "no memory for a pool");
    crew->hand.board = board;
    crew->places = calloc(crew->size, sizeof *crew->places);
    if (crew->places == NULL) return say(STINT_ENOMEM, "no memory for a pool");
    crew->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (crew->wake_fd >= 0) return 0;
    return say(STINT_ESYSTEM, "no descriptor is left for a pool: %s",
        strerrordesc_np(errno));
}

static int
start_master(struct crew *crew, struct stint **s)
{
    struct hand_board *board = crew->hand.board;
    const struct stint_master_options options = {
        .listen = "tcp://127.0.0.1:0",
        .authkey = crew->hand.authkey,
        .memory = true,
        .silence_ms = SILENCE_MS,
        .payload_max = PAYLOAD_MAX,
    };

    int rc = stint_master_start(&options, &crew->master);
    if (rc != 0) return rc;
    (void)snprintf(board->address, sizeof board->address, "%s",
        stint_master_address(crew->master));
    return stint_master_connect(crew->master, NULL, s);
}

/* Without the signals of the program around us. */
static int
start_watcher(struct crew *crew)
{
    sigset_t all, old;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    int error = pthread_create(&crew->watcher, NULL, watch, crew);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    crew->has_watcher = error == 0;
    if (error == 0) return 0;
    return say(STINT_ESYSTEM, "cannot start a thread for a pool: %s",
        strerrordesc_np(error));
}

static bool
has_begun(struct crew *crew)
{
    for (unsigned i = 0; i < crew->size; i++) {
        if (atomic_load(&crew->hand.board->seats[i].phase) != HAND_BEGINS)
            return true;
    }
    return false;
}

/* One that takes long is not waited for: it may be meant so. */
static int
await_initializer(struct crew *crew)
{
    tick_ns until = tick_after(clock_now(), INITIALIZE_FOR);
    int code = 0;

    while (code == 0 && !has_begun(crew) && clock_now() < until) {
        (void)poll(NULL, 0, LOOK_MS);
        (void)pthread_mutex_lock(&crew->lock);
        code = crew->code;
        (void)pthread_mutex_unlock(&crew->lock);
    }
    return code == 0 ? 0 : say(code, "%s", crew->text);
}

static int
open_crew(struct crew *crew, struct stint **s)
{
    const struct stint_pool_options *o = &crew->hand.options;
    const struct nursery_options nursery = { .run = hand_run,
        .arg = &crew->hand };

    int rc = handlers_init(&crew->handlers, o->functions, o->plugin, NULL);
    if (rc == 0) rc = make_board(crew);
    if (rc != 0) return rc;
    stint_key_generate(crew->hand.authkey);
    rc = nursery_open(&nursery, &crew->nursery);
    return rc == 0 ? start_master(crew, s) : rc;
}

int
crew_open(const struct stint_pool_options *options, struct crew **out,
    struct stint **s)
{
    unsigned size = options->processes != 0 ? options->processes : host_cores();
    char why[1024];

    *s = NULL;
    *out = NULL;
    if (size > HANDS_MAX) {
        return say(STINT_EINVAL, "a pool of %u processes: at most %d", size,
            HANDS_MAX);
    }
    struct crew *crew = allocate(options, size);
    if (crew == NULL) return say(STINT_ENOMEM, "no memory for a pool");
    int rc = open_crew(crew, s);
    if (rc == 0) {
        *out = crew;
        return 0;
    }
    (void)snprintf(why, sizeof why, "%s", stint_error_message());
    if (*s != NULL) stint_abandon(*s);
    *s = NULL;
    crew_free(crew);
    return say(rc, "%s", why);
}

int
crew_start(struct crew *crew)
{
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < crew->size; i++)
        rc = spawn(crew, i);
    if (rc == 0) rc = start_watcher(crew);
    if (rc == 0 && crew->hand.options.initializer != NULL)
        rc = await_initializer(crew);
    return rc;
}

/* ---- the rest ------------------------------------------------------------ */

unsigned
crew_size(const struct crew *crew)
{
    return crew->size;
}

int
crew_check(const struct crew *crew, const char *function)
{
    char names[256];

    if (handlers_find(&crew->handlers, function) != NULL) return 0;
    handlers_names(&crew->handlers, names, sizeof names);
    return say(STINT_EINVAL, "the pool has no function \"%s\"; it has: %s",
        function, names);
}

void
crew_kill(struct crew *crew)
{
    static const uint64_t one = 1;

    (void)pthread_mutex_lock(&crew->lock);
    crew->stopping = true;
    if (crew->nursery != NULL) nursery_kill(crew->nursery, 0, SIGKILL);
    ssize_t n = write(crew->wake_fd, &one, sizeof one);
    (void)n; /* It is readable already. */
    (void)pthread_mutex_unlock(&crew->lock);
}

void
crew_close(struct crew *crew)
{
    crew_kill(crew);
    if (crew->has_watcher) (void)pthread_join(crew->watcher, NULL);
    crew->has_watcher = false;
    (void)pthread_mutex_lock(&crew->lock);
    struct nursery *nursery = crew->nursery;
    crew->nursery = NULL;
    (void)pthread_mutex_unlock(&crew->lock);
    nursery_close(nursery);
    stint_master_stop(crew->master);
    crew->master = NULL;
}

void
crew_free(struct crew *crew)
{
    if (crew == NULL) return;
    crew_close(crew);
    if (crew->wake_fd >= 0) (void)close(crew->wake_fd);
    if (crew->hand.board != NULL)
        (void)munmap(crew->hand.board, crew->board_size);
    free(crew->places);
    handlers_fini(&crew->handlers);
    (void)pthread_mutex_destroy(&crew->lock);
    free(crew);
}
