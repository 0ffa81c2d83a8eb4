/*
 * crowd.c - many workers in one process, for many_workers.py.
 *
 *   crowd COUNT QUEUE
 *
 * Connects COUNT sessions that hold one task each, and says "here".  At a line
 * on stdin it waits until the master was gone and is back for each of them, and
 * prints when that was (milliseconds of the monotonic clock), and "back".  At
 * the next line it ends all tasks and prints how many of that were accepted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <stint.h>

enum { CROWD_MAX = 5000, PATIENCE_MS = 120000, LOOK_MS = 20 };

struct member {
    struct stint *s;
    struct stint_task *task;
    bool gone, back;
};

static struct member crowd[CROWD_MAX];

static void
must(int code, const char *what)
{
    if (code == 0) return;
    fprintf(stderr, "crowd: %s: %s: %s\n", what, stint_error_name(code),
        stint_error_message());
    exit(1);
}

static void
say(const char *text)
{
    puts(text);
    fflush(stdout);
}

static void
wait_for_a_line(void)
{
    char text[16];

    if (fgets(text, sizeof text, stdin) == NULL) exit(1);
}

static void
join(struct member *m, const char *queue)
{
    const struct stint_options options = { .kind = STINT_WORKER,
        .name = "crowd",
        .slots = 1,
        .connect_timeout_ms = PATIENCE_MS,
        .timeout_ms = PATIENCE_MS };
    struct stint_queue *q;

    must(stint_connect(&options, &m->s), "connect");
    must(stint_queue_open(m->s, queue, NULL, &q), "open");
    must(stint_queue_take(q, NULL, &m->task, PATIENCE_MS), "take");
}

/* Returns whether it is back now. */
static bool
look(struct member *m)
{
    struct timespec t;

    if (m->back) return true;
    bool connected = stint_is_connected(m->s);
    if (!connected) m->gone = true;
    if (!connected || !m->gone) return false;
    m->back = true;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    printf("%lld\n", (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000);
    return true;
}

static void
wait_for_all(unsigned count)
{
    const struct timespec nap = { .tv_nsec = LOOK_MS * 1000000L };
    unsigned back;

    do {
        back = 0;
        for (unsigned i = 0; i < count; i++)
            back += look(&crowd[i]) ? 1 : 0;
        (void)nanosleep(&nap, NULL);
    } while (back < count);
}

int
main(int argc, char **argv)
{
    unsigned count = argc > 2 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    unsigned accepted = 0;

    if (count < 1 || count > CROWD_MAX) return 64;
    for (unsigned i = 0; i < count; i++)
        join(&crowd[i], argv[2]);
    say("here");
    wait_for_a_line();
    wait_for_all(count);
    say("back");
    wait_for_a_line();
    for (unsigned i = 0; i < count; i++)
        accepted += stint_task_done(crowd[i].task, NULL, 0) == 0 ? 1 : 0;
    printf("%u\n", accepted);
    for (unsigned i = 0; i < count; i++)
        must(stint_close(crowd[i].s), "close");
    return 0;
}
