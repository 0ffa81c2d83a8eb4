/*
 * process.c - processes, with and without a class:
 *
 *     def work(name):
 *         print('Run child process %s' % name)
 *     p = Process(target=work, args=('test',))
 *     p.start(); p.join()
 *
 *     class Worker(Process):
 *         def __init__(self, name, turns): ...
 *         def run(self):
 *             for i in range(self.turns): print(self.title, i)
 *     workers = [Worker('A', 2), Worker('B', 3)]
 */
#include "tutorial.h"

static int
work(void *arg)
{
    printf("Run child process %s\n", (const char *)arg);
    return 0;
}

/* What a subclass would keep, and its run(). */
struct worker {
    const char *title;
    int turns;
    struct stint_process *process;
};

static int
worker_run(void *arg)
{
    const struct worker *self = arg;

    for (int i = 0; i < self->turns; i++)
        printf("%s %d\n", self->title, i);
    return self->turns;
}

int
main(void)
{
    struct worker workers[] = { { .title = "A", .turns = 2 },
        { .title = "B", .turns = 3 } };
    char name[] = "test";
    int code;

    printf("Child process will start.\n");
    fflush(stdout);
    struct stint_process *p = start(NULL, work, name);
    check(stint_process_join(p, STINT_FOREVER));
    printf("%s had %s pid\n", stint_process_name(p),
        stint_process_pid(p) != getpid() ? "another" : "our");
    stint_process_free(p);
    printf("Child process end.\n");

    for (int i = 0; i < 2; i++) {
        fflush(stdout);
        workers[i].process = start(workers[i].title, worker_run, &workers[i]);
        check(stint_process_join(workers[i].process, STINT_FOREVER));
        check(stint_process_exitcode(workers[i].process, &code));
        printf(
            "%s: exit code %d\n", stint_process_name(workers[i].process), code);
        stint_process_free(workers[i].process);
    }
    return 0;
}
