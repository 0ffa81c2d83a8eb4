/*
 * isolation.c - a child's change of a global is not seen by its parent:
 *
 *     g_num = 100
 *     def run(): global g_num; g_num += 50; print('child: %d' % g_num)
 *     p = Process(target=run); p.start(); p.join()
 *     print('parent: %d' % g_num)
 *
 * and the shared value, which is: multiprocessing.Value('i', 100).
 */
#include <stint_shared.h>

#include "tutorial.h"

static int g_num = 100;

static int
run(void *arg)
{
    struct stint *s = manager_connect();
    struct stint_value *shared;

    (void)arg;
    g_num += 50;
    printf("child: g_num = %d\n", g_num);
    check(stint_value_open(s, "num", NULL, &shared));
    check(stint_value_add(shared, 0, 50, NULL));
    stint_value_close(shared);
    return stint_close(s) == 0 ? 0 : 1;
}

int
main(void)
{
    struct stint_value *shared;
    int64_t number;

    manager_start();
    struct stint *s = manager_connect();
    check(stint_value_open(s, "num", NULL, &shared));
    check(stint_value_set_int(shared, 0, 100));

    join(start(NULL, run, NULL));

    check(stint_value_get_int(shared, 0, &number));
    printf("parent: g_num = %d, the shared one = %d\n", g_num, (int)number);
    stint_value_close(shared);
    check(stint_close(s));
    stint_master_stop(manager);
    return 0;
}
