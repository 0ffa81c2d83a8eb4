#include "cli/stop.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "cli/exit.h"
#include "cli/pace.h"

enum { ECHO_MS = 200 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct stop_steps now;
static unsigned count;
static atomic_int last = SIGINT;

/* timeout(1) and service managers send a signal to a process and to its group:
 * that is one wish, which comes twice.  No finger is as fast. */
static bool
is_echo(int number)
{
    static int64_t at; /* When the last one counted. */
    int64_t now_ms = pace_now_ms();

    if (count == 1 && number == atomic_load(&last) && now_ms - at < ECHO_MS)
        return true;
    at = now_ms;
    return false;
}

static void
take_step(int number)
{
    pthread_mutex_lock(&lock);
    if (is_echo(number)) {
        pthread_mutex_unlock(&lock);
        return;
    }
    count++;
    atomic_store(&last, number);
    if (count == 1 && now.first != NULL)
        now.first(now.arg);
    else if (count == 2 && now.second != NULL)
        now.second(now.arg);
    else
        _exit(EXIT_SIGNAL + number);
    pthread_mutex_unlock(&lock);
}

/* nohup(1) ignores HUP; that is for us, too, though a signal that is blocked is
 * never ignored. */
static bool
is_wanted(int number)
{
    struct sigaction now_is;

    return sigaction(number, NULL, &now_is) != 0
           || now_is.sa_handler != SIG_IGN;
}

static sigset_t
signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (is_wanted(SIGHUP)) sigaddset(&set, SIGHUP);
    return set;
}

static void *
wait_for_signals(void *arg)
{
    sigset_t set = signals();
    int number;

    (void)arg;
    for (;;)
        if (sigwait(&set, &number) == 0) take_step(number);
    return NULL;
}

void
stop_begin(void)
{
    sigset_t set = signals();
    pthread_t thread;
    int error;

    pthread_sigmask(SIG_BLOCK, &set, NULL);
    error = pthread_create(&thread, NULL, wait_for_signals, NULL);
    if (error != 0)
        exit_now(EXIT_AGAIN,
            "no thread can be started: %s; end other programs and try again",
            strerror(error));
    pthread_detach(thread);
}

void
stop_watch(const struct stop_steps *steps)
{
    pthread_mutex_lock(&lock);
    now = steps != NULL ? *steps : (struct stop_steps){ 0 };
    count = 0;
    pthread_mutex_unlock(&lock);
}

int
stop_signal(void)
{
    return atomic_load(&last);
}
