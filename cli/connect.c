#include "cli/connect.h"

#include <string.h>

#include "cli/exit.h"

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
    if (is_set(timeout)) options->timeout_ms = setting_ms(run, "timeout");
    if (options->connect_timeout_ms == 0) options->connect_timeout_ms = 1;
    if (is_set(timeout) && options->timeout_ms == 0) options->timeout_ms = 1;
}

int
connect_with(const struct stint_options *options, struct stint **out)
{
    int code = stint_connect(options, out);

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
