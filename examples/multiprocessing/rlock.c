/*
 * rlock.c - a lock that its owner may take again:
 *
 *     lock = RLock()
 *     lock.acquire(); lock.acquire()       # a Lock would wait for itself
 *     lock.release(); lock.release()
 *     lock.release()                       # AssertionError: attempt to ...
 */
#include <stint_sync.h>

#include "tutorial.h"

int
main(void)
{
    struct stint_lock *plain, *recursive;

    manager_start();
    struct stint *s = manager_connect();
    check(stint_lock_open(s, "plain", NULL, &plain));
    check(stint_rlock_open(s, "recursive", NULL, &recursive));

    check(stint_lock_acquire(plain, STINT_FOREVER));
    printf(
        "Lock, again: %s\n", stint_error_name(stint_lock_acquire(plain, 100)));
    check(stint_lock_release(plain));

    check(stint_lock_acquire(recursive, STINT_FOREVER));
    check(stint_lock_acquire(recursive, STINT_FOREVER));
    printf("RLock, again: it is ours\n");
    check(stint_lock_release(recursive));
    printf("released once: %s\n",
        stint_lock_locked(recursive) == 1 ? "still ours" : "free");
    check(stint_lock_release(recursive));
    printf("released twice: %s\n",
        stint_lock_locked(recursive) == 1 ? "still ours" : "free");
    printf("once more: %s\n", stint_error_name(stint_lock_release(recursive)));
    stint_lock_close(plain);
    stint_lock_close(recursive);
    check(stint_close(s));
    stint_master_stop(manager);
    return 0;
}
