/*
 * semaphore.c - twenty come, five at a time:
 *
 *     sem = Semaphore(5)
 *     def work(sem): sem.acquire(); ...; sem.release()
 *     for i in range(20): Process(target=work, args=(sem,)).start()
 */
#include <inttypes.h>

#include <stint_shared.h>
#include <stint_sync.h>

#include "tutorial.h"

static const struct stint_semaphore_options five = { .value = 5 };

/* How many are inside, and how many there ever were. */
static int
work(void *arg)
{
    struct stint *s = manager_connect();
    struct stint_semaphore *sem;
    struct stint_value *inside, *most;
    int64_t now, seen;

    (void)arg;
    check(stint_semaphore_open(s, "places", &five, &sem));
    check(stint_value_open(s, "inside", NULL, &inside));
    check(stint_value_open(s, "most", NULL, &most));

    check(stint_semaphore_acquire(sem, STINT_FOREVER));
    check(stint_value_add(inside, 0, 1, &now));
    check(stint_value_get_int(most, 0, &seen));
    while (seen < now
           && stint_value_compare_and_set(most, 0, seen, now, &seen)
                  == STINT_ECHANGED)
        continue;
    sleep_ms(50);
    check(stint_value_add(inside, 0, -1, NULL));
    check(stint_semaphore_release(sem, 1));
    stint_semaphore_close(sem);
    stint_value_close(inside);
    stint_value_close(most);
    return stint_close(s) == 0 ? 0 : 1;
}

int
main(void)
{
    struct stint_process *all[20];
    struct stint_semaphore *sem;
    struct stint_value *most;
    int64_t seen;
    uint64_t left;

    manager_start();
    struct stint *s = manager_connect();
    check(stint_semaphore_open(s, "places", &five, &sem));
    for (int i = 0; i < 20; i++)
        all[i] = start(NULL, work, NULL);
    for (int i = 0; i < 20; i++)
        join(all[i]);

    check(stint_value_open(s, "most", NULL, &most));
    check(stint_value_get_int(most, 0, &seen));
    check(stint_semaphore_value(sem, &left));
    printf(
        "20 came, at most 5 were inside: %s\n", seen <= 5 ? "true" : "false");
    printf("permits left: %" PRIu64 "\n", left);
    stint_semaphore_close(sem);
    stint_value_close(most);
    check(stint_close(s));
    stint_master_stop(manager);
    return 0;
}
