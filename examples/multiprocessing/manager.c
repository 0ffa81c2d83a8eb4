/*
 * manager.c - ten processes fill a dict and a list:
 *
 *     with Manager() as manager:
 *         d = manager.dict(); l = manager.list(range(5))
 *         ps = [Process(target=f, args=(d, l)) for i in range(10)]
 *         def f(d, l): d[os.getpid()] = os.getpid(); l.append(os.getpid())
 *
 * and d['count'] += 1, which loses most of its counts in Python, and none here.
 */
#include <inttypes.h>
#include <string.h>

#include <stint_shared.h>

#include "tutorial.h"

static int
fill(void *arg)
{
    struct stint *s = manager_connect();
    struct stint_dict *d;
    struct stint_list *l;
    int pid = getpid();

    (void)arg;
    check(stint_dict_open(s, "d", NULL, &d));
    check(stint_list_open(s, "l", NULL, &l));
    check(stint_dict_set(d, &pid, sizeof pid, &pid, sizeof pid));
    check(stint_list_append(l, &pid, sizeof pid));
    for (int i = 0; i < 100; i++)
        check(stint_dict_add(d, "count", 5, 1, NULL));
    stint_dict_close(d);
    stint_list_close(l);
    return stint_close(s) == 0 ? 0 : 1;
}

int
main(void)
{
    struct stint_process *all[10];
    struct stint_dict *d;
    struct stint_list *l;
    uint64_t keys, items;
    int64_t count;

    manager_start();
    struct stint *s = manager_connect();
    check(stint_dict_open(s, "d", NULL, &d));
    check(stint_list_open(s, "l", NULL, &l));
    for (int i = 0; i < 5; i++)
        check(stint_list_append(l, &i, sizeof i));

    for (int i = 0; i < 10; i++)
        all[i] = start(NULL, fill, NULL);
    for (int i = 0; i < 10; i++)
        join(all[i]);

    check(stint_dict_len(d, &keys));
    check(stint_list_len(l, &items));
    check(stint_dict_add(d, "count", 5, 0, &count));
    printf("the dict has %" PRIu64 " keys, the list %" PRIu64 " items\n", keys,
        items);
    printf("d['count'] is %" PRId64 "\n", count);
    stint_dict_close(d);
    stint_list_close(l);
    check(stint_close(s));
    stint_master_stop(manager);
    return 0;
}
