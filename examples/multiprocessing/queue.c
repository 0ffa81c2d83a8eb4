/*
 * queue.c - a producer and a consumer:
 *
 *     def write(q):
 *         for value in ['A', 'B', 'C']:
 *             print('Put %s to queue...' % value); q.put(value)
 *     def read(q):
 *         while True:
 *             value = q.get(True); print('Get %s from queue.' % value)
 *     pw.start(); pr.start(); pw.join(); pr.terminate()
 *
 * Here the reader ends by itself: shutdown() says that no more will come.
 */
#include "tutorial.h"

static int
write_letters(void *arg)
{
    struct stint *s = manager_connect();
    struct stint_queue *q;

    (void)arg;
    check(stint_queue_open(s, "letters", NULL, &q));
    for (const char *c = "ABC"; *c != '\0'; c++)
        check(stint_queue_put(q, c, 1, STINT_FOREVER));
    printf("Put A, B, C to queue...\n");
    check(stint_queue_shutdown(q, false));
    return stint_close(s) == 0 ? 0 : 1;
}

static int
read_letters(void *arg)
{
    struct stint *s = manager_connect();
    struct stint_queue *q;
    struct stint_bytes item;
    int rc;

    (void)arg;
    check(stint_queue_open(s, "letters", NULL, &q));
    while ((rc = stint_queue_get(q, &item, STINT_FOREVER)) == 0)
        printf(
            "Get %.*s from queue.\n", (int)item.size, (const char *)item.data);
    printf("The reader leaves: %s.\n", stint_error_text(rc));
    return stint_close(s) == 0 ? 0 : 1;
}

int
main(void)
{
    manager_start();
    struct stint_process *writer = start("writer", write_letters, NULL);
    join(writer);
    struct stint_process *reader = start("reader", read_letters, NULL);
    join(reader);
    stint_master_stop(manager);
    return 0;
}
