/*
 * subprocess.c - another program, its input and its output:
 *
 *     r = subprocess.call(['true'])
 *     p = subprocess.Popen(['tr', 'a-z', 'A-Z'], stdin=PIPE, stdout=PIPE)
 *     output, err = p.communicate(b'hello from the parent\n')
 *     subprocess.run(['sleep', '60'], timeout=0.3)      # TimeoutExpired
 */
#include "tutorial.h"

int
main(void)
{
    const char *const fine[] = { "true", NULL };
    const char *const upper[] = { "tr", "a-z", "A-Z", NULL };
    const char *const none[] = { "no-such-program", NULL };
    static const char text[] = "hello from the parent\n";
    struct stint_run_options options = { .argv = fine };
    struct stint_completed c;
    struct stint_popen *p;

    check(stint_run(&options, &c));
    printf("exit code: %d\n", c.returncode);
    stint_completed_free(&c);

    options.argv = upper;
    check(stint_popen(&options, &p));
    check(stint_popen_communicate(p, text, sizeof text - 1, 5000, &c));
    printf("output: %.*s", (int)c.out.size, (const char *)c.out.data);
    stint_popen_free(p);

    options = (struct stint_run_options){ .shell = "echo part; sleep 60",
        .timeout_ms = 300 };
    if (stint_run(&options, &c) == STINT_ETIMEOUT)
        printf("timed out, after it wrote: %.*s", (int)c.out.size,
            (const char *)c.out.data);
    printf("return code: %d\n", c.returncode);
    stint_completed_free(&c);

    options = (struct stint_run_options){ .argv = none };
    printf("%s\n", stint_error_name(stint_run(&options, &c)));
    return 0;
}
