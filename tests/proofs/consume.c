/* consume.c - does tasks, or holds them while others do. */
#include "tests/proofs/history.h"

#include <inttypes.h>
#include <pthread.h>

/* A grant, as a line names it; the task itself is gone after its end. */
struct grant {
    struct parts parts;
    uint64_t task;
    unsigned attempt;
};

static const char *
name_of(int code)
{
    return code == 0 ? "0" : stint_error_name(code);
}

static void
write_grant(char letter, const struct grant *g, const char *code)
{
    history_write(letter, "%s %" PRIu64 " %u %s", g->parts.key, g->task,
        g->attempt, code);
}

static bool
begin(struct stint_task *t, struct grant *g)
{
    if (!history_parse(stint_task_payload(t), 'p', &g->parts)) return false;
    g->task = stint_task_id(t);
    g->attempt = stint_task_attempt(t);
    write_grant('G', g, "");
    return true;
}

static void
complete(struct stint_task *t, const struct grant *g, char *buffer)
{
    size_t size =
        history_fill(buffer, 'r', g->parts.key, settings.name, g->attempt);

    write_grant('B', g, "");
    write_grant('D', g, name_of(stint_task_done(t, buffer, size)));
}

static void
do_one(struct stint_task *t, char *buffer, uint64_t chance)
{
    struct grant g;

    if (!begin(t, &g)) {
        stint_task_free(t);
        return;
    }
    history_pause(settings.pause_us);
    if (chance % 1000 < settings.fail)
        write_grant('V', &g, name_of(stint_task_fail(t, "on purpose", 1)));
    else
        complete(t, &g, buffer);
}

static void *
serve(void *queue)
{
    struct stint_take_options options = { .lease_ms = settings.lease_ms };
    char *buffer = malloc(settings.bytes + 256);
    struct stint_task *t;

    if (buffer == NULL) history_fail("memory");
    while (!history_is_over()) {
        int code = stint_queue_take(queue, &options, &t, 300);

        if (code == 0) {
            do_one(t, buffer, (uint64_t)history_now() / 64);
        } else if (code != STINT_EEMPTY) {
            history_write('O', "%s", stint_error_name(code));
            history_pause(20000);
        }
    }
    free(buffer);
    return NULL;
}

/* Every second thread is fed by a consumer, as `stint worker` is. */
static void *
serve_ahead(void *consumer)
{
    char *buffer = malloc(settings.bytes + 256);
    struct stint_task *t;

    if (buffer == NULL) history_fail("memory");
    while (!history_is_over()) {
        int code = stint_consumer_next(consumer, &t, 300);

        if (code == 0) {
            do_one(t, buffer, (uint64_t)history_now() / 64);
        } else if (code != STINT_EEMPTY) {
            history_write('O', "%s", stint_error_name(code));
            history_pause(20000);
        }
    }
    free(buffer);
    return NULL;
}

void
work(struct stint *s, struct stint_queue *q)
{
    const char *const queues[] = { settings.queue, NULL };
    struct stint_consumer_options options = { .lease_ms = settings.lease_ms,
        .credit_tasks = 4 + (unsigned)settings.threads };
    struct stint_consumer *consumer = NULL;
    pthread_t threads[64];
    size_t count = settings.threads > 64 ? 64 : settings.threads;

    if (count > 1 && stint_consumer_open(s, queues, &options, &consumer) != 0)
        history_fail(stint_error_message());
    for (size_t i = 0; i < count; i++)
        if (pthread_create(&threads[i], NULL, i % 2 ? serve_ahead : serve,
                i % 2 ? (void *)consumer : (void *)q)
            != 0)
            history_fail("a thread");
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    stint_consumer_close(consumer);
}

void
hold(struct stint *s, struct stint_queue *q)
{
    struct stint_take_options options = { .lease_ms = settings.lease_ms,
        .no_renew = !settings.renew };
    struct stint_task **held =
        calloc(settings.count, sizeof(struct stint_task *));
    struct grant *grants = calloc(settings.count, sizeof *grants);
    char *buffer = malloc(settings.bytes + 256), line[64];
    unsigned long got = 0;

    (void)s;
    if (held == NULL || grants == NULL || buffer == NULL)
        history_fail("memory");
    while (got < settings.count && !history_is_over()) {
        if (stint_queue_take(q, &options, &held[got], 300) != 0) continue;
        if (begin(held[got], &grants[got])) got++;
    }
    history_say("holding", got);
    if (fgets(line, sizeof line, stdin) != NULL)
        for (unsigned long i = 0; i < got; i++)
            complete(held[i], &grants[i], buffer);
    else
        for (unsigned long i = 0; i < got; i++)
            stint_task_free(held[i]);
    history_say("ended", got);
    free(buffer);
    free(grants);
    free(held);
}
