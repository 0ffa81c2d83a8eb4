#include "tests/store/report.h"

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SHOWN = 10, USAGE = 64 };

static struct {
    const char *name;
    struct report_options options;
    char scene[128];
    uint64_t failures;
} now;

static _Noreturn void
usage(int code)
{
    (void)fprintf(code == 0 ? stdout : stderr,
        "usage: %s [--short] [--seed N] [--count N] [--only WHERE] "
        "[--trace]\n",
        now.name);
    exit(code);
}

static uint64_t
number(const char *text)
{
    char *end;
    uint64_t value = strtoull(text, &end, 10);

    if (*text == '\0' || *end != '\0') usage(USAGE);
    return value;
}

static void
parse(int argc, char **argv, struct report_options *o)
{
    static const struct option known[] = {
        { "short", no_argument, NULL, 'q' },
        { "seed", required_argument, NULL, 's' },
        { "count", required_argument, NULL, 'c' },
        { "only", required_argument, NULL, 'o' },
        { "trace", no_argument, NULL, 't' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };

    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (c == 'q') o->is_short = true;
        if (c == 's') o->seed = number(optarg);
        if (c == 'c') o->count = number(optarg);
        if (c == 'o') o->only = optarg;
        if (c == 't') o->trace = true;
        if (c == 'h') usage(0);
        if (c == '?') usage(USAGE);
    }
    if (optind < argc) usage(USAGE);
}

static void
write_out(const char *text)
{
    ssize_t written = write(STDERR_FILENO, text, strlen(text));

    (void)written;
}

/* The bug is in what is tested; only signal-safe calls here. */
static _Noreturn void
tell_scene(int signal)
{
    write_out(now.name);
    write_out(signal == SIGALRM ? ": hangs in " : ": died in ");
    write_out(now.scene);
    write_out("\n");
    _exit(128 + signal);
}

struct report_options
report_begin(int argc, char **argv, const char *name, unsigned hang_seconds)
{
    static const int fatal[] = { SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGALRM };
    struct sigaction action = { .sa_handler = tell_scene };

    now.name = name;
    now.options = (struct report_options){ .seed = 1 };
    parse(argc, argv, &now.options);
    for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++)
        (void)sigaction(fatal[i], &action, NULL);
    (void)alarm(hang_seconds);
    (void)printf("%s: seed %" PRIu64 "\n", name, now.options.seed);
    return now.options;
}

/* Whoever is asked for "K=3 cut J=5" has to go through "K=3" and "K=3 cut". */
static bool
leads_to(const char *scene, const char *only)
{
    size_t length = strlen(scene);

    return strncmp(scene, only, length) == 0
           && (only[length] == '\0' || only[length] == ' ');
}

bool
report_scene(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(now.scene, sizeof now.scene, format, args);
    va_end(args);
    if (now.options.only == NULL) return true;
    if (!leads_to(now.scene, now.options.only)) return false;
    if (now.options.trace) (void)printf("%s\n", now.scene);
    return true;
}

bool
report_is_traced(void)
{
    return now.options.trace && now.options.only != NULL;
}

void
report_failure(const char *format, ...)
{
    va_list args;

    if (++now.failures > SHOWN) return;
    (void)printf("  FAILED %s: ", now.scene);
    va_start(args, format);
    (void)vprintf(format, args);
    va_end(args);
    (void)printf("\n    again with: %s%s --seed %" PRIu64
                 " --only '%s' --trace\n",
        now.name, now.options.is_short ? " --short" : "", now.options.seed,
        now.scene);
    (void)fflush(stdout);
}

uint64_t
report_failures(void)
{
    return now.failures;
}

void
report_count(const char *what, uint64_t n)
{
    (void)printf("  %9" PRIu64 " %s\n", n, what);
}

void
report_needs(const char *what, uint64_t n, uint64_t least)
{
    report_count(what, n);
    if (n >= least || now.options.only != NULL) return;
    (void)snprintf(now.scene, sizeof now.scene, "the counts");
    report_failure(
        "%" PRIu64 " %s, at least %" PRIu64 " prove something", n, what, least);
}

int
report_end(void)
{
    if (now.failures == 0) {
        (void)printf("%s: all is as it must be\n", now.name);
        return 0;
    }
    (void)printf("%s: FAILED %" PRIu64 " times\n", now.name, now.failures);
    return 1;
}
