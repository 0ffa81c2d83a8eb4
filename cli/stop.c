#include "cli/stop.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "cli/exit.h"

static pthread_t watcher;

static sigset_t
signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    return set;
}

void
stop_block(void)
{
    sigset_t set = signals();

    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void *
watch(void *arg)
{
    const struct stop_steps *steps = arg;
    sigset_t set = signals();

    for (int count = 1;; count++) {
        int number = 0;

        /* A cancellation point: where stop_unwatch() ends this thread. */
        if (sigwait(&set, &number) != 0) continue;
        if (count == 1 && steps->first != NULL)
            steps->first(steps->arg);
        else if (count <= 2 && steps->second != NULL)
            steps->second(steps->arg);
        else
            _exit(EXIT_SIGNAL + number);
    }
    return NULL;
}

void
stop_watch(const struct stop_steps *steps)
{
    union {
        const struct stop_steps *steps;
        void *arg;
    } lent = { .steps = steps };
    int error = pthread_create(&watcher, NULL, watch, lent.arg);

    if (error != 0)
        exit_now(EXIT_AGAIN,
            "no thread can be started: %s; end other "
            "programs and try again",
            strerror(error));
}

void
stop_unwatch(void)
{
    sigset_t set = signals();

    pthread_cancel(watcher);
    pthread_join(watcher, NULL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
