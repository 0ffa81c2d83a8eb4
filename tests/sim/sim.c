/* The driver: runs seeds, counts what happened, says a verdict. */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base.h"
#include "tests/sim/world.h"

enum { STEPS_DEFAULT = 1000 };

struct options {
    uint64_t from, to;
    uint32_t steps;
    bool trace;
};

static uint64_t running;

static _Noreturn void
usage(int code)
{
    (void)fprintf(code == 0 ? stdout : stderr,
        "usage: sim [COUNT]            seeds 1 to COUNT (2000)\n"
        "       sim --seeds FROM-TO    these\n"
        "       sim --seed N           this one\n"
        "           --steps N          steps of each (%d)\n"
        "           --trace            say what happens\n",
        STEPS_DEFAULT);
    exit(code);
}

static uint64_t
number(const char *text, char **end)
{
    uint64_t value = strtoull(text, end, 10);

    if (*end == text) usage(64);
    return value;
}

static uint64_t
whole(const char *text)
{
    char *end;
    uint64_t value = number(text, &end);

    if (*end != '\0') usage(64);
    return value;
}

static void
parse_range(const char *text, struct options *o)
{
    char *end;

    o->from = o->to = number(text, &end);
    if (*end == '-') o->to = whole(end + 1);
}

static void
parse(int argc, char **argv, struct options *o)
{
    static const struct option known[] = {
        { "seed", required_argument, NULL, 's' },
        { "seeds", required_argument, NULL, 's' },
        { "steps", required_argument, NULL, 'n' },
        { "trace", no_argument, NULL, 't' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };

    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (c) {
        case 's':
            parse_range(optarg, o);
            break;
        case 'n':
            o->steps = (uint32_t)whole(optarg);
            break;
        case 't':
            o->trace = true;
            break;
        case 'h':
            usage(0);
        default:
            usage(64);
        }
    }
    if (optind < argc) o->to = whole(argv[optind]);
}

/* A CHECK of the core does not know the seed. */
static _Noreturn void
tell_seed(int signal)
{
    char text[64] = "replay it with: sim --seed ";
    char digits[24];
    size_t at = sizeof digits;
    uint64_t seed = running;

    digits[--at] = '\n';
    do {
        digits[--at] = (char)('0' + seed % 10);
        seed /= 10;
    } while (seed > 0);
    ssize_t written = write(STDERR_FILENO, text, strlen(text));
    if (written >= 0) {
        written = write(STDERR_FILENO, digits + at, sizeof digits - at);
    }
    _exit(128 + signal);
}

static void
add_stats(struct world_stats *sum, const struct world_stats *more)
{
    uint64_t overdraft =
        sum->overdraft > more->overdraft ? sum->overdraft : more->overdraft;

#define WORLD_COUNTER(name) sum->name += more->name;
    WORLD_COUNTERS(WORLD_COUNTER)
#undef WORLD_COUNTER
    sum->overdraft = overdraft;
}

static void
print_stats(const struct world_stats *stats)
{
    const struct {
        const char *name;
        uint64_t count;
    } rows[] = {
#define WORLD_COUNTER(name) { #name, stats->name },
        WORLD_COUNTERS(WORLD_COUNTER)
#undef WORLD_COUNTER
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        (void)printf("%12" PRIu64 " %-12s%s", rows[i].count, rows[i].name,
            i % 3 == 2 || i + 1 == ARRAY_LEN(rows) ? "\n" : "");
    }
}

int
main(int argc, char **argv)
{
    struct options o = { .from = 1, .to = 2000, .steps = STEPS_DEFAULT };
    struct world_stats sum = { .steps = 0 };
    static struct world world;

    parse(argc, argv, &o);
    (void)signal(SIGABRT, tell_seed);
    (void)signal(SIGSEGV, tell_seed);
    for (running = o.from; running <= o.to; running++) {
        world_init(&world, running, o.trace);
        world_run(&world, o.steps);
        world_fini(&world);
        add_stats(&sum, &world.stats);
    }
    print_stats(&sum);
    (void)printf("%" PRIu64 " seeds, %u steps each: every promise was kept\n",
        o.to - o.from + 1, o.steps);
    return 0;
}
