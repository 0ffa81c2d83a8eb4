/*
 * lock.c - two processes write to one file, a lock keeps their lines apart:
 *
 *     def work(lock, path, name):
 *         with lock:
 *             with open(path, 'a+') as f:
 *                 for i in range(n): f.write(...)
 */
#include <stint_sync.h>

#include "tutorial.h"

static char path[] = "/tmp/stint-lock-XXXXXX";

static int
work(void *arg)
{
    struct stint *s = manager_connect();
    struct stint_lock *lock;

    check(stint_lock_open(s, "file", NULL, &lock));
    check(stint_lock_acquire(lock, STINT_FOREVER));
    FILE *f = fopen(path, "a");
    for (int i = 0; f != NULL && i < 100; i++) {
        fprintf(f, "%s\n", (const char *)arg);
        fflush(f);
    }
    if (f == NULL || fclose(f) != 0) return 1;
    check(stint_lock_release(lock));
    stint_lock_close(lock);
    return stint_close(s) == 0 ? 0 : 1;
}

int
main(void)
{
    char from_a[] = "from a", from_b[] = "from b";
    char line[64], last[64] = "";
    int lines = 0, changes = 0;

    if (close(mkstemp(path)) != 0) return 1;
    manager_start();
    struct stint_process *a = start("a", work, from_a);
    struct stint_process *b = start("b", work, from_b);
    join(a);
    join(b);

    FILE *f = fopen(path, "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        lines++;
        for (int i = 0; i < 64; i++) {
            if (line[i] != last[i]) {
                changes++;
                break;
            }
            if (line[i] == '\0') break;
        }
        snprintf(last, sizeof last, "%s", line);
    }
    if (f != NULL) fclose(f);
    unlink(path);
    printf("%d lines in %d blocks\n", lines, changes);
    stint_master_stop(manager);
    return 0;
}
