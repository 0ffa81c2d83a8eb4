/* produce.c - puts tasks with names of their own and shows their results. */
#include "tests/proofs/history.h"

#include <inttypes.h>

/* A task whose result is to come. */
struct pending {
    struct stint_future *future;
    char key[KEY_MAX + 1];
    bool was_accepted, was_refused;
};

static bool
is_more(unsigned long made)
{
    return !history_is_over() && (settings.count == 0 || made < settings.count);
}

static void
name_task(char key[KEY_MAX + 1], unsigned long number)
{
    (void)snprintf(key, KEY_MAX + 1, "%s-%lu", settings.name, number);
}

static const struct stint_put_options *
put_options(void)
{
    static struct stint_put_options options;

    options.delay_ms = settings.delay_ms;
    return &options;
}

static void
submit(struct stint_queue *q, struct pending *p, unsigned long number,
    char *buffer)
{
    size_t size;
    int code;

    *p = (struct pending){ 0 };
    name_task(p->key, number);
    size = history_fill(buffer, 'p', p->key, "-", 0);
    history_write('S', "%s", p->key);
    code = stint_queue_submit(q, buffer, size, put_options(), &p->future);
    if (code != 0) {
        history_write('F', "%s %s", p->key, stint_error_name(code));
        p->future = NULL;
    }
    history_pause(settings.pause_us);
}

static void
show(struct pending *p, int code, struct stint_bytes result)
{
    struct parts parts = { .worker = "-" };

    if (code == 0 && !history_parse(result, 'r', &parts)) return;
    if (code == 0 && strcmp(parts.key, p->key) != 0)
        history_write('M', "the result of %s for %s", parts.key, p->key);
    history_write('R', "%s %s %u %s", p->key,
        code == 0 ? "0" : stint_error_name(code), parts.attempt, parts.worker);
}

/* Write what is new; true when it is through. */
static bool
look_after(struct pending *p, bool is_last_chance)
{
    struct stint_bytes result = { 0 };
    uint64_t task;
    int code;

    if (p->future == NULL) return true;
    task = stint_future_task(p->future);
    if (!p->was_accepted && task != 0) {
        p->was_accepted = true;
        history_write('A', "%s %" PRIu64, p->key, task);
    }
    if (!stint_future_ready(p->future) && !is_last_chance) return false;
    code = stint_future_get(p->future, &result, 0);
    task = stint_future_task(p->future);
    if (!p->was_accepted && task != 0)
        history_write('A', "%s %" PRIu64, p->key, task);
    show(p, code, result);
    stint_future_free(p->future);
    p->future = NULL;
    return true;
}

static void
produce_futures(struct stint_queue *q)
{
    struct pending *window = calloc(settings.window, sizeof *window);
    char *buffer = malloc(settings.bytes + 256);
    unsigned long made = 0, open = 1;
    int64_t moved_ns = history_now();

    if (window == NULL || buffer == NULL) history_fail("memory");
    history_write('C', "%s shows results", settings.name);
    while (is_more(made) || open > 0) {
        bool is_late =
            history_now() - moved_ns > PATIENCE_MS * (int64_t)1000000;
        unsigned long changes = 0;

        open = 0;
        for (unsigned long i = 0; i < settings.window; i++) {
            bool was_open = window[i].future != NULL;

            if (!look_after(&window[i], is_late)) {
                open++;
                continue;
            }
            changes += was_open;
            if (!is_more(made)) continue;
            submit(q, &window[i], made++, buffer);
            open++;
            changes++;
        }
        if (changes > 0)
            moved_ns = history_now();
        else
            history_pause(500);
    }
    free(buffer);
    free(window);
}

enum { BATCH_MAX = 32 };

static void
write_answer(
    char keys[BATCH_MAX][KEY_MAX + 1], size_t count, size_t accepted, int code)
{
    bool is_unknown = code == STINT_ETIMEOUT || code == STINT_EUNREACHABLE;

    for (size_t i = 0; i < accepted && i < count; i++)
        history_write('A', "%s 0", keys[i]);
    for (size_t i = accepted; i < count; i++)
        history_write(
            is_unknown ? 'U' : 'F', "%s %s", keys[i], stint_error_name(code));
}

static void
produce_batches(struct stint_queue *q)
{
    char keys[BATCH_MAX][KEY_MAX + 1], *buffers[BATCH_MAX];
    struct stint_bytes items[BATCH_MAX];
    unsigned long made = 0;

    for (size_t i = 0; i < BATCH_MAX; i++)
        if ((buffers[i] = malloc(settings.bytes + 256)) == NULL)
            history_fail("memory");
    while (is_more(made)) {
        size_t count = 0, accepted = 0, want = 1 + made * 7 % BATCH_MAX;
        int code;

        for (; count < want && is_more(made); count++) {
            name_task(keys[count], made++);
            items[count].size =
                history_fill(buffers[count], 'p', keys[count], "-", 0);
            items[count].data = buffers[count];
            history_write('S', "%s", keys[count]);
        }
        code = stint_queue_put_many(
            q, items, count, put_options(), &accepted, PATIENCE_MS);
        write_answer(keys, count, accepted, code);
        history_pause(settings.pause_us * (int64_t)count);
    }
    for (size_t i = 0; i < BATCH_MAX; i++)
        free(buffers[i]);
}

void
produce(struct stint *s, struct stint_queue *q)
{
    (void)s;
    if (settings.wait_each)
        produce_batches(q);
    else
        produce_futures(q);
}
