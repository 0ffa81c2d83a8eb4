/*
 * peer.c - a client that tests start, freeze and kill.
 *
 *   peer put QUEUE FROM TO     put the numbers, one by one without waiting
 *   peer drain QUEUE COUNT     get and acknowledge so many; print each
 *   peer wait QUEUE            block in get; print the item, and hold it
 *   peer hold QUEUE COUNT      take so many, print "holding ITEM" for each; end
 *                              them with done at a line on stdin, printing each
 *                              answer; give back what is left at the end
 *   peer size QUEUE            print how many are ready
 *
 * Master and key come from the environment.  What a test waits for is printed
 * on a line of its own and flushed.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stint.h>

enum { HELD_MAX = 1000, BATCH = 32, PATIENCE_MS = 60000 };

static struct stint *s;
static struct stint_queue *q;

static void
must(int code, const char *what)
{
    if (code >= 0) return;
    fprintf(stderr, "peer: %s: %s: %s\n", what, stint_error_name(code),
        stint_error_message());
    exit(1);
}

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void
say(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}

static void
say_item(const char *what, struct stint_bytes item)
{
    say("%s%.*s", what, (int)item.size, (const char *)item.data);
}

static void
put(unsigned long from, unsigned long to)
{
    char text[24];

    for (; from <= to; from++) {
        int size = snprintf(text, sizeof text, "%lu", from);
        must(stint_queue_post(q, text, (size_t)size, NULL), "post");
    }
    must(stint_flush(s, PATIENCE_MS), "flush");
}

static void
drain(unsigned long count)
{
    struct stint_bytes items[BATCH];
    size_t got = 0;

    for (; count > 0; count -= got) {
        must(stint_queue_get_many(
                 q, items, count < BATCH ? count : BATCH, &got, PATIENCE_MS),
            "get");
        for (size_t i = 0; i < got; i++)
            say_item("", items[i]);
    }
}

static void
wait_for_one(void)
{
    struct stint_bytes item;

    say("waiting");
    must(stint_queue_get(q, &item, STINT_FOREVER), "get");
    say_item("got ", item);
    pause();
}

static void
hold(unsigned long count)
{
    static struct stint_task *held[HELD_MAX];
    char line[64];

    for (unsigned long i = 0; i < count && i < HELD_MAX; i++) {
        must(stint_queue_take(q, NULL, &held[i], PATIENCE_MS), "take");
        say_item("holding ", stint_task_payload(held[i]));
    }
    for (unsigned long i = 0; i < count && i < HELD_MAX; i++) {
        if (fgets(line, sizeof line, stdin) == NULL) {
            stint_task_free(held[i]);
            continue;
        }
        int code = stint_task_done(held[i], "done", 4);
        say("%s", code == 0 ? "done" : stint_error_name(code));
    }
}

int
main(int argc, char **argv)
{
    const char *mode = argc > 2 ? argv[1] : "";
    unsigned long first = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
    unsigned long second = argc > 4 ? strtoul(argv[4], NULL, 10) : 0;
    int64_t size;

    must(stint_connect(NULL, &s), "connect");
    must(stint_queue_open(s, argc > 2 ? argv[2] : "", NULL, &q), "open");
    if (strcmp(mode, "put") == 0)
        put(first, second);
    else if (strcmp(mode, "drain") == 0)
        drain(first);
    else if (strcmp(mode, "wait") == 0)
        wait_for_one();
    else if (strcmp(mode, "hold") == 0)
        hold(first);
    else {
        must(stint_queue_qsize(q, &size), "qsize");
        say("%lld", (long long)size);
    }
    must(stint_close(s), "close");
    return 0;
}
