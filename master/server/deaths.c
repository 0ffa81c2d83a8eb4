#include "master/server/deaths.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base.h"
#include "common/stint_error.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"

#define LAST_WORDS (20 * TICK_MS)

struct death {
    struct list node;
    tick_ns due; /* By the clock: the core's time may stand still. */
    uint64_t task;
    bool late;
    const char *how; /* Behind the name. */
    char name[];
};

static struct death *
death_of(struct list *node)
{
    return CONTAINER_OF(node, struct death, node);
}

int
deaths_init(struct deaths *d)
{
    list_init(&d->told);
    d->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (d->fd < 0) {
        return say(STINT_ESYSTEM, "no descriptor is left: %s", strerror(errno));
    }
    (void)pthread_mutex_init(&d->lock, NULL);
    return 0;
}

void
deaths_fini(struct deaths *d)
{
    for (struct list *node; (node = list_pop(&d->told)) != NULL;)
        free(death_of(node));
    (void)close(d->fd);
    (void)pthread_mutex_destroy(&d->lock);
}

int
deaths_tell(struct deaths *d, const char *name, uint64_t task, bool late,
    const char *how)
{
    const uint64_t one = 1;
    size_t size = strlen(name) + 1, how_size = strlen(how) + 1;
    struct death *death = malloc(sizeof *death + size + how_size);

    if (death == NULL) return say(STINT_ENOMEM, "no memory for a death");
    *death = (struct death){ .due = tick_after(clock_now(), LAST_WORDS),
        .task = task,
        .late = late,
        .how = death->name + size };
    memcpy(death->name, name, size);
    memcpy(death->name + size, how, how_size);
    (void)pthread_mutex_lock(&d->lock);
    list_push(&d->told, &death->node);
    (void)pthread_mutex_unlock(&d->lock);
    if (write(d->fd, &one, sizeof one) < 0) {
        /* The counter is full: it was told already. */
    }
    return 0;
}

/* NULL: none is due. */
static struct death *
take_due(struct deaths *d, tick_ns now)
{
    (void)pthread_mutex_lock(&d->lock);
    struct list *node = list_first(&d->told);
    struct death *death = node != NULL ? death_of(node) : NULL;
    if (death != NULL && death->due > now) death = NULL;
    if (death != NULL) list_remove(&death->node);
    (void)pthread_mutex_unlock(&d->lock);
    return death;
}

void
deaths_turn(struct deaths *d, struct core *core, tick_ns now)
{
    struct death *death;
    uint64_t times;

    if (read(d->fd, &times, sizeof times) < 0) {
        /* Nothing new; there may be some that were waited for. */
    }
    tick_ns clock = clock_now();
    while ((death = take_due(d, clock)) != NULL) {
        (void)core_worker_died(core, now, slice_of(death->name),
            &(struct core_death){ .task = death->task,
                .late = death->late,
                .how = slice_of(death->how) });
        free(death);
    }
}

tick_ns
deaths_left(const struct deaths *d)
{
    /* A mutex is no part of what const promises to leave alone. */
    pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&d->lock;
    tick_ns now = clock_now(), due = TICK_NEVER;

    (void)pthread_mutex_lock(lock);
    struct list *node = list_first(&d->told);
    if (node != NULL) due = death_of(node)->due;
    (void)pthread_mutex_unlock(lock);
    if (due == TICK_NEVER) return TICK_NEVER;
    return due > now ? due - now : 0;
}
