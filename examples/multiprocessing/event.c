/*
 * event.c - a traffic light, and cars that wait for it:
 *
 *     def light(e): ...; e.set(); ...
 *     def car(e, i): e.wait(); print('car %d passes' % i)
 */
#include <stint_sync.h>

#include "tutorial.h"

static int
car(void *arg)
{
    struct stint *s = manager_connect();
    struct stint_event *green, *here;

    check(stint_event_open(s, "green", NULL, &green));
    check(stint_event_open(s, "a car is here", NULL, &here));
    if (stint_event_wait(green, 50) == STINT_ETIMEOUT)
        printf("%s waits at the red light\n", (const char *)arg);
    fflush(stdout);
    check(stint_event_set(here));
    check(stint_event_wait(green, STINT_FOREVER));
    printf("%s passes\n", (const char *)arg);
    stint_event_close(green);
    stint_event_close(here);
    return stint_close(s) == 0 ? 0 : 1;
}

int
main(void)
{
    char first_name[] = "the first car", second_name[] = "the second car";
    struct stint_event *green, *here;

    manager_start();
    struct stint *s = manager_connect();
    check(stint_event_open(s, "green", NULL, &green));
    check(stint_event_open(s, "a car is here", NULL, &here));

    struct stint_process *first = start("car", car, first_name);
    check(stint_event_wait(here, STINT_FOREVER));
    printf("green\n");
    fflush(stdout);
    check(stint_event_set(green));
    join(first);
    join(start("car", car, second_name));

    check(stint_event_clear(green));
    printf("%s\n", stint_event_is_set(green) == 1 ? "green" : "red again");
    stint_event_close(green);
    stint_event_close(here);
    check(stint_close(s));
    stint_master_stop(manager);
    return 0;
}
