#include "cli/connect.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/exit.h"
#include "cli/value.h"

static bool
is_set(const struct setting *s)
{
    return s != NULL && s->count > 0;
}

/* There are three ways in; the one that was named nearest to the command line
 * counts. */
static void
choose_key(const struct run *run, struct stint_options *options)
{
    static const char *const names[] = { "access", "authkey-file", "authkey" };
    const struct setting *best = NULL;

    for (size_t i = 0; i < 3; i++) {
        const struct setting *s = setting_find(run, names[i]);

        if (is_set(s) && (best == NULL || s->from > best->from)) best = s;
    }
    if (best == NULL) return;
    if (strcmp(best->opt->name, "access") == 0)
        options->access_file = best->items[0];
    else if (strcmp(best->opt->name, "authkey-file") == 0)
        options->authkey_file = best->items[0];
    else if (best->from != FROM_ENVIRONMENT)
        options->authkey = best->items[0];
    /* The library reads the variable itself, and names it when it is wrong. */
}

void
connect_options(const struct run *run, struct stint_options *options)
{
    const struct setting *timeout = setting_find_in(run, "common", "timeout");

    *options = (struct stint_options){ 0 };
    choose_key(run, options);
    options->master = setting_text(run, "master");
    options->allow_weak_authkey = setting_flag(run, "allow-weak-authkey");
    options->connect_timeout_ms = setting_ms(run, "connect-timeout");
    /* With --timeout 0 nothing is waited for but one answer, and that for as
     * long as without the option: to the library 0 is its default. */
    if (is_set(timeout)) options->timeout_ms = setting_ms(run, "timeout");
    if (options->connect_timeout_ms == 0) options->connect_timeout_ms = 1;
}

/* ---- a word while nothing is heard --------------------------------------- */

enum { SILENT_S = 1, DEFAULT_MS = 5000 };

struct patience {
    const struct stint_options *options;
    pthread_mutex_t lock;
    pthread_cond_t over_now;
    bool is_over;
};

static void
say_patience(const struct stint_options *o)
{
    int64_t ms =
        o->connect_timeout_ms != 0 ? o->connect_timeout_ms : DEFAULT_MS;
    const char *where = o->master != NULL        ? o->master
                        : o->access_file != NULL ? o->access_file
                                                 : "this host's access file";
    char text[VALUE_TEXT] = "ever";

    /* In a script the error is soon there, unless there is none to come. */
    if (ms > 0 && (ms <= SILENT_S * 1000 || isatty(STDERR_FILENO) != 1)) return;
    if (ms > 0) value_show_duration(ms * 1000000, text);
    exit_note("stint: no answer yet from the master%s %s; trying for %s "
              "(--connect-timeout)",
        o->master != NULL ? " at" : " of", where, text);
}

static void *
mind_silence(void *arg)
{
    struct patience *p = arg;
    struct timespec until;
    int late = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += SILENT_S;
    pthread_mutex_lock(&p->lock);
    while (!p->is_over && late == 0)
        late = pthread_cond_timedwait(&p->over_now, &p->lock, &until);
    if (!p->is_over) say_patience(p->options);
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* The call itself says nothing before it is over. */
int
connect_aloud(const struct stint_options *options, struct stint **out)
{
    struct patience p = { .options = options,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .over_now = PTHREAD_COND_INITIALIZER };
    pthread_t thread;
    bool is_minded = pthread_create(&thread, NULL, mind_silence, &p) == 0;
    int code = stint_connect(options, out);

    if (!is_minded) return code;
    pthread_mutex_lock(&p.lock);
    p.is_over = true;
    pthread_cond_signal(&p.over_now);
    pthread_mutex_unlock(&p.lock);
    pthread_join(thread, NULL);
    return code;
}

int
connect_with(const struct stint_options *options, struct stint **out)
{
    int code = connect_aloud(options, out);

    return code == 0 ? EXIT_FINE : exit_error(code);
}

int
connect_as(const struct run *run, enum stint_peer_kind kind, struct stint **out)
{
    struct stint_options options;

    connect_options(run, &options);
    options.kind = kind;
    return connect_with(&options, out);
}

bool
connect_may_come(int code)
{
    return code == STINT_ETIMEOUT || code == STINT_EUNREACHABLE;
}

int
connect_queue(struct stint *s, const char *name, struct stint_queue **out)
{
    int code = stint_queue_open(s, name, NULL, out);

    if (code == STINT_ENOQUEUE)
        return exit_say(EXIT_FAILED,
            "there is no queue '%s', and this master makes none that were not "
            "declared; `stint queues` lists those it has",
            name);
    return code == 0 ? EXIT_FINE : exit_error(code);
}
