/*
 * history.c - clients that say what they did and what they were told.
 *
 *   history put FILE QUEUE NAME    puts tasks of its own, shows their results
 *   history work FILE QUEUE NAME   does tasks until TERM
 *   history hold FILE QUEUE NAME   takes --count tasks, says "holding N",
 *                                  completes them at a line on stdin
 *   history list FILE QUEUE NAME   prints "ID STATE KEY" of all that is there
 *
 * Options: --count N --window N --bytes N --threads N --fail PERMILLE
 * --pause-us N --delay-ms N --lease-ms N --wait-each --renew, see history.h.
 * Master and key come from the environment.
 */
#include "tests/proofs/history.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <unistd.h>

struct settings settings = { .window = 64, .bytes = 200, .threads = 4 };
static int file = -1;
static atomic_bool is_over;

bool
history_is_over(void)
{
    return atomic_load(&is_over);
}

static void
end(int signal_number)
{
    (void)signal_number;
    atomic_store(&is_over, true);
}

int64_t
history_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void
history_pause(int64_t us)
{
    struct timespec t = { us / 1000000, us % 1000000 * 1000 };

    if (us > 0) nanosleep(&t, NULL);
}

void
history_fail(const char *what)
{
    fprintf(
        stderr, "history: %s: %s: %s\n", settings.name, what, strerror(errno));
    exit(1);
}

void
history_open(const char *path)
{
    file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) history_fail(path);
}

void
history_write(char letter, const char *format, ...)
{
    char line[512];
    va_list arguments;
    int used =
        snprintf(line, sizeof line, "%c %" PRId64 " ", letter, history_now());

    va_start(arguments, format);
    used += vsnprintf(
        line + used, sizeof line - (size_t)used - 1, format, arguments);
    va_end(arguments);
    if (used > (int)sizeof line - 2) used = (int)sizeof line - 2;
    line[used++] = '\n';
    if (write(file, line, (size_t)used) != used) history_fail("its history");
}

void
history_say(const char *what, unsigned long number)
{
    printf("%s %lu\n", what, number);
    fflush(stdout);
}

/* ---- payloads and results ------------------------------------------------ */

static uint64_t
seed_of(const char *key)
{
    uint64_t h = 14695981039346656037U;

    for (; *key != '\0'; key++)
        h = (h ^ (unsigned char)*key) * 1099511628211U;
    return h | 1;
}

static char
next_byte(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (char)(*state >> 56);
}

size_t
history_fill(
    char *out, char kind, const char *key, const char *worker, unsigned attempt)
{
    uint64_t chance = seed_of(key);
    size_t filling = settings.bytes == 0 ? 0 : chance % settings.bytes;
    size_t used = (size_t)snprintf(
        out, 256, "stint-proof:%c:%s;%s;%u;", kind, key, worker, attempt);

    for (size_t i = 0; i < filling; i++)
        out[used++] = next_byte(&chance);
    return used;
}

static bool
take_apart(struct stint_bytes bytes, char kind, struct parts *out)
{
    char head[256], found = 0;
    size_t size = bytes.size < sizeof head - 1 ? bytes.size : sizeof head - 1;
    const char *text = bytes.data;
    uint64_t chance;
    int used = -1;

    if (size == 0) return false;
    memcpy(head, text, size);
    head[size] = '\0';
    (void)sscanf(head, "stint-proof:%c:%63[^;];%63[^;];%u;%n", &found, out->key,
        out->worker, &out->attempt, &used);
    if (used < 0 || found != kind) return false;
    chance = seed_of(out->key);
    for (size_t i = (size_t)used; i < bytes.size; i++)
        if (text[i] != next_byte(&chance)) return false;
    return true;
}

bool
history_parse(struct stint_bytes bytes, char kind, struct parts *out)
{
    bool is_whole = take_apart(bytes, kind, out);

    if (!is_whole)
        history_write('M', "%zu bytes that are no %c: %.60s", bytes.size, kind,
            bytes.size == 0 ? "" : (const char *)bytes.data);
    return is_whole;
}

/* ---- the program --------------------------------------------------------- */

static int
see_task(void *arg, const struct stint_task_row *row)
{
    static const char *const states[] = { "ready", "delayed", "leased", "done",
        "dead", "cancelled", "expired" };
    const char *key =
        row->head.size > 14 ? (const char *)row->head.data + 14 : "?";

    (void)arg;
    printf("%" PRIu64 " %s %.*s\n", row->task, states[row->state],
        (int)strcspn(key, ";"), key);
    return 0;
}

void
list(struct stint *s, struct stint_queue *q)
{
    struct stint_task_filter filter = { .queue = stint_queue_name(q) };

    if (stint_list_tasks(s, &filter, see_task, NULL, PATIENCE_MS) != 0)
        history_fail(stint_error_message());
}

static void
take_option(int c, const char *text)
{
    unsigned long n = text == NULL ? 0 : strtoul(text, NULL, 10);

    switch (c) {
    case 'c':
        settings.count = n;
        break;
    case 'w':
        settings.window = n;
        break;
    case 'b':
        settings.bytes = n;
        break;
    case 't':
        settings.threads = n;
        break;
    case 'f':
        settings.fail = n;
        break;
    case 'p':
        settings.pause_us = (int64_t)n;
        break;
    case 'd':
        settings.delay_ms = (int64_t)n;
        break;
    case 'l':
        settings.lease_ms = (int64_t)n;
        break;
    case 'e':
        settings.wait_each = true;
        break;
    case 'r':
        settings.renew = true;
        break;
    default:
        exit(64);
    }
}

static void
run(const char *mode)
{
    static const struct {
        const char *name;
        enum stint_peer_kind kind;
        void (*run)(struct stint *s, struct stint_queue *q);
    } modes[] = { { "put", STINT_CLIENT, produce },
        { "work", STINT_WORKER, work }, { "hold", STINT_WORKER, hold },
        { "list", STINT_TOOL, list } };
    size_t i = 0;
    struct stint *s;
    struct stint_queue *q;
    struct stint_options options = { .name = settings.name,
        .timeout_ms = PATIENCE_MS,
        .connect_timeout_ms = PATIENCE_MS };

    while (strcmp(mode, modes[i].name) != 0)
        if (++i == sizeof modes / sizeof modes[0]) exit(64);
    options.kind = modes[i].kind;
    if (stint_connect(&options, &s) != 0
        || stint_queue_open(s, settings.queue, NULL, &q) != 0)
        history_fail(stint_error_message());
    history_write('C', "%s begins, process %ld", settings.name, (long)getpid());
    history_say("ready", (unsigned long)getpid());
    modes[i].run(s, q);
    if (stint_close(s) != 0) history_write('O', "%s", stint_error_message());
    history_write('E', "%s", settings.name);
}

int
main(int argc, char **argv)
{
    static const struct option options[] = {
        { "count", required_argument, NULL, 'c' },
        { "window", required_argument, NULL, 'w' },
        { "bytes", required_argument, NULL, 'b' },
        { "threads", required_argument, NULL, 't' },
        { "fail", required_argument, NULL, 'f' },
        { "pause-us", required_argument, NULL, 'p' },
        { "delay-ms", required_argument, NULL, 'd' },
        { "lease-ms", required_argument, NULL, 'l' },
        { "wait-each", no_argument, NULL, 'e' },
        { "renew", no_argument, NULL, 'r' },
        { NULL, 0, NULL, 0 },
    };
    struct sigaction action = { .sa_flags = SA_RESTART };
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
        take_option(c, optarg);
    if (argc - optind != 4) {
        fprintf(stderr, "usage: history put|work|hold|list FILE QUEUE NAME\n");
        return 64;
    }
    settings.file = argv[optind + 1];
    settings.queue = argv[optind + 2];
    settings.name = argv[optind + 3];
    action.sa_handler = end;
    sigaction(SIGTERM, &action, NULL);
    history_open(settings.file);
    run(argv[optind]);
    return 0;
}
