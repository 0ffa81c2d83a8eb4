/*
 * objects_bench.c - named objects on the master, from several processes.
 *
 *   objects_bench lock|get|set|barrier CLIENTS COUNT BATCH
 *
 * Each of CLIENTS processes has a connection of its own and does COUNT times
 * the work: acquire and release a lock that only it uses, get or set one of 100
 * keys of a dict that all share (BATCH at a time, in one round trip), or meet
 * the others at a barrier.  Prints how much of it all of them did in a second.
 */
#include <stint_shared.h>
#include <stint_sync.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"

enum { KEYS = 100, WARM = 20, WAIT_MS = 60000 };

struct work {
    struct stint *s;
    struct stint_lock *lock;
    struct stint_dict *dict;
    struct stint_barrier *barrier;
    unsigned number, clients, batch;
};

static void
must(int code, const char *what)
{
    if (code < 0) bench_fail(what, stint_error_message());
}

static size_t
key_of(char key[32], unsigned n)
{
    return (size_t)snprintf(key, 32, "key %u", n % KEYS);
}

static void
once_lock(struct work *w, unsigned n)
{
    (void)n;
    must(stint_lock_acquire(w->lock, WAIT_MS), "acquire");
    must(stint_lock_release(w->lock), "release");
}

static void
once_get(struct work *w, unsigned n)
{
    struct stint_bytes value;
    char key[32];
    size_t size = key_of(key, n);

    must(stint_dict_get(w->dict, key, size, &value), "get");
    if (value.size != SMALL_BYTES) bench_fail("get", "it is another value");
    stint_bytes_free(&value);
}

static void
once_set(struct work *w, unsigned n)
{
    char key[32], value[SMALL_BYTES] = "value";
    size_t size = key_of(key, n);

    must(stint_dict_set(w->dict, key, size, value, sizeof value), "set");
}

static void
once_barrier(struct work *w, unsigned n)
{
    (void)n;
    must(stint_barrier_wait(w->barrier, NULL, WAIT_MS), "wait");
}

/* BATCH of them in one round trip. */
static void
once_together(struct work *w, unsigned n, bool set)
{
    struct stint_batch *b = stint_batch_new(w->s);
    char key[32], value[SMALL_BYTES] = "value";

    for (unsigned i = 0; i < w->batch; i++) {
        size_t size = key_of(key, n + i);

        if (set)
            stint_batch_dict_set(b, w->dict, key, size, value, sizeof value);
        else
            stint_batch_dict_get(b, w->dict, key, size);
    }
    must(stint_batch_run(b, NULL), "batch");
    stint_batch_free(b);
}

static void
once_gets(struct work *w, unsigned n)
{
    once_together(w, n, false);
}

static void
once_sets(struct work *w, unsigned n)
{
    once_together(w, n, true);
}

typedef void once_fn(struct work *w, unsigned n);

static once_fn *
find(const char *name, unsigned batch)
{
    if (strcmp(name, "lock") == 0) return once_lock;
    if (strcmp(name, "barrier") == 0) return once_barrier;
    if (strcmp(name, "get") == 0) return batch > 1 ? once_gets : once_get;
    if (strcmp(name, "set") == 0) return batch > 1 ? once_sets : once_set;
    bench_fail(name, "lock, get, set or barrier");
}

static void
open_all(struct work *w)
{
    struct stint_options options = { .kind = STINT_CLIENT, .name = "bench" };
    struct stint_barrier_options parties = { .parties = w->clients };
    char name[32];

    (void)snprintf(name, sizeof name, "lock-%u", w->number);
    must(stint_connect(&options, &w->s), "connect");
    must(stint_lock_open(w->s, name, NULL, &w->lock), "lock");
    must(stint_dict_open(w->s, "dict", NULL, &w->dict), "dict");
    (void)snprintf(name, sizeof name, "barrier-%u", w->clients);
    must(stint_barrier_open(w->s, name, &parties, &w->barrier), "barrier");
    for (unsigned n = 0; n < KEYS; n++)
        once_set(w, n);
}

/* A byte says that we are ready; the end of `go` that all may begin. */
static void
be_client(struct work *w, once_fn *once, unsigned count, int ready, int go)
{
    char byte = 0;

    open_all(w);
    for (unsigned n = 0; n < WARM; n++)
        once(w, n);
    if (write(ready, &byte, 1) != 1 || read(go, &byte, 1) != 0)
        bench_fail("start", "the parent is gone");
    for (unsigned n = 0; n < count; n += w->batch)
        once(w, n);
    stint_close(w->s);
    exit(0);
}

static void
wait_for_ready(int ready, unsigned clients)
{
    char byte;

    for (unsigned i = 0; i < clients; i++)
        if (read(ready, &byte, 1) != 1) bench_fail("start", "a client ended");
}

int
main(int argc, char **argv)
{
    int ready[2], go[2], status;

    if (argc != 5)
        bench_fail("usage", "objects_bench WORK CLIENTS COUNT BATCH");
    struct work w = { .clients = (unsigned)strtoul(argv[2], NULL, 10),
        .batch = (unsigned)strtoul(argv[4], NULL, 10) };
    unsigned count = (unsigned)strtoul(argv[3], NULL, 10);
    once_fn *once = find(argv[1], w.batch);
    if (pipe(ready) != 0 || pipe(go) != 0) bench_fail("pipe", "none left");
    for (w.number = 0; w.number < w.clients; w.number++)
        if (fork() == 0) {
            (void)close(ready[0]);
            (void)close(go[1]);
            be_client(&w, once, count, ready[1], go[0]);
        }
    (void)close(ready[1]);
    wait_for_ready(ready[0], w.clients);
    double from = bench_now();
    (void)close(go[1]);
    for (unsigned i = 0; i < w.clients; i++)
        if (wait(&status) < 0 || status != 0)
            bench_fail("client", "it did not end well");
    printf("per_s %.0f\n", (double)count * w.clients / (bench_now() - from));
    return 0;
}
