/*
 * full.c - a queue of three is full:
 *
 *     q = Queue(3)
 *     for i in range(3): q.put('message %d' % i)
 *     q.full()                                   # True
 *     try: q.put('message 3', True, 0.2)         # waits 0.2 seconds
 *     except: print('the queue is full, %d there' % q.qsize())
 *     q.put_nowait('message 3')                  # queue.Full at once
 */
#include "tutorial.h"

int
main(void)
{
    struct stint_queue_options three = { .max_tasks = 3 };
    struct stint_queue *q;
    struct stint_bytes item;
    int64_t size;
    char text[32];

    manager_start();
    struct stint *s = manager_connect();
    check(stint_queue_open(s, "three", &three, &q));
    for (int i = 0; i < 3; i++) {
        int length = snprintf(text, sizeof text, "message %d", i);
        check(stint_queue_put(q, text, (size_t)length, 1000));
    }
    printf("full: %s\n", stint_queue_full(q) == 1 ? "true" : "false");

    if (stint_queue_put(q, "message 3", 9, 200) == STINT_EFULL) {
        check(stint_queue_qsize(q, &size));
        printf("put: still full after 0.2 s, %d there\n", (int)size);
    }
    if (stint_queue_put_nowait(q, "message 3", 9) == STINT_EFULL)
        printf("put_nowait: full at once\n");

    while (stint_queue_get_nowait(q, &item) == 0)
        printf("get_nowait: %.*s\n", (int)item.size, (const char *)item.data);
    printf("empty: %s\n", stint_queue_empty(q) == 1 ? "true" : "false");
    check(stint_close(s));
    stint_master_stop(manager);
    return 0;
}
