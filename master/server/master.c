/* stint_master_…: a master in a thread of the calling process. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zmq.h>

#include "client/dial.h"
#include "client/stint.h"
#include "common/error.h"
#include "common/sys/blocks.h"
#include "common/sys/host.h"
#include "common/sys/notify.h"
#include "common/sys/say.h"
#include "master/core/core.h"
#include "master/server/committer.h"
#include "master/server/keys.h"
#include "master/server/logger.h"
#include "master/server/loop.h"
#include "master/server/master.h"
#include "master/server/place.h"
#include "master/server/probe.h"
#include "master/server/router.h"
#include "master/server/settings.h"
#include "master/server/state.h"
#include "master/server/timeline.h"
#include "master/server/vault.h"
#include "master/server/web.h"
#include "master/server/witness.h"
#include "master/server/zap.h"

struct stint_master {
    struct logger logger;
    struct state *state; /* NULL: none. */
    struct keys keys;
    struct timeline time;
    struct vault vault; /* Open when the master is durable. */
    struct committer *committer;
    bool durable, notifies;
    struct core *core;
    void *context;
    struct zap *zap;
    void *router; /* The thread's, which closes it. */
    struct router_place place;
    struct loop_seam seam; /* `arg` NULL: none. */
    struct web *web;       /* NULL: none. */
    pid_t pid; /* Whose threads they are: a fork has none of them. */
    struct loop loop;
    bool has_loop;
    pthread_t thread;
    bool runs;
    int end_fd;          /* An eventfd: stint_master_serve() returns. */
    atomic_int outcome;  /* Of the loop; set before it tells end_fd. */
    char sentence[1024]; /* Why; set before the outcome. */
};

/* ---- the thread ---------------------------------------------------------- */

static void
tell_end(int fd)
{
    const uint64_t one = 1;
    int before = errno;

    if (write(fd, &one, sizeof one) < 0) {
        /* The counter is full: it was told already. */
    }
    errno = before;
}

static void
log_end(const struct stint_master *m)
{
    const struct core_totals t = core_totals(m->core);

    logger_say(&m->logger, LOG_INFO, "stopped tasks=%" PRIu64 " kept=%s",
        t.ready + t.delayed + t.leased, m->durable ? "yes" : "no");
}

static void *
run(void *arg)
{
    struct stint_master *m = arg;

    (void)pthread_setname_np(pthread_self(), "stint-master");
    int rc = loop_run(&m->loop);
    if (rc != 0) {
        (void)snprintf(m->sentence, sizeof m->sentence, "%s", say_message());
        logger_say(&m->logger, LOG_CRIT, "failed cause=\"%s\"", m->sentence);
    }
    if (rc == 0) log_end(m);
    if (m->seam.arg != NULL) m->seam.ended(m->seam.arg);
    atomic_store(&m->outcome, rc);
    /* Peers see at once that nobody is here any more. */
    (void)zmq_close(m->router);
    tell_end(m->end_fd);
    return NULL;
}

/* Signals are the host program's: its threads get them, ours and libzmq's never
 * do. */
static void
block_signals(sigset_t *before)
{
    sigset_t all;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, before);
}

/* ---- starting ------------------------------------------------------------ */

static int
add_queues(struct stint_master *m, const char *const *queues)
{
    int rc = 0;

    for (; queues != NULL && *queues != NULL; queues++) {
        rc = core_queue_add(m->core, timeline_now(&m->time), slice_of(*queues));
        if (rc != 0) {
            return say(rc, "the queue \"%.255s\" cannot be made: %s", *queues,
                rc == STINT_EINVAL ? "a name has 1 to 255 bytes of UTF-8"
                                   : error_text(rc));
        }
    }
    return 0;
}

static int
make_core(struct stint_master *m, const struct settings *settings)
{
    struct core_config config = settings->core;
    tick_ns now = timeline_now(&m->time);

    if (m->durable) {
        config.fetch = vault_fetch;
        config.fetch_arg = &m->vault;
    }
    m->core = core_new(&config, now);
    if (m->core == NULL) return say(STINT_ENOMEM, "no memory for the master");
    return keys_admit(&m->keys, m->state, m->core, now);
}

/* What was there before, and that it is there again is on the disk before
 * anybody comes in. */
static int
recover(struct stint_master *m, const char *const *queues)
{
    int rc = 0;

    if (m->durable) {
        rc = vault_load(&m->vault, m->core, &m->time, &m->logger);
        if (rc != 0) return rc;
    }
    rc = add_queues(m, queues);
    if (rc != 0 || !m->durable) return rc;
    return vault_commit(&m->vault, m->core, &m->time);
}

/* In this order: handler, socket, trial, and only then the real address. */
static int
open_door(struct stint_master *m, const struct settings *settings)
{
    m->context = router_context();
    if (m->context == NULL) return STINT_ESYSTEM;
    int rc = zap_start(m->context, &m->zap);
    if (rc != 0) return rc;
    rc = router_open(
        m->context, &m->keys.server, settings->core.frame_max, &m->router);
    if (rc != 0) return rc;
    rc = probe_door(m->context, m->router, m->zap, m->keys.server.public_key);
    if (rc != 0) return rc;
    rc = router_bind(m->router, &settings->listen, &m->place);
    if (rc != 0 || m->state == NULL) return rc;
    return state_publish(m->state, m->place.address, m->keys.server.public_key);
}

/* The key table is on the disk as it is: only what changes is saved. */
static int
prepare_door(struct stint_master *m, struct door *door)
{
    *door = (struct door){ .core = m->core,
        .zap = m->zap,
        .logger = m->logger,
        .has_authkey = m->keys.has_authkey };
    memcpy(door->authkey, m->keys.authkey.public_key, sizeof door->authkey);
    door_update(door, timeline_now(&m->time));
    door->state = m->state;
    return door->untold ? STINT_ENOMEM : 0;
}

static int
make_loop(struct stint_master *m)
{
    struct loop_parts parts = { .router = m->router,
        .logger = m->logger,
        .time = m->time,
        .vault = m->durable ? &m->vault : NULL,
        .committer = m->committer,
        .web = m->web,
        .notify = m->notifies,
        .seam = m->seam.arg == NULL ? NULL : &m->seam };

    int rc = prepare_door(m, &parts.door);
    if (rc != 0) return rc;
    rc = loop_init(&m->loop, &parts);
    m->has_loop = rc == 0;
    return rc;
}

/* Nobody is served worse because the numbers cannot be looked at. */
static int
open_web(struct stint_master *m, const struct settings *settings)
{
    const struct web_parts parts = { .core = m->core, .zap = m->zap };

    if (!settings->web.wanted) return 0;
    int rc = web_open(&settings->web, &parts, &m->web);
    if (rc == 0 || !settings->web.optional) return rc;
    logger_say(&m->logger, LOG_NOTICE, "no-http cause=\"%s\"", say_message());
    return 0;
}

static int
start_thread(struct stint_master *m)
{
    m->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (m->end_fd < 0) {
        return say(STINT_ESYSTEM, "no descriptor is left: %s", strerror(errno));
    }
    if (pthread_create(&m->thread, NULL, run, m) != 0) {
        return say(STINT_ESYSTEM, "no thread for the master");
    }
    m->runs = true;
    return 0;
}

static int
open_state(struct stint_master *m, const struct stint_master_options *options)
{
    if (options == NULL || options->state_dir == NULL) return 0;
    int rc = state_open(options->state_dir, &m->state);
    if (rc != 0 || !m->durable) return rc;
    return vault_open(&m->vault, state_dir(m->state));
}

static int
start(struct stint_master *m, const struct stint_master_options *options,
    const struct settings *settings)
{
    int rc = open_state(m, options);
    if (rc == 0) rc = keys_choose(&m->keys, settings, m->state);
    if (rc == 0) rc = make_core(m, settings);
    if (rc == 0) rc = recover(m, options == NULL ? NULL : options->queues);
    if (rc == 0) rc = open_door(m, settings);
    if (rc == 0 && m->durable) {
        rc = committer_start(m->vault.store, &m->logger, &m->committer);
    }
    if (rc == 0) rc = open_web(m, settings);
    if (rc == 0) rc = make_loop(m);
    return rc == 0 ? start_thread(m) : rc;
}

static bool
has_store(const struct stint_master_options *options)
{
    char path[PLACE_ROOM];

    return options != NULL && options->state_dir != NULL
           && place_path(path, options->state_dir, "store") == 0
           && access(path, F_OK) == 0;
}

static int
prepare(struct settings *settings, const struct stint_master_options *options)
{
    if (sodium_init() < 0) {
        return say(STINT_ESYSTEM, "libsodium finds no source of randomness");
    }
    blocks_keep();
    (void)host_raise_files();
    return settings_read(settings, options);
}

static int
give_up(const struct loop_seam *seam, int rc)
{
    if (seam != NULL) seam->free(seam->arg);
    return rc;
}

/* Nothing is open yet: stint_master_stop() frees it whatever fails.  NULL
 * without memory. */
static struct stint_master *
new_master(const struct stint_master_options *options,
    const struct loop_seam *seam, const struct settings *settings)
{
    struct stint_master *m = calloc(1, sizeof *m);

    if (m == NULL) return NULL;
    m->end_fd = -1;
    m->pid = getpid();
    if (seam != NULL) m->seam = *seam;
    if (options != NULL) {
        m->logger =
            (struct logger){ .write = options->log, .arg = options->log_arg };
        m->notifies = options->notify;
    }
    m->durable = settings->core.durable;
    timeline_init(&m->time);
    vault_init(&m->vault, m->notifies);
    return m;
}

/* What people and the service manager are told when it runs. */
static void
announce(const struct stint_master *m,
    const struct stint_master_options *options, bool exposed)
{
    logger_say(&m->logger, LOG_INFO,
        "listening address=%s authkey=%s state=%s "
        "durable=%s http=%s",
        m->place.address, m->keys.has_authkey ? "yes" : "no",
        m->state == NULL ? "no" : "yes", m->durable ? "yes" : "no",
        m->web == NULL ? "no" : web_url(m->web));
    if (!m->durable && has_store(options)) {
        logger_say(&m->logger, LOG_NOTICE,
            "memory-only data=\"%s\": the tasks that an earlier master stored "
            "there are left alone; a start without --memory brings them back",
            state_dir(m->state));
    }
    if (m->notifies) {
        notify("READY=1\nSTATUS=listening on %s", m->place.address);
    }
    if (exposed) {
        logger_say(&m->logger, LOG_WARNING,
            "weak_authkey address=%s: other hosts reach it, and one recorded "
            "connection is enough to guess the authkey; make a real one with "
            "`stint key generate`",
            m->place.address);
    }
}

int
master_start(const struct stint_master_options *options,
    const struct loop_seam *seam, struct stint_master **out)
{
    struct settings settings;
    sigset_t before;

    *out = NULL;
    int rc = prepare(&settings, options);
    if (rc != 0) return give_up(seam, rc);
    struct stint_master *m = new_master(options, seam, &settings);
    if (m == NULL) {
        settings_fini(&settings);
        return give_up(seam, say(STINT_ENOMEM, "no memory for the master"));
    }
    block_signals(&before);
    rc = start(m, options, &settings);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    bool exposed = settings_is_exposed(&settings);
    settings_fini(&settings);
    if (rc != 0) {
        stint_master_stop(m);
        return rc;
    }
    announce(m, options, exposed);
    *out = m;
    return 0;
}

int
stint_master_start(
    const struct stint_master_options *options, struct stint_master **out)
{
    return master_start(options, NULL, out);
}

/* ---- the rest of the interface ------------------------------------------- */

const struct loop_seam *
master_seam(const struct stint_master *m)
{
    return m->seam.arg == NULL ? NULL : &m->seam;
}

const char *
stint_master_address(const struct stint_master *m)
{
    return m->place.address;
}

const char *
stint_master_http(const struct stint_master *m)
{
    return m->web == NULL ? NULL : web_url(m->web);
}

const char *
stint_master_access_file(const struct stint_master *m)
{
    return m->state == NULL ? NULL : state_admin_file(m->state);
}

int
stint_master_connect(struct stint_master *m,
    const struct stint_options *options, struct stint **out)
{
    return client_dial(options, m->place.local, m->keys.server.public_key,
        &m->keys.admin, out);
}

int
stint_master_serve(struct stint_master *m)
{
    struct pollfd end = { .fd = m->end_fd, .events = POLLIN };

    while (poll(&end, 1, -1) < 0) {
        if (errno != EINTR) {
            return say(
                STINT_ESYSTEM, "the master cannot wait: %s", strerror(errno));
        }
    }
    int rc = atomic_load(&m->outcome);
    return rc == 0 ? 0 : say(rc, "%s", m->sentence);
}

void
stint_master_quit(struct stint_master *m)
{
    if (m->pid == getpid()) loop_quit(&m->loop);
}

int
master_worker_died(struct stint_master *m, const char *name, uint64_t task,
    bool late, const char *how)
{
    return deaths_tell(&m->loop.deaths, name, task, late, how);
}

static void
stop_thread(struct stint_master *m)
{
    if (m->runs) {
        loop_quit(&m->loop);
        (void)pthread_join(m->thread, NULL);
    } else if (m->router != NULL) {
        (void)zmq_close(m->router);
    }
    if (m->has_loop) loop_fini(&m->loop);
}

void
stint_master_stop(struct stint_master *m)
{
    /* What a copy of the process has of it is its parent's: files, descriptors,
     * and threads that are not there. */
    if (m == NULL || m->pid != getpid()) return;
    stop_thread(m);
    web_close(m->web);
    /* A disk that hangs keeps its thread, its files and the lock on them until
     * the process ends. */
    if (committer_stop(m->committer)) vault_close(&m->vault);
    if (m->context != NULL) (void)zmq_ctx_shutdown(m->context);
    zap_stop(m->zap);
    if (m->context != NULL) (void)zmq_ctx_term(m->context);
    core_free(m->core);
    state_close(m->state);
    keys_fini(&m->keys);
    if (m->end_fd >= 0) (void)close(m->end_fd);
    if (m->seam.arg != NULL) m->seam.free(m->seam.arg);
    free(m);
}
