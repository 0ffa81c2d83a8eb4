/* Semaphore and BoundedSemaphore.                            [layer: client] */
#include <stdlib.h>

#include "client/pump.h"
#include "client/stint_sync.h"
#include "client/sync/ask.h"
#include "common/sys/say.h"

enum { BOUNDED = 1, NO_RETURN = 2 };

struct stint_semaphore {
    struct named named;
    uint64_t taken; /* Permits, through this handle. */
};

static int
describe(const struct stint_semaphore_options *o, struct msg_object_open *open)
{
    if (o->value > INT64_MAX || (o->none && o->value > 0)) {
        return say(STINT_EINVAL,
            "a semaphore begins with `value` permits, or with none");
    }
    open->kind = NAMED_SEMAPHORE;
    open->only_open = o->only_open;
    open->size = o->value > 0 ? o->value : !o->none;
    open->flags = (o->bounded ? BOUNDED : 0U) | (o->no_return ? NO_RETURN : 0U);
    return 0;
}

int
stint_semaphore_open(struct stint *s, const char *name,
    const struct stint_semaphore_options *options, struct stint_semaphore **out)
{
    static const struct stint_semaphore_options none;
    const struct stint_semaphore_options *o = options != NULL ? options : &none;
    struct msg_object_open open = { 0 };

    *out = NULL;
    int rc = named_check(name, o->durability, &open.durability);
    if (rc == 0) rc = describe(o, &open);
    if (rc != 0) return rc;
    struct stint_semaphore *sem = calloc(1, sizeof(*sem));
    if (sem == NULL) return say(STINT_ENOMEM, "no memory for a semaphore");
    sem->named.as_it_is = options == NULL;
    rc = named_open(&sem->named, s, name, NULL, &open);
    if (rc != 0) {
        free(sem);
        return rc;
    }
    *out = sem;
    return 0;
}

void
stint_semaphore_close(struct stint_semaphore *sem)
{
    if (sem == NULL) return;
    struct stint *s = sem->named.s;
    const struct msg_sync m = { .verb = ASK_RELEASE, .number = sem->taken };
    bool is_counted = (sem->named.open.flags & NO_RETURN) == 0;

    pump_enter(s);
    if (sem->taken > 0 && is_counted) ask_nothing(&sem->named, &m);
    if (!s->closed) pump_push(s, false);
    pump_leave(s);
    named_close(&sem->named);
    free(sem);
}

int
stint_semaphore_acquire(struct stint_semaphore *sem, int64_t timeout_ms)
{
    const struct msg_sync m = { .verb = ASK_ACQUIRE };
    int rc = pump_check_timeout(timeout_ms);

    if (rc != 0) return rc;
    pump_enter(sem->named.s);
    rc = ask_and_wait(&sem->named, &m, pump_deadline(timeout_ms), NULL);
    if (rc == 0) sem->taken += 1;
    pump_leave(sem->named.s);
    return rc;
}

int
stint_semaphore_release(struct stint_semaphore *sem, uint64_t count)
{
    const struct msg_sync m = { .verb = ASK_RELEASE, .number = count };

    if (count < 1 || count > INT64_MAX) {
        return say(STINT_EINVAL, "at least one permit is released");
    }
    int rc = ask(&sem->named, &m, NULL);
    if (rc != 0) return rc;
    pump_enter(sem->named.s);
    sem->taken -= sem->taken < count ? sem->taken : count;
    pump_leave(sem->named.s);
    return 0;
}

int
stint_semaphore_value(struct stint_semaphore *sem, uint64_t *value)
{
    const struct msg_sync m = { .verb = ASK_LOOK };
    struct msg_synced answer;
    int rc = ask(&sem->named, &m, &answer);

    if (rc == 0) *value = answer.number;
    return rc;
}
