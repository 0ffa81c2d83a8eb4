/*
 * beanstalk_bench.c - the same work over beanstalkd's own protocol.
 *
 *   beanstalk_bench PORT worker
 *   beanstalk_bench PORT many COUNT | one COUNT
 *
 * Tasks go through the tube "tasks", results come back through "results".  What
 * can be asked together is: a worker sends its result, the delete of its task
 * and the wish for the next in one write; the producer puts in batches.  That
 * the producer deletes a result it has is not measured.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/bench.h"

enum { BATCH = 64, WINDOW = 512, LINE = 256, BODY_MAX = 4096 };

struct conn {
    FILE *in, *out;
};

static struct conn
dial(const char *port, const char *use, const char *watch)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
        .sin_port = htons((uint16_t)strtol(port, NULL, 10)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    char line[LINE];
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) != 0)
        bench_fail("connect", "beanstalkd does not listen");
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct conn c = { fdopen(fd, "r"), fdopen(dup(fd), "w") };
    if (c.in == NULL || c.out == NULL) bench_fail("fdopen", "no memory");
    fprintf(c.out, "use %s\r\nwatch %s\r\nignore default\r\n", use, watch);
    fflush(c.out);
    for (int i = 0; i < 3; i++) {
        if (fgets(line, sizeof line, c.in) == NULL)
            bench_fail("beanstalkd", "it hung up");
    }
    return c;
}

/* ---- one command each ---------------------------------------------------- */

static void
put(struct conn *c, const char *bytes, size_t length)
{
    fprintf(c->out, "put 0 0 600 %zu\r\n", length);
    fwrite(bytes, 1, length, c->out);
    fputs("\r\n", c->out);
}

/* The answer to a put, a delete or a reserve that may find nothing; false: it
 * says something else than `wanted`.  The line stays in `line`. */
static int
answer(struct conn *c, const char *wanted, char line[LINE])
{
    if (fgets(line, LINE, c->in) == NULL) {
        exit(0); /* The server was stopped: the round is over. */
    }
    return strncmp(line, wanted, strlen(wanted)) == 0;
}

static void
must(struct conn *c, const char *wanted)
{
    char line[LINE];

    if (!answer(c, wanted, line)) bench_fail(wanted, line);
}

/* The answer to a reserve: the job's id, 0 if there was none. */
static unsigned long
take(struct conn *c, char body[BODY_MAX], size_t *length)
{
    char line[LINE];
    char *end;

    if (!answer(c, "RESERVED ", line)) return 0;
    unsigned long id = strtoul(line + strlen("RESERVED "), &end, 10);
    *length = strtoul(end, NULL, 10);
    if (*length + 2 > BODY_MAX
        || fread(body, 1, *length + 2, c->in) != *length + 2)
        bench_fail("reserve", line);
    return id;
}

/* ---- the worker ---------------------------------------------------------- */

static _Noreturn void
work(const char *port)
{
    struct conn c = dial(port, "results", "tasks");
    char body[BODY_MAX];
    size_t length = 0;

    fputs("reserve\r\n", c.out);
    for (;;) {
        fflush(c.out);
        unsigned long id = take(&c, body, &length);
        put(&c, body, length);
        fprintf(c.out, "delete %lu\r\nreserve\r\n", id);
        fflush(c.out);
        must(&c, "INSERTED");
        must(&c, "DELETED");
    }
}

/* ---- the producer -------------------------------------------------------- */

/* Take what results there are, waiting for the first; returns how many. */
static size_t
collect(struct conn *c)
{
    char body[BODY_MAX];
    size_t length;
    size_t count = 0;

    fputs("reserve\r\n", c->out);
    for (int i = 1; i < BATCH; i++)
        fputs("reserve-with-timeout 0\r\n", c->out);
    fflush(c->out);
    for (int i = 0; i < BATCH; i++) {
        unsigned long id = take(c, body, &length);
        if (id == 0) continue;
        fprintf(c->out, "delete %lu\r\n", id);
        count++;
    }
    fflush(c->out);
    for (size_t i = 0; i < count; i++)
        must(c, "DELETED");
    return count;
}

static void
produce(const char *port, size_t count)
{
    struct conn puts = dial(port, "tasks", "none");
    struct conn takes = dial(port, "none", "results");
    char payload[SMALL_BYTES] = { 0 };
    double start = bench_now();

    for (size_t sent = 0, have = 0; have < count;) {
        size_t pushed = 0;
        for (; pushed < BATCH && sent < count && sent - have < WINDOW;
             pushed++) {
            bench_number(payload, sent++);
            put(&puts, payload, sizeof payload);
        }
        fflush(puts.out);
        while (pushed-- > 0)
            must(&puts, "INSERTED");
        if (sent == count || sent - have >= WINDOW) have += collect(&takes);
    }
    printf("tasks_per_s %.0f\n", (double)count / (bench_now() - start));
}

static void
produce_one_by_one(const char *port, size_t count)
{
    struct conn c = dial(port, "tasks", "results");
    char payload[SMALL_BYTES] = { 0 };
    char body[BODY_MAX];
    size_t length;
    double *seconds = calloc(count, sizeof *seconds);

    if (seconds == NULL) bench_fail("calloc", "no memory");
    for (size_t i = 0; i < count; i++) {
        double start = bench_now();
        bench_number(payload, i);
        put(&c, payload, sizeof payload);
        fputs("reserve\r\n", c.out);
        fflush(c.out);
        must(&c, "INSERTED");
        unsigned long id = take(&c, body, &length);
        seconds[i] = bench_now() - start;
        fprintf(c.out, "delete %lu\r\n", id);
        fflush(c.out);
        must(&c, "DELETED");
    }
    bench_percentiles(seconds, count);
    free(seconds);
}

int
main(int argc, char **argv)
{
    const char *mode = argc > 2 ? argv[2] : "";
    size_t count = argc > 3 ? strtoul(argv[3], NULL, 10) : 1;

    if (strcmp(mode, "worker") == 0) work(argv[1]);
    if (strcmp(mode, "many") == 0)
        produce(argv[1], count);
    else if (strcmp(mode, "one") == 0)
        produce_one_by_one(argv[1], count);
    else
        bench_fail("usage", "beanstalk_bench PORT worker|many|one COUNT");
    return 0;
}
