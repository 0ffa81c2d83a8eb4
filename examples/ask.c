/*
 * ask.c - submit each line of the input as a task, print the results in order.
 *
 *   seq 100000000000001 100000000000100 | ask [QUEUE]
 *
 * Master and key come from the environment or this host's access file.  A task
 * that failed is printed with its reason; the exit code is 1 if any did.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stint.h>

enum { TASKS_MAX = 1000, WAIT_MS = 60000 };

static struct stint_future *futures[TASKS_MAX];
static char *lines[TASKS_MAX];

static int
complain(const char *what)
{
    fprintf(stderr, "ask: %s: %s\n", what, stint_error_message());
    return 1;
}

/* All of them are under way before the first result is looked at. */
static size_t
submit_lines(struct stint_queue *q)
{
    size_t count = 0, room = 0;
    ssize_t length;

    while (count < TASKS_MAX
           && (length = getline(&lines[count], &room, stdin)) > 0) {
        char *line = lines[count];
        line[strcspn(line, "\n")] = '\0';
        room = 0;
        if (stint_queue_submit(q, line, strlen(line), NULL, &futures[count])
            != 0) {
            complain(line);
            break;
        }
        count++;
    }
    return count;
}

static int
print_result(size_t i)
{
    struct stint_future *f = futures[i];
    struct stint_bytes result;
    int code = stint_future_get(f, &result, WAIT_MS);

    if (code != 0)
        complain(lines[i]);
    else
        printf("%s = %.*s   (%s)\n", lines[i], (int)result.size,
            (const char *)result.data, stint_future_worker(f));
    stint_future_free(f);
    return code != 0;
}

int
main(int argc, char **argv)
{
    struct stint *s;
    struct stint_queue *q;
    int failed = 0;

    if (stint_connect(NULL, &s) != 0) return complain("connect");
    if (stint_queue_open(s, argc > 1 ? argv[1] : "default", NULL, &q) != 0)
        return complain("open");
    size_t count = submit_lines(q);
    for (size_t i = 0; i < count; i++) {
        failed |= print_result(i);
        free(lines[i]);
    }
    if (stint_close(s) != 0) return complain("close");
    return failed;
}
