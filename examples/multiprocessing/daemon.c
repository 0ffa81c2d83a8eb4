/*
 * daemon.c - a daemon ends with its parent, another process does not:
 *
 *     p = Process(target=run, daemon=True); p.start()
 *     print('parent ends')            # and the daemon with it
 */
#include "tutorial.h"

static int
run(void *arg)
{
    (void)arg;
    sleep_ms(60000);
    return 0;
}

int
main(void)
{
    struct stint_process_options options = { .target = run, .daemon = true };
    struct stint_process *p;
    int code;

    check(stint_process_start(&options, &p));
    printf("daemon: %s\n", stint_process_daemon(p) ? "true" : "false");
    printf("alive: %s\n", stint_process_is_alive(p) ? "true" : "false");
    check(stint_process_terminate(p));
    check(stint_process_join(p, STINT_FOREVER));
    check(stint_process_exitcode(p, &code));
    printf("terminated: exit code %d\n", code);
    stint_process_free(p);

    /* This one nobody ends: it ends with us. */
    check(stint_process_start(&options, &p));
    printf("parent ends\n");
    return 0;
}
