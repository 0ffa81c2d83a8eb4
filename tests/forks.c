/*
 * Sanitizers and copies of a process that has threads: clang 14's leave what
 * another thread had locked at the time of the fork() locked for ever in the
 * copy.  Linked into the tests of the builds with a sanitizer.
 */
#include <pthread.h>

#if __has_feature(address_sanitizer)
/* The copy's first malloc() would hang in about one of five that are made
 * while others call malloc() for the first time; LLVM 17 locks the same itself.
 * These are functions of C++ without arguments. */
void lock_allocator(void) __asm__("_ZN6__lsan13LockAllocatorEv");
void unlock_allocator(void) __asm__("_ZN6__lsan15UnlockAllocatorEv");
void lock_stacks(void) __asm__("_ZN11__sanitizer17StackDepotLockAllEv");
void unlock_stacks(void) __asm__("_ZN11__sanitizer19StackDepotUnlockAllEv");

static void
before(void)
{
    lock_allocator();
    lock_stacks();
}

static void
after(void)
{
    unlock_stacks();
    unlock_allocator();
}

/* Before main(): the first to be registered is locked last and unlocked first,
 * so that the handlers of others may allocate. */
__attribute__((constructor)) static void
watch_forks(void)
{
    (void)pthread_atfork(before, after, after);
}
#endif

#if __has_feature(thread_sanitizer)
/* TSan would end a copy that starts threads of its own, as ours do. */
const char *__tsan_default_options(void);
const char *
__tsan_default_options(void)
{
    return "die_after_fork=0";
}
#endif
