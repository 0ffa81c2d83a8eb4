/*
 * timer.c - later, again and again, and never:
 *
 *     t = threading.Timer(0.1, hello, args=('world',)); t.start(); t.join()
 *     t = Timer(60, hello); t.start(); t.cancel()
 *
 * A periodic one is ours: Python's Timer has to start the next one itself.
 */
#include <inttypes.h>

#include "tutorial.h"

static void
hello(void *arg)
{
    printf("hello %s\n", (const char *)arg);
}

/* A timer that ends itself. */
struct thrice {
    struct stint_timer *timer;
    int left;
};

static void
hello_thrice(void *arg)
{
    struct thrice *self = arg;

    printf("hello again\n");
    if (--self->left == 0) stint_timer_cancel(self->timer);
}

int
main(void)
{
    char world[] = "world";
    struct stint_timer_options options = {
        .interval_ms = 100, .run = hello, .arg = world
    };
    struct thrice thrice = { NULL, 3 };
    struct stint_timer *t;

    check(stint_timer_start(&options, &t));
    printf("started\n");
    check(stint_timer_join(t, STINT_FOREVER));
    stint_timer_free(t);

    options.interval_ms = 60000;
    check(stint_timer_start(&options, &t));
    stint_timer_cancel(t);
    printf("cancelled after %" PRIu64 " runs\n", stint_timer_runs(t));
    stint_timer_free(t);

    options = (struct stint_timer_options){
        .interval_ms = 50, .periodic = true, .run = hello_thrice, .arg = &thrice
    };
    check(stint_timer_start(&options, &thrice.timer));
    check(stint_timer_join(thrice.timer, STINT_FOREVER));
    stint_timer_free(thrice.timer);
    return 0;
}
