#include "client/forked.h"

#include <stdio.h>
#include <unistd.h>

#include "common/base.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct list all = { &all, &all };

static void
before(void)
{
    (void)pthread_mutex_lock(&lock);
}

static void
after(void)
{
    (void)pthread_mutex_unlock(&lock);
}

/* Any thread of the original may have had the lock, or have been reading. */
static void
disown(struct stint *s)
{
    (void)pthread_mutex_init(&s->lock, NULL);
    s->is_copy = true;
    s->fatal = STINT_ECLOSED;
    (void)snprintf(s->fatal_text, sizeof s->fatal_text,
        "this connection is that of process %d, of which we are a copy: a "
        "process that was forked connects by itself",
        (int)getppid());
    s->pumping = s->sleeping = s->keeper_pumps = s->keeper_started = false;
    list_init(&s->waiters);
    s->conn.socket = s->conn.monitor = s->conn.ctx = NULL;
    s->conn.wake_fd = -1;
}

static void
in_the_copy(void)
{
    LIST_FOREACH (node, next, &all) {
        disown(CONTAINER_OF(node, struct stint, of_process));
    }
    (void)pthread_mutex_unlock(&lock);
}

static void
watch_forks(void)
{
    (void)pthread_atfork(before, after, in_the_copy);
}

void
forked_add(struct stint *s)
{
    (void)pthread_once(&once, watch_forks);
    (void)pthread_mutex_lock(&lock);
    list_push(&all, &s->of_process);
    (void)pthread_mutex_unlock(&lock);
}

void
forked_remove(struct stint *s)
{
    (void)pthread_mutex_lock(&lock);
    list_remove(&s->of_process);
    (void)pthread_mutex_unlock(&lock);
}
